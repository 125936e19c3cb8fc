"""What trust errors say: what was expected, what was found, and what to do."""

import hashlib
import hmac
import ssl
from datetime import datetime
from ipaddress import ip_address

from securechat.errors import TrustError

# Codes of X509_V_ERR_* (OpenSSL, x509_vfy.h) as they come in SSLCertVerificationError.verify_code.
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_NAME = frozenset({62, 64})
# Not found, signed by itself, signed by another key under the same name, no CA at all: each means another authority.
_UNKNOWN_CA = frozenset({2, 7, 18, 19, 20, 21, 24, 30, 79})
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
_NO_COMMON_VERSION = frozenset({"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"})
_MOST_NAMES = 12


def check_fingerprint(certificate: bytes, expected: str) -> None:
    """Raise TrustError unless the SHA-256 of `certificate` (DER) is `expected` (hexadecimal digits)."""
    found = hashlib.sha256(certificate).hexdigest()
    plain = expected.strip().replace(":", "").lower()
    if not hmac.compare_digest(found.encode(), plain.encode(errors="replace")):  # text would have to be ASCII
        raise TrustError(
            f"This is not the server that the link is for: its certificate authority has the fingerprint {found}, "
            f"the link says {_visible(plain)}. Nothing was sent. Ask whoever gave you the link for a new one; if it "
            "says the same, somebody may be between you and the server."
        )


def names_in_certificate(certificate: bytes) -> list[str]:
    """Return the host names and addresses that a certificate (DER) is valid for, harmless to show.

    Raises TrustError when it cannot be read.
    """
    from securechat.tls.authority import certificate_names  # late: the usual connection needs no `cryptography`

    return [_visible(name) for name in certificate_names(certificate)]


def explain(
    error: ssl.SSLError, host: str, port: int, ca_description: str = "", certificate: bytes = b""
) -> TrustError:
    """Return what a failed handshake means, in a sentence for people.

    `ca_description` tells which CA was asked to vouch for the server, such as a file's name; `certificate` is the
    server's (DER), if it is known, so that its names and dates can be told.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        wrong, remedy = _verification(error, host, ca_description, certificate)
        return TrustError(f"{wrong} Nothing was sent. {remedy}".rstrip())
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    reason = getattr(error, "reason", None) or ""  # errors that OpenSSL did not raise have none
    if reason in _NO_TLS:
        return TrustError(f"{place} does not speak TLS; is the port right? securechat's is 6697.")
    if reason in _NO_COMMON_VERSION:
        return TrustError(
            f"{place} and this program have no version of TLS in common. A securechat server wants TLS 1.3, unless its "
            'configuration says minimum = "1.2".'
        )
    if "ALERT" in reason:
        return TrustError(f"{place} refused the TLS handshake ({reason.lower().replace('_', ' ')}).")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return TrustError(f"{place} closed the connection during the TLS handshake; is it a securechat server?")
    return TrustError(f"The TLS handshake with {place} failed: {reason or 'no reason was given'}.")


def _verification(
    error: ssl.SSLCertVerificationError, host: str, ca_description: str, certificate: bytes
) -> tuple[str, str]:
    """Word one of the ways in which a certificate can be wrong, and what to do."""
    code = error.verify_code
    asked = f" ({ca_description})" if ca_description else ""
    if code in _UNKNOWN_CA:
        return (
            f"The certificate of {host} is not signed by the authority that this client trusts{asked}.",
            "Copy certs/ca.pem from the server and name it with --ca, or ask for a new link.",
        )
    if code in _WRONG_NAME:
        option = "--ip" if _is_address(host) else "--name"
        return (
            f"The certificate of the server is not for {host}{_names_words(certificate)}.",
            f"Use a name or address that it is for, or have the operator run: securechat-gencert renew {option} {host}",
        )
    if code == _EXPIRED:
        return (
            f"The certificate of {host} has expired{_date_words(certificate, 'on', 1)}.",
            "The operator renews it with: securechat-gencert renew",
        )
    if code == _NOT_YET_VALID:
        return (
            f"The certificate of {host} is not valid yet{_date_words(certificate, 'before', 0)}.",
            "Is the clock of this computer right?",
        )
    return f"The certificate of {host} cannot be trusted{asked}: {error.verify_message}.", ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _names_words(certificate: bytes) -> str:
    """Return ", but for a, b and c"; nothing if that is not known."""
    try:
        names = names_in_certificate(certificate) if certificate else []
    except TrustError:
        names = []
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f", but for {shown}{f' and {more} more' if more > 0 else ''}" if shown else ""


def _date_words(certificate: bytes, word: str, which: int) -> str:
    """Return the date that the clock is on the wrong side of; nothing if that is not known."""
    from securechat.tls.authority import certificate_validity

    try:
        dates: tuple[datetime, datetime] | None = certificate_validity(certificate) if certificate else None
    except TrustError:
        dates = None
    return f" ({word} {dates[which]:%Y-%m-%d %H:%M} UTC)" if dates else ""


def _visible(text: str) -> str:
    """Make visible what a terminal would obey: certificates and links are written by strangers."""
    return "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in text)
