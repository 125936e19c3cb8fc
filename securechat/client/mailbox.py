"""The events on their way from the connection's thread to whoever reads them: bounded, in order."""

import threading
import time
from collections import deque

from securechat.client.events import Ended, Event, Left, Message, RoomEvent
from securechat.names import fold

HIGH_WATER = 5000
"""From so many unread events on the session drops what is said, and fetches it later from the server's history."""
LOW_WATER = 500


class Mailbox:
    """A queue with one writer, the connection's thread, and any number of readers."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        """Guards `_events`. Nothing is called while it is held."""

    def put(self, event: Event) -> None:
        """Add an event and wake a reader. Above the high-water mark only messages and `Ended` are taken."""
        with self._changed:
            if len(self._events) < HIGH_WATER or isinstance(event, Message | Ended):
                self._events.append(event)
                self._changed.notify_all()

    def get(self, timeout: float | None) -> Event | None:
        """Return the next event, or None when none comes within `timeout` seconds (None: wait for ever).

        `Ended` stays in place: every reader sees it, at last.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._events:
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return None
                self._changed.wait(remaining)
            event = self._events[0]
            if not isinstance(event, Ended):
                self._events.popleft()
            return event

    def take_back(self, name: str) -> list[RoomEvent]:
        """Take what waits of a conversation out again, from its first message on; a visit that is over stays."""
        key = fold(name)
        with self._changed:
            taken: list[RoomEvent] = []
            for event in self._events:
                if not isinstance(event, RoomEvent) or fold(event.room) != key:
                    continue
                if isinstance(event, Left) and event.own:
                    taken.clear()
                elif taken or isinstance(event, Message):
                    taken.append(event)
            gone = set(map(id, taken))
            self._events = deque(event for event in self._events if id(event) not in gone)
        return taken

    def __len__(self) -> int:
        return len(self._events)
