"""The I/O thread: a selector and the connections that it owns for their whole life."""

import contextlib
import heapq
import itertools
import logging
import select
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from securechat.domain.ports import Entry as EntryPort
from securechat.errors import StorageError
from securechat.net.connection import Connection, MakeConnection, Phase, words_for
from securechat.net.opening import ReadShown, open_session
from securechat.protocol.line_buffer import TooLong
from securechat.server.admission import Admission
from securechat.server.delivery import Delivery
from securechat.server.dispatcher import Dispatcher
from securechat.server.endings import sweep as end_bans
from securechat.server.entries import Entry
from securechat.server.heartbeat import watch as watch_session
from securechat.server.hub import Hub
from securechat.server.lifecycle import State
from securechat.server.presence import INTERNAL_ERROR, end_session
from securechat.server.sessions import Session

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
"""How often every connection is looked after."""
MOST_HANDSHAKES = 2000
"""How many handshakes may be under way; beyond it the oldest is given up."""
DRAIN_SECONDS = 2.0
"""How long a closed connection waits for the peer's half."""
FULL_SECONDS = 0.05
"""How often it is looked whether a full journal has room again, if nothing wakes the thread before."""
MOST_BACKLOG = 200
"""A session with more lines waiting than this is not read from."""


class IoThread(threading.Thread):
    """Runs connections: deliver, read, run commands under the hub lock, write. Nothing here waits for a peer."""

    def __init__(
        self,
        index: int,
        hub: Hub,
        dispatcher: Dispatcher,
        admission: Admission,
        tls_contexts: tuple[ssl.SSLContext, ssl.SSLContext],
        read_shown: ReadShown,
        on_fatal: Callable[[], None],
    ) -> None:
        """`tls_contexts`: for lines, for WebSockets; `read_shown` tells what a certificate is good for.

        `on_fatal` is told when the thread ends by a bug: the server must end, too.
        """
        super().__init__(name=f"io-{index}")
        self.index = index
        self.delivery = Delivery(hub.renderer, hub.last_said, index, hub.stored_before)
        self.dirty: list[Connection] = []  # connections with something to send at the end of this tick
        self.tls_contexts = tls_contexts  # replaced as a whole when the certificate changes; any thread may do so
        self.now = time.monotonic()  # of this tick
        self._hub = hub
        self._admission = admission
        self._read_shown = read_shown
        self._on_fatal = on_fatal
        self._dispatcher = dispatcher
        self._selector = selectors.DefaultSelector()
        self._connections: dict[Connection, None] = {}
        self._handshakes: dict[Connection, None] = {}  # oldest first
        self._deliveries: deque[tuple[Sequence[Entry], StorageError | None]] = deque()
        self._actions: deque[Callable[[], None]] = deque()
        self._resumed: deque[Connection] = deque()
        self._parting: deque[tuple[Connection, str]] = deque()
        self._timers: list[tuple[float, int, Connection]] = []
        self._timer_numbers = itertools.count()
        self._asleep = False
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ, self._take_wake)
        self._next_sweep = self.now + SWEEP_SECONDS
        self._stop_at: float | None = None

    # From any thread

    def deliver(self, entries: Sequence[Entry], error: StorageError | None) -> None:
        """Take a batch that the journal gives back."""
        self._deliveries.append((entries, error))
        self._wake()

    def post(self, action: Callable[[], None]) -> None:
        """Run `action` on this thread under the hub lock."""
        self._actions.append(action)
        self._wake()

    def adopt(self, plain: socket.socket, address: str, refusal: str, make: MakeConnection) -> None:
        """Take over an accepted socket. With a `refusal` it is only told why it must go."""
        self.post(lambda: self._begin(plain, address, refusal, make))

    def stop(self, seconds: float) -> None:
        """End all sessions, send what is queued, and end within `seconds`."""
        self.post(lambda: self._begin_stop(seconds))

    def _wake(self) -> None:
        if self._asleep:
            # It may be full: the thread is about to wake anyway; or closed: the thread has ended.
            with contextlib.suppress(OSError):
                self._wake_sender.send(b"\0")

    # From this thread

    def run(self) -> None:
        """Run until stopped. Has no caller: an error of one connection ends that one; any other ends the server."""
        try:
            while self._stop_at is None or (self._connections and time.monotonic() < self._stop_at):
                self._tick()
        except BaseException:
            logger.critical("Bug in the I/O thread; the server stops", exc_info=True)
            self._on_fatal()
        finally:
            for connection in list(self._connections):
                self._forget(connection)
            self._selector.close()
            self._wake_receiver.close()
            self._wake_sender.close()

    def listen(self, listening: socket.socket, ready: Callable[[], None]) -> None:
        """Call `ready` on this thread whenever `listening` has a connection to accept. Before the thread starts."""
        self._selector.register(listening, selectors.EVENT_READ, ready)

    def watch(self, connection: Connection, before: int, after: int) -> None:
        """Change what is awaited of a connection's socket."""
        if not after:
            self._selector.unregister(connection)
        elif not before:
            self._selector.register(connection, after, connection)
        else:
            self._selector.modify(connection, after, connection)

    def resume(self, connection: Connection) -> None:
        """Run the lines of a connection that waited, later in this tick or in the next."""
        self._resumed.append(connection)

    def part(self, connection: Connection, reason: str) -> None:
        """End the session of a connection that says goodbye, behind its lines of this tick; it sends what is queued."""
        self._parting.append((connection, reason))

    def abandon(self, connection: Connection) -> None:
        """End the session of a connection that cannot be written to, and the connection."""
        self.post(lambda: self._lose(connection, "It did not read what was sent to it"))

    def log_close(self, connection: Connection, reason: str) -> None:
        """Log why a connection ends."""
        session = connection.session
        account = session.account.name if session is not None and session.account is not None else ""
        logger.info("Closing: %s", reason, extra={"peer": connection.address, "account": account})

    def _tick(self) -> None:
        ready = self._wait()
        self.now = now = time.monotonic()
        actions = self._deliver()
        work: list[tuple[Connection, list[bytes | TooLong]]] = []
        lost: list[tuple[Connection, str]] = []
        for key, events in ready:
            connection = key.data
            if isinstance(connection, Connection):
                self._serve(connection, events, work, lost)
            else:
                connection()
        while self._actions:
            actions.append(self._actions.popleft())
        if work or actions or lost or self._parting or self._resumed or self._timers:
            with self._hub.lock:
                self._run(work, actions, lost, now)
        if now >= self._next_sweep:
            self._sweep(now)
        self._flush()

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets or a wake-up. While the journal is full nobody is read from."""
        self._asleep = True
        if self._deliveries or self._actions or self._resumed:
            timeout = 0.0
        else:
            wake_at = min(self._next_sweep, self._timers[0][0] if self._timers else self._next_sweep)
            if self._stop_at is not None:
                wake_at = min(wake_at, self._stop_at)
            timeout = max(0.0, wake_at - self.now)
        if self._hub.journal.full:
            ready = []
            if select.select([self._wake_receiver], [], [], min(timeout, FULL_SECONDS))[0]:
                self._take_wake()
        else:
            ready = self._selector.select(timeout)
        self._asleep = False
        return ready

    def _deliver(self) -> list[Callable[[], None]]:
        """Put everything that the journal has given back; return what is to run under the lock."""
        actions: list[Callable[[], None]] = []
        while self._deliveries:
            entries, error = self._deliveries.popleft()
            actions += self.delivery.deliver(entries) if error is None else self.delivery.fail(entries)
        return actions

    def _serve(
        self,
        connection: Connection,
        events: int,
        work: list[tuple[Connection, list[bytes | TooLong]]],
        lost: list[tuple[Connection, str]],
    ) -> None:
        """Do what the socket is ready for; collect lines to run and connections that are gone."""
        try:
            phase = connection.phase
            if phase is Phase.OPEN:
                if events & selectors.EVENT_READ:
                    lines, ended = connection.read_lines()
                    if lines:
                        work.append((connection, lines))
                    if ended:
                        lost.append((connection, "Connection closed by the client"))
                if events & selectors.EVENT_WRITE:
                    self.dirty.append(connection)
            elif phase is Phase.HANDSHAKE:
                if connection.handshake() and connection.phase is Phase.OPEN:
                    work.append((connection, []))
                if connection.phase is not phase:
                    self._handshakes.pop(connection, None)
            elif phase is Phase.CLOSING:
                self.dirty.append(connection)
            elif phase is Phase.DRAINING and connection.discard_input():
                self._forget(connection)
        except OSError as error:
            lost.append((connection, words_for(error)))
        except Exception:
            logger.exception("Bug while serving a connection; it is closed")
            lost.append((connection, INTERNAL_ERROR))

    def _run(
        self,
        work: list[tuple[Connection, list[bytes | TooLong]]],
        actions: list[Callable[[], None]],
        lost: list[tuple[Connection, str]],
        now: float,
    ) -> None:
        """Run everything of this tick that needs the hub lock."""
        for action in actions:
            self._run_action(action)
        for connection, lines in work:
            try:
                session = connection.session or open_session(self._hub, connection, self._read_shown, now)
                if session is None:
                    continue
                session.heard_at = now
                if connection.phase is Phase.OPEN:
                    self._after_lines(connection, session, self._dispatcher.run_lines(session, lines, now))
            except Exception:
                logger.exception("Bug while running the lines of a connection; it is closed")
                lost.append((connection, INTERNAL_ERROR))
        for connection, reason in lost:
            self._lose(connection, reason)
        while self._parting:
            connection, reason = self._parting.popleft()
            if connection.session is not None:
                end_session(self._hub, connection.session, reason)
            connection.close(reason)
        while self._timers and self._timers[0][0] <= now:
            self._resumed.append(heapq.heappop(self._timers)[2])
        while self._resumed:
            connection = self._resumed.popleft()
            session = connection.session
            if session is not None and connection.phase is Phase.OPEN:
                self._after_lines(connection, session, self._dispatcher.run_backlog(session, now))

    @staticmethod
    def _run_action(action: Callable[[], None]) -> None:
        """Run what is nobody's own; what a session does later is guarded where it is made (Context)."""
        try:
            action()
        except Exception:
            logger.exception("Bug in a posted action; everything else goes on")

    def _after_lines(self, connection: Connection, session: Session, wait: float) -> None:
        """Read on from a session, or not: when it must wait for its rate, or has too much waiting already."""
        if wait:
            heapq.heappush(self._timers, (self.now + wait, next(self._timer_numbers), connection))
            connection.pause(True)
        elif connection.phase is Phase.OPEN:
            connection.pause(session.backlog is not None and len(session.backlog) > MOST_BACKLOG)

    def _begin(self, plain: socket.socket, address: str, refusal: str, make: MakeConnection) -> None:
        """Wrap an accepted socket and begin the handshake."""
        if self._stop_at is not None:
            plain.close()
            return
        try:
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            context = self.tls_contexts[make is not Connection]
            tls = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        except OSError as error:
            plain.close()
            self._admission.released(address)
            logger.info("A connection broke before its handshake: %s", words_for(error), extra={"peer": address})
            return
        connection = make(self, tls, address, self._hub.configuration.limits.send_queue_bytes, self.now)
        connection.refusal = refusal
        self._connections[connection] = None
        self._handshakes[connection] = None
        self._selector.register(connection, selectors.EVENT_READ, connection)
        if len(self._handshakes) > MOST_HANDSHAKES:
            self._lose(next(iter(self._handshakes)), "Too many handshakes were under way")

    def _lose(self, connection: Connection, reason: str) -> None:
        """The connection is gone, or must go at once: its session ends and its socket is closed. Lock held."""
        if connection.phase is Phase.CLOSED:
            return
        session = connection.session
        if session is not None and session.state is not State.ENDED:
            end_session(self._hub, session, reason)
        elif connection.phase is not Phase.DRAINING:
            self.log_close(connection, reason)
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        """Close the socket and drop every reference to the connection."""
        if self._connections.pop(connection, connection) is connection:
            return
        self._handshakes.pop(connection, None)
        try:
            self._selector.unregister(connection)
        except (KeyError, ValueError):
            pass  # it was paused
        connection.shut()
        self._admission.released(connection.address)

    def _flush(self) -> None:
        """Write what this tick has queued: one write for each connection."""
        dirty, self.dirty = self.dirty, []
        for connection in dirty:
            try:
                connection.flush()
            except OSError as error:
                self.post(lambda connection=connection, error=error: self._lose(connection, words_for(error)))  # type: ignore[misc]

    def _sweep(self, now: float) -> None:
        """Look after every connection: handshakes, closings and sessions that take too long."""
        self._next_sweep = now + SWEEP_SECONDS
        handshake_seconds = self._hub.configuration.limits.handshake_seconds
        with self._hub.lock:
            if self.index == 0:
                self._run_action(partial(end_bans, self._hub))
            for connection in list(self._connections):
                phase = connection.phase
                if phase is Phase.OPEN:
                    if connection.session is not None:
                        watch_session(self._hub, connection.session, now)
                elif phase is Phase.HANDSHAKE:
                    if handshake_seconds and now - connection.since > handshake_seconds:
                        self._lose(connection, f"No handshake within {handshake_seconds} seconds")
                elif now - connection.since > DRAIN_SECONDS:
                    self._lose(connection, "It did not take its last lines")

    def _begin_stop(self, seconds: float) -> None:
        """Tell everybody, then run until all is sent or the time is over."""
        self._stop_at = self.now + seconds
        for connection in list(self._connections):
            if connection.session is None:
                self._forget(connection)
            else:
                end_session(self._hub, connection.session, "The server is stopping")

    def _take_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_receiver.recv(4096)


def publisher(threads: Sequence[IoThread]) -> Callable[[Sequence[EntryPort], StorageError | None], None]:
    """Return the function by which the journal gives batches back: every I/O thread gets them."""

    def publish(entries: Sequence[EntryPort], error: StorageError | None) -> None:
        for thread in threads:
            thread.deliver(entries, error)  # type: ignore[arg-type] # only our own entries are ever submitted

    return publish
