"""Whom to trust: find the CA of a server, by file, by memory or by the fingerprint in a link.

The only unverified link is the one that fetches the CA, and nothing but the question for it goes over that link.
"""

import base64
import binascii
import hashlib
import socket
import ssl
import time
from pathlib import Path

from securechat.client.address import Address
from securechat.client.errors import CannotConnect, ClientError, Untrusted
from securechat.client.sanitize import sanitize
from securechat.client.texts import _, system_words
from securechat.errors import ProtocolError, TrustError
from securechat.protocol.line_buffer import LineBuffer, TooLong
from securechat.protocol.message import format_message, parse

_MOST_BYTES = 64 * 1024
_CERTIFICATE_TIMEOUT = 5.0  # seconds
_LOCAL_CA = Path("certs", "ca.pem")


def tls_failure(error: ssl.SSLError, address: Address) -> ClientError:
    """Return the error in words for people; asks the server for its certificate once more if that is what is wrong."""
    from securechat.tls.trust import explain

    untrusted = isinstance(error, ssl.SSLCertVerificationError)
    certificate = _certificate_of(address) if untrusted else b""
    text = sanitize(str(explain(error, address.host, address.port, certificate=certificate, translate=_)))
    return Untrusted(text) if untrusted else CannotConnect(text)


def _certificate_of(address: Address) -> bytes:
    """Return the server's certificate (DER), over a link that is used for nothing else; empty when it shows none."""
    from securechat.tls.contexts import probe_context

    try:
        with socket.create_connection((address.host, address.port), _CERTIFICATE_TIMEOUT) as raw:
            with probe_context().wrap_socket(raw, server_hostname=address.verified_name) as link:
                return link.getpeercert(binary_form=True) or b""
    except (OSError, ValueError):
        return b""


def verifying_context(authority: str) -> ssl.SSLContext:
    """Return the strict context that trusts only this CA, in PEM. Raises Untrusted when it is none."""
    from securechat.tls.contexts import client_context

    try:
        return client_context(authority, translate=_)
    except (TrustError, ssl.SSLError) as error:
        raise Untrusted(str(error)) from error


def read_authority(path: Path) -> str:
    """Return the PEM text of a CA file. Raises Untrusted when it cannot be read."""
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise Untrusted(
            _("Cannot read the CA file {path}: {reason}").format(path=path, reason=system_words(error.errno))
        ) from error
    except UnicodeDecodeError as error:
        raise Untrusted(_("{path} is not a certificate in PEM form.").format(path=path)) from error


def local_authority() -> Path | None:
    """Return `certs/ca.pem` of the present folder, if it is there: the server's own machine."""
    return _LOCAL_CA if _LOCAL_CA.is_file() else None


def fingerprint_of(authority: str) -> str:
    """Return the SHA-256 of a certificate in PEM, in lower-case hexadecimal. Raises Untrusted when it is none."""
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority.strip())).hexdigest()
    except (ValueError, binascii.Error) as error:
        raise Untrusted(_("The CA is not a certificate in PEM form.")) from error


def fetch_authority(address: Address, fingerprint: str, timeout: float = 10.0) -> str:
    """Ask the server for its CA and return it in PEM, if its SHA-256 is `fingerprint`.

    Raises Untrusted when it is another one, CannotConnect when there is no server. Blocks for `timeout` seconds at
    most. Nothing but `CACERT` is sent.
    """
    from securechat.tls.contexts import probe_context
    from securechat.tls.trust import check_fingerprint

    deadline = time.monotonic() + timeout
    try:
        with socket.create_connection((address.host, address.port), timeout) as raw:
            with probe_context().wrap_socket(raw, server_hostname=address.verified_name) as link:
                certificate = _ask(link, deadline)
    except ssl.SSLError as error:
        raise tls_failure(error, address) from error
    except (OSError, UnicodeError) as error:
        reason = _("no answer in time") if isinstance(error, TimeoutError) else _system_words(error)
        raise CannotConnect(
            _("Cannot connect to {address}: {reason}").format(address=address, reason=reason)
        ) from error
    try:
        check_fingerprint(certificate, fingerprint, translate=_)
    except TrustError as error:
        raise Untrusted(sanitize(str(error))) from error
    return ssl.DER_cert_to_PEM_cert(certificate)


def _ask(link: ssl.SSLSocket, deadline: float) -> bytes:
    link.sendall(format_message("CACERT", []))
    lines = LineBuffer()
    encoded = ""
    received = 0
    while received < _MOST_BYTES:
        link.settimeout(max(0.001, deadline - time.monotonic()))
        data = link.recv(4096)
        if not data:
            break
        received += len(data)
        for line in lines.feed(data):
            part = "" if isinstance(line, TooLong) else _part(line)
            if part == "*":
                return _decode(encoded)
            encoded += part
    raise CannotConnect(_("The server does not tell its CA; it may be another kind of server."))


def _part(line: bytes) -> str:
    """Return what a CACERT line carries; nothing for another line."""
    try:
        message = parse(line)
    except ProtocolError:
        return ""
    if message.command in {"421", "451", "ERROR"}:
        raise CannotConnect(_("The server does not tell its CA; it may be another kind of server."))
    return message.params[-1] if message.command == "CACERT" and message.params else ""


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise CannotConnect(_("The server does not tell its CA; it may be another kind of server.")) from error


def _system_words(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, socket.gaierror | UnicodeError) or not number:
        return _("there is no such host")
    return system_words(number)
