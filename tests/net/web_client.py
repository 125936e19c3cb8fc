"""A client by WebSocket over verified TLS, with a deadline on every read; otherwise as `tests.process.RawClient`."""

import contextlib
import re
import ssl
from collections.abc import Iterator, Sequence

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.process import DEADLINE, RawClient, ServerProcess

TEXT = "text.ircv3.net"
BINARY = "binary.ircv3.net"


def websocket_port(server: ServerProcess) -> int:
    """Where the server listens for WebSockets."""
    return int(server.wait_for_log(r"Listening on wss://.*:(\d+)$")[1])


def tls_of(server: ServerProcess) -> ssl.SSLContext:
    """Trust in the server's CA, and in nothing else."""
    return ssl.create_default_context(cafile=str(server.folder / "certs" / "ca.pem"))


class WebClient(RawClient):
    """Each line is a message. Compression is offered, as browsers do."""

    def __init__(self, server: ServerProcess, subprotocols: Sequence[str] = (TEXT,), origin: str | None = None) -> None:
        self._stack = contextlib.ExitStack()
        self.connection = self._stack.enter_context(
            connect(
                f"wss://localhost:{websocket_port(server)}/",
                ssl=tls_of(server),
                subprotocols=[Subprotocol(one) for one in subprotocols] or None,
                origin=Origin(origin) if origin is not None else None,
                proxy=None,
                open_timeout=DEADLINE,
                source_address=(self.source, 0) if self.source else None,
            )
        )
        self.kind = bytes if self.connection.subprotocol == BINARY else str
        self._pings = 0

    def send(self, *lines: str) -> None:
        """Send each line as a message, of the kind that was agreed on."""
        for line in lines:
            self.connection.send(line.encode() if self.kind is bytes else line)

    def lines(self) -> Iterator[str]:
        """Lines as they come; ends with the connection. The server's PINGs are answered and not shown."""
        while True:
            try:
                message = self.connection.recv(timeout=DEADLINE)
            except ConnectionClosed:
                return
            assert isinstance(message, self.kind)
            text = message.decode() if isinstance(message, bytes) else message
            assert text
            assert not re.search(r"[\r\n]", text), text
            if re.match(r"(:\S+ )?PING ", text):
                self.send(f"PONG {text.rpartition(' ')[2]}")
            else:
                yield text

    def closed(self) -> tuple[int | None, str | None]:
        """The code and the reason of the end, once it has come."""
        self.end()
        return self.connection.close_code, self.connection.close_reason

    def close(self) -> None:
        """Say goodbye and close."""
        self._stack.close()
