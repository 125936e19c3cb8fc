"""Real handshakes between two threads over a socket pair, and peers that do not speak TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from securechat.errors import TrustError
from securechat.tls.contexts import client_context, probe_context
from securechat.tls.trust import explain

DEADLINE = 10.0

Peer = Callable[[socket.socket], None]


@dataclass
class Handshake:
    """What the client saw of a handshake that succeeded, and what the server then got from it."""

    version: str
    cipher: str
    certificate: bytes
    heard: bytes


def talk(peer: Peer, context: ssl.SSLContext, name: str) -> tuple[str, str, bytes]:
    """Shake hands with `peer`, say hello, and return version, cipher and its certificate. Raises ssl.SSLError."""
    ours, theirs = socket.socketpair()
    ours.settimeout(DEADLINE)
    theirs.settimeout(DEADLINE)

    def serve() -> None:
        with theirs, contextlib.suppress(OSError):  # what the server thinks of a refusal is not asked
            peer(theirs)

    thread = threading.Thread(target=serve, name="test-peer")
    thread.start()
    try:
        with ours, context.wrap_socket(ours, server_hostname=name) as link:
            link.sendall(b"hello")
            cipher = link.cipher()
            certificate = link.getpeercert(binary_form=True)
            assert link.recv(1) == b"!"
            assert cipher is not None
            assert certificate is not None
            return link.version() or "", cipher[0], certificate
    finally:
        thread.join(DEADLINE)


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost") -> Handshake:
    """Shake hands and say hello. Raises ssl.SSLError as the client gets it."""
    heard: list[bytes] = []

    def serve(plain: socket.socket) -> None:
        with server.wrap_socket(plain, server_side=True) as link:
            heard.append(link.recv(100))
            link.sendall(b"!")

    version, cipher, certificate = talk(serve, client, name)
    return Handshake(version, cipher, certificate, b"".join(heard))


def heard_after_refusal(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bytes:
    """Let the client refuse; return what the server could read from it."""
    heard: list[bytes] = []

    def serve(plain: socket.socket) -> None:
        with server.wrap_socket(plain, server_side=True) as link:
            heard.append(link.recv(100))
            link.sendall(b"!")

    with contextlib.suppress(ssl.SSLError):
        talk(serve, client, name)
    return b"".join(heard)


def refusal(server: ssl.SSLContext, ca: Path, name: str = "localhost", ca_description: str = "") -> str:
    """What a person reads when the client that trusts `ca` refuses this server under `name`."""
    certificate = shake(server, probe_context(), name).certificate
    try:
        shake(server, client_context(ca), name)
    except ssl.SSLError as error:
        return str(explain(error, name, 6697, ca_description, certificate))
    raise AssertionError("the handshake succeeded")


def refusal_of_peer(peer: Peer) -> TrustError:
    """What a person reads when `peer` is at the other end."""
    try:
        talk(peer, probe_context(), "localhost")
    except ssl.SSLError as error:
        return explain(error, "chat.lan", 6667)
    raise AssertionError("the handshake succeeded")
