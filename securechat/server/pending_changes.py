"""What was changed in memory and is not on disk yet, so that it can be taken back when it never gets there.

A change that could not be stored takes with it what was changed in the same conversation after it: the journal refuses
those too (storage.recorder), and all are undone here at once, from the last to the first. So each undoing finds what
its own change has left, and need not ask what else has happened since. Other conversations go on.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from securechat.clock import Clock
from securechat.domain.events import CHANGES, Event, Kind, Source
from securechat.domain.ports import Entry as EntryPort
from securechat.domain.ports import Journal, UnitOfWork
from securechat.server.entries import Entry, Publication

T = TypeVar("T")
Undo = Callable[[], None]


class PendingChanges:
    """Implements domain.ports.Journal for the hub, whose lock it needs: remembers how to take back what passes."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._pending: dict[int, deque[tuple[Publication, Undo]]] = {}  # by conversation, oldest first
        self.epoch = journal.epoch

    @property
    def full(self) -> bool:
        """See domain.ports.Journal."""
        return self._journal.full

    def call(self, work: Callable[[UnitOfWork], T]) -> "Future[T]":
        """See domain.ports.Journal."""
        return self._journal.call(work)

    def submit(self, entry: EntryPort) -> None:
        """Queue it (see domain.ports.Journal); of a change, remember how to undo it until it is on disk."""
        self._note(entry)
        self._journal.submit(entry)

    def store(self, entry: EntryPort) -> "Future[None]":
        """Do the same for somebody who waits (see domain.ports.Journal)."""
        self._note(entry)
        return self._journal.store(entry)

    def _note(self, entry: EntryPort) -> None:
        event = entry.event
        # A message is asked about by identity first, as the look-up of an enumeration's member is slow.
        if (
            event is not None
            and event.kind is not Kind.MESSAGE
            and event.kind in CHANGES
            and type(entry) is Publication
        ):
            self._remember(entry, event.conversation)

    def _remember(self, entry: Publication, conversation: int) -> None:
        waiting = self._pending.setdefault(conversation, deque())
        while waiting and waiting[0][0].undo is None:  # on disk; what is stored is so in this order
            waiting.popleft()
        waiting.append((entry, entry.undo or _nothing))
        entry.undo = partial(self._take_back, entry, conversation)  # delivery forgets it once the entry is on disk

    def _take_back(self, failed: Publication, conversation: int) -> None:
        """Undo all that is not on disk in the conversation, unless that was done when an earlier change failed."""
        waiting = [one for one in self._pending.get(conversation, ()) if one[0].undo is not None]
        if all(entry is not failed for entry, _ in waiting):
            return
        del self._pending[conversation]
        for _, undo in reversed(waiting):
            undo()
        settled = Event(Kind.SETTLED, self._clock(), Source("", "", ""), conversation)
        self._journal.submit(Entry(settled, None))


def _nothing() -> None:
    """How a change is undone that changed nothing in memory."""
