"""The private certificate authority and the server's certificate: making, renewing, reading (RFC 5280).

Their files are in one folder: `ca.pem`, `ca.key`, `server.pem` (the certificate, then the CA's), `server.key`.
"""

import contextlib
import hashlib
import os
import socket
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from securechat.errors import TrustError
from securechat.tls import files, interfaces
from securechat.tls.files import (
    CA_FILE,
    CA_KEY_FILE,
    CRL_FILE,
    KEY_FILE,
    SERVER_FILE,
    check_key_file,
    read_certificate,
)
from securechat.tls.issuing import BACKDATED, KEY_USAGE, issue

Address = IPv4Address | IPv6Address

AUTHORITY_NAME: Final = "securechat private CA "
"""How the name of each authority that is made here begins."""
CA_DAYS: Final = 3650
SERVER_DAYS: Final = 90
RENEWAL_SHARE: Final = 3
"""The server's certificate is renewed when one part in so many of its life is left."""

# What `cryptography` raises at certificates that break the rules; they have no base of their own.
_UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """What an operator wants to know of one certificate."""

    path: Path
    names: list[str]
    not_before: datetime
    not_after: datetime
    fingerprint: str  # SHA-256, 64 hexadecimal digits

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires; negative when it has expired."""
        return (self.not_after - now).days


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate (DER) as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def certificate_der(path: Path) -> bytes:
    """Return the first certificate of a PEM file in DER. Raises TrustError."""
    return read_certificate(path).public_bytes(serialization.Encoding.DER)


def certificate_names(certificate: bytes) -> list[str]:
    """Return the DNS names and IP addresses that a certificate (DER) is valid for.

    It may be anybody's. Raises TrustError when it cannot be read.
    """
    with _reading_a_strangers():
        return _names(x509.load_der_x509_certificate(certificate))


def certificate_validity(certificate: bytes) -> tuple[datetime, datetime]:
    """Return from when and until when (UTC) a certificate (DER) is valid. Raises TrustError when it cannot be read."""
    with _reading_a_strangers():
        read = x509.load_der_x509_certificate(certificate)
        return read.not_valid_before_utc, read.not_valid_after_utc


def status(path: Path) -> CertificateStatus:
    """Read one certificate. Raises TrustError."""
    certificate = read_certificate(path)
    return CertificateStatus(
        path,
        _names(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        fingerprint(certificate.public_bytes(serialization.Encoding.DER)),
    )


def is_own(directory: Path) -> bool:
    """Whether the server's certificate was issued by the authority of the folder itself. Raises TrustError."""
    return is_issued_by(read_certificate(directory / SERVER_FILE), read_certificate(directory / CA_FILE))


def is_ours(certificate: x509.Certificate) -> bool:
    """Whether it is a certificate of an authority as it is made here, which signs no authorities below itself."""
    named = [one.value for one in certificate.subject]
    if len(named) != 1 or not str(named[0]).startswith(AUTHORITY_NAME):
        return False
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    return basic.ca and basic.path_length == 0 and is_issued_by(certificate, certificate)


def ensure(directory: Path, names: Iterable[str], addresses: Iterable[Address]) -> bool:
    """Make the authority and the server's certificate if neither is there; True when something was made.

    An authority without any server certificate issues one. Raises TrustError when another part is missing, as
    replacing the rest would end the trust of everybody, and when a private key can be read by others.
    """
    with files.exclusive(directory, create=True):
        present = files.present(directory)
        for name in (CA_KEY_FILE, KEY_FILE):
            if name in present:
                check_key_file(directory / name)
        if {CA_FILE, SERVER_FILE, KEY_FILE} <= set(present):
            return False
        if not present:
            _create_authority(directory)
        elif present != [CA_FILE, CA_KEY_FILE]:
            raise _incomplete(directory, present)
        _issue(directory, names, addresses)
        return True


def is_absent(directory: Path) -> bool:
    """Whether no part of an authority and of a server's certificate is there."""
    return not files.present(directory)


