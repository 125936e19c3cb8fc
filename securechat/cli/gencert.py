"""securechat-gencert: make, renew and show the server's certificates."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from securechat import __version__
from securechat.errors import TrustError

EXIT_REFUSED = 1


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    made = argparse.ArgumentParser(
        prog="securechat-gencert",
        description="Make a private certificate authority and a server certificate that it signs. The server does this "
        "by itself when it starts without certificates; use this command to choose names, to renew, or to look.",
        epilog="Clients trust the authority (ca.pem, public). Keep ca.key secret: who has it can pose as your server.",
    )
    made.add_argument("command", nargs="?", choices=["make", "renew", "status"], default="make", help="default: make")
    made.add_argument("--dir", type=Path, default=Path("certs"), metavar="DIR", help="folder (default: certs)")
    made.add_argument(
        "--name", action="append", default=[], help="a further host name of the server; may be given several times"
    )
    made.add_argument(
        "--ip", action="append", default=[], metavar="ADDR", help="a further address; may be given several times"
    )
    made.add_argument(
        "--force", action="store_true", help="replace an authority that is there: every client must trust the new one"
    )
    made.add_argument("--version", action="version", version=f"securechat-gencert {__version__}")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code (0 done, 1 refused, 2 wrong arguments; status: 1 also for expired)."""
    arguments = parser().parse_args(argv)
    try:
        match arguments.command:
            case "renew":
                return _renew(arguments)
            case "status":
                return _status(arguments.dir)
            case _:
                return _make(arguments)
    except TrustError as error:
        print(f"securechat-gencert: {error}", file=sys.stderr)
        return EXIT_REFUSED


def _make(arguments: argparse.Namespace) -> int:
    from securechat.tls import authority

    names = [authority.check_name(name) for name in arguments.name]
    addresses = [authority.parse_address(text) for text in arguments.ip]
    local_names, local_addresses = authority.local_names()
    authority.create_authority(arguments.dir, force=arguments.force)
    authority.issue_server_certificate(arguments.dir, [*names, *local_names], [*addresses, *local_addresses])
    print(f"Made in {arguments.dir}:")
    return _status(arguments.dir)


def _renew(arguments: argparse.Namespace) -> int:
    from securechat.tls import authority

    names = [authority.check_name(name) for name in arguments.name]
    authority.renew(arguments.dir, names, [authority.parse_address(text) for text in arguments.ip])
    print("Renewed; a running server takes it up within a minute:")
    return _status(arguments.dir)


def _status(directory: Path) -> int:
    """Print both certificates; 1 when one has expired."""
    from securechat.tls import authority

    now = datetime.now(UTC)
    code = 0
    for title, name in (("authority", authority.CA_FILE), ("server", authority.SERVER_FILE)):
        status = authority.status(directory / name)
        days = status.days_left(now)
        print(f"  {title:10} {status.path}")
        if status.names:
            print(f"  {'':10} for {', '.join(status.names)}")
        validity = f"valid until {status.not_after:%Y-%m-%d}, {days} days left" if days >= 0 else "EXPIRED"
        print(f"  {'':10} {validity}")
        print(f"  {'':10} fingerprint {status.fingerprint}")
        code = max(code, 0 if days >= 0 else EXIT_REFUSED)
    return code


if __name__ == "__main__":
    sys.exit(main())
