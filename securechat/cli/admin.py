"""securechat-admin: accounts, invites and rooms, beside a running server or without one."""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from securechat import __version__
from securechat.cli.streams import reader_has_gone
from securechat.errors import ConfigurationError, SecurechatError, StorageError

if TYPE_CHECKING:
    from securechat.server.administration_ports import ServerAddress
    from securechat.server.configuration import Configuration

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# This may be the first thing that is ever done; anything else without a database is in the wrong folder.
_MAKES_DATABASE = frozenset({"user add"})
_SETTINGS = frozenset(
    {"config", "database", "certs", "json", "area", "action", "operation", "password_stdin", "output"}
)


def parser() -> argparse.ArgumentParser:
    """The arguments of the command; each action says in `operation` what it asks for."""
    made = argparse.ArgumentParser(
        prog="securechat-admin",
        description="Manage accounts, invites and rooms; read the record of what was done with power. Works beside a "
        "running server, where it takes effect at once, and without one. It finds the database by the same "
        "configuration as securechat-server.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong arguments or configuration.",
    )
    made.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: securechat.toml here, if there is one)"
    )
    made.add_argument("--database", metavar="URL", help="for example sqlite:///securechat.db")
    made.add_argument("--certs", metavar="DIR", help="folder of the certificates, for links made without a server")
    made.add_argument("--json", action="store_true", help="print the result as JSON, for scripts")
    made.add_argument("--version", action="version", version=f"securechat-admin {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    areas = made.add_subparsers(dest="area", metavar="user|invite|room|audit", required=True)
    _user_arguments(areas.add_parser("user", help="accounts"), common)
    _invite_arguments(areas.add_parser("invite", help="invites, which make accounts"), common)
    _room_arguments(areas.add_parser("room", help="rooms"), common)
    _audit_arguments(areas.add_parser("audit", help="the record of acts of power"), common)
    return made


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    common: argparse.ArgumentParser,
    name: str,
    text: str,
) -> argparse.ArgumentParser:
    action = actions.add_parser(name.split()[1], parents=[common], help=text, description=text)
    action.set_defaults(operation=name)
    return action


def _user_arguments(area: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = area.add_subparsers(dest="action", required=True)
    add = _action(actions, common, "user add", "Make an account.")
    add.add_argument("--administrator", action="store_true", help="the account is an administrator")
    passwd = _action(actions, common, "user passwd", "Give an account another password; its sessions end.")
    suspend = _action(actions, common, "user suspend", "Keep an account out, at once and until it is unsuspended.")
    unsuspend = _action(actions, common, "user unsuspend", "Let a suspended account in again.")
    for action in (add, passwd, suspend, unsuspend):
        action.add_argument("name", metavar="NAME", help="name of the account")
        _reason_argument(action)
    for action in (add, passwd):
        action.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from the first line of standard input instead of asking for it twice",
        )
    _action(actions, common, "user list", "Show all accounts.")


