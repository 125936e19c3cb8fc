"""The lines of one conversation, anchored at the bottom: rows are made only for what is visible.

There is no total height: where one looks is an entry and how many of its rows lie below the edge. So a hundred thousand
lines cost nothing to scroll or to wrap anew, and lines that come do not move what is being read.
"""

from collections import OrderedDict
from typing import ClassVar, Final

from textual import events
from textual.geometry import Size
from textual.message import Message as TextualMessage
from textual.strip import Strip
from textual.widget import Widget

from securechat.client.buffer import Buffer, Entry
from securechat.client.screen.rows import day_row, rows_of, unread_row
from securechat.client.screen.themes import ROLES

_CACHED_ENTRIES: Final = 2_000
_WHEEL_ROWS: Final = 3


class LogView(Widget):
    """Shows a Buffer."""

    ALLOW_SELECT: ClassVar[bool] = False

    class AtTop(TextualMessage):
        """The first line that is here can be seen: there may be older ones."""

    def __init__(self, buffer: Buffer, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.roles = ROLES["dark"]
        self.times = "minutes"
        self._buffer = buffer
        self._anchor: Entry | None = None  # the lowest entry in sight; None: whatever is newest
        self._below = 0  # how many of its rows lie below the edge
        self._seen = 0  # number of the newest entry when one scrolled away from the bottom
        self._rows: list[Strip] | None = None
        self._sought = ""
        self._found: Entry | None = None
        self._cache: OrderedDict[tuple[int, int, int, bool, bool, bool], list[Strip]] = OrderedDict()

    def show(self, buffer: Buffer) -> None:
        """Look at another conversation, at its newest lines."""
        self._buffer = buffer
        self._cache.clear()
        self.to_bottom()

    def mark(self, sought: str, found: Entry | None) -> None:
        """Mark a text wherever it stands, and let the entry that was found be in sight."""
        if sought != self._sought:
            self._cache.clear()
        self._sought, self._found = sought, found
        if found is not None:
            self.show_entry(found)
        self.changed()

    def look_anew(self) -> None:
        """Make all rows anew: colours or words are other ones."""
        self._cache.clear()
        self.changed()

    def changed(self) -> None:
        """Draw again: something about the lines is new."""
        self._rows = None
        self.refresh()

    @property
    def at_bottom(self) -> bool:
        """Whether the newest line is in sight."""
        return self._anchor is None

    @property
    def new_below(self) -> int:
        """How many lines have come since one scrolled away from the bottom."""
        if self._anchor is None or not self._buffer.entries:
            return 0
        return max(0, self._buffer.entries[-1].number - self._seen)

    # --- moving ---

    def to_bottom(self) -> None:
        """Look at the newest lines."""
        self._anchor, self._below = None, 0
        self.changed()

    def scroll_rows(self, rows: int) -> None:
        """Move by so many rows; positive is towards older lines."""
        if not len(self._buffer):
            self.post_message(self.AtTop())
            return
        index, below = self._bottom()
        if rows > 0:
            index, below = self._up(index, below, rows)
        else:
            below += rows
            while below < 0:
                index += 1
                if index >= len(self._buffer):
                    self.to_bottom()
                    return
                below += len(self._entry_rows(index))
        self._look_at(index, below)

    def page(self, direction: int) -> None:
        """Move by a screen less one row; 1 is towards older lines."""
        self.scroll_rows(direction * max(1, self.size.height - 1))

    def show_entry(self, entry: Entry) -> None:
        """Let an entry stand in the upper third, if there is as much below it."""
        index = self._buffer.index_of(entry)
        room = self.size.height * 2 // 3
        while room > 0 and index + 1 < len(self._buffer):
            index += 1
            room -= len(self._entry_rows(index))
        if index + 1 >= len(self._buffer):
            self.to_bottom()
        else:
            self._look_at(index, max(0, -room))

    def lowest(self) -> Entry | None:
        """Return the lowest entry in sight, or None when there is none."""
        return self._buffer[self._bottom()[0]] if len(self._buffer) else None

    def _bottom(self) -> tuple[int, int]:
        """Return the index of the lowest entry in sight, and how many of its rows lie below the edge."""
        if self._anchor is None:
            return len(self._buffer) - 1, 0
        return self._buffer.index_of(self._anchor), self._below

    def _up(self, index: int, below: int, rows: int) -> tuple[int, int]:
        """Return the place so many rows higher, but no higher than where the first row stands at the top."""
        height = max(1, self.size.height)
        place, hidden = index, below + rows
        while place >= 0 and hidden >= len(self._entry_rows(place)):
            hidden -= len(self._entry_rows(place))
            place -= 1
        visible = -hidden
        for above in range(place, -1, -1):
            visible += len(self._entry_rows(above))
            if visible >= height:
                return place, hidden
        self.post_message(self.AtTop())
        return self._top(height)

    def _top(self, height: int) -> tuple[int, int]:
        """Return the place at which the very first row stands at the top."""
        rows = 0
        for index in range(len(self._buffer)):
            rows += len(self._entry_rows(index))
            if rows >= height:
                return index, rows - height
        return len(self._buffer) - 1, 0

    def _look_at(self, index: int, below: int) -> None:
        if self._anchor is None and self._buffer.entries:
            self._seen = self._buffer.entries[-1].number
        if index >= len(self._buffer) - 1 and below == 0:
            self.to_bottom()
            return
        self._anchor, self._below = self._buffer[index], below
        self.changed()

    # --- drawing ---

    def render_line(self, y: int) -> Strip:
        """Return a row of the screen."""
        if self._rows is None:
            self._rows = self._visible_rows()
        row = self._rows[y] if y < len(self._rows) else Strip.blank(self.size.width)
        return row.apply_style(self.rich_style)

    def _visible_rows(self) -> list[Strip]:
        """Return the rows in sight, from the bottom up; what is missing at the top is blank."""
        height, width = self.size.height, self.size.width
        rows: list[Strip] = []
        if len(self._buffer):
            index, below = self._bottom()
            while index >= 0 and len(rows) < height:
                made = self._entry_rows(index)
                rows[:0] = made[: len(made) - below] if below else made
                index, below = index - 1, 0
        blank = [Strip.blank(width)] * max(0, height - len(rows))
        return [*blank, *rows][-height:] if height else []

    def _entry_rows(self, index: int) -> list[Strip]:
        """Return the rows of an entry, with what stands above it; from the cache if nothing has changed."""
        entry = self._buffer[index]
        day = index == 0 or entry.time.astimezone().date() != self._buffer[index - 1].time.astimezone().date()
        unread = entry.number == self._buffer.unread_line
        found = entry is self._found
        key = (entry.number, entry.version, self.size.width, day, unread, found)
        rows = self._cache.get(key)
        if rows is None:
            width = max(1, self.size.width)
            rows = rows_of(entry, width, self.roles, self.times, sought=self._sought, found=found)
            if unread:
                rows = [unread_row(width, self.roles), *rows]
            if day and rows:
                rows = [day_row(entry.time, width, self.roles), *rows]
            self._cache[key] = rows
            if len(self._cache) > _CACHED_ENTRIES:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return rows

    def notify_style_update(self) -> None:
        """Another theme: everything is drawn anew."""
        super().notify_style_update()
        self._rows = None

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's signature
        """Take all the width there is."""
        return container.width

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap what is visible anew, and only that."""
        self._cache.clear()
        self.changed()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Older lines."""
        event.stop()
        self.scroll_rows(_WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Newer lines."""
        event.stop()
        self.scroll_rows(-_WHEEL_ROWS)
