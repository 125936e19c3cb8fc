"""The events on their way from the connection's thread to whoever reads them: bounded, in order."""

import threading
import time
from collections import deque
from math import inf

from securechat.client.events import (
    CodeNeeded,
    Connected,
    Disconnected,
    Ended,
    Event,
    Gap,
    Joined,
    Left,
    Message,
    RoomEvent,
    RoomRenamed,
)
from securechat.names import fold

HIGH_WATER = 5000
"""From so many unread events on the session drops what is said, and fetches it later from the server's history."""
LOW_WATER = 500
_MOST = 2 * HIGH_WATER
"""From so many on only what is said, and the end, is taken."""


class Mailbox:
    """A queue with one writer, the connection's thread, and any number of readers."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        """Guards `_events`. Nothing is called while it is held."""

    def put(self, event: Event) -> None:
        """Add an event and wake a reader. Above the high-water mark only what nobody may miss is taken."""
        with self._changed:
            if len(self._events) < _room_for(event):
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


def _room_for(event: Event) -> float:
    """Return with how many unread events there is still room for this one.

    Who comes and goes may be missed; the state of the link, where the own user is, and what a room is called may not.
    """
    if isinstance(event, Message | Ended):
        return inf
    own = isinstance(event, Joined | Left) and event.own
    return _MOST if own or isinstance(event, Connected | Disconnected | CodeNeeded | Gap | RoomRenamed) else HIGH_WATER
