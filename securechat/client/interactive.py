"""The line client for a person: type lines, see lines; everything that is no message goes to standard error."""

import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from securechat.client.alerting import Alerting
from securechat.client.chat import is_for
from securechat.client.commands import execute
from securechat.client.desk import learn_room, no_screen, no_themes
from securechat.client.entering import enter_or_make
from securechat.client.errors import ClientError
from securechat.client.events import Ended, Event, Joined, Left, Message, RoomRenamed
from securechat.client.library import Client
from securechat.client.looking import search_lines
from securechat.client.outbox import Delivery
from securechat.client.output import Formatter, no_room, to_json
from securechat.client.passwords import ask_terminal
from securechat.client.sanitize import sanitize
from securechat.client.settings import Effective, Settings, nothing_set
from securechat.client.terminal import Editor, make_editor
from securechat.client.texts import _, ngettext
from securechat.names import fold, room_to_people
from securechat.qr_code import qr_code

HISTORY_ON_ENTRY = 20
"""So many lines of a room are shown when one enters it."""
_FAREWELL_SECONDS = 5.0  # for the last lines to be stored
_LINES_AT_ONCE = 200  # shown at once, so that typing is never held up by a flood
_PRESENT_SECONDS = 30.0
"""Who typed a line so short a time ago sits at the terminal, and reads the conversation that it went to."""


