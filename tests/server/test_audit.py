"""The record of acts of power: each act leaves its rows, nothing else does, and nobody has power without a record."""

import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from securechat.domain.audit import Act, Verification
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.domain.reports import Report
from securechat.domain.roles import ListEntry, RoomRules
from securechat.domain.second_factor import SecondFactor
from securechat.domain.server_bans import ServerBan
from securechat.server.administration import Administration
from securechat.server.administration_ports import CertificateFacts, JournalStore, NoCertificates, ServerAddress
from securechat.server.live_effects import HubEffects
from securechat.server.machine_users import machine_user, this_user
from securechat.server.operations import OPERATIONS, perform
from securechat.server.presence import end_session
from securechat.tls.revocation import IssuedCertificate
from tests.server.commands.logins import plain as log_in
from tests.server.harness import MODERN, Harness, Person, running

PASSWORD = "correct horse"
ROOT_PASSWORD = "staple battery"
CAPS = f"{MODERN} draft/message-redaction"

Row = tuple[str, ...]
"""Act, actor, target, room, detail and reason."""


def rows(harness: Harness) -> list[Row]:
    """What is on the record, which is in order."""

    def work(unit: UnitOfWork) -> list[Row]:
        records = unit.audit.page(0, 1000)
        verification = Verification(unit.audit.origin())
        verification.follow(records)
        assert verification.finish(unit.audit.head()) is None
        return [(one.act, one.actor, one.target, one.room, one.detail, one.reason) for one in records]

    return harness.database.read(work)


def present(harness: Harness, name: str, *, administrator: bool = False) -> Person:
    harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, CAPS, password=PASSWORD)


