"""securechat-gencert: make, renew and show the server's certificates."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

from securechat import __version__
from securechat.cli.completion import add_completion
from securechat.cli.streams import reader_has_gone
from securechat.errors import NothingToRevokeError, TrustError
from securechat.tls.client_certificates import CLIENT_DAYS

if TYPE_CHECKING:
    from securechat.tls.revocation import IssuedCertificate

EXIT_REFUSED = 1
EXIT_NOTHING_TO_DO = 3
MOST_DAYS = 3650


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    made = argparse.ArgumentParser(
        prog="securechat-gencert",
        description="Make a private certificate authority and a server certificate that it signs. The server does this "
        "by itself when it starts without certificates; use this command to choose names, to renew, or to look. "
        "`client NAME` makes a certificate by which the account NAME can log in without a password (SASL EXTERNAL); "
        "`list` shows them, and `revoke NAME|SERIAL` lets them count no more.",
        epilog="Clients trust the authority (ca.pem, public). Keep ca.key secret: who has it can pose as your server.",
    )
    commands = ["make", "renew", "status", "client", "list", "revoke"]
    made.add_argument("command", nargs="?", choices=commands, default="make", help="default: make")
    made.add_argument(
        "account",
        nargs="?",
        default="",
        metavar="NAME",
        help="client: whose certificate it is; revoke: whose certificates, or the serial number of one",
    )
    made.add_argument(
        "--dir",
        "--directory",
        dest="dir",
        type=Path,
        default=Path("certs"),
        metavar="DIR",
        help="folder (default: certs)",
    )
    made.add_argument(
        "--name", action="append", default=[], help="a further host name of the server; may be given several times"
    )
    made.add_argument(
        "--ip", action="append", default=[], metavar="ADDR", help="a further address; may be given several times"
    )
    made.add_argument(
        "--force",
        action="store_true",
        help="make: replace what is there, so that every client must trust the new authority; "
        "renew: replace a certificate that another authority has issued, or what is none; "
        "client: replace the one that is there",
    )
    made.add_argument("--days", type=_days, metavar="N", help=f"client: how long it is good (default: {CLIENT_DAYS})")
    made.add_argument("--version", action="version", version=f"securechat-gencert {__version__}")
    add_completion(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code.

    0: done; 1: refused, or `status` found something wrong; 2: wrong arguments.
    """
    arguments = _parsed(argv)
    code = 0
    try:
        match arguments.command:
            case "renew":
                code = _renew(arguments)
            case "status":
                code = _status(arguments.dir)
            case "client":
                _make_client(arguments)
            case "list":
                _list_clients(arguments.dir)
            case "revoke":
                _revoke(arguments)
            case _:
                code = _make(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return reader_has_gone() or code
    except TrustError as error:
        print(f"securechat-gencert: {error}", file=sys.stderr)
        return EXIT_NOTHING_TO_DO if isinstance(error, NothingToRevokeError) else EXIT_REFUSED
    return code


def _parsed(argv: list[str] | None) -> argparse.Namespace:
    """Read the arguments; those that do not belong to the command end the program."""
    reader = parser()
    arguments = reader.parse_args(argv)
    is_client = arguments.command == "client"
    if is_client and not arguments.account:
        reader.error("client: whose certificate? Give the name of the account")
    if arguments.command == "revoke" and not arguments.account:
        reader.error("revoke: which one? Give the name of the account, or a serial number (see: list)")
    if arguments.command not in ("client", "revoke") and arguments.account:
        reader.error(f"{arguments.command}: a name belongs to `client` and `revoke`")
    if not is_client and arguments.days is not None:
        reader.error(f"{arguments.command}: --days belongs to `client`")
    if arguments.command in ("client", "list", "revoke") and (arguments.name or arguments.ip):
        reader.error(f"{arguments.command}: --name and --ip belong to the server's certificate")
    return arguments


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {MOST_DAYS}")
    return int(text)


def _make_client(arguments: argparse.Namespace) -> None:
    from securechat.tls import authority
    from securechat.tls.client_certificates import issue_client_certificate

    certificate, key = issue_client_certificate(
        arguments.dir, arguments.account, days=arguments.days or CLIENT_DAYS, force=arguments.force
    )
    print(f"Made for {arguments.account} (whoever has the key can log in as them):")
    print(f"  {'certificate':11} {certificate}")
    print(f"  {'':11} valid until {authority.status(certificate).not_after:%Y-%m-%d}")
    print(f"  {'key':11} {key}")


def _list_clients(directory: Path) -> None:
    """Show which certificates of clients were issued, and what is revoked of them."""
    from securechat.tls import revocation

    known = revocation.issued(directory)
    for one in (one for one in known if not one.problem):
        state = f"revoked {_day(one.revoked)}" if one.revoked else f"until {_day(one.ends)}"
        print(f"  {one.serial:40}  {state:18}  {one.account or '-'}")
    if not known:
        print("No certificate was made for anybody.")
    _warn_of_broken(known, directory)


def _warn_of_broken(known: Sequence["IssuedCertificate"], directory: Path) -> None:
    """Name the files that cannot be read: each may be a certificate of anybody."""
    from securechat.tls import files

    for one in known:
        if one.problem:
            how = f"; to revoke it: {files.command(directory, f'revoke {one.serial}')}" if one.serial else ""
            print(f"securechat-gencert: warning: {one.problem}{how}", file=sys.stderr)


def _revoke(arguments: argparse.Namespace) -> None:
    from securechat.tls import files, revocation

    for one in revocation.revoke(arguments.dir, arguments.account):
        print(f"Revoked {one.serial}{f' of {one.account}' if one.account else ''}")
    print(f"The list is {arguments.dir / files.CRL_FILE}. A server that runs on it ends within a second what these")
    print("certificates have opened; to one elsewhere, copy the list.")
    _warn_of_broken(revocation.issued(arguments.dir), arguments.dir)


def _day(milliseconds: int | None) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d}" if milliseconds is not None else "?"


