"""What trust errors say: what was expected, what was found, and what to do."""

import hashlib
import hmac
import ssl

from securechat.errors import TrustError
from securechat.tls.authority import certificate_names

# Codes of X509_V_ERR_* (OpenSSL, x509_vfy.h) as they come in SSLCertVerificationError.verify_code.
_NOT_YET_VALID = 9
_EXPIRED = 10
_WRONG_NAME = frozenset({62, 64})
_UNKNOWN_CA = frozenset({2, 18, 19, 20, 21, 24})


def check_fingerprint(certificate: bytes, expected: str) -> None:
    """Raise TrustError unless the SHA-256 of `certificate` (DER) is `expected` (hexadecimal digits)."""
    found = hashlib.sha256(certificate).hexdigest()
    if not hmac.compare_digest(found, expected.replace(":", "").lower()):
        raise TrustError(
            f"This is not the server that the link is for: its certificate authority has the fingerprint {found}, "
            f"the link says {expected}. Nothing was sent. Ask whoever gave you the link for a new one; if it is the "
            "same, somebody may be between you and the server."
        )


def names_in_certificate(certificate: bytes) -> list[str]:
    """Return the host names and addresses that a certificate (DER) is valid for."""
    return certificate_names(certificate)


def explain(error: ssl.SSLError, host: str, port: int, ca_description: str = "") -> TrustError:
    """Return what a failed handshake means, in a sentence for people.

    `ca_description` tells which CA was asked to vouch for the server, such as a file's name.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return TrustError(f"{_verification(error, host, ca_description)} Nothing was sent.")
    reason = error.reason or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"):
        return TrustError(f"{host}:{port} does not speak TLS; is the port right? securechat's is 6697.")
    if "ALERT" in reason or reason in ("UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"):
        words = reason.lower().replace("_", " ")
        return TrustError(f"{host}:{port} refused the TLS handshake ({words}).")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return TrustError(f"{host}:{port} closed the connection during the TLS handshake; is it a securechat server?")
    return TrustError(f"The TLS handshake with {host}:{port} failed: {reason or 'no reason was given'}.")


def _verification(error: ssl.SSLCertVerificationError, host: str, ca_description: str) -> str:
    """Word one of the ways in which a certificate can be wrong."""
    code = error.verify_code
    asked = f" ({ca_description})" if ca_description else ""
    if code in _UNKNOWN_CA:
        return (
            f"The certificate of {host} is not signed by the authority that this client trusts{asked}. "
            "Copy certs/ca.pem from the server and name it with --ca, or ask for a new link."
        )
    if code in _WRONG_NAME:
        return (
            f"The certificate of the server is not for {host}. Use a name or address that it is for, or have the "
            f"operator run: securechat-gencert renew --name {host}"
        )
    if code == _EXPIRED:
        return f"The certificate of {host} has expired. The operator renews it with: securechat-gencert renew"
    if code == _NOT_YET_VALID:
        return f"The certificate of {host} is not valid yet. Is the clock of this computer right?"
    return f"The certificate of {host} cannot be trusted{asked}: {error.verify_message}."
