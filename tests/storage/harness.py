"""What the tests of the journal share: entries, and a collector of what is published."""

import contextlib
import threading
from collections.abc import Iterator, Sequence

from securechat.domain.account import Credentials
from securechat.domain.events import Event, Kind, Source
from securechat.domain.ports import Entry, UnitOfWork
from securechat.domain.room import parties
from securechat.errors import StorageError
from securechat.storage.journal import Journal

SECONDS = 20.0
"""How long a test waits for another thread before it fails."""

CREDENTIALS = Credentials("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", b"salt", 600_000, b"stored", b"server")
OTHER_CREDENTIALS = Credentials("$argon2id$other", b"tlas", 700_000, b"derots", b"revres")

ALICE = Source("alice", "alice", "host", "alice", 1)
GUEST = Source("guest", "guest", "host")
ROOM = 1


class Item:
    """An entry of the journal; without an event, something that only keeps its place."""

    def __init__(self, event: Event | None = None) -> None:
        self.event = event

    def __repr__(self) -> str:
        return f"Item({self.event})"


def said(text: str, *, kind: Kind = Kind.MESSAGE, time: int = 1000, conversation: int = ROOM, tags: str = "") -> Item:
    return Item(Event(kind, time, ALICE, conversation, "#general", text, tags))


def happened(
    kind: Kind, source: Source = ALICE, *, conversation: int = ROOM, target: str = "#general", text: str = ""
) -> Item:
    return Item(Event(kind, 1000, source, conversation, target, text))


def direct(conversation: int, one: str = "a1", other: str = "a2") -> Item:
    return Item(Event(Kind.DIRECT, 1000, ALICE, conversation, parties=parties(one, other)))


class Published:
    """A publish callback that keeps everything, in order."""

    def __init__(self) -> None:
        self.batches: list[tuple[list[Entry], StorageError | None]] = []
        self.threads: set[str] = set()

    def __call__(self, entries: list[Entry], error: StorageError | None) -> None:
        self.threads.add(threading.current_thread().name)
        self.batches.append((entries, error))

    @property
    def stored(self) -> list[Entry]:
        return [entry for entries, error in self.batches if error is None for entry in entries]

    @property
    def failed(self) -> list[Entry]:
        return [entry for entries, error in self.batches if error is not None for entry in entries]

    @property
    def texts(self) -> list[str]:
        return [entry.event.text for entry in self.stored if entry.event is not None]

    @property
    def sequences(self) -> list[int]:
        return [entry.event.sequence for entry in self.stored if entry.event is not None]


def submit(journal: Journal, items: Sequence[Item]) -> None:
    for item in items:
        journal.submit(item)


def settle(journal: Journal) -> None:
    """Return when everything that was submitted before is published."""
    journal.call(lambda unit: None).result(SECONDS)


@contextlib.contextmanager
def paused(journal: Journal) -> Iterator[None]:
    """Keep the started journal at work meanwhile, so that all that is submitted becomes one batch."""
    entered, go_on = threading.Event(), threading.Event()

    def hold(unit: UnitOfWork) -> bool:
        entered.set()
        return go_on.wait(SECONDS)

    future = journal.call(hold)
    assert entered.wait(SECONDS)
    try:
        yield
    finally:
        go_on.set()
        assert future.result(SECONDS)
