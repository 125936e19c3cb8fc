"""The private certificate authority and the server's certificate: making, renewing, reading (RFC 5280).

Files in one folder: `ca.pem`, `ca.key`, `server.pem` (the certificate, then the CA's), `server.key`. Keys are born with
mode 0600, and every file is replaced as a whole, so that a running server never reads half of one.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from securechat.errors import TrustError

Address = IPv4Address | IPv6Address

CA_FILE: Final = "ca.pem"
CA_KEY_FILE: Final = "ca.key"
SERVER_FILE: Final = "server.pem"
KEY_FILE: Final = "server.key"

CA_DAYS: Final = 3650
SERVER_DAYS: Final = 90
RENEWAL_SHARE: Final = 3
"""The server's certificate is renewed when one part in so many of its life is left."""
_BACKDATED: Final = timedelta(minutes=5)  # clocks differ

_KEY_USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


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
    return _read_certificate(path).public_bytes(serialization.Encoding.DER)


def certificate_names(certificate: bytes) -> list[str]:
    """Return the DNS names and IP addresses that a certificate (DER) is valid for."""
    return _names(x509.load_der_x509_certificate(certificate))


def status(path: Path) -> CertificateStatus:
    """Read one certificate. Raises TrustError."""
    certificate = _read_certificate(path)
    return CertificateStatus(
        path,
        _names(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        fingerprint(certificate.public_bytes(serialization.Encoding.DER)),
    )


def ensure(directory: Path, names: Iterable[str], addresses: Iterable[Address]) -> bool:
    """Make the authority and the server's certificate if neither is there; True when they were made.

    Raises TrustError when only a part is there, as replacing the rest would end the trust of everybody.
    """
    served = (directory / SERVER_FILE).exists() and (directory / KEY_FILE).exists()
    if served and (directory / CA_FILE).exists():
        return False
    present = [name for name in (CA_FILE, CA_KEY_FILE, SERVER_FILE, KEY_FILE) if (directory / name).exists()]
    if (CA_FILE in present) and (CA_KEY_FILE in present) and not served:
        issue_server_certificate(directory, names, addresses)
        return True
    if present:
        missing = CA_FILE if CA_FILE not in present else f"{SERVER_FILE} or {KEY_FILE}"
        raise TrustError(
            f"{directory} holds {', '.join(present)} but no {missing}; put the missing file back, or make everything "
            f"anew with: securechat-gencert --dir {directory} --force (clients must then be given the new ca.pem)"
        )
    create_authority(directory)
    issue_server_certificate(directory, names, addresses)
    return True


def create_authority(directory: Path, *, force: bool = False) -> None:
    """Make the CA: `ca.key` and `ca.pem`. Raises TrustError when one is there, unless `force` replaces it."""
    _refuse_to_overwrite(directory, (CA_FILE, CA_KEY_FILE), force=force)
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    # The random part keeps two authorities apart for programs that look CAs up by name.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"securechat private CA {os.urandom(4).hex()}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**(_KEY_USAGE | {"key_cert_sign": True, "crl_sign": True})), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(directory / CA_KEY_FILE, key)
    _write(directory / CA_FILE, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


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
    authority = _read_certificate(directory / CA_FILE)
    authority_key = _read_key(directory / CA_KEY_FILE)
    key = ec.generate_private_key(ec.SECP256R1())
    alternative: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    alternative += [x509.IPAddress(address) for address in dict.fromkeys(addresses)]
    start = not_before or datetime.now(UTC)
    common = next((name.value for name in alternative if isinstance(name, x509.DNSName)), "securechat")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _BACKDATED)
        .not_valid_after(min(start + timedelta(days=days), authority.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**(_KEY_USAGE | {"digital_signature": True})), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (certificate, authority))
    _write_key(directory / KEY_FILE, key)
    _write(directory / SERVER_FILE, chain, 0o644)


def is_due(directory: Path, now: datetime) -> bool:
    """Whether a third of the life of the server's certificate, or less, is left. Raises TrustError."""
    certificate = _read_certificate(directory / SERVER_FILE)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - now <= life / RENEWAL_SHARE


def renew_if_due(directory: Path, now: datetime | None = None) -> bool:
    """Renew the server's certificate if it is due and the CA's key is there; True when it was renewed.

    A certificate that another authority has issued is the operator's own, and is left alone. Raises TrustError.
    """
    if not (directory / CA_KEY_FILE).exists() or not is_due(directory, now or datetime.now(UTC)):
        return False
    certificate = _read_certificate(directory / SERVER_FILE)
    if certificate.issuer != _read_certificate(directory / CA_FILE).subject:
        return False
    renew(directory, (), ())
    return True


def renew(directory: Path, names: Iterable[str], addresses: Iterable[Address]) -> None:
    """Issue the server's certificate again: for the names it has, those given, and this machine's present ones."""
    old = _alternative(_read_certificate(directory / SERVER_FILE))
    local_dns, local_addresses = local_names()
    old_names = old.get_values_for_type(x509.DNSName) if old is not None else []
    old_addresses = old.get_values_for_type(x509.IPAddress) if old is not None else []
    issue_server_certificate(
        directory,
        [*old_names, *names, *local_dns],
        [one for one in (*old_addresses, *addresses, *local_addresses) if isinstance(one, IPv4Address | IPv6Address)],
    )


def local_names() -> tuple[list[str], list[Address]]:
    """Return what this machine is called: localhost, its host names, and all addresses of its interfaces.

    Asks no name server: a machine without a network must start as quickly as any other.
    """
    import socket

    from securechat.tls.interfaces import local_addresses

    names = ["localhost"]
    host = socket.gethostname().rstrip(".").lower()
    for name in (host, host.partition(".")[0], f"{host.partition('.')[0]}.local"):
        if name and _is_dns_name(name) and name not in names:
            names.append(name)
    return names, local_addresses()


def parse_address(text: str) -> Address:
    """Return the IP address that `text` is. Raises TrustError."""
    try:
        return ip_address(text)
    except ValueError:
        raise TrustError(f"not an IP address: {text!r} (names are given with --name)") from None


def check_name(text: str) -> str:
    """Return `text` if it can be a DNS name in a certificate. Raises TrustError."""
    if not _is_dns_name(text):
        raise TrustError(f"not a host name: {text!r} (letters, digits, hyphens and dots; addresses go with --ip)")
    return text.lower()


def _is_dns_name(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= 253 and all(
        0 < len(label) <= 63
        and label.isascii()
        and label.replace("-", "").replace("_", "").isalnum()
        and label[0] != "-"
        and label[-1] != "-"
        for label in labels
    )


def check_key_file(path: Path) -> None:
    """Raise TrustError when a private key can be read by others than its owner, or is not there."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise TrustError(f"there is no {path}; make it with: securechat-gencert --dir {path.parent}") from None
    except OSError as error:
        raise TrustError(f"cannot look at {path}: {error.strerror}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TrustError(f"the private key {path} can be read by others; mend it with: chmod 600 {path}")


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


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        raise TrustError(f"there is no {path}; make it with: securechat-gencert --dir {path.parent}") from None
    except OSError as error:
        raise TrustError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise TrustError(f"{path} is not a certificate in PEM form") from error


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    check_key_file(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise TrustError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise TrustError(f"{path} is not a private key in PEM form without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TrustError(f"{path} is not a key of an elliptic curve, as this authority's keys are")
    return key


def _refuse_to_overwrite(directory: Path, names: Iterable[str], *, force: bool) -> None:
    present = [name for name in names if (directory / name).exists()]
    if present and not force:
        raise TrustError(
            f"{directory} has {' and '.join(present)} already; with --force they are replaced, and every client must "
            "then be given the new ca.pem"
        )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, pem, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file under another name with its mode from birth, then put it in its place. Raises TrustError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise TrustError(f"cannot write {path}: {error.strerror}") from error
