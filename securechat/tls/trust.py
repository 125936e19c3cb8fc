"""What trust errors say: what was expected, what was found, and what to do.

The one place of these sentences. Whoever speaks another language than English gives the function that translates them
as `translate`; the catalogues hold every text that is given to it here.
"""

import hashlib
import hmac
import ssl
from datetime import datetime
from ipaddress import ip_address

from securechat.errors import TrustError
from securechat.printing import Translate

# Codes of X509_V_ERR_* (OpenSSL, x509_vfy.h) as they come in SSLCertVerificationError.verify_code.
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_NAME = frozenset({62, 64})
# Not found, signed by itself, signed by another key under the same name, no CA at all: each means another authority.
_UNKNOWN_CA = frozenset({2, 7, 18, 19, 20, 21, 24, 30, 79})
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"})
_NO_COMMON_VERSION = frozenset({"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"})
_MOST_NAMES = 12


def check_fingerprint(certificate: bytes, expected: str, translate: Translate = str) -> None:
    """Raise TrustError unless the SHA-256 of `certificate` (DER) is `expected` (hexadecimal digits)."""
    found = hashlib.sha256(certificate).hexdigest()
    plain = expected.strip().replace(":", "").lower()
    if not hmac.compare_digest(found.encode(), plain.encode(errors="replace")):  # text would have to be ASCII
        raise TrustError(
            translate(
                "This is not the server that the link is for: its certificate authority has the fingerprint {found}, "
                "the link says {expected}. Nothing was sent. Ask whoever gave you the link for a new one; if it "
                "says the same, somebody may be between you and the server."
            ).format(found=found, expected=_visible(plain))
        )


def names_in_certificate(certificate: bytes) -> list[str]:
    """Return the host names and addresses that a certificate (DER) is valid for, harmless to show.

    Raises TrustError when it cannot be read.
    """
    from securechat.tls.authority import certificate_names  # late: the usual connection needs no `cryptography`

    return [_visible(name) for name in certificate_names(certificate)]


def explain(
    error: ssl.SSLError,
    host: str,
    port: int,
    ca_description: str = "",
    certificate: bytes = b"",
    translate: Translate = str,
) -> TrustError:
    """Return what a failed handshake means, in a sentence for people.

    `ca_description` tells which CA was asked to vouch for the server, such as a file's name; `certificate` is the
    server's (DER), if it is known, so that its names and dates can be told.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        asked = f" ({ca_description})" if ca_description else ""
        wrong, remedy = _verification(error, host, asked, certificate, translate)
        nothing_sent = translate("Nothing was sent.")
        return TrustError(f"{wrong} {nothing_sent} {remedy}".rstrip())
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    reason = getattr(error, "reason", None) or ""  # errors that OpenSSL did not raise have none
    if reason in _NO_TLS:
        text = translate("{place} does not speak TLS; is the port right? securechat's is 6697.")
    elif reason in _NO_COMMON_VERSION:
        text = translate(
            "{place} and this program have no version of TLS in common. A securechat server wants TLS 1.3, unless its "
            'configuration says minimum = "1.2".'
        )
    elif "ALERT" in reason:
        text = translate("{place} refused the TLS handshake ({reason}).")
        reason = reason.lower().replace("_", " ")
    elif isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        text = translate("{place} closed the connection during the TLS handshake; is it a securechat server?")
    elif reason:
        text = translate("The TLS handshake with {place} failed: {reason}.")
    else:
        text = translate("The TLS handshake with {place} failed: no reason was given.")
    return TrustError(text.format(place=place, reason=reason))


def _verification(
    error: ssl.SSLCertVerificationError, host: str, asked: str, certificate: bytes, translate: Translate
) -> tuple[str, str]:
    """Word one of the ways in which a certificate can be wrong, and what to do."""
    code = error.verify_code
    found = reason = ""
    if code in _UNKNOWN_CA:
        wrong = translate("The certificate of {host} is not signed by the authority that this client trusts{asked}.")
        remedy = translate("Copy certs/ca.pem from the server and name it with --ca, or ask for a new link.")
    elif code in _WRONG_NAME:
        wrong = translate("The certificate of the server is not for {host}{found}.")
        remedy = translate(
            "Use a name or address that it is for, or have the operator run: securechat-gencert renew {option} {host}"
        )
        found = _names_words(certificate, translate)
    elif code == _EXPIRED:
        wrong = translate("The certificate of {host} has expired{found}.")
        remedy = translate("The operator renews it with: securechat-gencert renew")
        found = _date_words(certificate, translate(" (on {date} UTC)"), 1)
    elif code == _NOT_YET_VALID:
        wrong = translate("The certificate of {host} is not valid yet{found}.")
        remedy = translate("Is the clock of this computer right?")
        found = _date_words(certificate, translate(" (before {date} UTC)"), 0)
    else:
        wrong, remedy = translate("The certificate of {host} cannot be trusted{asked}: {reason}."), ""
        reason = error.verify_message
    option = "--ip" if _is_address(host) else "--name"
    return wrong.format(host=host, asked=asked, found=found, reason=reason), remedy.format(host=host, option=option)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _names_words(certificate: bytes, translate: Translate) -> str:
    """Return ", but for a, b and 3 more"; nothing if that is not known."""
    try:
        names = names_in_certificate(certificate) if certificate else []
    except TrustError:
        names = []
    shown, more = ", ".join(names[:_MOST_NAMES]), len(names) - _MOST_NAMES
    if more > 0:
        return translate(", but for {names} and {count} more").format(names=shown, count=more)
    return translate(", but for {names}").format(names=shown) if shown else ""


def _date_words(certificate: bytes, template: str, which: int) -> str:
    """Return `template` with the date that the clock is on the wrong side of; nothing if that is not known."""
    from securechat.tls.authority import certificate_validity

    try:
        dates: tuple[datetime, datetime] | None = certificate_validity(certificate) if certificate else None
    except TrustError:
        dates = None
    return template.format(date=f"{dates[which]:%Y-%m-%d %H:%M}") if dates else ""


def _visible(text: str) -> str:
    """Make visible what a terminal would obey: certificates and links are written by strangers."""
    return "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in text)
