"""Telling a person who looks elsewhere: what is heard goes in, notices go out when they are due; for any front end."""

import time
from collections.abc import Callable
from datetime import datetime

from securechat.client.events import Disconnected, Event, Message, ReadUpTo, Redacted
from securechat.client.notifying import Notifier
from securechat.client.settings import Notifications
from securechat.client.ways_out import WaysOut


class Alerting:
    """Ties the decisions to the ways out. Used by one thread, which asks `tell` when `wait` seconds have gone by."""

    def __init__(self, settings: Notifications, write: Callable[[str], None]) -> None:
        """`write` gives text to the terminal that is no part of what is shown, from any thread."""
        self._notifier = Notifier(settings, time.monotonic, _minute_of_the_day)
        self._ways = WaysOut(settings, write)

    def take_settings(self, settings: Notifications) -> None:
        """Let these settings count from now on."""
        self._notifier.take_settings(settings)
        self._ways.settings = settings

    def hear(self, message: Message, *, mention: bool, looked_at: bool, read_up_to: datetime | None = None) -> None:
        """Hear of a message. `mention`: whether it is for this person above all; `looked_at`: whether they see it."""
        self._notifier.take(message, mention=mention, looked_at=looked_at, read_up_to=read_up_to)

    def take(self, event: Event) -> None:
        """Hear of what may make a notice needless, or news of what is old."""
        match event:
            case ReadUpTo():
                self._notifier.read(event.room, event.time)
            case Redacted():
                self._notifier.taken_away(event.id)
            case Disconnected():
                self._notifier.link_lost()

    def seen(self, room: str, up_to: datetime) -> None:
        """A conversation was read here."""
        self._notifier.read(room, up_to)

    def wait(self) -> float | None:
        """Return in how many seconds something is due; None while nothing waits."""
        return self._notifier.wait()

    def tell(self) -> None:
        """Tell what is due, if anything is."""
        notice = self._notifier.due()
        if notice is not None:
            self._ways.tell(notice)

    def close(self) -> None:
        """Tell nothing more."""
        self._ways.close()


def _minute_of_the_day() -> int:
    now = datetime.now().astimezone()
    return now.hour * 60 + now.minute