def _invite_arguments(area: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = area.add_subparsers(dest="action", required=True)
    create = _action(actions, common, "invite create", "Make an invite and print its link, which is shown only once.")
    create.add_argument(
        "--room", action="append", dest="rooms", metavar="ROOM", default=[],
        help="the newcomer is put into it; may be given several times (default: general)",
    )  # fmt: skip
    create.add_argument("--uses", type=int, default=1, metavar="N", help="how many accounts it makes (default: 1)")
    create.add_argument(
        "--expires", default="7d", metavar="TIME", help="such as 30m, 12h or 7d, or never (default: %(default)s)"
    )
    create.add_argument("--note", default="", metavar="TEXT", help="for the list, for example whom it is for")
    create.add_argument("--administrator", action="store_true", help="the account it makes is an administrator")
    create.add_argument("--host", default="", help="name or address of the server in the link (default: a good guess)")
    _action(actions, common, "invite list", "Show all invites; their links are known to nobody any more.")
    revoke = _action(actions, common, "invite revoke", "Make an invite useless; accounts made with it stay.")
    revoke.add_argument("number", type=int, metavar="NUMBER", help="as `invite list` shows it")
    _reason_argument(revoke)


def _room_arguments(area: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = area.add_subparsers(dest="action", required=True)
    _action(actions, common, "room list", "Show all rooms.")


def _audit_arguments(area: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = area.add_subparsers(dest="action", required=True)
    shown = _action(actions, common, "audit list", "Show who did what, to whom, when and why; the newest at the end.")
    shown.add_argument(
        "--since", default="", metavar="TIME", help="such as 30m, 12h, 7d, 2026-11-22 or 2026-11-22T08:00 (UTC)"
    )
    shown.add_argument("--account", default="", metavar="NAME", help="only what it did, or what was done to it")
    shown.add_argument("--room", default="", metavar="ROOM", help="only what was done in it, whatever it was called")
    shown.add_argument("--limit", type=int, default=100, metavar="N", help="the newest N (default: %(default)s)")
    verify = _action(
        actions, common, "audit verify",
        "Check that no row was altered or is missing; name the first that was (exit code 1).",
    )  # fmt: skip
    verify.add_argument(
        "--head", default="", metavar="HEAD", help="also check against what `audit export` printed earlier"
    )
    export = _action(
        actions, common, "audit export", "Write all rows as JSON, one a line, and tell the head of the record."
    )
    export.add_argument("--output", type=Path, metavar="FILE", help="a new file (default: standard output)")


def _reason_argument(action: argparse.ArgumentParser) -> None:
    action.add_argument("--reason", default="", metavar="TEXT", help="why, for the record (audit list)")


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code (0 done, 1 refused or failed, 2 wrong arguments or configuration)."""
    arguments = parser().parse_args(argv)
    from securechat.server.configuration import load

    given = {"database.url": arguments.database, "tls.directory": arguments.certs}
    try:
        configuration = load(arguments.config, {key: value for key, value in given.items() if value is not None})
        request = {key: value for key, value in vars(arguments).items() if key not in _SETTINGS}
        request["operation"] = arguments.operation
        if "password_stdin" in arguments:
            request["password"] = _password(arguments.name, from_stdin=arguments.password_stdin)
        if arguments.operation == "audit export":
            return _export(configuration, request, arguments.output, as_json=arguments.json)
        answer = _ask(configuration, request)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"securechat-admin: {problem}", file=sys.stderr)
        return EXIT_USAGE
    except SecurechatError as error:
        answer = {"ok": False, "code": "failed", "error": str(error)}
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return EXIT_INTERRUPTED
    try:
        return _show(arguments.operation, answer, as_json=arguments.json)
    except BrokenPipeError:
        return reader_has_gone()


def _password(name: str, *, from_stdin: bool) -> str:
    """Read the password, never from the command line. Raises ConfigurationError when there is none to be had."""
    if from_stdin:
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            pass
        # Not inside the handler: the error that it handles holds the password.
        raise ConfigurationError(["the password on standard input is not UTF-8 text"])
    if not sys.stdin.isatty():
        raise ConfigurationError(["there is no terminal to ask for the password on; give it with --password-stdin"])
    import getpass

    from securechat.server.logs import printable

    while True:
        try:
            password = getpass.getpass(f"Password for {printable(name)}: ")
            if getpass.getpass("The same again: ") == password:
                return password
        except EOFError:
            raise ConfigurationError(["no password was given"]) from None
        print("These were two different passwords.", file=sys.stderr)


def _ask(configuration: "Configuration", request: dict[str, Any]) -> dict[str, Any]:
    """Let the running server do it, or do it here when none runs. Raises StorageError, ControlError."""
    from securechat.server.control import NotRunning, call, socket_path

    try:
        return call(socket_path(configuration.database_path), request)
    except NotRunning:
        pass
    return _without_server(configuration, request)


def _export(configuration: "Configuration", request: dict[str, Any], output: Path | None, *, as_json: bool) -> int:
    """Write the record part by part, the rows as JSON lines; tell its head. Raises StorageError, ControlError."""
    from securechat.server.administration_texts import export_text

    answer = _ask(configuration, request)
    rows = 0
    try:
        with _new_file(output) as file:
            while answer["ok"] and answer["result"]["records"]:
                records = answer["result"]["records"]
                for record in records:
                    print(json.dumps(record), file=file)
                rows += len(records)
                # Of the rows that were written; the record may have grown since the first part was read.
                head = f"{records[-1]['number']}:{records[-1]['hash']}"
                answer = _ask(configuration, request | {"after": records[-1]["number"]})
            file.flush()
    except BrokenPipeError:
        return reader_has_gone()
    if not answer["ok"]:
        return _show("audit export", answer, as_json=as_json)
    done = {"rows": rows, "head": head if rows else answer["result"]["head"]}
    print(json.dumps(done) if as_json else export_text(done), file=sys.stdout if output else sys.stderr, flush=True)
    return 0


def _new_file(path: Path | None) -> contextlib.AbstractContextManager[TextIO]:
    """Open a file that is not there yet, for its owner alone; None: standard output. Raises StorageError."""
    if path is None:
        return contextlib.nullcontext(sys.stdout)
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}") from error


def _without_server(configuration: "Configuration", request: dict[str, Any]) -> dict[str, Any]:
    from securechat.server.administration import Administration
    from securechat.server.administration_ports import NoEffects
    from securechat.server.machine_users import this_user
    from securechat.server.operations import perform
    from securechat.storage.engine import open_database

    path = configuration.database_path
    create = request["operation"] in _MAKES_DATABASE
    if not path.exists() and not create:
        raise StorageError(
            f"there is no database {path.absolute()}; is this the right folder, or --config FILE missing?"
        )
    _refuse_foreign_root(path)
    database = open_database(configuration.database.url, create=create)
    try:
        database.migrate()
        administration = Administration(configuration, database, NoEffects(), lambda: _address(configuration))
        return perform(administration.on_behalf_of(this_user()), request)
    finally:
        database.close()


def _refuse_foreign_root(database: Path) -> None:
    """Raise StorageError when root would leave files behind that the server's own user could not open any more."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not database.exists():
        return
    owner = database.stat().st_uid
    if owner != 0:
        import pwd

        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = f"#{owner}"
        raise StorageError(
            f"no server runs, and {database} belongs to {name}; run this as: sudo -u {name} securechat-admin"
        )


def _address(configuration: "Configuration") -> "ServerAddress":
    """Return what a link needs, from the configuration and the certificates. Raises TrustError."""
    from securechat.server.administration_ports import ServerAddress
    from securechat.server.app import best_host
    from securechat.tls import authority

    host, port = configuration.listen_addresses()[0]
    certificate = authority.certificate_der(configuration.tls.directory / "ca.pem")
    return ServerAddress(best_host(host), port, authority.fingerprint(certificate))


def _show(operation: str, answer: dict[str, Any], *, as_json: bool) -> int:
    """Print the answer; return the exit code."""
    from securechat.server.administration_texts import text_of
    from securechat.server.logs import printable

    if not answer["ok"]:
        if as_json:
            print(json.dumps({"code": answer["code"], "error": answer["error"]}), file=sys.stderr)
        else:
            print(f"securechat-admin: {printable(answer['error'])}", file=sys.stderr)
        return EXIT_REFUSED
    result = answer["result"]
    print(json.dumps(result, indent=2) if as_json else text_of(operation, result), flush=True)
    return EXIT_REFUSED if operation == "audit verify" and not result["intact"] else 0


if __name__ == "__main__":
    sys.exit(main())
