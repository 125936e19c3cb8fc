"""The desk of the full-screen client: commands run on a thread of their own, one after the other, in order.

A command waits for the server; the screen never does. What it has to show goes back as actions for the screen's thread.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from queue import SimpleQueue
from threading import Thread

from securechat.client.buffer import PAGE, EntryKind
from securechat.client.catching_up import people_of, private_modes, read_marker
from securechat.client.chat import Chat
from securechat.client.commands import execute
from securechat.client.entering import enter_or_make
from securechat.client.errors import ClientError, UsageError
from securechat.client.events import Message
from securechat.client.library import Client
from securechat.client.outbox import Delivery
from securechat.client.output import Formatter
from securechat.client.sanitize import sanitize
from securechat.client.settings import Effective, Settings
from securechat.client.texts import _

log = logging.getLogger("securechat.client")


class ScreenDesk:
    """A Desk for the commands (see `client.desk.Desk`)."""

    def __init__(
        self,
        client: Client,
        chat: Chat,
        to_screen: Callable[[Callable[[], None]], None],
        *,
        go: Callable[[str], None],
        leave: Callable[[], None],
        sent: Callable[[], None],
        search: Callable[[str], None],
        ask: Callable[[str, Sequence[str], Callable[[str | None], None]], None],
        look: Callable[[str], None],
        change: Callable[[Settings], None],
        effective: Effective,
    ) -> None:
        """`to_screen` runs an action on the screen's thread; the others are called there.

        `ask` takes a prompt, lines to show with it, and what is to be done with the secret that was typed (None: it was
        given up). `look` takes a theme, or the present one anew when no name is given; `change` takes other settings.
        """
        self.client = client
        self.target = ""
        self._chat = chat
        self._to_screen = to_screen
        self._go = go
        self._leave = leave
        self._sent = sent
        self._search = search
        self._ask = ask
        self._look = look
        self._change = change
        self.effective = effective
        self._formatter = Formatter()
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon: a command that waits for the server must not hold up leaving.
        self._thread = Thread(target=self._run, name="desk", daemon=True)
        self._thread.start()

    # --- for the screen's thread ---

    def run_command(self, line: str, target: str) -> None:
        """Run a line that starts with `/`, as if typed in the conversation `target`."""

        def run() -> None:
            self.target = target
            execute(self, line)

        self.run(run)

    def run(self, action: Callable[[], None]) -> None:
        """Run an action after those that wait already."""
        self._work.put(action)

    def close(self) -> None:
        """Run nothing more."""
        self._work.put(None)

    def say_now(self, target: str, text: str, *, action: bool = False) -> None:
        """Send a text of any length, on the screen's thread; it is shown as pending at once."""
        for piece in self.client.split(target, text):
            delivery = self.client.queue(target, piece, action=action)
            self._chat.say(target, piece, delivery, action=action)
            delivery.when_decided(lambda decided: self._to_screen(lambda: self._chat.decided(decided)))
        self._sent()

    # --- the desk's thread ---

    def _run(self) -> None:
        while (action := self._work.get()) is not None:
            try:
                action()
            except ClientError as error:
                self.note(str(error))
            except Exception:
                log.exception("a command failed")
                self.note(_("The client failed; the log has the details."))

    def say(self, target: str, text: str, *, action: bool = False, notice: bool = False) -> None:
        """Send a text of any length."""
        if notice:
            for piece in self.client.split(target, text):
                self.client.submit(target, piece, notice=True).when_decided(self._told_of_notice)
        else:
            self._to_screen(lambda: self.say_now(target, text, action=action))

    def _told_of_notice(self, delivery: Delivery) -> None:
        """Runs on the connection's thread. A notice stands nowhere as pending, so what becomes of it is said."""
        if delivery.error is not None:
            text = _("Not sent: {text} ({reason})")
            self.note(text.format(text=sanitize(delivery.text), reason=sanitize(str(delivery.error))))

    def note(self, text: str) -> None:
        """Show a line that is no message."""
        self._to_screen(lambda: (self._chat.note(text), None)[1])

    def picture(self, text: str) -> None:
        """Show a text as a QR code among the lines."""
        self._to_screen(lambda: (self._chat.note(text, kind=EntryKind.PICTURE), None)[1])

    def show(self, message: Message) -> None:
        """Show a message that was asked for."""
        self.note(self._formatter.message(message))

    def move(self, target: str) -> None:
        """Go to a conversation."""
        self.target = target
        self._to_screen(lambda: self._go(target))

    def take_theme(self, name: str) -> None:
        """Take a theme."""
        self._to_screen(lambda: self._look(name))

    def take_settings(self, settings: Settings) -> None:
        """Let these settings count from now on."""
        self._to_screen(lambda: self._change(settings))

    def look_anew(self) -> None:
        """Draw everything once more."""
        self._to_screen(lambda: self._look(""))

    def leave(self) -> None:
        """End."""
        self._to_screen(self._leave)

    def ask_hidden(self, prompt: str, about: Sequence[str] = ()) -> str:
        """Ask in a window of its own. Raises UsageError when it is given up."""
        answers: SimpleQueue[str | None] = SimpleQueue()
        self._to_screen(lambda: self._ask(prompt, about, answers.put))
        answer = answers.get()
        if not answer:
            raise UsageError(_("Nothing was done."))
        return answer

    def search(self, text: str) -> None:
        """Look for a text in what is shown."""
        self._to_screen(lambda: self._search(text))

    def clear(self) -> None:
        """Take the lines off the screen."""

        def clear() -> None:
            self._chat.active.clear()
            self._sent()

        self._to_screen(clear)

    def enter(self, room: str) -> None:
        """Join a room and go there; its newest lines come by themselves. One that was not there is said to be made."""
        made: list[str] = []
        room = enter_or_make(self.client, room, made.append, tail=PAGE)
        topic = self.client.topic(room)
        count = len(self.client.members(room))
        private = private_modes(self.client, room)

        def entered() -> None:
            buffer = self._chat.buffer(room)
            buffer.topic, buffer.joined, buffer.private_modes = topic, True, private
            self._go(room)
            for told in made:
                self._chat.note(told)
            if count == 1 and not topic:
                self._chat.note(_("Nobody else is here yet. F2 asks somebody in, F1 shows all keys."))

        self._to_screen(entered)

    def know_everything(self) -> None:
        """Fetch what else there is to know of the account's rooms, and the newest lines of people. On its thread."""
        for name in self.client.rooms():
            topic, private = self.client.topic(name), private_modes(self.client, name)

            def known(name: str = name, topic: str = topic, private: frozenset[str] = private) -> None:
                buffer = self._chat.buffer(name)
                buffer.joined, buffer.topic, buffer.private_modes = True, topic, private

            self._to_screen(known)
        for name in people_of(self.client):
            messages, marker = self.client.history(name, PAGE), read_marker(self.client, name)

            def spoken(name: str = name, messages: list[Message] = messages, marker: datetime | None = marker) -> None:
                self._chat.take_history(name, messages, marker)

            self._to_screen(spoken)

    def fetch_older(self, name: str, done: Callable[[], None]) -> None:
        """Fetch a page of older messages of a conversation; `done` is called on the screen's thread."""
        buffer = self._chat.buffer(name)
        before = buffer.oldest_id

        def fetch() -> None:
            messages: list[Message] | None = None
            try:
                messages = self.client.history(name, PAGE, before=before)
            finally:
                self._to_screen(lambda: fetched(messages))

        def fetched(messages: list[Message] | None) -> None:
            # Without an answer it is tried again; so it is if another page came first, or the oldest lines went.
            if messages is not None and before in ("", buffer.oldest_id):
                added = buffer.prepend(messages, self._chat.is_named)
                buffer.complete = not added and buffer.oldest_id == before
            done()

        self.run(fetch)
