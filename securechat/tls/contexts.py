"""The hardened TLS contexts: for the server, for the client, and one that fetches a CA and is good for nothing else."""

import shlex
import ssl
from pathlib import Path
from typing import Final

from securechat.errors import TrustError
from securechat.printing import Translate

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# For TLS 1.2, if the operator allows it: forward secrecy and authenticated encryption only (Mozilla "intermediate").
_CIPHERS_12: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL"


class AskedSocket(ssl.SSLSocket):
    """A connection that knows by which name its client asked for the server (SNI, RFC 6066 section 3)."""

    asked_host = ""


def server_context(
    directory: Path, minimum: str = "1.3", *, client_certificates: bool = False, asked_hosts: bool = False
) -> ssl.SSLContext:
    """Return the context that serves `server.pem` with `server.key` from `directory`.

    `minimum` is "1.3" or "1.2". With `client_certificates` a client may show a certificate: one that `ca.pem` has not
    issued for clients, or that is not valid now, ends the handshake with the alert that says why; nobody is asked for
    one when `ca.pem` was not made by securechat-gencert. With `asked_hosts`
    connections are AskedSockets.
    Raises TrustError when a file is missing, does not fit, or can be read by others.
    """
    # Late: this brings `cryptography`, and clients, which also import this module, start quicker without it.
    from securechat.tls import files

    certificate, key = directory / files.SERVER_FILE, directory / files.KEY_FILE
    files.read_certificate(certificate)  # for its own sentence when it is missing or is none
    files.check_key_file(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[minimum]
    context.set_ciphers(_CIPHERS_12)
    # Python before 3.15 can name one group only; without a call OpenSSL offers X25519, P-256, X448, P-384 and P-521.
    # Nearly every client begins with X25519: naming P-256 alone would cost each of them a round trip, naming X25519
    # alone would shut out those that have P-256 only.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # No tickets: sessions last for days, and each ticket costs memory and time for nothing.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    _load_chain(context, certificate, key)
    if client_certificates:
        _ask_for_certificates(context, directory / files.CA_FILE)
    if asked_hosts:
        context.sslsocket_class = AskedSocket
        context.sni_callback = _note_asked_host
    return context


def _ask_for_certificates(context: ssl.SSLContext, path: Path) -> None:
    """Let clients show certificates by the authority in `path`; not by one that was made elsewhere.

    Such a one signs for many purposes, and whoever asks it for a certificate may choose what stands in it.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    from securechat.tls import authority, files

    trusted = files.read_certificate(path)
    if authority.is_ours(trusted):
        context.load_verify_locations(cadata=trusted.public_bytes(Encoding.DER))  # it alone, whatever follows it
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_STRICT


def _note_asked_host(link: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
    if isinstance(link, AskedSocket):
        link.asked_host = name or ""


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    def no_password() -> str:  # without this OpenSSL would ask on the terminal, and the server would wait for ever
        raise TrustError(
            f"the private key {key} is protected by a password, and nobody is there to type it when the server starts; "
            f"take it off with: umask 077; openssl pkey -in {shlex.quote(str(key))} -out NEW_FILE"
        )

    try:
        context.load_cert_chain(certificate, key, no_password)
    except ssl.SSLError as error:
        why = "the key belongs to another certificate" if error.reason == "KEY_VALUES_MISMATCH" else str(error.reason)
        raise TrustError(
            f"{certificate} and {key} cannot be served ({why}); they must be a certificate and its own private key"
        ) from error
    except OSError as error:
        raise TrustError(f"cannot read {certificate} or {key}: {error.strerror}") from error


def client_context(ca_pem: str | Path, translate: Translate = str) -> ssl.SSLContext:
    """Return the context that trusts one CA, given as PEM text or as a file, and nothing else.

    It verifies the chain, the validity and the name of the server, strictly; the system's own CAs do not count.
    Raises TrustError when it is no CA certificate; see `tls.trust` about `translate`.
    """
    named = str(ca_pem) if isinstance(ca_pem, Path) else translate("the CA certificate")
    try:
        text = ca_pem.read_text(encoding="utf-8", errors="replace") if isinstance(ca_pem, Path) else ca_pem
    except OSError as error:
        raise TrustError(
            translate("cannot read the CA certificate {named}: {reason}").format(named=named, reason=error.strerror)
        ) from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # CERT_REQUIRED and check_hostname from the start
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS_12)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = False  # names count in subjectAltName only (RFC 9525)
    try:
        # Around the certificate there may be remarks in any script, which OpenSSL skips but Python will not take.
        context.load_verify_locations(cadata=text.encode("ascii", "replace").decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise TrustError(
            translate("{named} is not a certificate in PEM form (-----BEGIN CERTIFICATE-----)").format(named=named)
        ) from error
    if not context.cert_store_stats()["x509_ca"]:
        raise TrustError(
            translate(
                "{named} is not the certificate of an authority but of something else, such as a server; the right "
                "file is ca.pem in the server's folder of certificates"
            ).format(named=named)
        )
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
