"""`--follow` without a server: which events it prints, and when it ends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from securechat.client.errors import RoomRefused
from securechat.client.events import Event, Kind, Left, Message
from securechat.client.line_mode import Reader
from securechat.client.output import Formatter

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


class FakeClient:
    """Gives some events."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = list(events)

    def join(self, room: str, **_more: object) -> str:
        """Enter a room."""
        return room

    def next_event(self) -> Event | None:
        """Return the next one; None after the last."""
        return self._events.pop(0) if self._events else None


def said(room: str, text: str) -> Message:
    """Return a message of bob."""
    return Message(room, "bob", text, Kind.MESSAGE, "x-1", NOW)


def test_it_ends_when_it_is_put_out_of_its_last_room(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = [
        Left("#ops", "anna", NOW, own=True, by="bob", reason="\x1b[2Jenough"),
        said("#ops", "not ours any more"),
        said("#tea", "one"),
        Left("#tea", "bob", NOW),
        said("#tea", "two"),
        Left("#elsewhere", "anna", NOW, own=True),
        Left("#TEA", "anna", NOW, own=True, by="bob"),
        said("#tea", "never"),
    ]
    client: Any = FakeClient(events)
    with pytest.raises(RoomRefused, match="bob has put you out of #TEA") as refused:
        Reader(client, Formatter(home="#tea"), json=False).follow(["#ops", "#tea"], None, None)
    assert refused.value.exit_code == 6
    output, told = capsys.readouterr()
    assert [line.rpartition(" ")[2] for line in output.splitlines()] == ["one", "two"]
    assert told == "bob has put you out of #ops: [2Jenough\n"
