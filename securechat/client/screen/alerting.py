"""Notices of the full screen: what is looked at there, and its timers."""

from collections.abc import Callable
from typing import Any

from securechat.client.alerting import Alerting
from securechat.client.chat import Chat
from securechat.client.events import Event, Message
from securechat.client.settings import Notifications


class ScreenAlerting(Alerting):
    """Knows of the chat what was seen and read. Used by the screen's thread."""

    def __init__(
        self,
        chat: Chat,
        settings: Notifications,
        write: Callable[[str], None],
        set_timer: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        """`write` gives text to the terminal, from any thread; `set_timer` calls something after some seconds."""
        super().__init__(settings, write)
        self._chat = chat
        self._set_timer = set_timer
        self._timed = False

    def take_event(self, event: Event, *, looking: bool) -> None:
        """Hear of an event that the chat has taken in. `looking`: whether the active conversation's end is seen."""
        if not isinstance(event, Message):
            self.take(event)
            return
        buffer = self._chat.buffer(event.room)
        self.hear(
            event,
            mention=self._chat.is_mention(event),
            looked_at=looking and buffer is self._chat.active,
            read_up_to=buffer.read_up_to,
        )

    def come_back(self) -> None:
        """Come back when something is due."""
        seconds = self.wait()
        if seconds is not None and not self._timed:
            self._timed = True
            self._set_timer(seconds, self._tell_and_wait)

    def _tell_and_wait(self) -> None:
        self._timed = False
        self.tell()
        self.come_back()
