"""The commands for looking after a room and for being left in peace: what the server is asked, and what is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from securechat.client.address import Address
from securechat.client.commands import BY_NAME, execute
from securechat.client.errors import UsageError
from securechat.client.events import Invited, Kind, Knocked, Left, Message
from securechat.client.moderating import ROLES
from securechat.client.output import Formatter
from securechat.client.refusals import is_refusal, room_refusal
from securechat.client.roster import Roster
from securechat.client.sanitize import sanitize
from securechat.client.trust import fingerprint_of
from securechat.domain.roles import KINDS, STANDINGS
from securechat.links import Link, format_link
from securechat.protocol.message import parse

AUTHORITY = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClient:
    """Remembers what is asked of the server; `answer` is what it says."""

    def __init__(self) -> None:
        self.nick = "anna"
        self.address = Address("chat.test", 6697)
        self.authority = AUTHORITY
        self.asked: list[tuple[str, ...]] = []
        self.answer: list[bytes] = []

    def ask(self, *words: str) -> list[object]:
        self.asked.append(words)
        return [parse(line) for line in self.answer]

    def join(self, room: str, *, key: str = "") -> str:
        self.asked.append(("JOIN", room, key))
        return room

    def history(self, target: str, limit: int) -> list[Message]:
        assert target == "#tea"
        said = (("anna", "own"), ("bob", "1"), ("bob", "2"))
        return [Message("#tea", name, text, Kind.MESSAGE, f"x-{text}", NOW) for name, text in said]


class FakeDesk:
    """A Desk in #tea."""

    def __init__(self, target: str = "#tea") -> None:
        self.client: Any = FakeClient()
        self.target = target
        self.notes: list[str] = []
        self.note = self.notes.append
        self.entered = ""
        self.pictures: list[str] = []
        self.picture = self.pictures.append

    def enter(self, room: str) -> None:
        self.entered = room

    def move(self, target: str) -> None:
        self.target = target


def run(line: str, answer: tuple[bytes, ...] = ()) -> tuple[list[tuple[str, ...]], list[str]]:
    desk: Any = FakeDesk()
    desk.client.answer = list(answer)
    execute(desk, line)
    return desk.client.asked, desk.notes


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/invite bob", ("INVITE", "bob", "#tea")),
        ("/knock tea I bring cake", ("KNOCK", "#tea", "I bring cake")),
        ("/knock #tea", ("KNOCK", "#tea")),
        ("/newcomers Joined", ("MODE", "#tea", "+H", "joined")),
        ("/newcomers all", ("MODE", "#tea", "+H", "all")),
        ("/kick bob too loud", ("KICK", "#tea", "bob", "too loud")),
        ("/ban bob 2h too loud", ("BAN", "#tea", "bob", "2h", "too loud")),
        ("/ban bob too loud", ("BAN", "#tea", "bob", "too loud")),
        ("/mute bob", ("MUTE", "#tea", "bob")),
        ("/unban bob", ("UNBAN", "#tea", "bob")),
        ("/unban bob sorry, Bob", ("UNBAN", "#tea", "bob", "sorry, Bob")),
        ("/unmute bob", ("UNMUTE", "#tea", "bob")),
        ("/role bob Moderator", ("ROLE", "#tea", "bob", "Moderator")),
        ("/role bob", ("ROLE", "#tea", "bob")),
        ("/kind", ("KIND", "#tea")),
        ("/kind private", ("KIND", "#tea", "private")),
        ("/slow 30", ("MODE", "#tea", "+f", "30")),
        ("/slow 0", ("MODE", "#tea", "-f")),
        ("/lock", ("MODE", "#tea", "+L")),
        ("/delete", ("REDACT", "#tea", "x-own")),
        ("/delete BOB", ("REDACT", "#tea", "x-2")),
        ("/delete BOB a secret", ("REDACT", "#tea", "x-2", "a secret")),
        ("/manage ban add spam* --reason 'too many'", ("MANAGE", "ban add spam* --reason 'too many'")),
        ("/rename coffee", ("RENAME", "#tea", "#coffee")),
        ("/links", ("INVITES", "LIST", "#tea")),
        ("/unlink 3", ("INVITES", "REVOKE", "3")),
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


def test_what_an_operation_answers_is_shown() -> None:
    answer = (b":s NOTE MANAGE RESULT :BANNED  REASON", b":s NOTE MANAGE RESULT :spam*   \x1b[2J", b":s PONG s x")
    assert run("/manage ban list", answer)[1] == ["BANNED  REASON", sanitize("spam*   \x1b[2J")]


def test_links_are_shown_and_a_renamed_room_is_stayed_in() -> None:
    assert run("/links")[1] == ["No link leads into this room."]
    rows = (
        b":s NOTE INVITES INVITE_LISTED 3 #tea 2 2026-11-30T08:00:00.000Z anna usable :for friends",
        b":s NOTE INVITES INVITE_LISTED 4 #tea 1 never bob withdrawn :",
        b":s NOTE INVITES INVITE_LIST_END 2 :End of invites",
    )
    assert run("/links", rows)[1] == [
        "3  2 uses left, until 2026-11-30 08:00 UTC, by anna  for friends",
        "4  1 use left, for good, by bob, opens nothing now: its maker may not let people in",
        "/unlink NUMBER makes a link useless.",
    ]
    desk: Any = FakeDesk()
    execute(desk, "/rename coffee")
    assert desk.target == "#coffee"


