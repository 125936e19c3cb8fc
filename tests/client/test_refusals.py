"""What people read when the server refuses something in a room."""

import pytest

from securechat.client.refusals import room_refusal
from securechat.protocol.message import parse


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b":s 404 anna #tea :Cannot send to channel", "You may not speak in tea."),
        (
            b":s 404 anna #tea :You are muted here until 2026-11-22 08:00:00 UTC",
            "You may not speak in tea. (You are muted here until 2026-11-22 08:00:00 UTC)",
        ),
        (
            b":s FAIL PRIVMSG RATE_LIMITED #tea 3 :One message every 30 seconds in this room; try again in 3 seconds",
            "The server refused: One message every 30 seconds in this room; try again in 3 seconds",
        ),
    ],
)
def test_the_reason_is_told(line: bytes, text: str) -> None:
    assert str(room_refusal(parse(line))).replace("#tea", "tea") == text
