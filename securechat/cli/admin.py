"""securechat-admin: accounts, invites and rooms, beside a running server or without one."""

import argparse
import contextlib
import functools
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from securechat import __version__
from securechat.cli.completion import add_completion
from securechat.cli.streams import reader_has_gone
from securechat.errors import ConfigurationError, SecurechatError, StorageError

if TYPE_CHECKING:
    from securechat.server.administration_ports import ServerAddress
    from securechat.server.configuration import Configuration
    from securechat.server.hub import Hub
    from securechat.server.management.rows import Family, Operation
    from securechat.storage.engine import Database

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOTHING_TO_DO = 3
EXIT_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The arguments of the command; each operation is found as `operation`."""
    from securechat.server.operations import FAMILIES

    made = argparse.ArgumentParser(
        prog="securechat-admin",
        description="Manage accounts, invites and rooms; read the record of what was done with power. Works beside a "
        "running server, where it takes effect at once, and without one. It finds the database by the same "
        "configuration as securechat-server.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong arguments or configuration, or not confirmed (--yes), "
        "3 nothing was to do, as all is so already.",
    )
    made.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: securechat.toml here, if there is one)"
    )
    made.add_argument("--database", metavar="URL", help="for example sqlite:///securechat.db")
    made.add_argument("--certs", metavar="DIR", help="folder of the certificates, for links made without a server")
    made.add_argument("--json", action="store_true", help="print the result as JSON, for scripts")
    made.add_argument("--version", action="version", version=f"securechat-admin {__version__}")
    add_completion(made)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    made.set_defaults(operation=None, asked=made)
    areas = made.add_subparsers(dest="area", metavar="|".join(one.name for one in FAMILIES))
    for family in FAMILIES:
        _add_family(areas.add_parser(family.name, help=family.help), common, family)
    return made


def _add_family(area: argparse.ArgumentParser, common: argparse.ArgumentParser, family: "Family") -> None:
    from securechat.server.management.arguments import add_arguments, add_console_arguments

    area.set_defaults(asked=area)
    actions = area.add_subparsers(dest="action")
    for operation in family.operations:
        verb = operation.name.removeprefix(f"{family.name} ")
        action = actions.add_parser(verb, parents=[common], help=operation.help, description=operation.help)
        action.set_defaults(operation=operation)
        add_arguments(action, operation)
        add_console_arguments(action, operation)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code (see `parser`)."""
    arguments = parser().parse_args(argv)
    if arguments.operation is None:  # only a part of a command: it says what can follow
        arguments.asked.print_help(sys.stderr)
        return EXIT_USAGE
    from securechat.server.configuration import load
    from securechat.server.management.arguments import request_of

    operation: Operation = arguments.operation
    given = {"database.url": arguments.database, "tls.directory": arguments.certs}
    try:
        configuration = load(arguments.config, {key: value for key, value in given.items() if value is not None})
        request = request_of(operation, arguments)
        if operation.question is not None and not arguments.yes:
            refused = _not_meant(configuration, operation, request, as_json=arguments.json)
            if refused:
                return refused
        for secret in (one.name for one in operation.arguments if one.secret):
            from_stdin = getattr(arguments, f"{secret}_stdin")
            request[secret] = _secret(secret, request.get("name", ""), from_stdin=from_stdin)
        if operation.in_parts:
            return _export(configuration, operation, request, arguments.output, as_json=arguments.json)
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
        code = _show(operation, answer, as_json=arguments.json)
        if code == 0 and not arguments.json and getattr(arguments, "qr", False):
            _show_picture(operation, answer["result"])
        return code
    except BrokenPipeError:
        return reader_has_gone()


