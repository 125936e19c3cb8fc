"""The two lists at the sides: rooms and people with what is unread, and who is in the room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message as TextualMessage
from textual.scroll_view import ScrollView
from textual.strip import Strip

from securechat.client.buffer import Buffer
from securechat.client.sanitize import sanitize
from securechat.client.screen.themes import Roles
from securechat.client.texts import _
from securechat.names import room_to_people

PRIVATE: Final = "◇"
"""What stands before a room that not everybody may come into, or know of."""

NOT_SENT: Final = "✗"
"""What stands behind a conversation in which a line of one's own was not sent."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list."""

    text: Text
    value: str
    """What is chosen by it."""


class Rows(ScrollView):
    """Rows of text, of which one can be clicked."""

    can_focus = False

    class Chosen(TextualMessage):
        """A row was clicked."""

        def __init__(self, rows: "Rows", value: str) -> None:
            super().__init__()
            self.rows = rows
            self.value = value

        @property
        def control(self) -> "Rows":
            """The list."""
            return self.rows

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._made: dict[int, Strip] = {}

    def show(self, rows: Sequence[Row], *, current: int | None = None) -> None:
        """Show these rows, the current one in sight."""
        self._rows = rows
        self._made.clear()
        self.virtual_size = Size(self.size.width, len(rows))
        if current is not None and not self.scroll_offset.y <= current < self.scroll_offset.y + max(
            1, self.size.height
        ):
            self.scroll_to(y=max(0, current - self.size.height // 2), animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a row of the screen."""
        width = self.size.width
        place = y + self.scroll_offset.y
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        text = self._rows[place].text.copy()
        text.truncate(width, overflow="ellipsis", pad=True)
        return Strip(text.render(self.app.console)).adjust_cell_length(width).apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        """Choose the row."""
        place = event.y + self.scroll_offset.y
        if place < len(self._rows):
            self.post_message(self.Chosen(self, self._rows[place].value))


def room_rows(buffers: Sequence[Buffer], active: Buffer, title: Callable[[Buffer], str], roles: Roles) -> list[Row]:
    """Return the rows of the list of rooms and people: number, name, how much is unread."""
    rows = []
    for number, buffer in enumerate(buffers):
        style = roles.here if buffer is active else Style(bold=bool(buffer.mentions))
        if not buffer.joined and not buffer.direct and buffer.name and buffer is not active:
            style += roles.elsewhere
        text = Text(end="").append(f"{number % 10 if number < 11 else ' '} ", roles.elsewhere)
        text += Text(title(buffer), style=style)
        if buffer.unread:
            text += Text(f" {unread_mark(buffer)}", style=roles.called if buffer.mentions else roles.unread)
        if buffer.failed:
            text += Text(f" {NOT_SENT}", style=roles.failed)
        rows.append(Row(text, buffer.name))
    return rows


def unread_mark(buffer: Buffer) -> str:
    """Return how much is unread: `3`, `3+` when there is more than was counted, `3!` where one is named."""
    return f"{buffer.unread}{'' if buffer.all_counted else '+'}{'!' if buffer.mentions else ''}"


def title_of(buffer: Buffer) -> str:
    """Return how a conversation is called in the list; harmless, whatever its name is."""
    if not buffer.name:
        return _("server")
    if buffer.direct:
        return sanitize(f"@{buffer.name}")
    return f"{PRIVATE if buffer.private else ''}{sanitize(room_to_people(buffer.name))}"


def member_rows(members: Sequence[tuple[str, str]], roles: Roles) -> list[Row]:
    """Return the rows of who is in a room: `@` looks after it, `+` is heard although it is moderated."""
    rows = []
    for signs, nick in members:
        text = Text(end="").append(signs[:1] or " ", roles.sign)
        rows.append(Row(text + Text(sanitize(nick), style=roles.nick(nick)), nick))
    return rows