class Tea:
    """#tea: anna owns it, bob is in it, carl (a guest) is not; bob has said something."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        harness.account("root", ROOT_PASSWORD, administrator=True)
        self.anna, self.bob = present(harness, "anna"), present(harness, "bob")
        self.carl = harness.person("carl", CAPS)
        self.anna.sends("JOIN #tea")
        self.bob.sends("JOIN #tea")
        self.bob.received()
        (echo,) = self.bob.answers("PRIVMSG #tea :the launch code is 8675309")
        self.said = echo.partition("msgid=")[2].partition(";")[0].partition(" ")[0]


ACTS: dict[Action, tuple[tuple[str, ...], list[Row]]] = {
    Action.KICK: (("KICK #tea bob :enough of it",), [("room kick", "anna", "bob", "#tea", "", "enough of it")]),
    Action.RENAME: (("RENAME #tea #coffee :no tea",), [("room rename", "anna", "", "#tea", "#coffee", "no tea")]),
    Action.LET_IN: (("INVITE carl #tea",), [("room invite", "anna", "carl (guest)", "#tea", "", "")]),
    Action.INVITE_BY_LINK: (
        ("INVITES CREATE #tea 2 never :for friends", "INVITES REVOKE 1"),
        [
            ("invite create", "anna", "invite 1", "#tea", "2 uses, expires never", "for friends"),
            ("invite revoke", "anna", "invite 1", "", "", ""),
        ],
    ),
    Action.OPERATE: ((f"OPER root :{ROOT_PASSWORD}",), [("oper", "anna", "root", "", "", "")]),
    Action.REDACT_OTHERS: (
        ("REDACT #tea {said} :secret",),
        [("room redact", "anna", "bob", "#tea", "{said}", "secret")],
    ),
    Action.CHANGE_MODES: (
        (
            "MODE #tea +ov-t bob bob",
            "MODE #tea +mkl-n hunter2 5",
            "MODE #tea +b-k *!*@bad hunter2",
            "MODE #tea -b *!*@bad",
        ),
        [
            ("room role", "anna", "bob", "#tea", "+o", ""),
            ("room role", "anna", "bob", "#tea", "+v", ""),
            ("room rule", "anna", "", "#tea", "+m", ""),
            ("room rule", "anna", "", "#tea", "+k", ""),
            ("room rule", "anna", "", "#tea", "+l 5", ""),
            ("room rule", "anna", "", "#tea", "-n", ""),
            ("room mask", "anna", "*!*@bad", "#tea", "+b", ""),
            ("room rule", "anna", "", "#tea", "-k", ""),
            ("room mask", "anna", "*!*@bad", "#tea", "-b", ""),
        ],
    ),
}
"""What anna (or whoever an action is the power of) sends, and what is on the record then."""

ELSEWHERE = {
    Action.KILL: "only after OPER, or by an administrator: see the test of its name",
    Action.HANDLE_REPORTS: "recorded when a report is closed: see the tests of REPORT",
    Action.HANDLE_DIRECT_REPORTS: "the same",
    Action.MANAGE: "each operation of MANAGE is recorded as it is from the console: see there",
    Action.JOIN_ROOM: "by an administrator who is held up by nothing: see the test of that",
    Action.MAKE_OWNER: "see the tests of ROLE",
    Action.DEMOTE_OWNER: "only together with KICK or CHANGE_MODES, which are recorded: see the test of its name",
    Action.INVITE_TO_SERVER: "as INVITE_BY_LINK, by administrators only",
    Action.REGISTER_INVITED: "the account is on the record, with its invite: see the test of its name",
}
NO_POWER = {
    Action.WALLOPS: "takes nothing from anybody, and all who want to hear it know who said it",
    Action.CONNECT: "about oneself",
    Action.REGISTER_OPEN: "about oneself",
    Action.CREATE_ROOM: "takes nothing from anybody",
    Action.ENTER_UNBANNED: "a part of JOIN_ROOM",
    Action.ENTER_UNLOCKED: "a part of JOIN_ROOM",
    Action.SPEAK_UNSLOWED: "what was said is in history",
    Action.ENTER_INVITED: "a part of JOIN_ROOM",
    Action.ENTER_BY_KEY: "a part of JOIN_ROOM",
    Action.ENTER_UNCROWDED: "a part of JOIN_ROOM",
    Action.ENTER_EMPTY: "a part of JOIN_ROOM",
    Action.ASK_FOR_POWERS: "what is given is recorded: see OPERATE",
    Action.SEEM_A_PERSON: "about oneself",
    Action.ENTER_ABANDONED: "a part of JOIN_ROOM",
    Action.RETURN_TO_ROOM: "whoever banned them is on the record",
    Action.KNOCK: "asking takes nothing from anybody; who lets them in does so by LET_IN",
    Action.INVITE: "a hint; what opens a closed room is LET_IN",
    Action.SEE_ROOM: "reading",
    Action.LIST_MEMBERS: "reading",
    Action.READ_HISTORY: "reading, and only by those who are in the room",
    Action.READ_EARLIER: "the same",
    Action.READ_AGAIN: "the same",
    Action.SPEAK: "what was said is in history",
    Action.SPEAK_HIDDEN: "what was said is in history",
    Action.SET_TOPIC: "the topic is in history, with who set it",
    Action.SET_VALUES: "as the topic it takes nothing from anybody, and everybody in the room sees it",
    Action.READ_VALUES: "reading",
    Action.SEE_EXCEPTIONS: "reading",
    Action.SEE_KEY: "reading, and only by those who are in the room",
    Action.REDACT_OWN: "about what one has said oneself",
    Action.DIRECT_MESSAGE: "what was said is in history",
    Action.READ_DIRECT_HISTORY: "reading of what one was part of oneself",
}
"""Why there is no record of it."""


def test_every_action_is_recorded_or_it_is_said_why_not() -> None:
    told = [*ACTS, *ELSEWHERE, *NO_POWER]
    assert len(told) == len(set(told))
    assert set(told) == set(Action)


@pytest.mark.parametrize("action", ACTS)
def test_an_act_of_power_is_recorded(harness: Harness, action: Action) -> None:
    tea = Tea(harness)
    assert rows(harness) == []
    lines, expected = ACTS[action]
    tea.anna.sends(*(line.format(said=tea.said) for line in lines))
    assert rows(harness) == [tuple(text.format(said=tea.said) for text in row) for row in expected]


@pytest.mark.parametrize("action", ACTS)
def test_there_is_no_act_without_a_record(harness: Harness, action: Action) -> None:
    """When nothing can be stored nobody is told of anything, and all is as it was before."""
    tea = Tea(harness)
    live = harness.hub.rooms["#tea"]

    def state() -> object:
        operators = [user.nick for user in harness.hub.users.values() if user.operator]
        return dict(live.members), live.room.rules, dict(live.invited), dict(live.room.lists), operators

    before = state()
    line = ACTS[action][0][0].format(said=tea.said)
    tea.bob.received(), tea.anna.received(), tea.carl.received()
    with harness.disk_full():
        answer = tea.anna.answers(f"@label=x {line}")
    command = line.partition(" ")[0]
    assert [line for line in answer if f"FAIL {command} NOT_STORED" in line] != []
    assert all(" FAIL " in line or " BATCH " in line for line in answer)
    assert tea.carl.received() == []
    assert [one for one in tea.bob.bodies() if command in one and "NOTICE" not in one] == []
    assert state() == before
    assert rows(harness) == []


@pytest.mark.parametrize("action", [action for action in ACTS if action is not Action.OPERATE])
def test_what_is_refused_is_not_recorded(harness: Harness, action: Action) -> None:
    tea = Tea(harness)
    tea.anna.sends("MODE #tea +i")
    before = rows(harness)
    line = ACTS[action][0][0].format(said="tests-1")
    tea.carl.sends(line)
    tea.bob.sends(line)
    assert rows(harness) == before


def test_what_everybody_may_do_is_not_recorded(harness: Harness) -> None:
    tea = Tea(harness)
    tea.anna.sends("TOPIC #tea :Hot", "PRIVMSG #tea :hi", "PRIVMSG bob :hi", "MODE #tea b", "AWAY :out", "NICK annie")
    tea.bob.sends(
        "INVITE carl #tea",
        f"REDACT #tea {tea.said} :oops",
        "CHATHISTORY LATEST #tea * 50",
        "PART #tea",
        "JOIN #bob",
        "QUIT",
    )
    tea.anna.sends("MODE #tea +n", "MODE #tea +l x", "KICK #tea nobody", "INVITE nobody #tea", "MODE #tea -o bob")
    assert rows(harness) == []


def test_a_new_invitation_of_somebody_who_has_one_is_taken_back_alone(harness: Harness) -> None:
    tea = Tea(harness)
    tea.anna.sends("INVITE carl #tea")
    with harness.disk_full():
        tea.anna.sends("INVITE carl #tea")
    assert len(rows(harness)) == 1
    tea.anna.sends("MODE #tea +i")
    tea.carl.received()
    tea.carl.sends("JOIN #tea")
    assert "353" in tea.carl.codes()


def test_an_administrator_who_demotes_or_puts_out_an_owner_is_recorded_by_name(harness: Harness) -> None:
    tea = Tea(harness)
    root = harness.person("root", CAPS, password=ROOT_PASSWORD)
    root.sends("JOIN #tea", "MODE #tea -o anna", "KICK #tea anna")
    assert rows(harness) == [
        ("room role", "root", "anna", "#tea", "-o", ""),
        ("room kick", "root", "anna", "#tea", "", ""),
    ]
    assert tea.anna.bodies()[-1].endswith(" KICK #tea anna :root")


@pytest.mark.parametrize("closed", ["+i", "+k hunter2", "+l 1", "+b root!*@*"])
def test_an_administrator_who_enters_a_closed_room_is_recorded(harness: Harness, closed: str) -> None:
    """And seen by those who are in it."""
    tea = Tea(harness)
    tea.anna.sends(f"MODE #tea {closed}")
    root = harness.person("root", CAPS, password=ROOT_PASSWORD)
    tea.anna.received()
    before = rows(harness)
    with harness.disk_full():
        root.sends("JOIN #tea")
    assert rows(harness) == before
    root.sends("JOIN #tea")
    assert rows(harness)[1:] == [("room enter", "root", "", "#tea", "", "")]
    assert tea.anna.bodies() == [":root!root@securechat JOIN #tea"]


@pytest.mark.parametrize("rule", ["joined", "none"])
def test_an_administrator_who_reads_what_newcomers_may_not_is_recorded(harness: Harness, rule: str) -> None:
    """Anybody may enter, but who enters by these powers may read what was said before."""
    tea = Tea(harness)
    tea.anna.sends(f"MODE #tea +H {rule}")
    root = harness.person("root", CAPS, password=ROOT_PASSWORD)
    root.sends("JOIN #tea")
    assert rows(harness)[1:] == [("room enter", "root", "", "#tea", "", "")]
    root.sends("PART #tea", "MODE root -o", "JOIN #tea")
    assert len(rows(harness)) == 2, "without the powers, as anybody"


def puts_powers_aside_and_takes_them_again(harness: Harness, root: Person) -> Person:
    root.sends("MODE root -o", "JOIN #tea", f"OPER root :{ROOT_PASSWORD}")
    return root


def comes_later(harness: Harness, root: Person) -> Person:
    """Becomes an administrator while being in the room."""
    dora = present(harness, "dora")
    dora.sends("JOIN #tea")
    root.sends("MANAGE user role dora administrator")
    return dora


def logs_in_later(harness: Harness, root: Person) -> Person:
    """Comes into the room as a guest."""
    root.vanishes()
    guest = harness.person("visitor", f"{CAPS} sasl")
    guest.sends("JOIN #tea")
    guest.received()
    log_in(guest, "root", ROOT_PASSWORD)
    return guest


def has_been_there_already(harness: Harness, root: Person) -> Person:
    """The room keeps nothing from anybody when they come; see the test."""
    root.sends("JOIN #tea")
    return root


@pytest.mark.parametrize(
    "comes", [puts_powers_aside_and_takes_them_again, comes_later, logs_in_later, has_been_there_already]
)
def test_an_administrator_who_entered_as_anybody_is_recorded_before_they_read_more(
    harness: Harness, comes: Callable[[Harness, Person], Person]
) -> None:
    """Whatever the way: once, before anything is shown, and not again until they enter anew."""
    tea = Tea(harness)
    if comes is not has_been_there_already:
        tea.anna.sends("MODE #tea +H joined")
    one = comes(harness, harness.person("root", CAPS, password=ROOT_PASSWORD))
    tea.anna.sends("MODE #tea +H joined")
    tea.anna.received()

    def read() -> str:
        one.received()
        return "\n".join(one.answers("CHATHISTORY LATEST #tea * 50"))

    def inspected() -> list[Row]:
        return [row for row in rows(harness) if row[0] in ("room enter", "room inspect")]

    assert inspected() == []
    with harness.disk_full():
        assert "MESSAGE_ERROR" in read()
    assert inspected() == []
    assert "launch code" in read()
    name = one.session.user.account.name if one.session.user and one.session.user.account else ""
    expected: list[Row] = [("room inspect", name, "", "#tea", "", "")]
    assert inspected() == expected
    one.sends("TOPIC #tea :is one of them still")
    one.vanishes()
    with harness.hub.lock:
        for session in list(harness.hub.sessions):
            end_session(harness.hub, session, "the end")
    harness.restart()
    one = harness.person(name, CAPS, password=ROOT_PASSWORD if name == "root" else PASSWORD)
    assert "launch code" in read()
    assert inspected() == expected, "they are in the room still"
    one.sends("PART #tea", "JOIN #tea")
    assert "launch code" in read()
    assert inspected() == [*expected, ("room enter", name, "", "#tea", "", "")]


def test_an_administrator_reads_what_anybody_reads_until_that_is_recorded(harness: Harness) -> None:
    """By no other way either: the message is not there for REDACT and REPORT, TARGETS does not tell of it."""
    tea = Tea(harness)
    tea.anna.sends("MODE #tea +H joined")
    root = puts_powers_aside_and_takes_them_again(harness, harness.person("root", CAPS, password=ROOT_PASSWORD))
    root.received()
    assert "UNKNOWN_MSGID" in root.answers(f"REDACT #tea {tea.said}")[0]
    assert "UNKNOWN_MSGID" in root.answers(f"REPORT {tea.said}")[0]
    span = "timestamp=2020-01-01T00:00:00.000Z timestamp=2040-01-01T00:00:00.000Z"
    assert "#tea" not in "\n".join(root.answers(f"CHATHISTORY TARGETS {span} 50"))
    root.sends("CHATHISTORY LATEST #tea * 50")
    root.received()
    assert "REDACT" in root.answers(f"REDACT #tea {tea.said}")[0]


@pytest.mark.parametrize("line", ["CHATHISTORY LATEST #tea * 50", "JOIN #tea"])
def test_no_other_session_reads_what_is_not_on_the_record_yet(harness: Harness, line: str) -> None:
    """One session begins to read, or enters by its powers; the other asks before that is stored, which fails."""
    tea = Tea(harness)
    tea.anna.sends("MODE #tea +H joined")
    root, other = (harness.person("root", CAPS, password=ROOT_PASSWORD) for _ in range(2))
    if line.startswith("CHATHISTORY"):
        puts_powers_aside_and_takes_them_again(harness, root)
    other.received()
    with harness.one_batch(fails=True):
        root.sends_unsettled(f"{line}\r\n".encode())
        other.sends_unsettled(b"CHATHISTORY LATEST #tea * 50\r\n")
    harness.settle()
    assert "launch code" not in "\n".join(root.received() + other.received())
    assert not [row for row in rows(harness) if row[0] in ("room enter", "room inspect")]


def test_what_was_recorded_of_a_guest_is_not_of_the_account(harness: Harness) -> None:
    """A guest with powers has read; logged in, they read again as the administrator that they are."""
    tea = Tea(harness)
    tea.anna.sends("MODE #tea +H joined")
    guest = harness.person("visitor", f"{CAPS} sasl")
    guest.sends("JOIN #tea", f"OPER root :{ROOT_PASSWORD}", "CHATHISTORY LATEST #tea * 50")
    guest.received()
    log_in(guest, "root", ROOT_PASSWORD)
    guest.sends("CHATHISTORY LATEST #tea * 50")
    assert [row[:2] for row in rows(harness) if row[0] == "room inspect"] == [
        ("room inspect", "visitor (guest)"),
        ("room inspect", "root"),
    ]


def test_an_administrator_who_was_banned_comes_back_on_the_record_only(harness: Harness) -> None:
    """At the login they are put out as anybody; who enters all the same is seen to, and recorded."""
    tea = Tea(harness)
    root = harness.person("root", CAPS, password=ROOT_PASSWORD)
    root.sends("JOIN #tea")
    root.vanishes()
    tea.anna.sends("MODE #tea +b root!*@*")
    root = harness.person("root", CAPS, password=ROOT_PASSWORD)
    assert tea.anna.bodies()[-1].endswith("KICK #tea root :You have been banned from this room")
    root.sends("JOIN #tea")
    assert rows(harness)[-1] == ("room enter", "root", "", "#tea", "", "")


def test_an_administrator_who_enters_as_anybody_could_is_not_recorded(harness: Harness) -> None:
    tea = Tea(harness)
    root = harness.person("root", CAPS, password=ROOT_PASSWORD)
    root.sends("JOIN #tea", "PART #tea", "JOIN #new")
    tea.anna.sends("MODE #tea +i", "INVITE root #tea")
    before = rows(harness)
    root.sends("JOIN #tea")
    assert rows(harness) == before


def test_no_key_is_recorded(harness: Harness) -> None:
    tea = Tea(harness)
    tea.anna.sends("MODE #tea +k hunter2", "MODE #tea +k-k hunter3 hunter2", "MODE #tea -k hunter3")
    assert "hunter" not in repr(rows(harness))
    assert len(rows(harness)) == 2  # the net change of each line


def test_every_oper_is_recorded_but_no_failed_one(harness: Harness) -> None:
    """A second session that shows the password keeps the powers when the first one ends."""
    tea = Tea(harness)
    second = harness.person("anna", CAPS, password=PASSWORD)
    tea.anna.sends("OPER root wrong", f"OPER nobody :{ROOT_PASSWORD}", f"OPER root :{ROOT_PASSWORD}")
    second.received()
    assert [line.split()[1] for line in second.answers(f"OPER ROOT :{ROOT_PASSWORD}")] == ["381"]
    tea.carl.sends(f"OPER root :{ROOT_PASSWORD}", "MODE carl -o")
    expected = [("oper", "anna", "root")] * 2 + [("oper", "carl (guest)", "root")]
    assert [row[:3] for row in rows(harness)] == expected


def test_a_kill_is_recorded_and_there_is_none_without_a_record(harness: Harness) -> None:
    tea = Tea(harness)
    tea.anna.sends(f"OPER root :{ROOT_PASSWORD}")
    others = (tea.anna, tea.bob, tea.carl)
    for one in others:
        one.received()
    with harness.disk_full():
        (answer,) = tea.anna.answers("@label=x KILL bob :enough of it")
    assert "@label=x :chat.test FAIL KILL NOT_STORED bob :" in answer
    assert [one.received() for one in others] == [[], [], []]
    assert tea.bob.outlet.closed is None
    tea.anna.sends("KILL bob :enough of it", "KILL carl", "KILL nobody")
    assert [one.outlet.closed is None for one in others] == [True, False, False]
    expected = [("kill", "anna", "bob", "", "", "enough of it"), ("kill", "anna", "carl (guest)", "", "", "")]
    assert rows(harness)[1:] == expected


def test_guests_are_recorded_as_such(harness: Harness) -> None:
    anna, _ = harness.members_of("#x", "anna", "bob")
    anna.sends("KICK #x bob")
    assert [row[:3] for row in rows(harness)] == [("room kick", "anna (guest)", "bob (guest)")]


def test_an_account_is_recorded_whatever_nick_it_goes_by(harness: Harness) -> None:
    tea = Tea(harness)
    tea.anna.sends("NICK annie", "KICK #tea bob")
    assert rows(harness)[0][1] == "anna"


@pytest.mark.parametrize("administrator", [True, False])
def test_whoever_makes_an_account_by_an_invite_is_recorded(tmp_path: Path, administrator: bool) -> None:
    with running(tmp_path, access__guests=False) as harness:
        harness.invite("t0ken", administrator=administrator)
        anna = harness.connection()
        anna.sends("CAP REQ :draft/account-registration", "PASS t0ken", "NICK anna", "USER anna 0 * :Anna")
        anna.sends(f"REGISTER * * :{PASSWORD}", "CAP END")
        assert "001" in anna.codes()
        detail = "invite 1 of test" + (", administrator" if administrator else "")
        assert rows(harness) == [("user register", "anna", "anna", "", detail, "")]


# What securechat-admin does

SAID = "(id)"
"""Stands for the id of what bob has said."""

OPERATIONS_RECORDED: dict[str, tuple[dict[str, object], Row]] = {
    "user add": (
        {"name": "dave", "password": PASSWORD, "administrator": True, "reason": "new colleague"},
        ("user add", "root", "dave", "", "administrator", "new colleague"),
    ),
    "user passwd": (
        {"name": "BOB", "password": "another one", "reason": "forgotten"},
        ("user passwd", "root", "bob", "", "", "forgotten"),
    ),
    "user role": (
        {"name": "BOB", "role": "administrator", "reason": "trusted"},
        ("user role", "root", "bob", "", "administrator", "trusted"),
    ),
    "user suspend": ({"name": "bob", "reason": "left"}, ("user suspend", "root", "bob", "", "", "left")),
    "user unsuspend": ({"name": "bob"}, ("user unsuspend", "root", "bob", "", "", "")),
    "user second-factor-reset": (
        {"name": "BOB", "reason": "telephone lost"},
        ("user second-factor-reset", "root", "bob", "", "", "telephone lost"),
    ),
    "user app-password-revoke": (
        {"name": "BOB", "number": 1, "reason": "laptop stolen"},
        ("user app-password-revoke", "root", "bob", "", "1 phone", "laptop stolen"),
    ),
    "session revoke": (
        {"account": "BOB", "number": 1, "reason": "stolen"},
        ("session revoke", "root", "bob", "", "1", "stolen"),
    ),
    "certificate revoke": (
        {"what": "0A1B", "reason": "stolen"},
        ("certificate revoke", "root", "bob", "", "0A1B", "stolen"),
    ),
    "invite create": (
        {"rooms": ["tea", "cake"], "uses": 3, "note": "for eve", "administrator": True},
        ("invite create", "root", "invite 2", "#tea,#cake", "3 uses, expires 7d, administrator", "for eve"),
    ),
    "ban add": (
        {"target": "spam*", "lasts": "2h", "reason": "spam"},
        ("ban add", "root", "spam*", "", "until 2025-11-24 18:00:00 UTC", "spam"),
    ),
    "ban remove": (
        {"target": "198.51.100.7", "reason": "gone"},
        ("ban remove", "root", "an IPv4 address", "", "", "gone"),
    ),
    "registration close": ({"reason": "flood"}, ("registration close", "root", "", "", "", "flood")),
    "registration open": ({}, ("registration open", "root", "", "", "", "")),
    "invite revoke": ({"number": 1, "reason": "leaked"}, ("invite revoke", "root", "invite 1", "", "", "leaked")),
    "room create": ({"room": "board", "reason": "new"}, ("room create", "root", "", "#board", "", "new")),
    "room topic": (
        {"room": "tea", "topic": "Leaves", "reason": "typo"},
        ("room topic", "root", "", "#tea", "Leaves", "typo"),
    ),
    "room rename": (
        {"room": "tea", "name": "coffee", "reason": "no tea"},
        ("room rename", "root", "", "#tea", "#coffee", "no tea"),
    ),
    "room delete": (
        {"room": "tea", "reason": "over"},
        ("room delete", "root", "", "#tea", "2 members, 1 message since 2025-11-24 16:00 UTC", "over"),
    ),
    "room kick": ({"room": "tea", "name": "bob", "reason": "noise"}, ("room kick", "root", "bob", "#tea", "", "noise")),
    "room ban": (
        {"room": "tea", "who": "spam*", "lasts": "2h", "reason": "spam"},
        ("room mask", "root", "spam*!*@*", "#tea", "+b until 2025-11-24 18:00:00 UTC", "spam"),
    ),
    "room unban": (
        {"room": "tea", "who": "eve", "reason": "sorry"},
        ("room mask", "root", "eve!*@*", "#tea", "-b", "sorry"),
    ),
    "room mute": (
        {"room": "tea", "who": "bob", "reason": "noise"},
        ("room mask", "root", "m:a:bob", "#tea", "+b", "noise"),
    ),
    "room unmute": (
        {"room": "tea", "who": "eve", "reason": "sorry"},
        ("room mask", "root", "m:eve!*@*", "#tea", "-b", "sorry"),
    ),
    "room slow": ({"room": "tea", "seconds": 9, "reason": "hot"}, ("room rule", "root", "", "#tea", "+f 9", "hot")),
    "room lock": ({"room": "tea", "reason": "hot"}, ("room rule", "root", "", "#tea", "+L", "hot")),
    "room unlock": ({"room": "tea", "reason": "cool"}, ("room rule", "root", "", "#tea", "-L", "cool")),
    "room role": (
        {"room": "tea", "name": "bob", "role": "moderator", "reason": "helps"},
        ("room role", "root", "bob", "#tea", "+o moderator", "helps"),
    ),
    "room set": (
        {"room": "tea", "kind": "announcement", "reason": "news"},
        ("room rule", "root", "", "#tea", "+m", "news"),
    ),
    "message delete": (
        {"id": SAID, "reason": "secret"},
        ("room redact", "root", "bob", "#tea", SAID, "secret"),
    ),
    "report show": ({"number": 1, "reason": "asked"}, ("report show", "root", "bob", "#tea", "1", "asked")),
    "report close": ({"number": 1, "reason": "warned"}, ("report close", "root", "bob", "#tea", "1", "warned")),
}
ACT_OF = (
    {"message delete": "room redact"}
    | dict.fromkeys(("room slow", "room lock", "room unlock", "room set"), "room rule")
    | (dict.fromkeys(("room ban", "room unban", "room mute", "room unmute"), "room mask"))
)
"""The acts of operations that are recorded as what they are over IRC."""
OPERATIONS_WITHOUT_SERVER = {"database new-epoch"}
"""Their record is tested beside no server: see tests of `server.management`."""
OPERATIONS_THAT_READ = {"ban list", "registration status", "session list", "certificate list"} | {
    "user list",
    "user show",
    "user app-passwords",
    "invite list",
    "room list",
    "room show",
    "room members",
    "room bans",
    "report list",
    "audit list",
    "audit verify",
    "audit export",
}


class BobsCertificate(NoCertificates):
    """Implements Certificates: bob has one."""

    def chosen(self, what: str) -> Sequence[CertificateFacts]:
        return [IssuedCertificate("bob", "0A1B")] if what == "0A1B" else super().chosen(what)


def administration(harness: Harness) -> Administration:
    return Administration(
        harness.hub.configuration,
        JournalStore(harness.journal, harness.database),
        HubEffects(harness.hub),
        lambda: ServerAddress("chat.lan", 6697, "ab" * 32),
        certificates=BobsCertificate(),
        clock=lambda: harness.time,
        hub=lambda: harness.hub,
    ).on_behalf_of("root")


def asked(harness: Harness, operation: str, /, **parameters: object) -> dict[str, Any]:
    """The answer to an operation of root's."""
    return perform(administration(harness), {"operation": operation, **parameters})


