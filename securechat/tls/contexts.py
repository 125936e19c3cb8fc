"""The hardened TLS contexts: for the server, for the client, and one that fetches a CA and is good for nothing else."""

import ssl
from pathlib import Path
from typing import Final

from securechat.errors import TrustError
from securechat.tls.authority import KEY_FILE, SERVER_FILE, check_key_file

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# For TLS 1.2, if the operator allows it: forward secrecy and authenticated encryption only (Mozilla "intermediate").
_CIPHERS_12: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL"


def server_context(directory: Path, minimum: str = "1.3") -> ssl.SSLContext:
    """Return the context that serves `server.pem` with `server.key` from `directory`.

    `minimum` is "1.3" or "1.2". Raises TrustError when a file is missing, does not fit, or can be read by others.
    """
    certificate, key = directory / SERVER_FILE, directory / KEY_FILE
    check_key_file(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[minimum]
    context.set_ciphers(_CIPHERS_12)
    # Python 3.11 can name one group only; without a call OpenSSL offers X25519, P-256, X448, P-384 and P-521.
    # Every TLS 1.3 client that we met offers X25519; naming it alone would shut out those with P-256 only.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # No tickets: sessions last for days, and each ticket costs memory and time for nothing.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    try:
        context.load_cert_chain(certificate, key)
    except FileNotFoundError:
        missing = certificate if not certificate.exists() else key
        raise TrustError(f"there is no {missing}; make it with: securechat-gencert --dir {directory}") from None
    except ssl.SSLError as error:
        raise TrustError(
            f"{certificate} and {key} cannot be served: {error.reason or error}; they must be a certificate (PEM) and "
            "its own private key"
        ) from error
    except OSError as error:
        raise TrustError(f"cannot read {certificate} or {key}: {error.strerror}") from error
    return context


def client_context(ca_pem: str | Path) -> ssl.SSLContext:
    """Return the context that trusts one CA, given as PEM text or as a file, and nothing else.

    It verifies the chain, the validity and the name of the server, strictly; the system's own CAs do not count.
    Raises TrustError when it is no CA certificate.
    """
    if isinstance(ca_pem, Path):
        try:
            text = ca_pem.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise TrustError(f"cannot read the CA certificate {ca_pem}: {error}") from error
    else:
        text = ca_pem
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # CERT_REQUIRED and check_hostname from the start
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS_12)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise TrustError("the CA certificate is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)") from error
    return context


def probe_context() -> ssl.SSLContext:
    """Return a context that verifies nothing. Only for asking a server for its CA, before anything is trusted.

    Nothing secret may go over such a connection. What comes over it counts only after its fingerprint was compared
    (`tls.trust.check_fingerprint`).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
