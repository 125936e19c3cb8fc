"""One TLS connection of the server: handshake, reading lines, and the outbox that never makes anybody wait."""

import selectors
import socket
import ssl
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, ClassVar, Protocol

from securechat.protocol.line_buffer import LineBuffer, TooLong
from securechat.server.sessions import Session

if TYPE_CHECKING:
    from securechat.net.io_thread import IoThread

READ_BYTES = 16384
"""A TLS record's size: what one read returns at most."""
READS_PER_TICK = 8
"""How many records of one connection are read before the others get their turn."""
BURST_LIMITS = 8
"""How many times `send_queue_bytes` may come together in one tick."""
WRITE_BYTES = 65536
"""How much is given to TLS at once."""


class Phase(Enum):
    """What a connection is doing."""

    HANDSHAKE = auto()
    OPEN = auto()
    CLOSING = auto()  # what is queued still goes out; nothing is read any more
    DRAINING = auto()  # everything went out, our half is closed; waiting for the peer to close its half
    CLOSED = auto()


class Lines(Protocol):
    """What cuts the bytes that come into lines."""

    def feed(self, data: bytes) -> Sequence[bytes | TooLong]:
        """Return the lines that `data` completes."""


class Connection:
    """Implements server.ports.Outlet. Owned by one I/O thread, which is the only one to touch the TLS object."""

    __slots__ = (
        "_allowed",
        "_blocked",
        "_buffer",
        "_events",
        "_held",
        "_paused",
        "_pending",
        "_thread",
        "_tls",
        "address",
        "limit",
        "pending_bytes",
        "phase",
        "refusal",
        "session",
        "since",
    )
    reads_per_tick: ClassVar = READS_PER_TICK

    def __init__(self, thread: "IoThread", tls: ssl.SSLSocket, address: str, limit: int, now: float) -> None:
        """`limit` is the most bytes that may wait to be sent (0: no limit); `now` is monotonic seconds."""
        self._thread = thread
        self._tls = tls
        self.address = address
        self.limit = limit
        self.session: Session | None = None  # from the end of the handshake on
        self.phase = Phase.HANDSHAKE
        self.since = now  # when the phase began that must not last for ever
        self.refusal = ""  # why the connection is closed right after the handshake
        self.pending_bytes = 0  # of _pending and _held together
        # Within one tick more may come together, such as the names of many rooms at login. What the peer could not take
        # of that does not count against the limit for what comes later: see `flush`.
        self._allowed = limit * BURST_LIMITS
        self._buffer: Lines = LineBuffer()
        self._pending: list[bytes] = []
        self._held: list[bytes] | None = None
        self._blocked = False  # TLS could not take everything; goes on when the socket is writable
        self._paused = False  # not read from
        self._events = selectors.EVENT_READ

    # What the server's logic uses (server.ports.Outlet)

    @property
    def thread_index(self) -> int:
        """Which I/O thread owns the connection."""
        return self._thread.index

    @property
    def delivered_sequence(self) -> int:
        """Up to here everything committed was put to the connections of this thread."""
        return self._thread.delivery.delivered_sequence

    def put(self, data: bytes) -> None:
        """Queue whole lines for the end of the tick. Over the limit the connection is closed: it costs only itself."""
        if self.phase is not Phase.OPEN:
            return
        self.pending_bytes += len(data)
        if self._held is not None:
            self._held.append(data)
        else:
            pending = self._pending
            if not pending:
                self._thread.dirty.append(self)
            pending.append(data)
        if self.pending_bytes > self._allowed and self.limit:
            self._overflow()

    def hold(self) -> None:
        """Keep back what is put from now on, until `release`."""
        self._held = []

    def release(self, data: bytes) -> None:
        """Put `data`, then everything that was kept back."""
        held, self._held = self._held or [], None
        self.pending_bytes -= sum(map(len, held))
        for piece in (data, *held):
            if piece:
                self.put(piece)

    def close(self, reason: str) -> None:
        """Send what is queued, then end the connection; `reason` goes to the log."""
        if self.phase in (Phase.HANDSHAKE, Phase.OPEN):
            if self._held is not None:
                self.release(b"")
            self._thread.log_close(self, reason)
            self.phase = Phase.CLOSING
            self.since = self._thread.now
            self.pause(True)  # what it still sends is not read, and must not wake the thread again and again
            self._thread.dirty.append(self)

    def resume(self) -> None:
        """Run the lines that waited, soon."""
        self._thread.resume(self)

    def post(self, action: Callable[[], None]) -> None:
        """Run `action` on the owning thread under the hub lock. From any thread."""
        self._thread.post(action)

    # What the I/O thread uses

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._tls.fileno()

    def handshake(self) -> bool:
        """Go on with the handshake; True when it is done. Raises OSError (ssl.SSLError is one) when it failed."""
        try:
            self._tls.do_handshake()
        except ssl.SSLCertVerificationError as error:
            self._refuse_certificate(error)
            return False
        except ssl.SSLWantReadError:
            self._want(selectors.EVENT_READ)
            return False
        except ssl.SSLWantWriteError:
            self._want(selectors.EVENT_WRITE)
            return False
        self.phase = Phase.OPEN
        self._want(selectors.EVENT_READ)
        return True

    def _refuse_certificate(self, error: ssl.SSLCertVerificationError) -> None:
        """Let the peer read why: the alert has left, and its own first lines, which come after, must not break it."""
        self._thread.log_close(self, f"The certificate of the client was refused: {error.verify_message}")
        self._tls.shutdown(socket.SHUT_WR)  # there is no TLS from here on
        self.phase = Phase.DRAINING
        self.since = self._thread.now
        self._want(selectors.EVENT_READ)

    @property
    def asked_host(self) -> str:
        """By which name the peer asked for the server; empty when it named none, or nobody wants to know."""
        return getattr(self._tls, "asked_host", "")

    def peer_certificate(self) -> bytes | None:
        """The certificate that the peer has shown (DER), which TLS has verified; None: it has shown none."""
        return None if self._tls.context.verify_mode is ssl.CERT_NONE else self._tls.getpeercert(binary_form=True)

    def read_lines(self) -> tuple[list[bytes | TooLong], bool]:
        """Return the lines that have come, and whether the stream has ended behind them.

        Raises OSError for a broken connection, but not before all lines ahead of the break were returned.
        """
        lines: list[bytes | TooLong] = []
        for _ in range(self.reads_per_tick):
            try:
                data = self._tls.recv(READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError:
                if lines:
                    break  # the socket stays readable: the next read says it again
                raise
            if not data:
                return lines, True
            lines += self._buffer.feed(data)
            # The kernel's rest is told by the selector; only what TLS has decrypted already must be asked for here.
            if len(data) < READ_BYTES and not self._tls.pending():
                break
        return lines, False

    def discard_input(self) -> bool:
        """Read and forget; True when the peer has closed its half. Raises OSError."""
        try:
            return not self._tls.recv(READ_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False

    def flush(self) -> None:
        """Give what is queued to TLS, joined. Raises OSError for a broken connection."""
        pending = self._pending
        if pending:
            data = pending[0] if len(pending) == 1 else b"".join(pending)
            # This is the hottest line of the server: a busy room comes by here once per member and tick.
            try:
                sent = self._tls.send(data)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                sent = 0
            if sent < len(data):
                sent += self._write_rest(data, sent)
            self.pending_bytes -= sent
            if sent < len(data):
                self._pending = [data[sent:]]
                if not self._blocked:
                    self._blocked = True
                    self._allowed = self.limit + len(data) - sent
                    self._update_events()
                return
            pending.clear()
        if self._blocked:
            self._blocked = False
            self._allowed = self.limit * BURST_LIMITS
            self._update_events()
        if self.phase is Phase.CLOSING:
            self._finish_sending()

    def _write_rest(self, data: bytes, sent: int) -> int:
        """Go on after the first record, for as long as TLS takes more; return how many bytes it took."""
        position = sent
        try:
            with memoryview(data) as view:
                while sent and position < len(data):
                    position += self._tls.send(view[position : position + WRITE_BYTES])
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        return position - sent

    def pause(self, paused: bool) -> None:
        """Stop or go on reading from it."""
        if paused != self._paused:
            self._paused = paused
            self._update_events()

    def _finish_sending(self) -> None:
        """Say goodbye in TLS and TCP; the peer may still be sending, so the socket is kept for a moment."""
        self.phase = Phase.DRAINING
        self._paused = False
        try:
            self._tls.unwrap()
        except OSError:
            pass  # the peer's own goodbye has not come yet, or never will
        self._update_events()

    def shut(self) -> None:
        """Close the socket at once."""
        self.phase = Phase.CLOSED
        self._pending.clear()
        self._blocked = False
        self._held = None
        self._tls.close()

    def _overflow(self) -> None:
        """The peer does not read: nothing more is queued for it, and its session ends."""
        self._pending.clear()
        self._held = None
        self.pending_bytes = 0
        # The TLS stream may be cut in the middle of a record here, so no reason can be sent; the log has it.
        self.phase = Phase.CLOSING
        self._thread.log_close(self, f"It did not read: over {self.limit} bytes were waiting for it")
        self._thread.abandon(self)

    def _update_events(self) -> None:
        events = 0 if self._paused else selectors.EVENT_READ
        if self._blocked:
            events |= selectors.EVENT_WRITE
        self._want(events)

    def _want(self, events: int) -> None:
        if events != self._events:
            self._thread.watch(self, self._events, events)
            self._events = events


MakeConnection = Callable[["IoThread", ssl.SSLSocket, str, int, float], Connection]
"""Makes the connection of an accepted socket: `Connection`, or one of another kind."""


def words_for(error: OSError) -> str:
    """Why a connection broke, in words for the log."""
    if isinstance(error, ssl.SSLError):
        return f"TLS error: {error.reason or 'connection closed without goodbye'}"
    return error.strerror or type(error).__name__