def _not_meant(
    configuration: "Configuration", operation: "Operation", request: dict[str, Any], *, as_json: bool
) -> int:
    """Ask whether what cannot be undone is meant; return 0 when it is, else the exit code. Raises SecurechatError."""
    from securechat.printing import printable
    from securechat.server.operations import QUESTION

    answer = _ask(configuration, request | {QUESTION: True})
    if not answer["ok"]:
        return _show(operation, answer, as_json=as_json)
    question = str(answer["result"])
    if not sys.stdin.isatty():
        error = f"{question} There is no terminal to ask on; if you mean it, repeat it with --yes."
        _complain("not_confirmed", error, as_json=as_json)
        return EXIT_USAGE
    print(f"{printable(question)}\nGo on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return 0
    _complain("not_confirmed", "Nothing was done.", as_json=as_json)
    return EXIT_REFUSED


def _secret(what: str, name: str, *, from_stdin: bool) -> str:
    """Read a secret, such as the password of `name`, never from the command line. Raises ConfigurationError."""
    if from_stdin:
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            pass
        # Not inside the handler: the error that it handles holds the secret.
        raise ConfigurationError([f"the {what} on standard input is not UTF-8 text"])
    if not sys.stdin.isatty():
        raise ConfigurationError([f"there is no terminal to ask for the {what} on; give it with --{what}-stdin"])
    import getpass

    from securechat.printing import printable

    while True:
        try:
            secret = getpass.getpass(f"{what.capitalize()} for {printable(name)}: ")
            if getpass.getpass("The same again: ") == secret:
                return secret
        except EOFError:
            raise ConfigurationError([f"no {what} was given"]) from None
        print(f"These were two different {what}s.", file=sys.stderr)


def _ask(configuration: "Configuration", request: dict[str, Any]) -> dict[str, Any]:
    """Let the running server do it, or do it here when none runs. Raises StorageError, ControlError."""
    from securechat.server.control import NotRunning, call, socket_path

    try:
        return call(socket_path(configuration.database_path), request)
    except NotRunning:
        pass
    return _without_server(configuration, request)


def _export(
    configuration: "Configuration",
    operation: "Operation",
    request: dict[str, Any],
    output: Path | None,
    *,
    as_json: bool,
) -> int:
    """Write the record part by part, the rows as JSON lines; tell its head. Raises StorageError, ControlError."""
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
        return _show(operation, answer, as_json=as_json)
    done = {"rows": rows, "head": head if rows else answer["result"]["head"]}
    print(json.dumps(done) if as_json else operation.text(done), file=sys.stdout if output else sys.stderr, flush=True)
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
    from securechat.server.operations import OPERATIONS, perform
    from securechat.storage.engine import open_database
    from securechat.tls.revocation import FolderCertificates

    logging.basicConfig(level=logging.WARNING, handlers=[_Warnings()])
    path = configuration.database_path
    create = OPERATIONS[request["operation"]].makes_database
    if not path.exists() and not create:
        raise StorageError(
            f"there is no database {path.absolute()}; is this the right folder, or --config FILE missing?"
        )
    _refuse_foreign_root(path)
    database = open_database(configuration.database.url, create=create)
    try:
        database.migrate()
        administration = Administration(
            configuration,
            database,
            NoEffects(),
            lambda: _address(configuration),
            certificates=FolderCertificates(configuration.tls.directory),
            hub=functools.cache(lambda: _hub(configuration, database)),
        )
        return perform(administration.on_behalf_of(this_user()), request)
    finally:
        database.close()


def _hub(configuration: "Configuration", database: "Database") -> "Hub":
    """Return a hub in which nobody is present, for what changes rooms. Raises StorageError."""
    from securechat.clock import wall_clock
    from securechat.server.hub import Hub
    from securechat.server.ports import NoWorkers
    from securechat.server.snapshot import take_snapshot
    from securechat.storage.direct_journal import DirectJournal

    # Nobody logs in to it: it needs neither the certificate nor the key that logins are proved with.
    hub = Hub(configuration, DirectJournal(database), database, NoWorkers(), wall_clock, b"", b"")
    hub.fill(database.read(take_snapshot))
    return hub


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


def _show(operation: "Operation", answer: dict[str, Any], *, as_json: bool) -> int:
    """Print the answer; return the exit code."""
    if not answer["ok"]:
        _complain(answer["code"], answer["error"], as_json=as_json)
        from securechat.server.administration import NOTHING_TO_DO

        return EXIT_NOTHING_TO_DO if answer["code"] == NOTHING_TO_DO else EXIT_REFUSED
    result = answer["result"]
    print(json.dumps(result, indent=2) if as_json else operation.text(result), flush=True)
    return 0 if operation.succeeded(result) else EXIT_REFUSED


def _show_picture(operation: "Operation", result: Any) -> None:
    """Show the link of a result as a QR code, where there is a terminal that has room for it; say if it has none."""
    import shutil

    from securechat.qr_code import qr_code

    if operation.link is None or not sys.stdout.isatty():
        return
    code, size = qr_code(operation.link(result)), shutil.get_terminal_size()
    if code.fits(size.columns, size.lines):
        print("\n".join(code.painted()), flush=True)
        return
    needed, there = f"{code.width} columns and {len(code.rows) + 1} lines", f"{size.columns} and {size.lines}"
    print(
        f"securechat-admin: the QR code needs {needed}, and this terminal has {there}; make it larger, or its letters "
        "smaller",
        file=sys.stderr,
    )


class _Warnings(logging.Handler):
    """Says on standard error what the program warns of while it does without a server, as everything else is said."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        _complain("warning", record.getMessage(), as_json=False)


def _complain(code: str, error: str, *, as_json: bool) -> None:
    from securechat.printing import printable

    shown = json.dumps({"code": code, "error": error}) if as_json else f"securechat-admin: {printable(error)}"
    print(shown, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
