"""Whether to tell a person who looks elsewhere that they are spoken to, and in which words. No screen, no clock.

What would be told waits for a moment, as it may be read on another device meanwhile; what comes together is told
together, and no more than once every few seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from securechat.client.events import Message
from securechat.client.sanitize import sanitize
from securechat.client.setting_checks import minutes_of
from securechat.client.settings import Notifications
from securechat.client.texts import _, ngettext
from securechat.names import fold, room_to_people

GRACE_SECONDS: Final = 1.0
"""So long one may read it elsewhere before it is told."""
PAUSE_SECONDS: Final = 5.0
"""So long it is quiet after one was told of something."""
MOST_WAITING: Final = 50
"""Of more messages than these that wait only the number is kept."""
_LONGEST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person is told: two lines that are harmless for a terminal and a desktop."""

    title: str
    text: str


class Notifier:
    """Decides. Used by one thread."""

    def __init__(self, settings: Notifications, seconds: Callable[[], float], minute: Callable[[], int]) -> None:
        """`seconds` is a clock that never goes back; `minute` tells which minute of the local day it is."""
        self.take_settings(settings)
        self._seconds = seconds
        self._minute = minute
        self._waiting: list[Message] = []
        self._uncounted = 0  # messages that came while too many waited
        self._since = 0.0  # when the first of them came
        self._told_at: float | None = None
        self._newest: datetime | None = None  # the server's time of the newest message of all
        self._cut: datetime | None = None  # the same when the link was lost last

    def take_settings(self, settings: Notifications) -> None:
        """Let these settings count from now on."""
        self._settings = settings
        self._spans = [minutes_of(span) for span in settings.quiet_hours]

    def take(self, message: Message, *, mention: bool, looked_at: bool, read_up_to: datetime | None) -> None:
        """Hear of a message. `mention`: whether it is for this person above all; `looked_at`: whether they see it."""
        old = message.old and (self._cut is None or message.time <= self._cut)
        if self._newest is None or message.time > self._newest:
            self._newest = message.time
        read = read_up_to is not None and message.time <= read_up_to
        if not mention or message.own or old or looked_at or read or self._is_quiet():
            return
        if not self._waiting:
            self._since = self._seconds()
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.pop(0)
            self._uncounted += 1
        self._waiting.append(message)

    def read(self, room: str, up_to: datetime) -> None:
        """What was said there until a moment has been read, here or elsewhere."""
        self._drop(lambda message: fold(message.room) == fold(room) and message.time <= up_to)

    def taken_away(self, message_id: str) -> None:
        """A message is no more."""
        self._drop(lambda message: message.id == message_id)

    def link_lost(self) -> None:
        """What was said from now on will come as old messages, but is news."""
        self._cut = self._newest

    def _drop(self, gone: Callable[[Message], bool]) -> None:
        self._waiting = [message for message in self._waiting if not gone(message)]
        if not self._waiting:
            self._uncounted = 0

    def wait(self) -> float | None:
        """Return in how many seconds to ask for what is due; None while nothing waits."""
        if not self._waiting:
            return None
        due = self._since + GRACE_SECONDS
        if self._told_at is not None:
            due = max(due, self._told_at + PAUSE_SECONDS)
        return max(0.0, due - self._seconds())

    def due(self) -> Notice | None:
        """Return what is to be told now, if anything is."""
        wait = self.wait()
        if wait is None or wait > 0:
            return None
        waiting, more = self._waiting, self._uncounted
        self._waiting, self._uncounted = [], 0
        if self._is_quiet():
            return None
        self._told_at = self._seconds()
        return self._worded(waiting[-1], len(waiting) - 1 + more)

    def _is_quiet(self) -> bool:
        now = self._minute()
        return any(first <= now < last if first < last else now >= first or now < last for first, last in self._spans)

    def _worded(self, message: Message, more: int) -> Notice:
        sender, room = sanitize(message.sender), sanitize(room_to_people(message.room))
        if self._settings.show_text:
            title = sender if message.direct else _("{name} in {room}").format(name=sender, room=room)
            text = sanitize(message.text)
            text = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
        else:
            title = "securechat"
            text = _("{name} writes to you") if message.direct else _("{name} names you in {room}")
            text = text.format(name=sender, room=room)
        if more:
            text += " " + ngettext("(and {count} more)", "(and {count} more)", more).format(count=more)
        return Notice(title, text)