def prepare(harness: Harness, name: str) -> None:
    """Let there be what an operation needs."""

    def write(work: Callable[[UnitOfWork], object]) -> None:
        harness.journal.call(work).result(20)

    harness.invite("t0ken")
    if name.startswith("user "):
        bob = harness.hub.accounts["bob"].id
        write(lambda unit: unit.second_factors.set(bob, SecondFactor(b"secret", 0)))
        add = {"time": 1, "most": 20}
        write(lambda unit: unit.second_factors.add_app_password(bob, "phone", b"x", **add))
    if name == "user unsuspend":
        write(lambda unit: unit.accounts.set_suspended(bob, True))
    if name == "ban remove":
        write(lambda unit: unit.server_rules.add_ban(ServerBan("198.51.100.7", "x", 1)))
    if name in ("room unban", "room unmute"):
        masks = ("eve!*@*", "m:eve!*@*")
        harness.hub.rooms["#tea"].room.lists["b"] = [ListEntry(mask, "x", harness.time) for mask in masks]
    if name == "room unlock":
        harness.hub.rooms["#tea"].room.rules = RoomRules(locked=True)
    if name.startswith("report "):
        tea = harness.hub.rooms["#tea"].room.id
        spam = Report(1, harness.time, "anna", tea, 1, "bob", "spam")
        harness.hub.reports.fill([spam], last=1)
    if name == "registration open":
        write(lambda unit: unit.server_rules.set_registration_closed(True))


