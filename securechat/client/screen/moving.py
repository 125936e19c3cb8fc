"""Going about in the full-screen client: from room to room and through the lines of one, by keys and by the mouse."""

from collections.abc import Callable
from typing import ClassVar

from textual import on

from securechat.client.buffer import SAID, Buffer
from securechat.client.chat import Chat
from securechat.client.rights import Facts
from securechat.client.screen.desk import ScreenDesk
from securechat.client.screen.dialogs import Help, Question
from securechat.client.screen.lists import Rows
from securechat.client.screen.log_view import LogView
from securechat.client.screen.palette import palette
from securechat.client.screen.prompt import Prompt
from securechat.client.screen.themed import Themed
from securechat.client.texts import _, ngettext


class Moving(Themed[int]):
    """The part of the application that changes what is looked at."""

    _LEAVE_SECONDS: ClassVar[float] = 3.0

    chat: Chat
    _desk: ScreenDesk
    _lines: LogView
    _prompt: Prompt
    _before: Buffer  # where one was last
    _members: list[tuple[str, str]]
    facts: Facts | None
    """What is known of the own rights in the conversation that is looked at; None: nothing yet."""
    _fetching: set[str]  # conversations whose older lines are on their way
    _asked_to_leave: bool

    def _draw(self) -> None:
        """Show what stands in the chat now."""
        raise NotImplementedError

    def _ask_members(self) -> None:
        """Find out who is in the room that is looked at."""
        raise NotImplementedError

    def _lay_out(self) -> None:
        """Show the parts that have room."""
        raise NotImplementedError

    def go(self, name: str) -> None:
        """Look at a conversation; it is made if there is none."""
        buffer = self.chat.buffer(name)
        active = self.chat.active
        if buffer is active:
            return
        self.end_search()
        active.draft, self._before = self._prompt.text, active
        if active is self.chat.home and not buffer.draft:
            # Nothing can be said there: what was typed while a room was opening is meant for the room.
            buffer.draft, active.draft = active.draft, ""
        self.chat.activate(buffer)
        self._look_at(buffer)

    def _look_at(self, buffer: Buffer) -> None:
        """Show the conversation that has become the active one."""
        self._lines.show(buffer)
        self._prompt.replace_all(buffer.draft)
        self._members, self.facts = [], None
        self._ask_members()
        if buffer.direct and not any(entry.kind in SAID for entry in buffer.entries):
            self._fetch_older()
        self._draw()

    def _close(self, buffer: Buffer) -> None:
        """Take a conversation off the list; where one was before is looked at in its place."""
        was_active = buffer is self.chat.active
        self.chat.close(buffer)
        if was_active:
            before = self.chat.find(self._before.name)
            self.chat.activate(before if before is not None else self.chat.home)
            self._before = self.chat.home
            self._look_at(self.chat.active)
        self._draw()

    def begin(self, text: str) -> None:
        """Let a text stand in the input line."""
        self._prompt.replace_all(text)
        self._prompt.focus()

    @on(LogView.AtTop)
    def _fetch_older(self) -> None:
        """Fetch older lines of the conversation, unless that is being done or there are none."""
        buffer = self.chat.active
        if (
            not buffer.name
            or buffer.complete
            or buffer.name in self._fetching
            or (not buffer.joined and not buffer.direct)
        ):
            return
        self._fetching.add(buffer.name)
        self._desk.fetch_older(buffer.name, lambda: self._fetched(buffer))

    def _fetched(self, buffer: Buffer) -> None:
        self._fetching.discard(buffer.name)
        if buffer is self.chat.active:
            self._lines.changed()

    @on(Rows.Chosen, "#rooms")
    def _choose_room(self, event: Rows.Chosen) -> None:
        self.go(event.value)

    def to_screen(self, action: Callable[[], None]) -> None:
        """Run an action on the screen's thread, after the events that came before. From any thread."""
        raise NotImplementedError

    def action_move(self, step: int) -> None:
        """Go to a neighbour in the list."""
        buffers = list(self.chat)
        self.go(buffers[(buffers.index(self.chat.active) + step) % len(buffers)].name)

    def action_number(self, number: int) -> None:
        """Go to the conversation of that number; 0 is the tenth, if there is one, else the server's own."""
        buffers = list(self.chat)
        place = 10 if number == 0 and len(buffers) > 10 else number
        if place < len(buffers):
            self.go(buffers[place].name)

    def action_last(self) -> None:
        """Go back."""
        self.go(self._before.name)

    def action_next_busy(self) -> None:
        """Go where something needs to be seen."""
        busy = self.chat.next_busy()
        if busy is not None:
            self.go(busy.name)

    def action_older(self) -> None:
        """A page up."""
        self._lines.page(1)
        self._draw()

    def action_newer(self) -> None:
        """A page down."""
        self._lines.page(-1)
        self._draw()

    def end_search(self) -> bool:
        """Close the line in which one looks for a text; return whether it was open."""
        raise NotImplementedError

    def action_newest(self) -> None:
        """To the bottom; while one looks for a text, no more of that first."""
        if self.end_search():
            return
        self._lines.to_bottom()
        self._draw()

    def action_first_unread(self) -> None:
        """To where unread begins."""
        number = self.chat.active.unread_line
        entry = next((one for one in self.chat.active.entries if one.number == number), None)
        if entry is not None:
            self._lines.show_entry(entry)
            self._draw()

    def action_mention(self, step: int) -> None:
        """To the line before, or after, where one is named."""
        lowest = self._lines.lowest()
        if lowest is None:
            return
        entries = self.chat.active.entries
        place = self.chat.active.index_of(lowest)
        found = [one for one in (entries[:place] if step < 0 else entries[place + 1 :]) if one.mention]
        if found:
            self._lines.show_entry(found[-1 if step < 0 else 0])
            self._draw()

    def action_redraw(self) -> None:
        """Paint all of the terminal anew: another program may have written into it."""
        self.refresh(layout=True)

    def action_bare(self) -> None:
        """Show the lines alone, or everything again."""
        self.toggle_class("bare")
        self._lay_out()

    def action_members(self) -> None:
        """Show or hide who is in the room."""
        self.toggle_class("alone")
        self._lay_out()

    def action_command_palette(self) -> None:
        """Find a room, a person, a key or a command; in the language of the client, as Textual's own is not."""
        self.push_screen(palette())

    def action_help(self) -> None:
        """Show all keys and commands."""
        self.push_screen(Help())

    def action_leave(self) -> None:
        """End; a question first when lines would be lost by it."""
        lost = self.chat.lost_by_leaving
        if not lost:
            self.exit(0)
            return
        text = ngettext(
            "{count} line is not sent yet, and will be lost. Leave?",
            "{count} lines are not sent yet, and will be lost. Leave?",
            lost,
        )
        self.push_screen(Question(text.format(count=lost)), lambda yes: self.exit(0) if yes else None)

    def action_interrupt(self) -> None:
        """Empty the input line; with an empty one, leave when it is said twice."""
        if self.end_search():
            return
        if self._prompt.text:
            self._prompt.clear_all()
        elif self._asked_to_leave:
            self.action_leave()
        else:
            self._asked_to_leave = True
            self.set_timer(self._LEAVE_SECONDS, self._stay)
            self.notify(_("Ctrl+C once more leaves the chat."), timeout=self._LEAVE_SECONDS, markup=False)

    def _stay(self) -> None:
        self._asked_to_leave = False