def lost(directory: Path) -> TrustError:
    """Return what is said when an authority was here, which clients trust, and is not any more."""
    return TrustError(
        f"there are no certificates in {directory}, but this database was served before, by an authority that its "
        f"clients trust: put {directory} back, or make another authority with: {files.command(directory)} (clients "
        f"must then be given the new {CA_FILE})"
    )


def make(directory: Path, names: Iterable[str], addresses: Iterable[Address], *, force: bool = False) -> None:
    """Make an authority and a server's certificate.

    Raises TrustError when one of the four files is there, unless `force` replaces them all.
    """
    with files.exclusive(directory, create=True):
        _refuse_to_overwrite(directory, files.present(directory), force=force)
        _create_authority(directory)
        _issue(directory, names, addresses)


def create_authority(directory: Path, *, force: bool = False) -> None:
    """Make the CA: `ca.key` and `ca.pem`. Raises TrustError when one is there, unless `force` replaces it."""
    with files.exclusive(directory, create=True):
        present = [name for name in files.present(directory) if name in (CA_FILE, CA_KEY_FILE)]
        _refuse_to_overwrite(directory, present, force=force)
        _create_authority(directory)


def issue_server_certificate(
    directory: Path,
    names: Iterable[str],
    addresses: Iterable[Address],
    *,
    days: float = SERVER_DAYS,
    not_before: datetime | None = None,
) -> None:
    """Make `server.key` and `server.pem` for these names and addresses, signed by the CA of the folder.

    What is there is replaced. `not_before` is now unless given. Raises TrustError.
    """
    with files.exclusive(directory):
        _issue(directory, names, addresses, days, not_before)


def is_due(directory: Path, now: datetime) -> bool:
    """Whether a third of the life of the server's certificate, or less, is left. Raises TrustError."""
    certificate = read_certificate(directory / SERVER_FILE)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - now <= life / RENEWAL_SHARE


def renew_if_due(directory: Path, now: datetime | None = None) -> bool:
    """Renew the server's certificate if it is due and the CA's key is there; True when it was renewed.

    A certificate that another authority has issued is the operator's own, and is left alone; so is one that lasts as
    long as its authority, since a new one could not last longer. Raises TrustError.
    """
    now = now or datetime.now(UTC)
    if not (directory / CA_KEY_FILE).exists() or not is_due(directory, now):
        return False
    with files.exclusive(directory):
        certificate, authority = read_certificate(directory / SERVER_FILE), read_certificate(directory / CA_FILE)
        ends_together = certificate.not_valid_after_utc >= authority.not_valid_after_utc
        if ends_together or not is_due(directory, now) or not is_issued_by(certificate, authority):
            return False
        _renew(directory, certificate, (), (), now)
        return True


def renew(directory: Path, names: Iterable[str], addresses: Iterable[Address], *, force: bool = False) -> None:
    """Issue the server's certificate again: for the names it has, those given, and this machine's present ones.

    Raises TrustError; also when the certificate that is there comes from another authority, unless `force` is given.
    """
    with files.exclusive(directory):
        old = None
        path = directory / SERVER_FILE
        if SERVER_FILE in files.present(directory):
            old = _old_certificate(path, force=force)
            if old is not None and not force and not is_issued_by(old, read_certificate(directory / CA_FILE)):
                raise TrustError(
                    f"{path} was not issued by the authority {directory / CA_FILE}; renew it where it comes from, or "
                    "replace it by one of this authority with --force"
                )
        _renew(directory, old, names, addresses, None)


def _old_certificate(path: Path, *, force: bool) -> x509.Certificate | None:
    """Return the certificate that is to be renewed; None for what is none and to be replaced. Raises TrustError."""
    try:
        return read_certificate(path)
    except TrustError:
        if not force:
            raise
        return None


def local_names() -> tuple[list[str], list[Address]]:
    """Return what this machine is called: localhost, its host names, and all addresses of its interfaces.

    Asks no name server: a machine without a network must start as quickly as any other.
    """
    host = socket.gethostname().rstrip(".").lower()
    short = host.partition(".")[0]
    # `.local` is how the machines of a LAN find each other without a name server (mDNS, RFC 6762).
    candidates = ["localhost", host, short, f"{short}.local", *(name.lower() for name in interfaces.host_aliases(host))]
    if short == "localhost":
        candidates = ["localhost"]
    return [name for name in dict.fromkeys(candidates) if interfaces.is_dns_name(name)], interfaces.local_addresses()