def meant(tea: Tea, parameters: dict[str, object]) -> dict[str, object]:
    """The parameters with the id of what bob has said."""
    return {key: tea.said if value == SAID else value for key, value in parameters.items()}


def test_every_operation_is_recorded_or_only_reads() -> None:
    assert {*OPERATIONS_RECORDED, *OPERATIONS_THAT_READ, *OPERATIONS_WITHOUT_SERVER} == set(OPERATIONS)
    assert not set(OPERATIONS_RECORDED) & OPERATIONS_THAT_READ
    for name, (_, row) in OPERATIONS_RECORDED.items():
        assert row[0] == ACT_OF.get(name, name)


@pytest.mark.parametrize("name", OPERATIONS_RECORDED)
def test_an_operation_is_recorded(harness: Harness, name: str) -> None:
    tea = Tea(harness)
    prepare(harness, name)
    parameters, expected = OPERATIONS_RECORDED[name]
    answer = asked(harness, name, **meant(tea, parameters))
    assert answer["ok"], answer
    assert rows(harness) == [tuple(tea.said if one == SAID else one for one in expected)]
    for secret in (PASSWORD, "another one", str(answer["result"]).partition("invite=")[2][:22] or PASSWORD):
        assert secret not in repr(rows(harness))
    harness.settle()
    tea.anna.received()


