"""securechat-server: start the server, wait for a signal, stop it in order."""

import argparse
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from securechat import __version__
from securechat.cli.completion import add_completion
from securechat.errors import CannotListen, ConfigurationError, SecurechatError

if TYPE_CHECKING:
    from securechat.server.app import Server

EXIT_CONFIGURATION = 2
EXIT_OTHER = 1


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    made = argparse.ArgumentParser(
        prog="securechat-server",
        description="A private chat server over TLS with lasting history. Without arguments it listens on port 6697 "
        "and keeps everything in this folder: securechat.db and certs/, which it makes if they are missing.",
        epilog="Stop it with Ctrl+C or SIGTERM; SIGHUP makes it look for new certificates "
        "at once. All settings: docs/configuration.md. "
        "Certificates: securechat-gencert --help.",
    )
    made.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: securechat.toml here, if there is one)"
    )
    made.add_argument(
        "--listen", action="append", metavar="HOST:PORT", help="listen here instead; may be given several times"
    )
    made.add_argument("--database", metavar="URL", help="for example sqlite:///securechat.db")
    made.add_argument("--certs", metavar="DIR", help="folder of the certificates")
    made.add_argument("--version", action="version", version=f"securechat-server {__version__}")
    add_completion(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code (0 stopped as told, 1 failed, 2 wrong configuration)."""
    arguments = parser().parse_args(argv)
    gc.disable()  # what the imports make is no garbage; looking for it takes a tenth of the start. On again in `start`.
    try:
        server = _start(arguments)
    except (ConfigurationError, CannotListen) as error:
        _refuse(error.problems)
        # A port or an address may be there a moment later, when what starts servers tries again.
        return EXIT_CONFIGURATION if isinstance(error, ConfigurationError) else EXIT_OTHER
    except SecurechatError as error:
        _refuse([error])
        return EXIT_OTHER
    return _serve(server)


def _refuse(problems: Iterable[object]) -> None:
    """Say why the server does not start, below what the log has: its thread writes to the same stream."""
    import logging

    from securechat.server import logs

    logs.stop()
    mark = logs.mark_of(logging.ERROR) if logs.is_journal(sys.stderr) else ""
    for problem in problems:
        print(f"{mark}securechat-server: {problem}", file=sys.stderr)


def _start(arguments: argparse.Namespace) -> "Server":
    """Return the server, started, with the signals that stop it. Raises what `Server.start` raises."""
    from securechat.server import logs
    from securechat.server.app import Server
    from securechat.server.configuration import load

    overrides = {
        "server.listen": arguments.listen,
        "database.url": arguments.database,
        "tls.directory": arguments.certs,
    }
    configuration = load(arguments.config, {key: value for key, value in overrides.items() if value is not None})
    logs.setup(configuration.log.level, configuration.log.format, threaded=True)
    sys.unraisablehook = logs.report_unraisable
    server = Server(configuration)
    signal.set_wakeup_fd(server.wakeup_descriptor, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.request_stop())
    if hasattr(signal, "SIGHUP"):
        _handle_hangup(server.request_renewal, server.request_stop)
    server.start()
    return server


def _serve(server: "Server") -> int:
    """Serve until it is time to stop; return the exit code."""
    from securechat.server import logs

    try:
        with contextlib.suppress(OSError):  # nobody reads our output: no reason not to serve
            _greet(server.bootstrap.link if server.bootstrap is not None else None)
        server.wait()
    finally:  # its threads would go on without anybody to stop them
        signal.set_wakeup_fd(-1)  # the descriptor is about to be closed
        started = time.monotonic()
        server.stop()
    logs.stop()
    seconds = f"{time.monotonic() - started:.1f} s"
    with contextlib.suppress(OSError):  # the terminal may have been closed
        if server.exit_code:
            print(f"Stopped by an error of the program after {seconds}; the log has it.", file=sys.stderr)
        else:
            print(f"Stopped after {seconds}; everything that was accepted is stored.", file=sys.stderr)
    return server.exit_code


def _handle_hangup(look_after_certificates: Callable[[], None], stop: Callable[[], None]) -> None:
    """Let SIGHUP mean what it means to a service; but when the terminal that we run in is closed, stop in order.

    Both come as the same signal. In the second case what was a terminal is none any more.
    """
    in_terminal = os.isatty(2)

    def hung_up(*_: object) -> None:
        if in_terminal and not os.isatty(2):
            stop()
        else:
            look_after_certificates()

    signal.signal(signal.SIGHUP, hung_up)


def _greet(link: str | None) -> None:
    """Tell the operator of a new server how the first user gets in."""
    if link is not None:
        print(
            "No account exists yet. Whoever opens this link first becomes the administrator (it works once):\n\n"
            f"    securechat-client '{link}'\n",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
