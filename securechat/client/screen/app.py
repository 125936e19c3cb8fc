"""The full-screen client: rooms at the left, the conversation in the middle, people at the right, typing below.

The client's events come from a thread of their own into a queue, and are drawn at most thirty times a second; commands
run on the desk's thread. Nothing here waits for the server.

A little longer than other modules: Textual wants each `action_…` of a key as a method of the application.
"""

import sys
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event, Thread
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message as TextualMessage
from textual.screen import ModalScreen
from textual.widgets import Static

from securechat.client.buffer import PAGE, SAID, Buffer, EntryKind
from securechat.client.chat import Chat
from securechat.client.commands import BY_NAME
from securechat.client.desk import learn_room
from securechat.client.errors import ClientError, UsageError
from securechat.client.events import Ended, Joined, Left, ModeChanged, Renamed, RoomRenamed
from securechat.client.events import Event as ClientEvent
from securechat.client.library import Client
from securechat.client.rights import Facts
from securechat.client.sanitize import sanitize
from securechat.client.screen.alerting import ScreenAlerting
from securechat.client.screen.alt_digits import let_alt_digits_be
from securechat.client.screen.completion import Completion, complete
from securechat.client.screen.desk import ScreenDesk
from securechat.client.screen.dialogs import Question
from securechat.client.screen.keys import KEYS
from securechat.client.screen.lists import Rows, member_rows, room_rows, title_of
from securechat.client.screen.log_view import LogView
from securechat.client.screen.palette import Everything
from securechat.client.screen.prompt import Prompt
from securechat.client.screen.searching import SearchBar, Searching
from securechat.client.screen.secret import Secret
from securechat.client.screen.signals import end_by_signals
from securechat.client.screen.status import status_text
from securechat.client.screen.themes import ROLES
from securechat.client.settings import Effective, Settings, nothing_set
from securechat.client.texts import _, ngettext

_FRAME: Final = 1 / 30
_BUSY_FRAME: Final = 1 / 12
_BUSY: Final = 4
"""More events than these in one frame are a flood: then it is drawn less often."""
_MOST_WAITING: Final = 2_000
"""More events than these do not wait for the screen; the client holds the others, and has its own bound."""
_PATIENCE_SECONDS: Final = 1.0
_MARK_SECONDS: Final = 0.5
_WIDE: Final = 100
_NARROW: Final = 72
_RECENT_SPEAKERS: Final = 200
_MOVES: Final = Joined | Left | Renamed | RoomRenamed | ModeChanged
_ACTIONS: Final = frozenset(key.action.partition("(")[0] for key in KEYS)