@pytest.mark.parametrize("name", OPERATIONS_RECORDED)
def test_there_is_no_operation_without_a_record(harness: Harness, name: str) -> None:
    tea = Tea(harness)
    prepare(harness, name)

    def stored() -> object:
        def read(unit: UnitOfWork) -> object:
            rules = unit.server_rules.bans(), unit.server_rules.registration_closed()
            return unit.accounts.all(), unit.invites.all(), rules

        return harness.database.read(read), rows(harness)

    before = stored()
    with harness.disk_full():
        answer = asked(harness, name, **meant(tea, OPERATIONS_RECORDED[name][0]))
    assert answer["code"] == "storage"
    assert stored() == before


@pytest.mark.parametrize("name", OPERATIONS_RECORDED)
def test_an_operation_that_is_refused_is_not_recorded(harness: Harness, name: str) -> None:
    wrong: dict[str, object] = {
        "what": "nobody",
        "name": "anna",
        "number": 99,
        "password": PASSWORD,
        "uses": 0,
        "target": "*",
    }
    if name == "registration close":
        prepare(harness, "registration open")
    if name == "user add":
        harness.account("anna")
    if name == "room create":
        harness.members_of("#board", "carl")
    parameters = {key: wrong.get(key, value) for key, value in OPERATIONS_RECORDED[name][0].items()}
    assert not asked(harness, name, **parameters)["ok"]
    assert rows(harness) == []


