"""The thread `connection`: the only owner of the TLS object; connects, feeds the session, sends, connects again.

Other threads hand it actions (`call`), which it runs between two reads; a byte on a socket pair wakes it.

A little longer than other modules: whatever touches the TLS object stands here.
"""

import logging
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

from securechat.client.address import Address
from securechat.client.backoff import Backoff
from securechat.client.errors import CannotConnect, ClientError, LoginRefused
from securechat.client.events import Ended
from securechat.client.mailbox import HIGH_WATER, LOW_WATER, Mailbox
from securechat.client.refusals import PASSING_REFUSALS
from securechat.client.session import Session
from securechat.client.texts import _, system_words
from securechat.client.timing import Timing
from securechat.client.trust import tls_failure
from securechat.errors import ProtocolError
from securechat.protocol.line_buffer import MAX_TAGS, LineBuffer
from securechat.protocol.message import format_message

log = logging.getLogger("securechat.client")

Result = TypeVar("Result")
_READ_BYTES = 65536
_CODE_SECONDS = 60.0  # whoever types a code wakes the thread before
_READS_IN_A_ROW = 16  # then calls and sending get their turn


class Connection:
    """One server, over as many links as it takes."""

    def __init__(
        self,
        address: Address,
        context: ssl.SSLContext,
        session: Session,
        mailbox: Mailbox,
        backoff: Backoff,
        timing: Timing,
    ) -> None:
        self.ready: Future[None] = Future()
        """Done with the first login, or with the error that there is none."""
        self._address = address
        self._context = context
        self._session = session
        self._mailbox = mailbox
        self._backoff = backoff
        self._timing = timing
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._guard = threading.Lock()
        """Guards `_finished` against `call`; held for a moment only."""
        self._finished = False
        self._ended_by: ClientError | None = None  # set before `_finished`
        self._stopping = False  # set by an action, on the thread itself
        self._farewell_at = 0.0  # when QUIT was sent
        self._wait_until = 0.0  # when the next attempt is made
        self._again = False  # somebody wants another link, or no more waiting for one
        self._unsent = b""
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        # A daemon, so that a program that forgets to close the client can end; it holds nothing that has to be saved.
        self._thread = threading.Thread(target=self._run, name="connection", daemon=True)

    # --- for other threads ---

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def call(self, action: Callable[[], Result], timeout: float = 30.0) -> Result:
        """Run `action` on the connection's thread and return what it returns, or raise what it raises.

        Raises CannotConnect when the connection has ended, or does not come to it within `timeout` seconds; it is not
        run later then, as the caller may try again.
        """
        if threading.current_thread() is self._thread:
            return action()
        future: Future[Result] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(action())
            except ClientError as error:
                future.set_exception(error)
            except BaseException as bug:
                future.set_exception(bug)
                raise

        with self._guard:
            if self._finished:
                raise self._ended_by or CannotConnect(_("The client is closed."))
            self._calls.put(run)
        self._wake_up()
        try:
            return future.result(timeout)
        except TimeoutError:
            if not future.cancel():
                return future.result()  # it runs at this moment, which is short
            raise CannotConnect(_("There is no link to the server at the moment.")) from None

    def post(self, action: Callable[[], object]) -> bool:
        """Have `action` run on the connection's thread soon; return whether it still runs."""
        with self._guard:
            if self._finished:
                return False
            self._calls.put(lambda: (action(), None)[1])
        self._wake_up()
        return True

    def begin_again(self) -> None:
        """Drop the link and make another one, or do not wait longer for the next attempt."""

        def begin() -> None:
            self._again = self._session.ready or time.monotonic() < self._wait_until

        self.post(begin)

    @property
    def next_attempt(self) -> float | None:
        """In how many seconds the next attempt is made; 0: it is under way. None while there is a link."""
        return None if self._session.ready else max(0.0, self._wait_until - time.monotonic())

    def close(self, reason: str = "") -> None:
        """Say goodbye, after everything that waits in the socket; return when the thread has ended. May be repeated."""
        if self._thread.ident is None:
            self._close_wake()
            return

        def stop() -> None:
            self._stopping = True
            if self._session.ready:
                self._session.output.append(format_message("QUIT", [reason] if reason else []))
            self._farewell_at = time.monotonic()

        try:
            self.call(stop, self._timing.farewell)
        except ClientError:
            self._stopping = True  # it has ended already, or sits in the resolver
        self._thread.join(self._timing.farewell + self._timing.connect)

    def _wake_up(self) -> None:
        try:
            self._wake.send(b"\0")
        except (BlockingIOError, OSError):
            pass  # a byte is there already, or the thread has ended

    # --- the thread ---

    def _run(self) -> None:
        """Connect for ever. Guarantees that everybody who waits hears of the end, whatever it was."""
        error: ClientError | None = None
        try:
            self._connect_for_ever()
        except ClientError as refusal:
            error = refusal
        except Exception:
            log.exception("the connection's thread failed")
            error = ClientError(_("The client failed; the log has the details."))
        finally:
            end = error or CannotConnect(_("The client is closed."))
            with self._guard:
                self._ended_by = error
                self._finished = True
            self._run_calls()  # what was accepted is run; its requests end at once
            self._session.end(end)
            if not self.ready.done():
                self.ready.set_exception(end)
            self._mailbox.put(Ended(error))
            self._close_wake()

    def _close_wake(self) -> None:
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _connect_for_ever(self) -> None:
        """Serve one link after the other until told to stop. Raises what cannot get better by waiting."""
        while not self._stopping:
            if self._session.waits_for_code():
                self._select(time.monotonic() + _CODE_SECONDS)
                continue
            try:
                self._one_link()
            except (CannotConnect, ProtocolError) as error:
                if not self.ready.done():
                    raise CannotConnect(str(error)) from error
                self._lost(error)
            except LoginRefused as error:
                passes = error.code in PASSING_REFUSALS or self._session.code_may_help(error)
                if not (self.ready.done() and passes):
                    raise
                self._lost(error)
            self._wait_until = time.monotonic() + self._backoff.next_wait()
            while not (self._stopping or self._again) and time.monotonic() < self._wait_until:
                self._select(self._wait_until)
            self._again = False

    def _lost(self, error: Exception) -> None:
        self._session.lost(str(error))
        log.info("link lost: %s", error)

    def _one_link(self) -> None:
        """Connect, log in and serve until the link is gone; then raise CannotConnect, unless told to stop."""
        link = self._dial()
        try:
            self._selector.register(link, selectors.EVENT_READ)
            try:
                self._unsent = b""
                self._serve(link)
            finally:
                self._selector.unregister(link)
        except ssl.SSLError as error:
            raise tls_failure(error, self._address) from error
        except OSError as error:
            raise CannotConnect(_("The link to the server was lost: {reason}").format(reason=_reason(error))) from error
        finally:
            link.close()

    def _dial(self) -> ssl.SSLSocket:
        """Return a verified link. Raises CannotConnect or Untrusted."""
        address = self._address
        try:
            found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise CannotConnect(_("There is no host called {host}.").format(host=address.host)) from None
        last = CannotConnect(_("There is no host called {host}.").format(host=address.host))
        for family, kind, protocol, _name, place in found:
            if self._stopping:
                break
            raw: socket.socket | None = None
            try:
                raw = socket.socket(family, kind, protocol)  # fails for a family that this machine does not have
                deadline = time.monotonic() + self._timing.connect
                self._connect(raw, place, deadline)
                return self._handshake(raw, deadline)
            except ssl.SSLError as error:
                _close(raw)
                raise tls_failure(error, address) from error
            except OSError as error:
                _close(raw)
                last = CannotConnect(
                    _("Cannot connect to {address}: {reason}").format(address=address, reason=_reason(error))
                )
        raise last

    def _connect(self, raw: socket.socket, place: tuple[object, ...], deadline: float) -> None:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            raw.connect(place)
        except BlockingIOError:
            self._await(raw, selectors.EVENT_WRITE, deadline)
        code = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "")

    def _handshake(self, raw: socket.socket, deadline: float) -> ssl.SSLSocket:
        link = self._context.wrap_socket(
            raw, server_hostname=self._address.verified_name, do_handshake_on_connect=False
        )
        try:
            while True:
                try:
                    link.do_handshake()
                    return link
                except ssl.SSLWantReadError:
                    self._await(link, selectors.EVENT_READ, deadline)
                except ssl.SSLWantWriteError:
                    self._await(link, selectors.EVENT_WRITE, deadline)
        except BaseException:
            link.close()
            raise

    def _await(self, link: socket.socket, event: int, deadline: float) -> None:
        """Wait until the socket can be read or written. Raises TimeoutError, also when told to stop."""
        self._selector.register(link, event)
        try:
            while not self._stopping and time.monotonic() < deadline:
                if self._select(deadline):
                    return
        finally:
            self._selector.unregister(link)
        raise TimeoutError

    def _select(self, deadline: float) -> bool:
        """Wait until `deadline` for the socket, running what others ask for. Returns whether the socket is ready."""
        ready = False
        for key, _events in self._selector.select(max(0.0, deadline - time.monotonic())):
            if key.fileobj is not self._woken:
                ready = True
                continue
            try:
                self._woken.recv(4096)
            except BlockingIOError:
                pass
        self._run_calls()
        return ready

    def _run_calls(self) -> None:
        while True:
            try:
                action = self._calls.get_nowait()
            except Empty:
                return
            action()

    def _serve(self, link: ssl.SSLSocket) -> None:
        """Feed the session and send what it says, until the link is gone or the farewell is over."""
        session, timing = self._session, self._timing
        lines = LineBuffer(max_tags=MAX_TAGS)
        heard_at = opened_at = time.monotonic()
        asked = False  # whether a sign of life is being waited for
        session.opened()
        while True:
            wants_write = self._send(link)
            now = time.monotonic()
            if self._stopping and (now > self._farewell_at + timing.farewell or not session.ready):
                return
            deadline = heard_at + timing.silence + (timing.answer if asked else 0.0)
            if not session.ready:
                deadline = min(deadline, opened_at + timing.login)
            elif not self.ready.done():
                self.ready.set_result(None)
            if now >= deadline:
                if asked or not session.ready:
                    raise CannotConnect(_("The server does not answer any more."))
                session.keep_alive()
                asked = True
                continue
            if self._stopping:
                deadline = min(deadline, self._farewell_at + timing.farewell)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wants_write else 0)
            self._selector.modify(link, events)
            self._select(now if link.pending() else deadline)
            if self._again:
                raise CannotConnect(_("Another link was asked for."))
            if self._receive(link, lines):
                heard_at, asked = time.monotonic(), False
            self._watch_reader()

    def _watch_reader(self) -> None:
        """Pause the session when nobody reads the events. Whoever reads them again calls `resume`."""
        if not self._session.gaps.paused:
            self._session.gaps.paused = len(self._mailbox) > HIGH_WATER
        elif len(self._mailbox) < LOW_WATER:
            self._session.resume()  # the reader was through with all of them before it could see the pause
        if self._session.ready:
            self._backoff.reset()

    def _receive(self, link: ssl.SSLSocket, lines: LineBuffer) -> bool:
        """Read what is there; return whether anything was. Raises CannotConnect at the end of the stream."""
        heard = False
        for _turn in range(_READS_IN_A_ROW):
            try:
                data = link.recv(_READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not data:
                raise CannotConnect(_("The server closed the connection."))
            heard = True
            for line in lines.feed(data):
                self._session.receive(line)
        return heard

    def _send(self, link: ssl.SSLSocket) -> bool:
        """Send what there is to send; return whether something is left because the socket is full."""
        output = self._session.output
        if output:
            self._unsent += b"".join(output)
            output.clear()
        while self._unsent:
            try:
                self._unsent = self._unsent[link.send(self._unsent) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return True
        return False


def _close(raw: socket.socket | None) -> None:
    if raw is not None:
        raw.close()


def _reason(error: OSError) -> str:
    """Return the system's words for an error, without numbers and addresses."""
    if isinstance(error, TimeoutError):
        return _("no answer in time")
    return system_words(error.errno) if error.errno else str(error)
