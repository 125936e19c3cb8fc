"""Certificates by the authority of a folder, as securechat-gencert would never write them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from securechat.tls import files, issuing

URI = 0x86
EMAIL = 0x81
DNS = 0x82
ADDRESS = 0x87


def names(*entries: tuple[int, bytes]) -> x509.UnrecognizedExtension:
    """A subjectAltName with these bytes in it, whatever they are: each with its tag, all shorter than 128 together."""
    body = b"".join(bytes((tag, len(value))) + value for tag, value in entries)
    assert len(body) < 128
    return x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes((0x30, len(body))) + body)


def sign(
    directory: Path,
    alternative: x509.ExtensionType | None,
    *,
    usage: str = "digital_signature",
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key and its certificate, good for a day; without a subjectAltName, key usage or purposes where empty."""
    now = datetime.now(UTC)
    authority, authority_key = files.read_certificate(directory / "ca.pem"), files.read_key(directory / "ca.key")
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anna")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    if alternative is not None:
        made = made.add_extension(alternative, critical=False)
    if usage:
        made = made.add_extension(x509.KeyUsage(**(issuing.KEY_USAGE | {usage: True})), critical=True)
    if purposes:
        made = made.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return key, made.sign(authority_key, hashes.SHA256())