@pytest.mark.parametrize("name", sorted(set(OPERATIONS_RECORDED) - {"invite create"}))
def test_a_reason_is_one_line(harness: Harness, name: str) -> None:
    parameters = OPERATIONS_RECORDED[name][0]
    for reason in ("two\nlines", "x" * 201, "\x1b[2J", "\ud800"):
        answer = asked(harness, name, **parameters | {"reason": reason})
        assert answer["code"] == "bad_reason"


def test_each_act_of_the_table_is_one_that_is_done_in_these_tests() -> None:
    done = {row[0] for _, expected in ACTS.values() for row in expected}
    done |= {row[0] for _, row in OPERATIONS_RECORDED.values()}
    done |= OPERATIONS_WITHOUT_SERVER | {
        "user register",
        "room enter",
        "room inspect",
        "kill",
        "report",
        "report close",
    }
    assert done == {act.word for act in Act}


# Reading the record


def listed(harness: Harness, **parameters: object) -> list[int]:
    answer = asked(harness, "audit list", **parameters)
    assert answer["ok"], answer
    return [one["number"] for one in answer["result"]]


@pytest.fixture
def recorded(harness: Harness) -> Harness:
    """1: anna kicks bob out of #tea; a day later 2: an invite to #tea and #cake, 3: bob is suspended."""
    tea = Tea(harness)
    tea.anna.sends("KICK #tea bob :\x02enough\x02")
    harness.time += 86_400_000
    for name in ("invite create", "user suspend"):
        asked(harness, name, **OPERATIONS_RECORDED[name][0])
    harness.settle()
    return harness


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"limit": 2}, [2, 3]),
        ({"account": "BOB"}, [1, 3]),
        ({"account": "anna"}, [1]),
        ({"account": "bo"}, []),
        ({"room": "tea"}, [1, 2]),
        ({"room": "#Cake"}, [2]),
        ({"room": "te"}, []),
        ({"account": "bob", "room": "tea"}, [1]),
        ({"since": "12h"}, [2, 3]),
        ({"since": "2d"}, [1, 2, 3]),
        ({"since": "2025-11-25"}, [2, 3]),
        ({"since": "2025-11-24T16:00"}, [1, 2, 3]),
        ({"since": "2025-11-24T16:00:01Z"}, [2, 3]),
    ],
)
def test_the_record_is_listed(recorded: Harness, parameters: dict[str, object], numbers: list[int]) -> None:
    assert listed(recorded, **parameters) == numbers


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"since": "soon"}, "bad_time"),
        ({"since": "never"}, "bad_time"),
        ({"since": "2025-13-01"}, "bad_time"),
        ({"since": "2025-11-24T16:00+03:00"}, "bad_time"),
        ({"limit": 0}, "bad_limit"),
        ({"limit": 2001}, "bad_limit"),
    ],
)
def test_what_cannot_be_listed(harness: Harness, parameters: dict[str, object], code: str) -> None:
    assert asked(harness, "audit list", **parameters)["code"] == code


