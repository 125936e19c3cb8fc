"""Looking for a text in what was said: a line below the conversation, which finds while one types."""

from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message as TextualMessage
from textual.widgets import Input, Static

from securechat.client.buffer import SAID, Buffer, Entry
from securechat.client.sanitize import sanitize
from securechat.client.screen.looking_after import LookingAfter
from securechat.client.screen.rows import pattern_of
from securechat.client.texts import _, ngettext

_PAGES_AT_ONCE: Final = 20
"""So many pages of older lines are fetched by one search further back; then it asks whether to go on."""


class SearchBar(Horizontal):
    """The line in which one types what is sought, and how much was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,enter", "step(-1)", priority=True),
        Binding("down,shift+enter", "step(1)", priority=True),
    ]

    class Step(TextualMessage):
        """Another match is wanted: the one before (-1), the next one (1), or the best one anew (0)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._line = Input(placeholder=_("look for"), compact=True)
        self._count = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """The line and the count."""
        yield Static(Text("⌕ "), id="search-sign", markup=False)
        yield self._line
        yield self._count

    def on_mount(self) -> None:
        """Nothing blinks here."""
        self._line.cursor_blink = False

    def begin(self, text: str = "") -> None:
        """Let one type."""
        if text:
            self._line.value = text
        self.display = True
        self.screen.set_focus(self._line)  # at once: `focus` would let letters typed quickly go to the input line

    @property
    def sought(self) -> str:
        """What is typed."""
        return self._line.value

    def tell(self, text: str) -> None:
        """Say how much was found."""
        self._count.update(Text(text, no_wrap=True))

    def empty(self) -> None:
        """Forget what was typed."""
        self._line.value = ""

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Step(0))

    def action_step(self, step: int) -> None:
        """Another match."""
        self.post_message(self.Step(step))


class Searching(LookingAfter):
    """The part of the application that looks for a text."""

    _search: SearchBar
    _match: Entry | None = None
    _pages_left: int = 0

    def action_search(self) -> None:
        """Begin to look for a text, or go to the match before."""
        if not self.chat.active.name:
            self.chat.note(_("You are in no room: /join ROOM first."))
            self._draw()
        elif self._search.display:
            self._step(-1)
        else:
            self.search_for("")

    def search_for(self, text: str) -> None:
        """Look for a text; it may be changed and typed on."""
        self._match = None
        self._search.begin(text)
        self._step(0)

    def end_search(self) -> bool:
        """Close the line; what was found stays in sight. Return whether it was open."""
        if not self._search.display:
            return False
        self._search.display = False
        self._search.empty()
        self._pages_left = 0
        self._match = None
        self._lines.mark("", None)
        self.screen.set_focus(self._prompt)
        self._draw()
        return True

    @on(SearchBar.Step)
    def _on_step(self, event: SearchBar.Step) -> None:
        if self._search.display:
            self._step(event.step)

    def _step(self, step: int) -> None:
        """Go to another match and say which one of how many it is; look further back when there is none before."""
        buffer, sought = self.chat.active, sanitize(self._search.sought)
        found = _matches(buffer, sought)
        if not sought:
            self._match = None
            self._lines.mark("", None)
            self._search.tell(_("Enter: before    Down: next    Esc: close"))
            return
        place = next((place for place, one in enumerate(found) if one is self._match), len(found) - (step == 0))
        if step < 0 and place == 0:
            self._look_further_back(buffer)
            return
        place = min(max(0, place + step), len(found) - 1)
        self._match = found[place] if found else None
        self._lines.mark(sought, self._match)
        self._tell(buffer, place, len(found))
        self._draw()

    def _tell(self, buffer: Buffer, place: int, count: int) -> None:
        loaded = len(buffer.entries)
        if not count:
            text = ngettext("not in this {count} line", "not in these {count} lines", loaded)
            text = text.format(count=loaded)
        else:
            text = _("{place} of {count}").format(place=place + 1, count=count)
        if buffer.complete:
            text += _("; this is all there is")
        elif place <= 0:
            text += _("; Enter: further back")
        self._search.tell(text)

    def _look_further_back(self, buffer: Buffer) -> None:
        """Fetch older lines until one holds what is sought, for so many pages."""
        if buffer.complete:
            self._tell(buffer, 0, len(_matches(buffer, sanitize(self._search.sought))))
            return
        if self._pages_left:
            return  # that is being done
        self._pages_left = _PAGES_AT_ONCE
        self._search.tell(_("looking further back…"))
        self._fetch_page(buffer, len(_matches(buffer, sanitize(self._search.sought))))

    def _fetch_page(self, buffer: Buffer, known: int) -> None:
        def fetched() -> None:
            self._fetching.discard(buffer.name)
            if buffer is not self.chat.active or not self._search.display:
                self._pages_left = 0
                return
            self._pages_left -= 1
            found = len(_matches(buffer, sanitize(self._search.sought)))
            if found == known and self._pages_left > 0 and not buffer.complete:
                self._search.tell(_("looking further back… {time}").format(time=_oldest(buffer)))
                self._fetch_page(buffer, known)
                return
            self._pages_left = 0
            if found == known:
                self._tell(buffer, 0 if found else -1, found)
            else:
                self._step(-1)

        self._fetching.add(buffer.name)
        self._desk.fetch_older(buffer.name, fetched)


def _matches(buffer: Buffer, sought: str) -> list[Entry]:
    """Return the lines that hold a text as they are shown, oldest first."""
    if not sought:
        return []
    pattern = pattern_of(sought)
    return [one for one in buffer.entries if one.kind in SAID and pattern.search(sanitize(one.text))]


def _oldest(buffer: Buffer) -> str:
    return f"{buffer.entries[0].time.astimezone():%Y-%m-%d %H:%M}" if buffer.entries else ""