class Conversation:
    """One person at the client. A Desk for the commands; used by the main thread, deliveries by the connection's."""

    def __init__(
        self,
        client: Client,
        formatter: Formatter,
        *,
        json: bool,
        tail: int = HISTORY_ON_ENTRY,
        effective: Effective | None = None,
    ) -> None:
        self.client = client
        self.target = ""
        self.effective = effective or nothing_set()
        self._formatter = formatter
        self._json = json
        self._tail = tail
        self._ready: deque[tuple[bool, str]] = deque()  # what is to be shown; appended by both threads, read by one
        self._undecided: dict[int, Delivery] = {}
        self._leaving = False
        self._show: Callable[[], None] = lambda: None  # shows what waits
        self._controls: deque[str] = deque()  # bells and the like; appended by any thread, written by one
        self._alerting = Alerting(self.effective.settings.notifications, self._controls.append)
        self._typed_at = -_PRESENT_SECONDS

    def run(self, rooms: Sequence[str]) -> None:
        """Talk until the person leaves. Raises the ClientError that ended the link for good."""
        editor = make_editor(self.pump)
        self._show = editor.show
        try:
            self.note(_("Welcome to the chat, {name}!").format(name=sanitize(self.client.nick)))
            self.note(_("Type 'exit' to leave"))
            for room in reversed(rooms):  # one speaks in the first one
                self.enter(room)
            while not self._leaving:
                self._one_line(editor)
            self._wait_for_deliveries()
            editor.show()
        finally:
            self._alerting.close()
            editor.close()
            learn_room(self)

    def _one_line(self, editor: Editor) -> None:
        try:
            line = editor.read(self._prompt())
        except (EOFError, KeyboardInterrupt) as end:
            failure = getattr(editor, "failure", None)
            if isinstance(failure, Exception):
                raise failure from None
            if isinstance(end, KeyboardInterrupt):
                raise
            self._leaving = True
            if sys.stdin.isatty():
                sys.stderr.write("\n")
            return
        try:
            self.handle(line)
        except ClientError as error:
            self.note(str(error))

    def handle(self, line: str) -> None:
        """Do what a typed line asks for. Raises ClientError."""
        self._typed_at = time.monotonic()
        if line.strip() == "exit":
            self._leaving = True
        elif line.startswith("//"):
            self._say_here(line[1:])
        elif line.startswith("/"):
            execute(self, line)
        elif line.strip():
            self._say_here(line)

    def pump(self) -> list[tuple[bool, str]]:
        """Return what is to be shown now. Raises the ClientError that ended the link for good."""
        for _turn in range(_LINES_AT_ONCE):
            event = self.client.next_event(0)
            if event is None or isinstance(event, Ended):
                break
            self._take(event)
        self._alert()
        lines = []
        while self._ready:
            lines.append(self._ready.popleft())
        return lines

    def _take(self, event: Event) -> None:
        if isinstance(event, Message):
            here = fold(event.room) == fold(self.target) and time.monotonic() - self._typed_at < _PRESENT_SECONDS
            self._alerting.hear(event, mention=is_for(event, self.client.nick), looked_at=here)
        else:
            self._alerting.take(event)
        if isinstance(event, Left) and event.own and fold(event.room) == fold(self.target):
            self.move("")
        if isinstance(event, RoomRenamed) and fold(event.old) == fold(self.target):
            self.move(event.room)
        if self._json and (text := to_json(event)):
            self._ready.append((True, text))
        elif isinstance(event, Message):
            self.show(event)
        elif isinstance(event, Joined) and event.own:
            self._tell_room(event.room)
        elif text := self._formatter.note(event):
            self._ready.append((False, text))

    def _alert(self) -> None:
        """Ring the bell and the like, where a terminal is; none of it is a line, nor belongs among the records."""
        if not sys.stderr.isatty():
            return
        self._alerting.tell()
        while self._controls:
            sys.stderr.write(self._controls.popleft())
        sys.stderr.flush()

    def _tell_room(self, room: str) -> None:
        """Say where one is, when one has come in; who is there is known a moment later, so not here."""
        if fold(room) != fold(self.target):
            self.note(_("You are in {room}.").format(room=sanitize(room)))

    def _prompt(self) -> str:
        return f"{sanitize(room_to_people(self.target))}> " if self.target else "> "

    def _say_here(self, text: str) -> None:
        if not self.target:
            raise ClientError(_("You are in no room: /join ROOM first."))
        self.say(self.target, text)

    def _decided(self, delivery: Delivery) -> None:
        """Runs on the connection's thread."""
        self._undecided.pop(id(delivery), None)
        error = delivery.error
        if error is not None:
            self.note(_("Not sent: {text} ({reason})").format(text=sanitize(delivery.text), reason=error))

    def _wait_for_deliveries(self) -> None:
        deadline = time.monotonic() + _FAREWELL_SECONDS
        for delivery in list(self._undecided.values()):
            try:
                delivery.wait(max(0.0, deadline - time.monotonic()))
            except ClientError:
                if not delivery.done:  # otherwise `_decided` tells it
                    self.note(_("Not sent: {text}").format(text=sanitize(delivery.text)))

    # --- the desk ---

    def say(self, target: str, text: str, *, action: bool = False, notice: bool = False) -> None:
        """Send a text of any length; it is shown when its echo comes, which is when it is on the server's disk."""
        for piece in self.client.split(target, text):
            delivery = self.client.submit(target, piece, action=action, notice=notice)
            self._undecided[id(delivery)] = delivery
            delivery.when_decided(self._decided)

    def note(self, text: str) -> None:
        """Show a line that is no message."""
        self._ready.append((False, text))

    def picture(self, text: str) -> None:
        """Show a text as a QR code; say so where the terminal has no room for it."""
        if not sys.stderr.isatty():
            return
        code, size = qr_code(text), shutil.get_terminal_size()
        if code.fits(size.columns, size.lines):
            self._ready.extend((False, row) for row in code.painted())
        else:
            self.note(no_room(code))

    def show(self, message: Message) -> None:
        """Show a message."""
        self._ready.append((True, to_json(message) if self._json else self._formatter.message(message)))

    def move(self, target: str) -> None:
        """Let plain lines go to `target` from now on."""
        self.target = target
        self._formatter.home = target

    def leave(self) -> None:
        """End after this line."""
        self._leaving = True

    def ask_hidden(self, prompt: str, about: Sequence[str] = ()) -> str:
        """Ask on the terminal, without showing what is typed. Raises ClientError."""
        for line in about:
            self.note(line)
        self._show()
        return ask_terminal(prompt)

    def enter(self, room: str) -> None:
        """Join a room, show what was said there and who is there."""
        room = enter_or_make(self.client, room, self.note, tail=self._tail)
        self.move(room)
        members = self.client.members(room)
        count = ngettext("{count} person in {room}: {names}", "{count} people in {room}: {names}", len(members))
        self.note(count.format(count=len(members), room=sanitize(room), names=sanitize(", ".join(members))))
        if topic := self.client.topic(room):
            self.note(_("Topic: {topic}").format(topic=sanitize(topic)))

    def search(self, text: str) -> None:
        """Show the lines that hold a text."""
        search_lines(self, text)

    def clear(self) -> None:
        """Say how the terminal does it."""
        self.note(_("Ctrl+L clears the screen here."))

    def take_theme(self, name: str) -> None:  # noqa: ARG002 - of every desk
        """There are only lines."""
        raise no_themes()

    def take_settings(self, settings: Settings) -> None:
        """Let other notifications count from now on. Raises UsageError for what the full screen alone heeds."""
        if replace(self.effective.settings, notifications=settings.notifications) != settings:
            raise no_screen()
        self._alerting.take_settings(settings.notifications)

    def look_anew(self) -> None:
        """What stands there stays as it is."""