def test_a_row_says_everything(recorded: Harness) -> None:
    first = asked(recorded, "audit list", limit=3)["result"][0]
    hashes = [first.pop("previous"), first.pop("hash")]
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes)
    assert first == {
        "number": 1,
        "time": "2025-11-24T16:00:00.000Z",
        "milliseconds": 1_764_000_000_000,
        "origin": "irc",
        "actor": "anna",
        "act": "room kick",
        "target": "bob",
        "room": "#tea",
        "detail": "",
        "reason": "\x02enough\x02",
    }


def test_the_record_is_verified(recorded: Harness) -> None:
    good = asked(recorded, "audit verify")["result"]
    assert (good["intact"], good["rows"], good["row"], good["problem"]) == (True, 3, None, "")
    again = asked(recorded, "audit verify", head=good["head"])["result"]
    assert again == good
    other = f"2:{'0' * 64}"
    bad = asked(recorded, "audit verify", head=other)["result"]
    assert (bad["intact"], bad["row"]) == (False, 2)
    assert asked(recorded, "audit verify", head="2:x")["code"] == "bad_head"


def test_the_record_is_exported_in_parts(recorded: Harness) -> None:
    part = asked(recorded, "audit export", after=1)["result"]
    assert [one["number"] for one in part["records"]] == [2, 3]
    assert part["head"] == asked(recorded, "audit verify")["result"]["head"]
    assert asked(recorded, "audit export", after=3)["result"]["records"] == []
    assert asked(recorded, "audit export", after=2**63)["code"] == "bad_number"


