"""The commands for looking after a room and for being left in peace: what the server is asked, and what is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from securechat.client.commands import execute
from securechat.client.errors import UsageError
from securechat.client.events import Invited, Kind, Left, Message
from securechat.client.output import Formatter
from securechat.client.roster import Roster
from securechat.protocol.message import parse

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClient:
    """Remembers what is asked of the server; `answer` is what it says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answer: list[bytes] = []

    def ask(self, *words: str) -> list[object]:
        self.asked.append(words)
        return [parse(line) for line in self.answer]

    def history(self, target: str, limit: int) -> list[Message]:
        assert target == "#tea"
        return [Message("#tea", "bob", text, Kind.MESSAGE, f"x-{text}", NOW) for text in ("1", "2")]


class FakeDesk:
    """A Desk in #tea."""

    def __init__(self, target: str = "#tea") -> None:
        self.client: Any = FakeClient()
        self.target = target
        self.notes: list[str] = []
        self.note = self.notes.append


def run(line: str, answer: tuple[bytes, ...] = ()) -> tuple[list[tuple[str, ...]], list[str]]:
    desk: Any = FakeDesk()
    desk.client.answer = list(answer)
    execute(desk, line)
    return desk.client.asked, desk.notes


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/invite bob", ("INVITE", "bob", "#tea")),
        ("/kick bob too loud", ("KICK", "#tea", "bob", "too loud")),
        ("/ban bob 2h too loud", ("BAN", "#tea", "bob", "2h", "too loud")),
        ("/ban bob too loud", ("BAN", "#tea", "bob", "too loud")),
        ("/mute bob", ("MUTE", "#tea", "bob")),
        ("/unban bob", ("UNBAN", "#tea", "bob")),
        ("/unmute bob", ("UNMUTE", "#tea", "bob")),
        ("/role bob Moderator", ("MODE", "#tea", "+o", "bob")),
        ("/slow 30", ("MODE", "#tea", "+f", "30")),
        ("/slow 0", ("MODE", "#tea", "-f")),
        ("/lock", ("MODE", "#tea", "+L")),
        ("/unlock", ("MODE", "#tea", "-L")),
        ("/block bob", ("SILENCE", "+bob")),
        ("/unblock bob", ("SILENCE", "-bob")),
        ("/report BOB spam again", ("REPORT", "x-2", "spam again")),
        ("/close 3 warned him", ("REPORT", "CLOSE", "3", "warned him")),
    ],
)
def test_what_is_asked_of_the_server(line: str, asked: tuple[str, ...]) -> None:
    assert run(line)[0] == [asked]


def test_whom_one_blocks_and_what_was_reported_is_shown() -> None:
    assert run("/blocked")[1] == ["You block nobody."]
    assert run("/blocked", (b":s 271 a a bob", b":s 271 a a carol", b":s 272 a a :End"))[1] == ["You block: bob, carol"]
    assert run("/reports")[1] == ["There are no open reports for you."]
    notes = run("/reports", (b":s NOTE REPORT OPEN_REPORT 1 #tea x-2 :ann about bob: hi",))[1]
    assert notes == ["1  #tea  ann about bob: hi", "/close NUMBER closes a report."]


@pytest.mark.parametrize("line", ["/report nobody", "/role bob king"])
def test_what_makes_no_sense_is_explained(line: str) -> None:
    with pytest.raises(UsageError, match=r"no message of nobody|roles are: moderator, member"):
        run(line)


def test_a_room_is_needed() -> None:
    desk: Any = FakeDesk("bob")
    with pytest.raises(UsageError, match="/join ROOM"):
        execute(desk, "/kick bob")


def test_invitations_and_who_was_put_out_are_told() -> None:
    roster = Roster(lambda: 0)
    for line in (b":s 001 ann :hi", b":ann!a@h JOIN #tea", b":bob!b@h JOIN #tea", b":carol!c@h JOIN #tea"):
        roster.receive(parse(line))
    (kicked,) = roster.receive(parse(b":ann!a@h KICK #tea carol :loud"))
    (own,) = roster.receive(parse(b":bob!b@h KICK #tea ann"))
    (invited,) = roster.receive(parse(b":bob!b@h INVITE ann #ops"))
    assert roster.receive(parse(b":bob!b@h INVITE dora #ops")) == []
    assert isinstance(kicked, Left)
    assert invited == Invited("#ops", "bob")
    told = Formatter(home="#tea")
    assert told.note(kicked).endswith("carol was put out by ann: loud")
    assert told.note(own).endswith("bob has put you out of #tea.")
    assert told.note(invited) == "bob invites you to #ops: /join #ops"
