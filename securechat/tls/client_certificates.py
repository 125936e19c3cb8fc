"""Certificates of clients: each lets one account log in, by SASL EXTERNAL, and is good for nothing else.

Whose it is stands in the only subjectAltName: the URI `securechat:account:NAME`. Nobody but our own CA writes such a
thing, so that a certificate for another purpose never opens an account, even where `ca.pem` is a company's root.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from securechat.errors import InvalidName, TrustError
from securechat.names import check_nick

CLIENT_DAYS: Final = 365
FOLDER: Final = "clients"
"""The folder of the clients' files, in that of the authority."""

_SCHEME: Final = "securechat:account:"


def issue_client_certificate(
    directory: Path, account: str, *, days: float = CLIENT_DAYS, force: bool = False, start: datetime | None = None
) -> tuple[Path, Path]:
    """Make `clients/ACCOUNT.pem` and `.key` in `directory`, signed by the CA there; return both.

    Raises TrustError, also when one of them is there already, unless `force` replaces them.
    """
    from cryptography import x509  # late: the server, which only reads, starts quicker without it
    from cryptography.x509.oid import ExtendedKeyUsageOID

    from securechat.tls import files, issuing

    name = check_account(account)
    folder = directory / FOLDER
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    with files.exclusive(directory):
        try:
            there = [path for path in (certificate, key) if path.exists()]
        except OSError as error:
            raise TrustError(f"cannot make {certificate}: {error.strerror}") from error
        if there and not force:
            raise TrustError(f"{there[0]} is there already; --force replaces it")
        alternative = [x509.UniformResourceIdentifier(_SCHEME + quote(name, safe=""))]
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH
        made, chain = issuing.issue(directory, name, alternative, purpose, start or datetime.now(UTC), days)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise TrustError(f"cannot make the folder {folder}: {error.strerror}") from error
        files.write_pair(folder, (key.name, certificate.name), made, chain[:1])
    return certificate, key


def check_account(name: str) -> str:
    """Return the name if it can be an account's. Raises TrustError."""
    try:
        return check_nick(name, longest=0)
    except InvalidName as error:
        raise TrustError(f"not the name of an account: {name!r} ({error.reason})") from None


def account_in(certificate: Mapping[str, Any]) -> str:
    """Return whose account a verified certificate is for; empty when it is not one of those made here.

    `certificate` is what `ssl.SSLSocket.getpeercert` tells.
    """
    names = certificate.get("subjectAltName", ())
    if len(names) != 1 or names[0][0] != "URI" or not names[0][1].startswith(_SCHEME):
        return ""
    written = names[0][1].removeprefix(_SCHEME)
    try:
        name = check_nick(unquote(written, errors="strict"), longest=0)
    except (InvalidName, UnicodeDecodeError):
        return ""
    return name if quote(name, safe="") == written else ""
