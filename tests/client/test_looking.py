"""The commands for looking at people and rooms, raw lines and the link; what the server is asked, what is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from securechat.client.commands import BY_NAME, execute
from securechat.client.errors import UsageError
from securechat.client.events import Kind, Message, ModeChanged
from securechat.client.looking import search_lines
from securechat.client.mode_words import mode_words
from securechat.client.roster import Roster
from securechat.protocol.message import parse
from tests.client.test_moderating import FakeDesk, run

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/whois bob", ("WHOIS", "bob")),
        ("/mode +m", ("MODE", "#tea", "+m")),
        ("/mode #ops +l 5", ("MODE", "#ops", "+l", "5")),
        ("/raw topic #tea :on call", ("TOPIC", "#tea", "on call")),
        ("/link 5 30d", ("INVITES", "CREATE", "#tea", "5", "30d")),
        ("/ignore bob", ("SILENCE", "+bob")),
        ("/unignore bob", ("SILENCE", "-bob")),
    ],
)
def test_what_is_asked_of_the_server(line: str, asked: tuple[str, ...]) -> None:
    answer = (b":s NOTE INVITES INVITE_CREATED 1 :securechat://h/tea?invite=x",)
    assert run(line, answer)[0] == [asked]


def test_a_link_is_shown_as_a_picture_as_well() -> None:
    desk: Any = FakeDesk()
    desk.client.answer = [b":s NOTE INVITES INVITE_CREATED 1 :securechat://h/tea?invite=x"]
    execute(desk, "/link")
    assert desk.notes[-1] == desk.pictures[0] == "securechat://h/tea?invite=x"


def test_what_is_told() -> None:
    assert run("/mode", (b":s 324 a #tea +l 5",))[1] == ["The modes of #tea: +l 5"]
    assert run("/raw version", (b":s 351 a x \x1b[2J :all",))[1] == [":s 351 a x [2J all"]
    notes = run("/whois bob", (b":s 311 a bob u h * :Bob \x1b[1m", b":s 335 a bob :is a program"))[1]
    assert notes == ["Name: bob", "Account: none: a guest", "Calls themselves: Bob [1m", "Kind: a program"]


@pytest.mark.parametrize("line", ["/raw quit", "/raw #tea", "/raw :x", "/search"])
def test_what_cannot_be_is_refused(line: str) -> None:
    desk: Any = FakeDesk()
    desk.search = lambda text: search_lines(desk, text)
    with pytest.raises(UsageError):
        execute(desk, line)
    assert desk.client.asked == []


def test_a_search_without_a_screen_shows_what_fits() -> None:
    desk: Any = FakeDesk()
    desk.search = lambda text: search_lines(desk, text)
    said = [Message("#tea", "bob", text, Kind.MESSAGE, f"x-{text}", NOW) for text in ("Tea?", "no", "TEA!")]
    desk.client.history = lambda target, limit: said
    shown: list[Message] = []
    desk.show = shown.append
    execute(desk, "/search tea")
    assert [message.text for message in shown] == ["Tea?", "TEA!"]
    assert desk.notes == ["2 of the newest 3 lines"]


def test_aliases_are_found() -> None:
    assert BY_NAME["settopic"] is BY_NAME["topic"]
    assert BY_NAME["ignore"] is BY_NAME["block"]
    assert BY_NAME["leave"] is BY_NAME["part"]


def test_changes_of_modes_are_events_one_by_one() -> None:
    roster = Roster(lambda: 0)
    roster.nick = "ann"
    for line in (
        b":s 005 ann PREFIX=(ov)@+ CHANMODES=beI,k,lf,imnst :are supported",
        b":ann!a@h JOIN #tea",
        b":s 353 ann = #tea :@ann bob",
        b":s 366 ann #tea :End",
        b":s 324 ann #tea +lns 5",
    ):
        roster.receive(parse(line))
    room = roster.room("#tea")
    assert room is not None
    assert room.modes == {"l", "n", "s"}
    events = roster.receive(parse(b":ann!a@h MODE #tea +oi-ls+b bob m:a:x"))
    assert [(one.mode, one.value) for one in events if isinstance(one, ModeChanged)] == [
        ("+o", "bob"),
        ("+i", ""),
        ("-l", ""),
        ("-s", ""),
        ("+b", "m:a:x"),
    ]
    assert room.modes == {"n", "i"}
    assert room.signs["bob"] == "@"


def test_modes_in_words() -> None:
    assert mode_words(ModeChanged("#tea", "ann", "+b", "m:a:bob", NOW)) == "ann lets bob only read"
    assert mode_words(ModeChanged("#tea", "ann", "-b", "m:bob!*@*", NOW)) == "ann lets bob speak again"
    assert mode_words(ModeChanged("#tea", "ann", "+b", "a:bob", NOW)) == "ann keeps bob out of the room"
    assert mode_words(ModeChanged("#tea", "ann", "+o", "bob\x07", NOW)) == "ann makes bob a moderator"
    assert mode_words(ModeChanged("#tea", "ann", "+Z", "7", NOW)) == "ann changes the modes: +Z 7"