@pytest.mark.parametrize(
    ("link", "key"),
    [
        (Link("chat.test", 6697, "coffee", "t0ken"), "t0ken"),
        (Link("192.0.2.7", 7000, "coffee", "t0ken", fingerprint_of(AUTHORITY)), "t0ken"),  # by another name
        (Link("Chat.Test", 6697, "coffee"), ""),
    ],
)
def test_join_takes_a_link(link: Link, key: str) -> None:
    desk: Any = FakeDesk()
    execute(desk, f"/join {format_link(link)}")
    assert desk.client.asked == [("JOIN", "#coffee", key)]
    assert desk.entered == "#coffee"


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (format_link(Link("other.test", 6697, "tea", "t0ken")), "leads to another server, other.test: open it with"),
        (format_link(Link("chat.test", 6697, "tea", "t0ken", "ab" * 32)), "leads to another server"),
        (format_link(Link("chat.test", 6697)), "names no room"),
        ("securechat://chat.test:0/tea", "port in the link is not a number"),
    ],
)
def test_a_link_that_cannot_be_joined_by(link: str, told: str) -> None:
    desk: Any = FakeDesk()
    with pytest.raises(UsageError, match=told):
        execute(desk, f"/join {link}")
    assert desk.client.asked == []


@pytest.mark.parametrize("line", ["/report nobody", "/delete nobody", "/unlink x", "/newcomers some"])
def test_what_makes_no_sense_is_explained(line: str) -> None:
    with pytest.raises(UsageError, match=r"no message of nobody|by its number|read: all, joined, none"):
        run(line)


def test_what_somebody_is_and_what_kind_of_room_it_is_are_shown() -> None:
    told = (b":s MODE #tea +o bob", b":s NOTE ROLE ROOM_ROLE #tea bob owner :bob is an owner of #tea")
    assert run("/role bob owner", told)[1] == ["bob in #tea: owner"]
    assert run("/kind private", (b":s NOTE KIND ROOM_KIND #tea private :Only ...",))[1] == [
        "#tea is a room of this kind: private"
    ]


def test_the_words_are_those_of_the_server() -> None:
    """The client may not import the server's table."""
    assert tuple(STANDINGS) == ROLES
    for name, known in (("role", STANDINGS), ("kind", KINDS)):
        *first, last = known
        assert BY_NAME[name].summary.endswith(f" be {', '.join(first)} or {last}")
    for code, words in (("UNKNOWN_ROLE", STANDINGS), ("UNKNOWN_KIND", KINDS)):
        refusal = room_refusal(parse(f":s FAIL ROLE {code} #tea king :no".encode()))
        assert str(refusal).startswith("king is no ")
        assert str(refusal).endswith(f"There are: {', '.join(words)}.")
    overruled = room_refusal(parse(b":s FAIL ROLE ROLE_OVERRULED #tea bob :no"))
    assert str(overruled) == "Another mute of this room, or an exception from one, says otherwise about bob."


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


def test_who_asks_to_be_let_in_is_told_with_what_lets_them_in() -> None:
    roster, told = Roster(lambda: 0), Formatter(home="#tea")
    roster.receive(parse(b":s 001 ann :hi"))
    (bare,) = roster.receive(parse(b":s 710 ann #tea bob!b@h :has asked for an invite"))
    (why,) = roster.receive(parse(b":s 710 ann #tea bob!b@h :has asked for an invite: I bring cake: much"))
    assert roster.receive(parse(b":s 710 ann #tea")) == []
    assert (bare, why) == (Knocked("#tea", "bob"), Knocked("#tea", "bob", "I bring cake: much"))
    text = "bob asks to be let into #tea (there, /invite bob lets them in)"
    assert told.note(bare) == f"{text}."
    assert told.note(why) == f"{text}: I bring cake: much"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b":s 712 a #tea :You have asked", "You cannot ask to be let into #tea just now. (You have asked)"),
        (b":s 713 a #tea :Channel is open", "Nothing keeps you out of #tea: /join #tea"),
        (b":s 714 a #tea :You are there", "You are in #tea already."),
        (b":s 403 a #tea :Only administrators make rooms", "There is no room #tea. (Only administrators make rooms)"),
        (b":s 403 a #tea :No such channel", "There is no room #tea."),
    ],
)
def test_why_not(line: bytes, told: str) -> None:
    message = parse(line)
    assert is_refusal(message)
    assert str(room_refusal(message)) == told


def test_an_answer_is_no_refusal() -> None:
    assert not is_refusal(parse(b":s 711 a #tea :Your KNOCK has been delivered"))
