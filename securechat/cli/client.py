"""securechat-client: talk in a room, or let scripts do so."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from securechat import __version__
from securechat.cli.completion import add_completion
from securechat.cli.streams import open_what_is_closed, reader_has_gone, write_no_more
from securechat.client.errors import ClientError, UsageError
from securechat.client.sanitize import sanitize
from securechat.client.settings import THEMES, Effective, Settings, SettingsFile, print_lines
from securechat.client.texts import N_, _, choose_language, system_words, use_language
from securechat.errors import ConfigurationError, SecurechatError

if TYPE_CHECKING:
    from securechat.client.known_servers import KnownServers
    from securechat.client.library import Client
    from securechat.client.start import Wishes

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
_FLAGS = {
    "server": ("connection", "server"),
    "room": ("connection", "rooms"),
    "user": ("connection", "user"),
    "ca": ("connection", "ca"),
    "password_file": ("connection", "password_file"),
    "timeout": ("connection", "timeout"),
    "lang": ("look", "language"),
    "color": ("look", "color"),
    "theme": ("look", "theme"),
}
"""The options that say what a setting says."""
_OF_ARGPARSE = (
    # What argparse itself says to people.
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("unrecognized arguments: %s"),
    N_("expected one argument"),
    N_("ignored explicit argument %r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("%(prog)s: error: %(message)s\n"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the client and return its exit code."""
    open_what_is_closed()
    arguments = list(sys.argv[1:] if argv is None else argv)
    early = _early(arguments)
    file = SettingsFile(early.config)
    use_language(choose_language(early.lang, configured=file.language()))
    options = make_parser().parse_args(arguments)
    _set_up(debug=options.debug)
    if sys.stdin.isatty():
        _end_in_order()
    try:
        return _run(options, file.effective(_flags(options), os.environ))
    except KeyboardInterrupt:
        if sys.stdin.isatty():
            sys.stderr.write("\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return reader_has_gone()
    except OSError as error:  # of standard output: what has to do with the link or with files is a ClientError
        if options.debug:
            raise
        write_no_more()
        reason = _("Cannot write: {reason}").format(reason=system_words(error.errno))
        sys.stderr.write(f"securechat-client: {reason}\n")
        return 1
    except ConfigurationError as error:
        for problem in error.problems:
            sys.stderr.write(f"securechat-client: {problem}\n")
        return EXIT_USAGE
    except SecurechatError as error:
        if options.debug:
            raise
        sys.stderr.write(f"securechat-client: {error}\n")
        return error.exit_code if isinstance(error, ClientError) else 1


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; its texts are in the language that was chosen before."""
    vars(argparse)["_"] = _  # by this name it asks for its own words, and by no other way
    parser = argparse.ArgumentParser(
        prog="securechat-client",
        allow_abbrev=False,  # --password must not quietly mean --password-file
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=_("Talk in the rooms of a securechat server. The server is verified, always."),
        epilog=_(
            "Standard output holds messages only; everything else goes to standard error.\n"
            "With piped standard input each line is sent as one message.\n"
            "\n"
            "Exit codes: 0 done, 1 other error, 2 usage, 3 cannot connect, 4 server not trusted,\n"
            "5 login refused, 6 no such room or not allowed, 7 not delivered, 130 interrupted."
        ),
    )
    add = parser.add_argument
    add("server", nargs="?", metavar="SERVER", help=_("HOST[:PORT] or a securechat:// link"))
    add("--room", action="append", metavar="ROOM", help=_("the room; may be repeated"))
    add("--user", metavar="NAME", help=_("your name on the server"))
    add("--ca", type=Path, metavar="FILE", help=_("the CA certificate of the server"))
    add("--password-file", type=Path, metavar="FILE", help=_("its first line is the password"))
    add("--guest", action="store_true", help=_("come in without an account, if the server has guests"))
    add("--register", action="store_true", help=_("make the account first"))
    reading = parser.add_argument_group(_("reading"))
    add = reading.add_argument
    add("--tail", type=_count, metavar="N", help=_("print the last N messages"))
    add("--since", metavar="WHEN", help=_("print what was said since: 30m, 2d, 08:00, yesterday, 2026-11-22T08:00Z"))
    add("--follow", action="store_true", help=_("then go on printing what is said"))
    look = parser.add_argument_group(_("behaviour"))
    add = look.add_argument
    add("--json", action="store_true", help=_("print one JSON object for each message"))
    add("--plain", action="store_true", help=_("lines only, as for a screen reader"))
    add("--theme", choices=THEMES, help=_("the colours of the full screen"))
    add("--color", choices=("auto", "always", "never"), help=_("colours; auto: on a terminal"))
    add("--no-color", dest="color", action="store_const", const="never", help=argparse.SUPPRESS)
    add("--timeout", type=_seconds, metavar="SECONDS", help=_("how long to wait for the server (30)"))
    add("--commands", action="store_true", help=_("let piped lines that start with / be commands"))
    add("--lang", metavar="LANGUAGE", help=_("language of the client: en, ru"))
    add("--config", type=Path, metavar="FILE", help=_("settings (instead of client.toml in the usual folder)"))
    add("--print-config", action="store_true", help=_("print all settings that count, and where each comes from"))
    add_completion(look, _("print what makes a shell complete this command"))
    add("--debug", action="store_true", help=_("tell on standard error what goes wrong inside"))
    add("--version", action="version", version=f"securechat {__version__}", help=_("tell the version"))
    return parser


def _early(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what --lang and --config say before the parser is made, as the parser's own texts depend on it."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--lang", nargs="?")
    early.add_argument("--config", nargs="?", type=Path)
    known, _others = early.parse_known_args([argument for argument in arguments if argument != "--"])
    return known


def _flags(options: argparse.Namespace) -> dict[tuple[str, str], object]:
    """Return what the command line says of settings, by table and key."""
    given = {place: getattr(options, option) for option, place in _FLAGS.items()}
    return {place: value for place, value in given.items() if value is not None}


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 1_000_000 and len(text) < 8):
        raise argparse.ArgumentTypeError(_("{text} is not a number from 1 to 1000000").format(text=repr(text)))
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(_("{text} is not a number of seconds").format(text=repr(text)))
    return seconds


def _set_up(*, debug: bool) -> None:
    """Prepare the standard streams and the log."""
    import io
    import logging

    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What cannot be decoded or shown becomes a question mark, never a traceback.
            stream.reconfigure(errors="replace")
    if debug:
        logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")
    else:
        logging.getLogger("securechat").addHandler(logging.NullHandler())


def _end_in_order() -> None:
    """Let SIGTERM and SIGHUP unwind, as Ctrl-C does: a terminal that shows not what is typed must do so again."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # under nohup it is ignored, and stays so
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))