def _make(arguments: argparse.Namespace) -> int:
    from securechat.tls import authority

    names, addresses = _given(arguments)
    local_names, local_addresses = authority.local_names()
    authority.make(arguments.dir, [*names, *local_names], [*addresses, *local_addresses], force=arguments.force)
    print(f"Made in {arguments.dir} (ca.pem is for everybody, both keys are secret):")
    return _status(arguments.dir)


def _renew(arguments: argparse.Namespace) -> int:
    from securechat.tls import authority

    authority.renew(arguments.dir, *_given(arguments), force=arguments.force)
    print("Renewed; a running server takes it up within a minute (at once on SIGHUP):")
    return _status(arguments.dir)


def _given(arguments: argparse.Namespace) -> tuple[list[str], list[IPv4Address | IPv6Address]]:
    """Return the names and addresses of the command line. An address given as a name is meant as an address."""
    from securechat.tls import authority

    names: list[str] = []
    addresses = [authority.parse_address(text) for text in arguments.ip]
    for text in arguments.name:
        try:
            addresses.append(authority.parse_address(text))
        except TrustError:
            names.append(authority.check_name(text))
    return names, addresses


def _status(directory: Path) -> int:
    """Print both certificates and what is wrong; 1 when something is."""
    from securechat.tls import authority, files

    now = datetime.now(UTC)
    troubles: list[str] = []
    for title, name in (("authority", files.CA_FILE), ("server", files.SERVER_FILE)):
        status = authority.status(directory / name)
        days = status.days_left(now)
        print(f"  {title:10} {status.path}")
        if status.names:
            print(f"  {'':10} for {', '.join(status.names)}")
        validity = f"valid until {status.not_after:%Y-%m-%d}, {days} days left" if days >= 0 else "EXPIRED"
        if status.not_before > now:
            validity = "NOT VALID YET"
            moment = f"{status.not_before:%Y-%m-%d %H:%M} UTC"
            troubles.append(f"{status.path} is not valid before {moment}; is the clock of this machine right?")
        print(f"  {'':10} {validity}")
        print(f"  {'':10} fingerprint {status.fingerprint}")
        if days < 0:
            troubles.append(f"{status.path} has expired on {status.not_after:%Y-%m-%d}")
    for name in (files.KEY_FILE, files.CA_KEY_FILE):
        try:
            if name == files.KEY_FILE or name in files.present(directory):
                files.check_key_file(directory / name)
        except TrustError as error:
            troubles.append(str(error))
    if not authority.is_own(directory):
        print(f"  {'':10} issued by another authority; the server does not renew it by itself")
    for trouble in troubles:
        print(f"securechat-gencert: {trouble}", file=sys.stderr)
    return EXIT_REFUSED if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
