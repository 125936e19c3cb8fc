"""Telling a person who looks elsewhere: events go in, notices go out when they are due."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from securechat.client.chat import Chat
from securechat.client.events import Disconnected, Event, Message, ReadUpTo, Redacted
from securechat.client.notifying import Notifier
from securechat.client.screen.ways_out import WaysOut
from securechat.client.settings import Notifications


class Alerting:
    """Ties the decisions to the chat, a timer and the ways out. Used by the screen's thread."""

    def __init__(
        self,
        chat: Chat,
        settings: Notifications,
        write: Callable[[str], None],
        set_timer: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        """`write` gives text to the terminal, from any thread; `set_timer` calls something after some seconds."""
        self._chat = chat
        self._notifier = Notifier(settings, time.monotonic, _minute_of_the_day)
        self._ways = WaysOut(settings, write)
        self._set_timer = set_timer
        self._timed = False

    def take_settings(self, settings: Notifications) -> None:
        """Let these settings count from now on."""
        self._notifier.take_settings(settings)
        self._ways.settings = settings

    def take(self, event: Event, *, looking: bool) -> None:
        """Hear of an event that the chat has taken in. `looking`: whether the active conversation's end is seen."""
        match event:
            case Message():
                buffer = self._chat.buffer(event.room)
                self._notifier.take(
                    event,
                    mention=self._chat.is_mention(event),
                    looked_at=looking and buffer is self._chat.active,
                    read_up_to=buffer.read_up_to,
                )
            case ReadUpTo():
                self._notifier.read(event.room, event.time)
            case Redacted():
                self._notifier.taken_away(event.id)
            case Disconnected():
                self._notifier.link_lost()

    def seen(self, room: str, up_to: datetime) -> None:
        """A conversation was read here."""
        self._notifier.read(room, up_to)

    def wait(self) -> None:
        """Come back when something is due."""
        seconds = self._notifier.wait()
        if seconds is not None and not self._timed:
            self._timed = True
            self._set_timer(seconds, self._tell)

    def close(self) -> None:
        """Tell nothing more."""
        self._ways.close()

    def _tell(self) -> None:
        self._timed = False
        notice = self._notifier.due()
        if notice is not None:
            self._ways.tell(notice)
        self.wait()


def _minute_of_the_day() -> int:
    now = datetime.now().astimezone()
    return now.hour * 60 + now.minute