def _run(options: argparse.Namespace, effective: Effective) -> int:
    from securechat.client import known_servers
    from securechat.client.start import Asker, Start, Wishes

    known = known_servers.load(known_servers.default_path())
    if options.print_config:
        for line in print_lines(effective, known):
            print(line)
        sys.stdout.flush()  # while a reader that has gone, or a full disk, is still ours to tell
        return 0
    connection = effective.settings.connection
    reads = options.tail is not None or options.since is not None or options.follow
    interactive = not reads and sys.stdin.isatty()
    wishes = Wishes(
        server=connection.server,
        rooms=effective.wanted_rooms,
        usual_rooms=effective.usual_rooms,
        user=connection.user,
        ca=connection.ca,
        password_file=connection.password_file,
        guest=options.guest,
        register=options.register,
        timeout=connection.timeout,
    )
    if interactive and not wishes.server and known.last() is None and _full_screen(options):
        return _begin(wishes, known, effective)
    start = Start(wishes, known, Asker(present=sys.stdin.isatty()))
    rooms = start.rooms("general" if interactive else "")
    if not rooms:
        raise UsageError(" ".join([_("Which room? Use --room."), *_mistaken(options.server)]))
    if options.since is not None:
        from securechat.client.when import parse_since

        options.since = parse_since(options.since)
    client = start.connect()
    rooms = start.rooms("general" if interactive else "")  # a link's room may have another name by now
    try:
        if reads:
            _read(options, effective.settings, client, rooms)
        elif interactive:
            return _talk(options, effective, client, rooms)
        else:
            _send(options, effective, client, rooms)
    finally:
        client.close()
    return 0


def _mistaken(server: str | None) -> list[str]:
    """What there is to say of a word that is taken for the server, and was perhaps meant for a room."""
    if not server or "." in server or ":" in server:
        return []
    return [_("{word} is taken for the name of the server.").format(word=sanitize(server))]


def _begin(wishes: "Wishes", known: "KnownServers", effective: Effective) -> int:
    """Let a person who is new here come in, and talk. Return the exit code."""
    from securechat.client.screen.app import run
    from securechat.client.screen.first_start import first_start

    entrance = first_start(wishes, known, effective.settings)
    if isinstance(entrance, int):
        return entrance
    try:
        return run(entrance.client, entrance.rooms, effective)
    finally:
        entrance.client.close()


def _read(options: argparse.Namespace, settings: Settings, client: "Client", rooms: list[str]) -> None:
    from securechat.client.line_mode import Reader
    from securechat.client.output import Formatter

    home = rooms[0] if len(rooms) == 1 else ""
    formatter = Formatter(colour=_colour(settings, json=options.json), full_time=not sys.stdout.isatty(), home=home)
    reader = Reader(client, formatter, json=options.json)
    if options.follow:
        reader.follow(rooms, options.tail, options.since)
    else:
        reader.print_history(rooms, options.tail, options.since)


def _talk(options: argparse.Namespace, effective: Effective, client: "Client", rooms: list[str]) -> int:
    """Let a person talk: on the full screen where there is one, else line by line. Return the exit code."""
    if _full_screen(options):
        from securechat.client.screen.app import run

        return run(client, rooms, effective)
    from securechat.client.interactive import Conversation
    from securechat.client.output import Formatter

    formatter = Formatter(colour=_colour(effective.settings, json=options.json), full_time=not sys.stdout.isatty())
    Conversation(client, formatter, json=options.json, effective=effective).run(rooms)
    return 0


def _full_screen(options: argparse.Namespace) -> bool:
    """Whether to open the full screen: all ends are a terminal that can be painted on, and nobody asked for lines."""
    if options.plain or options.json or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _send(options: argparse.Namespace, effective: Effective, client: "Client", rooms: list[str]) -> None:
    from securechat.client.entering import enter_or_make
    from securechat.client.line_mode import Sender, tell

    entered = [enter_or_make(client, room, tell) for room in reversed(rooms)]
    timeout = effective.settings.connection.timeout
    sender = Sender(client, entered[-1], json=options.json, timeout=timeout, effective=effective)
    sender.run(sys.stdin, commands=options.commands)


def _colour(settings: Settings, *, json: bool) -> bool:
    """Whether to use colours in lines."""
    if json or settings.look.color != "auto":
        return not json and settings.look.color == "always"
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


if __name__ == "__main__":
    sys.exit(main())
