"""Signing: a certificate by the CA of a folder, for a server or for a client (RFC 5280)."""

import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from securechat.errors import TrustError
from securechat.tls import files
from securechat.tls.files import CA_FILE, CA_KEY_FILE, read_certificate, read_key

BACKDATED: Final = timedelta(minutes=5)  # clocks differ

MOST_COMMON_NAME_BYTES: Final = 64
"""RFC 5280, appendix A: ub-common-name. It counts characters, the library bytes."""

MOST_SERIAL_DIGITS: Final = 40
"""RFC 5280, section 4.1.2.2: at most 20 octets."""

KEY_USAGE = dict.fromkeys(
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


def issue(
    directory: Path,
    common: str,
    alternative: Iterable[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    start: datetime,
    days: float,
) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """Make a key, and its certificate by the CA of the folder, good for one `purpose` alone; the CA's own follows it.

    Nothing is written. Raises TrustError.
    """
    authority, authority_key = signer(directory, start)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _cut(common))]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATED)
        .not_valid_after(min(start + timedelta(days=days), authority.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**(KEY_USAGE | {"digital_signature": True})), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return key, [certificate, authority]


def _cut(name: str) -> str:
    """Return what of a name fits into a common name, in whole characters. Nothing is decided by it."""
    return name.encode()[:MOST_COMMON_NAME_BYTES].decode(errors="ignore")


def signer(directory: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the CA and its key, if a certificate by them would be trusted. Raises TrustError."""
    path = directory / CA_FILE
    authority, key = read_certificate(path), read_key(directory / CA_KEY_FILE)
    if authority.public_key() != key.public_key():
        raise TrustError(f"{directory / CA_KEY_FILE} is not the key of {path}; put the right one back")
    if authority.not_valid_after_utc <= now:
        raise TrustError(
            f"the authority {path} has expired on {authority.not_valid_after_utc:%Y-%m-%d}; make a new one with: "
            f"{files.command(directory)} --force (clients must then be given the new ca.pem)"
        )
    return authority, key


def serial_text(number: int) -> str:
    """Return a serial number as openssl writes it: whole bytes in capital hexadecimal digits."""
    text = f"{number:X}"
    return text if len(text) % 2 == 0 else f"0{text}"


def parse_serial(text: str) -> int | None:
    """Return the serial number that `text` is, in hexadecimal digits with or without colons; None if it is none."""
    digits = text.replace(":", "")
    if not 0 < len(digits) <= MOST_SERIAL_DIGITS or any(one not in string.hexdigits for one in digits):
        return None
    return int(digits, 16) or None