def test_a_row_below_the_first_is_no_secret(recorded: Harness) -> None:
    for number in (0, -(2**63)):
        forged = (
            "INSERT INTO audit SELECT :number, time, origin, actor, act, target, room, detail, reason, previous, hash"
            " FROM audit WHERE number = 1"
        )
        with sqlite3.connect(recorded.database.path) as connection:
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(forged, {"number": number})
            connection.execute("DROP TRIGGER IF EXISTS audit_only_append")
            connection.execute(forged, {"number": number})
            connection.execute(
                "CREATE TRIGGER audit_only_append BEFORE INSERT ON audit WHEN NEW.number < 4 "
                "BEGIN SELECT RAISE(ABORT, 'the record of acts is append-only'); END"
            )
        connection.close()
        result = asked(recorded, "audit verify")["result"]
        assert (result["intact"], result["row"]) == (False, number)
        assert result["problem"] == "was added by somebody else than the server"
        part = asked(recorded, "audit export")["result"]
        assert part["records"][0]["number"] == number
        rest = asked(recorded, "audit export", after=number)["result"]
        assert rest["records"] == part["records"][1:]


def test_a_room_is_listed_under_all_names_that_it_has_had(harness: Harness) -> None:
    anna, bob = harness.person("anna"), harness.person("bob")
    anna.sends("JOIN #team", "MODE #team +m", "RENAME #team #crew", "MODE #crew -m", "RENAME #crew #CORE")
    anna.sends("MODE #core +s", "JOIN #other", "MODE #other +m")
    for name in ("team", "#CREW", "core"):
        assert listed(harness, room=name) == [1, 2, 3, 4, 5]
    assert listed(harness, room="other") == [6]
    assert listed(harness, room="none") == []
    bob.sends("JOIN #team", "MODE #team +m")  # another room that bears one of the names
    assert listed(harness, room="core") == [1, 2, 3, 4, 5, 7]


def test_users_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    logins: dict[int, str] = {10: "0", 11: "4294967295", 12: "4242", 13: "?"}
    read: Callable[..., str] = lambda self, **_: logins[int(self.parts[2])]  # noqa: E731
    monkeypatch.setattr(Path, "read_text", read)
    assert machine_user(0, None) == "root"
    assert [machine_user(0, pid) for pid in logins] == ["root", "root", "#4242 as root", "root"]


def test_this_user_has_a_name() -> None:
    assert this_user()