class ChatApp(Searching):
    """The application. `run` returns the exit code."""

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Any]] = {Everything}
    COMMAND_PALETTE_BINDING = "f24"  # Textual's own; ours stands in the table of keys
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(key.keys), key.action, show=False, priority=key.first) for key in KEYS
    ]

    class Ready(TextualMessage):
        """Something waits in the queue."""

    def __init__(
        self,
        client: Client,
        rooms: Sequence[str],
        settings: Settings | None = None,
        effective: Effective | None = None,
    ) -> None:
        effective = effective or nothing_set(settings)
        self._settings = effective.settings
        super().__init__(self._settings.look)
        self.chat = Chat(client.nick, presences=self._settings.look.join_part)
        self.failure: ClientError | None = None
        """What ended the link for good."""
        self._client = client
        self._wanted = rooms
        self._inbox: deque[ClientEvent | Callable[[], None]] = deque()  # filled by any thread, emptied by the screen's
        self._signalled = False
        self._drawing = False
        self._taken = 0  # how much came in the last frame
        self._room_in_inbox = Event()  # unset while more waits than the screen can take in
        self._room_in_inbox.set()
        self._before = self.chat.home  # where one was last
        self._fetching: set[str] = set()
        self._to_mark: dict[str, datetime] = {}
        self._members: list[tuple[str, str]] = []
        self.facts: Facts | None = None
        self._asking_members = False
        self._asked_to_leave = False
        self._lines = LogView(self.chat.home, id="log")
        self._lines.roles = ROLES[self.theme]
        self._prompt = Prompt(self._submitted, self._completions, id="prompt")
        self._rooms = Rows(id="rooms")
        self._people = Rows(id="people")
        self._topic = Static("", id="topic", markup=False)
        self._status = Static("", id="status", markup=False)
        self._search = SearchBar(id="search")
        self._desk = ScreenDesk(
            client,
            self.chat,
            self.to_screen,
            go=self.go,
            leave=self.action_leave,
            sent=self._lines.to_bottom,
            search=self.search_for,
            ask=self.ask,
            look=self.look,
            change=self.take_settings,
            effective=effective,
        )
        self._alerting = ScreenAlerting(self.chat, self._settings.notifications, self._write, self.set_timer)
        self._listener = Thread(target=self._listen, name="events", daemon=True)

    def ask(self, prompt: str, about: Sequence[str], then: Callable[[str | None], None]) -> None:
        """Let somebody type a secret, and do something `then`; None: they gave it up."""
        self.push_screen(Secret(prompt, about), then)

    # --- setting up ---

    def compose(self) -> ComposeResult:
        """The parts of the screen."""
        with Horizontal():
            yield self._rooms
            with Vertical(id="middle"):
                yield self._topic
                yield self._lines
                yield self._search
                yield self._status
                yield self._prompt
            yield self._people

    def on_mount(self) -> None:
        """Begin to listen, and go where one wants to be."""
        self._search.display = False
        self._prompt.focus()
        self.take_settings(self._settings)
        self.theme_changed_signal.subscribe(self, lambda _theme: self._take_theme())
        end_by_signals(lambda number: self.exit(128 + number))
        self.chat.note(_("Welcome to the chat, {name}!").format(name=sanitize(self._client.nick)), self.chat.home)
        self.chat.note(_("F1 shows all keys and commands; Ctrl+Q leaves."), self.chat.home)
        for room in self._wanted:
            self._desk.run(lambda room=room: self._desk.enter(room))  # type: ignore[misc]
        if len(self._wanted) > 1:
            self._desk.run(lambda: self._desk.move(self._wanted[0]))
        self._desk.run(self._desk.know_everything)
        self._listener.start()
        self.set_interval(1, self._count_down)
        self._draw()

    def _count_down(self) -> None:
        """Without a link, the seconds until the next attempt go by."""
        if not self.chat.connected:
            self._draw()

    def _take_theme(self) -> None:
        self._lines.roles = ROLES.get(self.theme, self._lines.roles)
        self.look("")

    def take_settings(self, settings: Settings) -> None:
        """Let these settings count from now on."""
        self._settings = settings
        self._lines.times = settings.look.timestamps
        self.chat.presences = settings.look.join_part
        self._people.styles.width = settings.look.members_width
        self.set_class(not settings.look.members, "alone")
        self._alerting.take_settings(settings.notifications)
        self._lay_out()
        self._lines.look_anew()

    def look(self, theme: str) -> None:
        """Take a theme, or draw everything anew where only the language is another one."""
        if theme and theme != self.theme:
            self.theme = theme
        self._lines.look_anew()
        self._draw()

    def on_unmount(self) -> None:
        """Do nothing more in the background."""
        self._desk.close()
        self._alerting.close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a page or a question stands above the chat, the keys are its own."""
        if isinstance(self.screen, ModalScreen) and action in _ACTIONS:
            return False
        return super().check_action(action, parameters)

    # --- events ---

    def _listen(self) -> None:
        """Take the client's events. On a thread of its own; ends with the client."""
        while True:
            try:
                event = self._client.next_event(None)
            except ClientError as error:
                event = Ended(error)
            if event is None:
                continue
            self._inbox.append(event)
            self._signal()
            if isinstance(event, Ended):
                return
            if len(self._inbox) > _MOST_WAITING:
                self._room_in_inbox.clear()
                self._room_in_inbox.wait(_PATIENCE_SECONDS)

    def to_screen(self, action: Callable[[], None]) -> None:
        """Run an action on the screen's thread, after the events that came before. From any thread."""
        self._inbox.append(action)
        self._signal()

    def _signal(self) -> None:
        if not self._signalled:
            self._signalled = True
            self.post_message(self.Ready())

    @on(Ready)
    def _wait_a_frame(self) -> None:
        """Draw soon, and no more than so often."""
        if not self._drawing:
            self._drawing = True
            self.set_timer(_BUSY_FRAME if self._taken > _BUSY else _FRAME, self._drain)

    def _drain(self) -> None:
        """Take in everything that waits, and draw once."""
        self._drawing = self._signalled = False
        self._taken = len(self._inbox)
        moved = False
        while self._inbox:
            item = self._inbox.popleft()
            if isinstance(item, Ended):
                self._end(item)
                return
            if callable(item):
                item()
            else:
                changed = self._room_renamed(item) if isinstance(item, RoomRenamed) else self.chat.apply(item)
                self._alerting.take_event(item, looking=self._looking)
                moved = moved or (changed is self.chat.active and isinstance(item, _MOVES))
        self._room_in_inbox.set()
        if moved:
            self._ask_members()
        self._draw()
        self._alerting.come_back()

    def _room_renamed(self, event: RoomRenamed) -> Buffer | None:
        """It stays where it is, with what is typed there; perhaps one has gone to the new name already."""
        self._fetching.discard(event.old)
        looked_at = self.chat.active
        looked_at.draft = self._prompt.text
        changed = self.chat.apply(event)
        if self.chat.active is not looked_at:
            self._look_at(self.chat.active)
        return changed

    @property
    def _looking(self) -> bool:
        """Whether the newest line of the active conversation is looked at."""
        return self.app_focus and self._lines.at_bottom

    def _write(self, text: str) -> None:
        """Give text to the terminal that is no part of the screen. From any thread."""

        def write() -> None:
            if self._driver is not None and not self.is_headless:
                self._driver.write(text)

        self.to_screen(write)

    def _end(self, ended: Ended) -> None:
        """The link is gone for good."""
        if isinstance(ended.error, ClientError):
            self.failure = ended.error
            self.exit(ended.error.exit_code)
        else:
            self.exit(0)

    def _fatal_error(self) -> None:
        """Give the terminal back after an error of ours; `run` raises what a person is told, and its cause.

        In place of Textual's own page, which shows the values of our variables.
        """
        self.failure = ClientError(_("The client failed; --debug shows where."))
        self.failure.__cause__ = sys.exception()
        self._close_messages_no_wait()

    # --- drawing ---

    def _draw(self) -> None:
        """Show what stands in the chat now; what is looked at is read."""
        active = self.chat.active
        if self._looking:
            moment = active.read()
            if moment is not None and active.name:
                self._mark(active.name, moment)
                self._alerting.seen(active.name, moment)
        buffers = list(self.chat)
        self._rooms.show(room_rows(buffers, active, title_of, self._lines.roles), current=buffers.index(active))
        self._people.show(member_rows(self._members, self._lines.roles))
        self._topic.update(
            Text(f"{title_of(active)}  {sanitize(active.topic)}".rstrip(), no_wrap=True, overflow="ellipsis")
        )
        status = status_text(
            self.chat,
            str(self._client.address),
            self._client.next_attempt,
            self._lines.new_below,
            list_hidden=not self._rooms.display,
        )
        self._status.update(Text(status, no_wrap=True, overflow="ellipsis"))
        self._lines.changed()

    def _mark(self, name: str, moment: datetime) -> None:
        """Tell the other devices soon what was read here."""
        if not self._to_mark:
            self.set_timer(_MARK_SECONDS, self._send_marks)
        self._to_mark[name] = moment

    def _send_marks(self) -> None:
        marks, self._to_mark = self._to_mark, {}
        for name, moment in marks.items():
            self._client.mark_read(name, moment)

    def _ask_members(self) -> None:
        """Find out who is in the room that is looked at, and what one may do there, without waiting for it."""
        if self._asking_members:
            return
        self._asking_members = True
        name = self.chat.active.name

        def ask() -> None:
            people, facts = [], None
            try:
                room = name if name.startswith("#") else ""
                people = self._client.people(room) if room else []
                facts = self._client.facts(room)
            finally:
                self.to_screen(lambda: take(people, facts))

        def take(people: list[tuple[str, str]], facts: Facts | None) -> None:
            self._asking_members = False
            if self.chat.active.name == name:
                self._members, self.facts = people, facts
            else:
                self._ask_members()

        self._desk.run(ask)

    def on_resize(self, event: events.Resize) -> None:
        """Narrow terminals show the conversation alone."""
        self._lay_out(event.size.width)  # here `self.size` is still the size before

    def _lay_out(self, width: int | None = None) -> None:
        width = self.size.width if width is None else width
        bare = self.has_class("bare")
        self._rooms.display = width >= _NARROW and not bare
        self._people.display = width >= _WIDE and not bare and not self.has_class("alone")
        if self._listener.is_alive():
            self._draw()  # the status line tells what a list that is gone would

    def watch_app_focus(self, focused: bool) -> None:
        """When the terminal is looked at again, what came meanwhile is read."""
        if focused and self._listener.is_alive():
            self._draw()

    # --- typing ---

    def _completions(self, line: str) -> Completion:
        """Return what the word before the cursor may become."""
        recent = [
            one.sender
            for one in reversed(self.chat.active.entries[-_RECENT_SPEAKERS:])
            if one.kind in SAID and not one.own
        ]
        return complete(
            line,
            speakers=list(dict.fromkeys(recent)),
            people=[nick for _signs, nick in self._members],
            rooms=[buffer.name for buffer in self.chat if buffer.name.startswith("#")],
            commands=BY_NAME,
        )

    def _submitted(self, text: str, pasted: bool) -> None:
        """Do what was typed; a paste of many lines, or of one that becomes several, is asked about first."""
        lines, count = text.count("\n") + 1, len(self._client.split(self.chat.active.name, text))
        if not pasted or (lines <= self._settings.typing.paste_lines and count <= lines):
            self._say(text)
            return
        question = ngettext("Send {count} message?", "Send {count} messages?", count).format(count=count)
        self.push_screen(Question(question), lambda yes: self._say(text) if yes else self.begin(text))

    def _say(self, text: str) -> None:
        target = self.chat.active.name
        if text.strip() == "exit":
            self.action_leave()
        elif text.startswith("/") and not text.startswith("//"):
            self._desk.run_command(text.rstrip(), target)
        elif not target:
            self.chat.note(_("You are in no room: /join ROOM first."))
            self.begin(text)  # perhaps the room is still being entered
        else:
            try:
                self._desk.say_now(target, text.removeprefix("/") if text.startswith("//") else text)
            except UsageError as error:
                self.chat.note(str(error))
        self._draw()

    def learn_room(self) -> None:
        """Let the next start begin in the room that one has looked at last."""
        self._desk.target = self.chat.active.name
        learn_room(self._desk)

    def action_send_again(self) -> None:
        """Send what was not sent."""
        for entry in list(self.chat.failed()):
            self.chat.forget(entry)
            self._desk.say_now(self.chat.active.name, entry.text, action=entry.kind is EntryKind.ACTION)
        self._draw()

    def action_drop_failed(self) -> None:
        """Take away what was not sent."""
        for entry in list(self.chat.failed()):
            self.chat.forget(entry)
        self._draw()


def run(client: Client, rooms: Sequence[str], effective: Effective) -> int:
    """Show the full screen until the person leaves; return the exit code. Raises what ended the link for good."""
    let_alt_digits_be()
    client.begin_with(PAGE)  # before anything is read, so that each room begins with what is older
    app = ChatApp(client, rooms, effective=effective)
    code = app.run(mouse=effective.settings.typing.mouse)
    app.learn_room()
    if app.failure is not None:
        raise app.failure
    return code if code is not None else app.return_code or 0
