"""The server's logic without sockets and I/O threads: recorded outlets, workers that work at once, real storage.

`alice.sends("JOIN #tea")` runs a line; `alice.received()` returns what came since the last call, as text without line
ends. `Harness.settle` waits for the journal (on its futures, never by time) and delivers, until nothing moves.
"""

import base64
import dataclasses
import functools
import hashlib
import sqlite3
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import securechat.server.commands  # noqa: F401 - fills the registry
from securechat.domain.account import Account
from securechat.domain.ports import Entry as EntryPort
from securechat.domain.ports import UnitOfWork
from securechat.errors import StorageError
from securechat.protocol.line_buffer import LineBuffer
from securechat.server.administration import Administration
from securechat.server.administration_ports import JournalStore, ServerAddress
from securechat.server.configuration import Configuration, load
from securechat.server.delivery import Delivery
from securechat.server.dispatcher import Dispatcher
from securechat.server.hub import Hub
from securechat.server.live_effects import HubEffects
from securechat.server.membership import GENERAL
from securechat.server.passwords import Parameters, hash_password
from securechat.server.ports import Pool
from securechat.server.presence import end_session
from securechat.server.sessions import Session
from securechat.server.snapshot import take_snapshot
from securechat.server.throttle import Budget
from securechat.storage.engine import open_database
from securechat.storage.journal import Journal
from tests.tables import note

T = TypeVar("T")

CHEAP = Parameters(argon2_memory_kib=64, argon2_iterations=1, scram_iterations=4096)
UNLIMITED = {
    "limits.failed_logins_per_minute": 1000,
    "limits.messages_per_minute": 0,
    "limits.rooms_per_hour": 0,
    "limits.invitations_per_minute": 0,
    "limits.kicks_per_minute": 0,
    "limits.knocks_per_hour": 0,
}
"""What a test may do as often as it needs, unless it is about these."""
MODERN = "message-tags server-time account-tag echo-message batch labeled-response draft/chathistory standard-replies"


class RecordedOutlet:
    """Implements server.ports.Outlet: remembers what was put."""

    def __init__(self, harness: "Harness", address: str) -> None:
        self.thread_index = 0
        self.address = address
        self.chunks: list[bytes] = []
        self.closed: str | None = None
        self._held: list[bytes] | None = None
        self._harness = harness
        self.session: Session | None = None

    @property
    def delivered_sequence(self) -> int:
        return self._harness.delivery.delivered_sequence

    def put(self, data: bytes) -> None:
        assert data.endswith(b"\r\n"), data
        note(data)
        if self.closed is None:
            (self.chunks if self._held is None else self._held).append(data)

    def hold(self) -> None:
        self._held = []

    def release(self, data: bytes) -> None:
        note(data)
        held, self._held = self._held or [], None
        self.chunks += [piece for piece in (data, *held) if piece]

    def close(self, reason: str) -> None:
        if self._held is not None:
            self.release(b"")
        self.closed = reason

    def resume(self) -> None:
        self._harness.resumed.append(self)

    def post(self, action: Callable[[], None]) -> None:
        self._harness.posted.append(action)