def parse_address(text: str) -> Address:
    """Return the IP address that `text` is, without the zone of a link-local one. Raises TrustError."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        raise TrustError(f"not an IP address: {text!r} (names are given with --name)") from None


def check_name(text: str) -> str:
    """Return the DNS name `text` as certificates hold it: lower case, other scripts by IDNA. Raises TrustError."""
    try:
        name = text.lower().removesuffix(".").encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not interfaces.is_dns_name(name):
        raise TrustError(f"not a host name: {text!r} (letters, digits, hyphens and dots; addresses go with --ip)")
    return name


@contextlib.contextmanager
def _reading_a_strangers() -> Iterator[None]:
    """Let whatever is wrong with a certificate be a TrustError, and no warning on the user's screen."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            yield
    except _UNREADABLE as error:
        raise TrustError("the certificate cannot be read") from error


def _alternative(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _names(certificate: x509.Certificate) -> list[str]:
    alternative = _alternative(certificate)
    if alternative is None:
        return []
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return [*alternative.get_values_for_type(x509.DNSName), *map(str, addresses)]


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether the authority has signed the certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _incomplete(directory: Path, present: list[str]) -> TrustError:
    """Return what is missing in a folder, and how to mend it."""
    missing = [name for name in (CA_FILE, SERVER_FILE, KEY_FILE) if name not in present]
    if CA_FILE in present and CA_KEY_FILE in present:
        remedy = f"make both anew with: {files.command(directory, 'renew')}"
    else:
        remedy = (
            f"make everything anew with: {files.command(directory)} --force (clients must then be given the new ca.pem)"
        )
    return TrustError(
        f"{directory} holds {' and '.join(present)} but no {' and no '.join(missing)}; put back what is missing, or "
        f"{remedy}"
    )


def _refuse_to_overwrite(directory: Path, present: list[str], *, force: bool) -> None:
    if not present or force:
        return
    hint = f"To renew the server's certificate alone: {files.command(directory, 'renew')}"
    raise TrustError(
        f"{directory} holds {' and '.join(present)} already. With --force everything in it is replaced, and every "
        f"client must then be given the new ca.pem.{f' {hint}' if CA_KEY_FILE in present else ''}"
    )


def _create_authority(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    # The random part keeps two authorities apart for programs that look CAs up by name.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{AUTHORITY_NAME}{os.urandom(4).hex()}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**(KEY_USAGE | {"key_cert_sign": True, "crl_sign": True})), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    files.remove(directory / CRL_FILE)  # of the authority of before, whose certificates are worth nothing any more
    files.write_pair(directory, (CA_KEY_FILE, CA_FILE), key, [certificate])


def _renew(
    directory: Path,
    old: x509.Certificate | None,
    names: Iterable[str],
    addresses: Iterable[Address],
    not_before: datetime | None,
) -> None:
    alternative = _alternative(old) if old is not None else None
    old_names = alternative.get_values_for_type(x509.DNSName) if alternative is not None else []
    old_addresses = alternative.get_values_for_type(x509.IPAddress) if alternative is not None else []
    own_names, own_addresses = local_names()
    kept = [one for one in old_addresses if isinstance(one, IPv4Address | IPv6Address)]
    _issue(
        directory,
        [*old_names, *names, *own_names],
        [*kept, *addresses, *own_addresses],
        not_before=not_before,
    )


def _issue(
    directory: Path,
    names: Iterable[str],
    addresses: Iterable[Address],
    days: float = SERVER_DAYS,
    not_before: datetime | None = None,
) -> None:
    alternative: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    alternative += [x509.IPAddress(address) for address in dict.fromkeys(addresses)]
    common = next((name.value for name in alternative if isinstance(name, x509.DNSName)), "securechat")
    start = not_before or datetime.now(UTC)
    key, chain = issue(directory, common, alternative, ExtendedKeyUsageOID.SERVER_AUTH, start, days)
    files.write_pair(directory, (KEY_FILE, SERVER_FILE), key, chain)
