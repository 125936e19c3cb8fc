"""A WebSocket over TLS as a connection of the server: the same sessions, limits and threads as for lines over TLS."""

import contextlib
import errno
import functools
import logging
import socket
import ssl
from collections.abc import Collection

from securechat.net.connection import READ_BYTES, Connection, MakeConnection, Phase
from securechat.net.io_thread import IoThread
from securechat.protocol.line_buffer import TooLong
from securechat.protocol.websocket import WebSocket

_library_logger = logging.getLogger(f"{__name__}.library")
_library_logger.setLevel(logging.ERROR)  # below, it tells of each connection, and of each message what is in it


def maker(origins: Collection[str]) -> MakeConnection:
    """Return what makes a connection out of an accepted socket; pages from `origins` may connect, too."""
    return functools.partial(WebSocketConnection, origins=origins)


class WebSocketConnection(Connection):
    """Each line is a message of its own. Lines become frames when they are put, so what is queued is counted as sent.

    Only what is held back stays lines, until `release` puts it.
    """

    __slots__ = ("_is_secured", "_web")
    reads_per_tick = 1
    """A frame costs much more than its few bytes: two thousand of them are enough before the others get their turn."""

    def __init__(
        self,
        thread: IoThread,
        tls: ssl.SSLSocket,
        address: str,
        limit: int,
        now: float,
        *,
        origins: Collection[str],
    ) -> None:
        super().__init__(thread, tls, address, limit, now)
        self._is_secured = False  # the handshake of TLS is done, that of the WebSocket is next
        self._buffer = self._web = WebSocket(origins, _library_logger)

    def handshake(self) -> bool:
        """Go on with both handshakes, which share one time; True when the request is answered, either way."""
        if not self._is_secured:
            if not super().handshake():
                return False
            self._is_secured = True
            self.phase = Phase.HANDSHAKE
        for _ in range(Connection.reads_per_tick):
            try:
                data = self._tls.recv(READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "It ended before its WebSocket was open")
            answer = self._web.shake_hands(data)
            if answer is not None:
                self._take_answer(answer)
                return True
        return False

    def _take_answer(self, answer: bytes) -> None:
        """Queue the answer to the request; a refusal ends the connection."""
        self.phase = Phase.OPEN
        super().put(answer)
        if self._web.refusal:
            super().close(f"WebSocket refused: {self._web.refusal}")

    def put(self, data: bytes) -> None:
        """Queue whole lines for the end of the tick, as frames. Nothing follows a goodbye."""
        if self.phase is Phase.OPEN and self._web.is_open:
            super().put(data if self._held is not None else self._web.frames(data))

    def close(self, reason: str) -> None:
        """Send what is queued and a Close frame, then end the connection."""
        if self.phase is Phase.OPEN:
            if self._held is not None:
                self.release(b"")
            self._web.close(reason)
            self._put_answers()
        super().close(reason)

    def read_lines(self) -> tuple[list[bytes | TooLong], bool]:
        """As for a connection of lines. An end by a Close frame, or by wrong frames, is told to the thread."""
        lines, ended = super().read_lines()
        self._web.limit_idle_frames(self._thread.now)
        self._put_answers()
        if not ended and (end := self._web.end):
            self._thread.part(self, end)
        return lines, ended

    def discard_input(self) -> bool:
        """Read and forget; True when the peer has closed its half. Raises OSError."""
        try:
            return super().discard_input()
        except BlockingIOError:  # TLS is over
            return False

    def shut(self) -> None:
        """Close the socket at once."""
        super().shut()
        self._web.drop()

    def _put_answers(self) -> None:
        """Queue pongs and a goodbye. They are no lines, so they are never held back."""
        answers = self._web.data_to_send()
        if answers:
            held, self._held = self._held, None
            super().put(answers)
            self._held = held

    def _finish_sending(self) -> None:
        """Say goodbye in TLS, and in TCP as well: RFC 6455 section 7.1.1 lets the server be first to end it."""
        super()._finish_sending()
        with contextlib.suppress(OSError):
            self._tls.shutdown(socket.SHUT_WR)
