"""What people read when the server refuses something in a room."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.client import texts
from securechat.client.refusals import login_refusal, room_refusal
from securechat.protocol.message import parse
from securechat.server.passwords import check_password

LOCAL = f"{datetime(2026, 11, 22, 8, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b":s 404 anna #tea :Cannot send to channel", "You may not speak in tea."),
        (
            b":s 404 anna #tea :You are muted here until 2026-11-22 08:00:00 UTC",
            f"You may not speak in tea. (You are muted here until {LOCAL})",
        ),
        (
            b":s FAIL PRIVMSG RATE_LIMITED #tea 3 :One message every 30 seconds in this room; try again in 3 seconds",
            "The server refused: One message every 30 seconds in this room; try again in 3 seconds",
        ),
        (
            b":s 474 anna #tea :Cannot join channel (+b): you are banned from it until 2026-11-22 08:00:00 UTC",
            f"You are kept out of tea by those who look after it until {LOCAL}.",
        ),
        (b":s 474 anna #tea :Cannot join channel (+b)", "You are kept out of tea by those who look after it."),
    ],
)
def test_the_reason_is_told(line: bytes, text: str) -> None:
    assert str(room_refusal(parse(line))).replace("#tea", "tea") == text


def test_the_reasons_that_people_meet_most_are_in_their_language(
    catalogues: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    texts.use_language("ru")
    told = str(room_refusal(parse(b":s 404 anna #tea :You are muted here until 2026-11-22 08:00:00 UTC")))
    assert told.endswith(f"(вам запрещено здесь писать до {LOCAL})")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("1234567", "нужно не меньше символов: 8"),
        ("x" * 2000, "в нём может быть не больше"),
        ("anna", "не должен совпадать"),
    ],
)
def test_which_rule_a_password_breaks_is_told_in_ones_language(
    password: str, words: str, catalogues: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "DIRECTORY", catalogues)
    texts.use_language("ru")
    told = str(login_refusal("WEAK_PASSWORD", "anna", check_password(password, "anna", 8 if password != "anna" else 1)))
    assert words in told
    assert "password" not in told


def test_a_rule_of_another_server_is_told_as_it_is() -> None:
    assert str(login_refusal("WEAK_PASSWORD", "anna", "Use \x1b[31msymbols")).endswith("(Use [31msymbols)")