class ImmediateWorkers:
    """Implements server.ports.Workers: works in the caller's thread; `full` refuses, `waiting` puts off."""

    def __init__(self) -> None:
        self.full = False
        self.waiting: deque[Callable[[], None]] | None = None  # set: jobs are kept here for `work`
        self.done: list[Pool] = []  # what was asked for
        self.managing: deque[Callable[[], None]] = deque()  # these take the hub lock: `settle` does them without it

    def submit(self, pool: Pool, job: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> bool:
        if self.full:
            return False
        self.done.append(pool)
        if pool is Pool.MANAGING:
            self.managing.append(lambda: self._run(job, done))
        elif self.waiting is None:
            # A worker never holds the hub lock, but here the caller does: the job may use the journal, not the hub.
            self._run(job, done)
        else:
            self.waiting.append(lambda: self._run(job, done))
        return True

    def put_off(self) -> None:
        """Keep jobs until `work`."""
        self.waiting = deque()

    def work(self) -> None:
        """Do what was put off, and work at once again."""
        waiting, self.waiting = self.waiting or deque(), None
        while waiting:
            waiting.popleft()()

    @staticmethod
    def _run(job: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> None:
        try:
            result = job()
        except Exception as error:  # noqa: BLE001 - as net.workers does
            done(None, error)
        else:
            done(result, None)


class Person:
    """One connection of somebody."""

    def __init__(self, harness: "Harness", address: str = "192.0.2.1") -> None:
        self.harness = harness
        self.outlet = RecordedOutlet(harness, address)
        self.session = Session(self.outlet, harness.now, Budget(0, 1, harness.now))
        self.outlet.session = self.session
        self._buffer = LineBuffer()
        with harness.hub.lock:
            harness.hub.sessions[self.session] = None

    def sends(self, *lines: str) -> None:
        """Run lines, each as if it had come alone, and let everything settle."""
        for line in lines:
            self.sends_bytes(line.encode() + b"\r\n")

    def sends_bytes(self, data: bytes) -> None:
        """Run what comes of raw bytes."""
        self.sends_unsettled(data)
        self.harness.settle()

    def sends_unsettled(self, data: bytes) -> None:
        """Run raw bytes, but leave what they cause in the journal until `Harness.settle`."""
        with self.harness.hub.lock:
            self.harness.dispatcher.run_lines(self.session, list(self._buffer.feed(data)), self.harness.now)

    def received(self) -> list[str]:
        """Return and forget the lines that have come."""
        data = b"".join(self.outlet.chunks).decode()
        self.outlet.chunks.clear()
        return data.split("\r\n")[:-1]

    def bodies(self) -> list[str]:
        """`received` without tags."""
        return [line.partition(" ")[2] if line.startswith("@") else line for line in self.received()]

    def codes(self) -> list[str]:
        """The commands and numerics of `received`."""
        return [code_of(line) for line in self.bodies()]

    def answers(self, line: str) -> list[str]:
        """Send a line and return what came."""
        self.sends(line)
        return self.received()

    def vanishes(self) -> None:
        """The connection breaks."""
        with self.harness.hub.lock:
            end_session(self.harness.hub, self.session, "Connection closed by the client")
        self.harness.settle()


def code_of(line: str) -> str:
    """The command or numeric of a line."""
    words = line.split()
    if words[0].startswith("@"):
        del words[0]
    return words[1] if words[0].startswith(":") else words[0]


class WatchedJournal(Journal):
    """Knows whether anything was given to it, so that nobody waits for nothing."""

    is_asked = True

    def submit(self, entry: EntryPort) -> None:
        self.is_asked = True
        super().submit(entry)

    def call(self, work: Callable[[UnitOfWork], T]) -> "Future[T]":
        self.is_asked = True
        return super().call(work)


@functools.cache
def migrated_database() -> bytes:
    """A database file that is as new as can be, made once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.db"
        database = open_database(f"sqlite:///{path}")
        database.lock()
        database.migrate()
        database.close()
        return path.read_bytes()


def full_disk() -> None:
    """What SQLite does then."""
    raise sqlite3.OperationalError("database or disk is full")


class Harness:
    """A server without sockets. Use `running`."""

    def __init__(self, folder: Path, **settings: object) -> None:
        overrides = {"server.name": "chat.test", "access.guests": True, "server.motd": ""} | {
            key.replace("__", "."): value for key, value in settings.items()
        }
        cheap = {f"accounts.{key}": value for key, value in dataclasses.asdict(CHEAP).items()}
        configuration: Configuration = load(None, cheap | UNLIMITED | overrides)
        self.time = 1_764_000_000_000
        self.now = 1000.0
        self.posted: deque[Callable[[], None]] = deque()
        self.resumed: deque[RecordedOutlet] = deque()
        self.workers = ImmediateWorkers()
        self._batches: deque[tuple[Sequence[EntryPort], StorageError | None]] = deque()
        if not (folder / "chat.db").exists():
            (folder / "chat.db").write_bytes(migrated_database())
            (folder / "chat.db").chmod(0o600)
        self.database = open_database(f"sqlite:///{folder / 'chat.db'}")
        self.database.lock()
        self.database.migrate()
        self.journal = WatchedJournal(self.database, lambda batch, error: self._batches.append((batch, error)), 0)
        self.configuration = configuration
        self._fill()
        self.journal.start()
        with self.hub.lock:
            if self.hub.find_room(GENERAL) is None:
                self.journal.submit(self.hub.create_room(GENERAL, self.hub.server_source)[1])
        self.settle()

    def _fill(self) -> None:
        """Know what the database holds, and nobody who is here."""
        self.hub = Hub(
            self.configuration, self.journal, self.database, self.workers, lambda: self.time, b"certificate", b"key"
        )
        self.hub.monotonic = lambda: self.now
        self.hub.administration = Administration(
            self.configuration,
            JournalStore(self.journal, self.database),
            HubEffects(self.hub),
            lambda: ServerAddress("chat.test", 6697, "ab" * 32),
            clock=lambda: self.time,
            hub=lambda: self.hub,
        )
        self.hub.fill(self.database.read(take_snapshot))
        self.dispatcher = Dispatcher(self.hub)
        self.delivery = Delivery(self.hub.renderer, self.hub.last_said, 0, self.hub.stored_before)

    def restart(self) -> None:
        """Be a server that has just started on what is stored; nobody may be here any more."""
        self.settle()
        assert not self.hub.sessions, "sessions end before the server does"
        self._fill()

    def settle(self) -> None:
        """Deliver until the journal and everything posted is done."""
        assert threading.current_thread() is threading.main_thread()
        while True:
            self.await_journal()
            moved = self._deliver()
            with self.hub.lock:
                while self.posted:
                    moved = True
                    self.posted.popleft()()
                while self.resumed:
                    moved = True
                    session = self.resumed.popleft().session
                    assert session is not None
                    self.dispatcher.run_backlog(session, self.now)
            while self.workers.managing:
                moved = True
                self.workers.managing.popleft()()
            if not moved:
                return

    def await_journal(self) -> None:
        """Wait until the journal has done all that was given to it so far; nothing is delivered yet."""
        if not self.journal.is_asked:
            return
        self.journal.is_asked = False
        try:
            Journal.call(self.journal, lambda _: None).result(20)
        except StorageError:
            pass  # the disk is full: what was in this batch has failed

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """Inside, no commit succeeds."""
        self.settle()
        self.journal.before_commit = full_disk
        try:
            yield
        finally:
            self.settle()
            self.journal.before_commit = None
            self.journal.is_asked = True  # it is well again when it has stored something

    @contextmanager
    def one_batch(self, *, fails: bool = False) -> Iterator[None]:
        """What is sent inside (by `sends_unsettled`) is one batch for the journal; with `fails`, one that fails."""
        self.settle()
        started, go_on = threading.Event(), threading.Event()
        outcomes = deque([False, fails])

        def wait(_: object) -> None:
            started.set()
            assert go_on.wait(20)

        def before_commit() -> None:
            if outcomes and outcomes.popleft():
                full_disk()

        self.journal.before_commit = before_commit
        waited = self.journal.call(wait)
        assert started.wait(20)
        try:
            yield
        finally:
            go_on.set()
            waited.result(20)
            self.await_journal()

    def _deliver(self) -> bool:
        moved = bool(self._batches)
        while self._batches:
            batch, error = self._batches.popleft()
            entries: Any = batch
            actions = self.delivery.deliver(entries) if error is None else self.delivery.fail(entries)
            self.posted.extend(actions)
        return moved

    def account(
        self, name: str, password: str = "correct horse", *, administrator: bool = False, bot: bool = False
    ) -> Account:
        """Make an account."""
        credentials = hash_password(password, CHEAP)
        made = self.journal.call(
            lambda unit: unit.accounts.add(name, credentials, administrator=administrator, time=self.time, bot=bot)
        ).result(20)
        with self.hub.lock:
            self.hub.add_account(made)
        return made

    def invite(self, token: str, **changes: Any) -> None:
        """Make an invite with that token."""
        wanted: dict[str, Any] = {
            "rooms": (GENERAL,),
            "administrator": False,
            "uses": 1,
            "expires": None,
            "note": "",
            "created_by": "test",
            "time": self.time,
        } | changes
        digest = hashlib.sha256(token.encode()).digest()
        made = self.journal.call(lambda unit: unit.invites.add(digest, **wanted)).result(20)
        with self.hub.lock:
            self.hub.invites.add(digest, made)

    def connection(self, address: str = "192.0.2.1") -> Person:
        """A connection that has said nothing yet."""
        return Person(self, address)

    def person(self, nick: str, capabilities: str = "", *, password: str = "", account: str = "") -> Person:
        """Somebody who is present: a guest, or logged in when a password is given. What came before is forgotten."""
        one = self.connection()
        one.sends("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :{nick.title()}")
        if capabilities:
            one.sends(f"CAP REQ :{capabilities}")
        if password:
            plain = base64.b64encode(f"\0{account or nick}\0{password}".encode()).decode()
            one.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}")
        one.sends("CAP END")
        lines = one.received()
        assert any(" 001 " in line for line in lines), lines
        return one

    def members_of(self, room: str, *nicks: str, capabilities: str = "") -> list[Person]:
        """Guests who are in a room; what came before is forgotten."""
        people = [self.person(nick, capabilities) for nick in nicks]
        for one in people:
            one.sends(f"JOIN {room}")
        for one in people:
            one.received()
        return people

    def close(self) -> None:
        self.journal.stop()
        self.database.close()


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[Harness]:
    """A harness on a database in `folder`; `access__guests=False` sets that key of the configuration."""
    harness = Harness(folder, **settings)
    try:
        yield harness
    finally:
        harness.close()
