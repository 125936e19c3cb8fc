"""The rows of lines, and where one stands among them."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from textual.app import App, ComposeResult

from securechat.client.buffer import Buffer, Entry, EntryKind, Status
from securechat.client.errors import NotDelivered
from securechat.client.outbox import Delivery
from securechat.client.screen.log_view import LogView
from securechat.client.screen.rows import rows_of

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def entry(text: str, kind: EntryKind = EntryKind.MESSAGE, **fields: object) -> Entry:
    return Entry(1, NOON, kind, **({"sender": "anna", "text": text, "id": "e-1"} | fields))  # type: ignore[arg-type]


def shown(one: Entry, width: int = 60) -> list[str]:
    return [row.text.rstrip()[6:] for row in rows_of(one, width)]


class TestRows:
    @pytest.mark.parametrize(
        ("one", "text"),
        [
            (entry("hi"), "anna: hi"),
            (entry("waves", EntryKind.ACTION), "* anna waves"),
            (entry("beep", EntryKind.NOTICE), "-anna- beep"),
            (entry("the topic is set", EntryKind.EVENT), "the topic is set"),
            (entry("", sender="anna"), "anna: (taken away)"),
            (entry("hi", status=Status.PENDING, id=""), "anna: hi  …"),
            (entry("", EntryKind.PRESENCE, joined=["bob", "eve"], left=["zoe"]), "2 came: bob, eve; left: zoe"),
            (
                entry("", EntryKind.PRESENCE, joined=[f"n{number}" for number in range(9)]),
                "9 came: n0, n1, n2, n3, n4, n5, n6, n7…",
            ),
        ],
    )
    def test_kinds(self, one: Entry, text: str) -> None:
        assert shown(one) == [text]

    def test_one_that_was_not_sent_says_why(self) -> None:
        delivery = Delivery("#ops", "hi")
        delivery.failed(NotDelivered("The disk is full."))
        assert shown(entry("hi", status=Status.FAILED, delivery=delivery, id="")) == [
            "anna: hi  not sent: The disk is full."
        ]

    def test_comings_and_goings_that_cancelled_out_take_no_row(self) -> None:
        assert rows_of(entry("", EntryKind.PRESENCE), 60) == []

    def test_long_lines_are_wrapped_below_their_beginning(self) -> None:
        rows = rows_of(entry("word " * 30), 40)
        assert len(rows) > 3
        assert all(row.cell_length == 40 for row in rows)
        assert all(row.text.startswith("      word") for row in rows[1:])

    @pytest.mark.parametrize("width", [1, 2, 7, 30, 31])
    def test_any_width_will_do(self, width: int) -> None:
        for row in rows_of(entry("漢字漢字 and words-that-are-longer-than-the-row"), width):
            assert row.cell_length == width

    @pytest.mark.parametrize(
        ("times", "begin"), [("minutes", r"\d\d:\d\d anna"), ("seconds", r"\d\d:\d\d:\d\d anna"), ("off", "anna")]
    )
    def test_times_as_the_settings_say(self, times: str, begin: str) -> None:
        first, second, *_ = rows_of(entry("word " * 30), 40, times=times)
        assert re.match(begin, first.text)
        assert second.text.index("word") == {"minutes": 6, "seconds": 9, "off": 2}[times]


class Alone(App[None]):
    """A log and nothing else."""

    def __init__(self, buffer: Buffer) -> None:
        super().__init__()
        self.view = LogView(buffer)

    def compose(self) -> ComposeResult:
        yield self.view


def look(buffer: Buffer, script: Callable[[Alone], Awaitable[None]]) -> None:
    """Let a script look at a buffer on a screen of 40 by 10."""

    async def main() -> None:
        app = Alone(buffer)
        async with app.run_test(size=(40, 10)):
            await script(app)

    asyncio.run(main())


def visible(app: Alone) -> list[str]:
    return [app.view.render_line(row).text.rstrip() for row in range(10)]


def filled(count: int) -> Buffer:
    buffer = Buffer("#ops")
    for number in range(count):
        buffer.append(
            EntryKind.MESSAGE, NOON + timedelta(seconds=number), sender="a", text=f"line {number}", id=f"e-{number}"
        )
    return buffer


def test_few_lines_stand_at_the_bottom() -> None:
    async def script(app: Alone) -> None:
        assert visible(app)[-1].endswith("a: line 2")
        assert visible(app)[:6] == [""] * 6
        app.view.page(1)
        assert visible(app)[-1].endswith("a: line 2")

    look(filled(3), script)


def test_up_and_down_by_rows_ends_where_it_began() -> None:
    async def script(app: Alone) -> None:
        before = visible(app)
        for _step in range(7):
            app.view.scroll_rows(1)
        assert visible(app)[-1].endswith("line 92")
        for _step in range(7):
            app.view.scroll_rows(-1)
        assert app.view.at_bottom
        assert visible(app) == before

    look(filled(100), script)


def test_the_top_is_the_top() -> None:
    async def script(app: Alone) -> None:
        for _page in range(30):
            app.view.page(1)
        assert "2026-11-23" in visible(app)[0]
        assert visible(app)[1].endswith("line 0")

    look(filled(100), script)


def test_what_comes_does_not_move_what_is_read() -> None:
    buffer = filled(100)

    async def script(app: Alone) -> None:
        app.view.page(1)
        before = visible(app)
        for number in range(50):
            buffer.append(EntryKind.MESSAGE, NOON + timedelta(hours=1), sender="a", text=f"new {number}")
        app.view.changed()
        assert visible(app) == before
        assert app.view.new_below == 50
        app.view.to_bottom()
        assert visible(app)[-1].endswith("new 49")

    look(buffer, script)


def test_an_entry_that_is_looked_for_is_in_sight() -> None:
    buffer = filled(500)

    async def script(app: Alone) -> None:
        for number in (0, 3, 250, 499):
            app.view.show_entry(buffer.entries[number])
            assert any(row.endswith(f"line {number}") for row in visible(app)), number

    look(buffer, script)


def test_a_line_shows_where_unread_begins() -> None:
    buffer = filled(5)
    buffer.unread_line = buffer.entries[3].number

    async def script(app: Alone) -> None:
        rows = visible(app)
        place = next(place for place, row in enumerate(rows) if "unread" in row)
        assert rows[place + 1].endswith("line 3")

    look(buffer, script)
