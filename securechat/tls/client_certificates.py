"""Certificates of clients: each lets one account log in, by SASL EXTERNAL, and is good for nothing else.

Whose it is stands in the only subjectAltName: the URI `securechat:account:NAME`. Only an authority that was made by
securechat-gencert counts (`contexts.server_context`), and key usage and purpose must be as they are written here:
a certificate for another purpose never opens an account, and where `ca.pem` is a company's root none does.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from securechat.errors import InvalidName, TrustError
from securechat.names import check_nick

CLIENT_DAYS: Final = 365
FOLDER: Final = "clients"
"""The folder of the clients' files, in that of the authority."""
ISSUED: Final = "issued"
"""The folder in it with every certificate that was ever issued, without its key, by serial number."""

_SCHEME: Final = "securechat:account:"


class ClientCertificate(NamedTuple):
    """What a certificate of a client is good for."""

    account: str
    ends: int  # milliseconds since 1970
    serial: str  # hexadecimal digits, as openssl writes it


def issue_client_certificate(
    directory: Path, account: str, *, days: float = CLIENT_DAYS, force: bool = False, start: datetime | None = None
) -> tuple[Path, Path]:
    """Make `clients/ACCOUNT.pem` and `.key` in `directory`, signed by the CA there; return both.

    Raises TrustError, also when one of them is there already, unless `force` replaces them.
    """
    from cryptography import x509  # late: the server, which only reads, starts quicker without it
    from cryptography.hazmat.primitives.serialization import Encoding
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
        kept = folder / ISSUED
        for one in (folder, kept):
            files.make_private_folder(one)
        content = chain[0].public_bytes(Encoding.PEM)  # first of all: what is good for something can be revoked
        files.write_public(kept, f"{issuing.serial_text(chain[0].serial_number)}.pem", content)
        files.write_pair(folder, (key.name, certificate.name), made, chain[:1])
    return certificate, key


def check_account(name: str) -> str:
    """Return the name if it can be an account's. Raises TrustError."""
    try:
        return check_nick(name, longest=0)
    except InvalidName as error:
        raise TrustError(f"not the name of an account: {name!r} ({error.reason})") from None


def read_shown(certificate: bytes) -> ClientCertificate | None:
    """Return what a verified certificate (DER) is good for; None when it is not as those that are made here.

    Raises ValueError, or what else `cryptography` raises, when it cannot be read.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    from securechat.tls.issuing import KEY_USAGE, serial_text

    read = x509.load_der_x509_certificate(certificate)
    try:
        usage = read.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        alternative = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    if usage != x509.KeyUsage(**(KEY_USAGE | {"digital_signature": True})):
        return None
    if list(purposes) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        return None
    names = list(alternative)
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        return None
    account = _account_of(names[0].value)
    if not account:
        return None
    ends = int(read.not_valid_after_utc.timestamp() * 1000)
    return ClientCertificate(account, ends, serial_text(read.serial_number))


def _account_of(uri: str) -> str:
    """Return the account that a URI names, written as we write it; empty when it is another URI."""
    if not uri.startswith(_SCHEME):
        return ""
    written = uri.removeprefix(_SCHEME)
    try:
        name = check_nick(unquote(written, errors="strict"), longest=0)
    except (InvalidName, UnicodeDecodeError):
        return ""
    return name if quote(name, safe="") == written else ""
