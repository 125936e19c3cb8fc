"""How far back somebody reads what was said in a room, by whatever way they ask (server.past)."""

import ast
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.domain.permissions import TABLE, Action, readable_after
from securechat.domain.roles import HISTORY_FOR_NEWCOMERS
from securechat.protocol.capabilities import CAPABILITIES
from securechat.protocol.modes import BY_LETTER
from securechat.server.heartbeat import watch
from securechat.server.past import SETTLED_SECONDS, too_late
from securechat.server.users import NOT_YET
from tests.server.harness import MODERN, Harness, Person, running
from tests.server.leak_lines import LINES

PASSWORD = "correct horse"
EVERY = " ".join(one.name for one in CAPABILITIES if one.name not in ("sts", "sasl"))
CLASSIC = "server-time message-tags"
SERVER = Path(__file__).parents[2] / "securechat" / "server"

READING = {
    "commands/history.py": "CHATHISTORY, pages and TARGETS",
    "commands/redaction.py": "REDACT, by the id of a message",
    "commands/reporting.py": "REPORT, by the id of a message, and REPORT LIST, of whoever looks after the room",
    "replay.py": "what clients are shown that cannot ask, at login and at JOIN",
}
"""Every module of the server that reads what was said to show it, or for an id; each asks `server.past`."""
ABOVE = {
    "context.py": "reads an event for the commands that ask for it (`read_event`), which stand above",
    "management/reports.py": "shows what was reported to whoever sees to it at the machine",
    "management/messages.py": "takes away what has an id, for who looks after the room or the machine",
}
"""Those that do so for others, or for people who may read everything."""


def member(harness: Harness, name: str, capabilities: str = MODERN, *, administrator: bool = False) -> Person:
    """Somebody with an account."""
    if name not in harness.hub.accounts:
        harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, capabilities, password=PASSWORD)


def says(one: Person, text: str, target: str = "#tea") -> str:
    """Say something; return its message id."""
    one.sends(f"PRIVMSG {target} :{text}")
    one.received()
    return one.harness.hub.message_ids.format(one.harness.delivery.delivered_sequence)


def read(one: Person, ask: str = "LATEST #tea * 50") -> list[str]:
    """The texts that CHATHISTORY shows."""
    one.received()
    one.sends(f"CHATHISTORY {ask}")
    return texts(one)


def texts(one: Person) -> list[str]:
    """The texts of the messages that have come."""
    return [line.partition(" :")[2] for line in one.bodies() if " PRIVMSG " in line]


@pytest.fixture
def owner(harness: Harness) -> Person:
    """Anna, who has made a room that keeps what was said from newcomers, with something said in it."""
    anna = member(harness, "anna")
    anna.sends("JOIN #tea", "MODE #tea +H joined")
    says(anna, "before")
    return anna


def test_every_module_that_reads_messages_asks_how_far_back() -> None:
    readers = {}
    for path in SERVER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        reads = any(
            isinstance(node, ast.Attribute)
            and (
                node.attr == "read_event"
                or (
                    node.attr in ("page", "event", "targets")
                    and isinstance(node.value, ast.Attribute)
                    and node.value.attr == "history"
                )
            )
            for node in ast.walk(tree)
        )
        if reads:
            asked = any(
                isinstance(node, ast.ImportFrom) and node.module == "securechat.server.past" for node in ast.walk(tree)
            )
            readers[str(path.relative_to(SERVER))] = asked
    assert readers == dict.fromkeys(READING, True) | dict.fromkeys(ABOVE, False)


def test_the_words_of_the_mode_are_those_of_the_rule() -> None:
    assert BY_LETTER["H"].words == HISTORY_FOR_NEWCOMERS


# Every command


def attacks(before: str, elsewhere: str) -> Iterator[tuple[str, str]]:
    """Every line of the leak proof, from inside: about a message of before, and about one that is not in the room."""
    for template in (one for templates in LINES.values() for one in templates):
        for name in ("anna", "nora") if "{member}" in template else ("",):
            line, other = (
                template.format(room="#tea", former="#coffee", member=name, long="x" * 400, msgid=one)
                for one in (before, elsewhere)
            )
            yield line, other


def answer(one: Person, lines: str, identifier: str) -> str:
    """What comes of lines about the message with that id, but for ids."""
    one.sends(*lines.split("\r\n"))
    return re.sub("msgid=[^ ;]+", "msgid=ID", "\n".join(one.received()).replace(identifier, "ID"))


def told_to_a_newcomer(folder: Path, rule: str, capabilities: str, *, account: bool) -> Iterator[str]:
    """Let a newcomer send every line; yield what told something of what was said before."""
    with running(folder, accounts__register_before_connect=True) as harness:
        anna = member(harness, "anna", EVERY)
        anna.sends("JOIN #tea", "JOIN #attic", f"MODE #tea +H {rule}")
        elsewhere = says(anna, "zebra-elsewhere", "#attic")
        before = says(anna, "zebra-before")
        nora = None
        for line, other in attacks(before, elsewhere):
            if nora is None or nora.outlet.closed or "#tea" not in rooms(nora):
                if nora is not None:
                    nora.vanishes()
                nora = member(harness, "nora", capabilities) if account else harness.person("nora", capabilities)
                nora.sends("JOIN #tea")
                yield from ("JOIN" for one in nora.received() if "zebra" in one)
            answers = answer(nora, line, before), answer(nora, other, elsewhere)
            if "zebra" in str(answers) or (line != other and answers[0] != answers[1]):
                yield line


@pytest.mark.parametrize("rule", ["joined", "none"])
@pytest.mark.parametrize("capabilities", ["", EVERY])
@pytest.mark.parametrize("account", [True, False], ids=["member", "guest"])
def test_no_command_shows_a_newcomer_what_was_said_before(
    tmp_path: Path, rule: str, capabilities: str, account: bool
) -> None:
    assert list(told_to_a_newcomer(tmp_path, rule, capabilities, account=account)) == []


@pytest.mark.parametrize("rule", ["joined", "none"])
def test_the_proof_notices_who_may_read_what_was_said_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    monkeypatch.setitem(TABLE, Action.READ_EARLIER, lambda *_: True)
    told = {line.split()[0] for line in told_to_a_newcomer(tmp_path, rule, EVERY, account=True)}
    assert told >= {"CHATHISTORY", "REDACT", "REPORT"}


def test_the_permission_to_read_again_is_what_keeps_what_was_seen(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE, Action.READ_AGAIN, lambda *_: True)
    anna, bob = member(harness, "anna"), member(harness, "bob")
    anna.sends("JOIN #tea", "MODE #tea +H none")
    says(anna, "before")
    bob.sends("JOIN #tea")
    says(anna, "seen")
    for _ in range(2):
        bob.vanishes()
        bob = member(harness, "bob")
        stands(harness, bob)
    bob.vanishes()
    bob = member(harness, "bob")
    assert read(bob) == ["seen"]


def rooms(one: Person) -> list[str]:
    """The rooms that somebody is in."""
    user = one.session.user
    return [live.room.name for live in user.rooms.values()] if user is not None else []


# From joining on


def test_a_newcomer_reads_from_joining_on(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    bob.sends("JOIN #tea")
    says(owner, "after")
    assert read(bob) == ["after"]
    assert read(bob, "BEFORE #tea timestamp=2036-01-01T00:00:00.000Z 50") == ["after"]
    assert read(bob, "AFTER #tea timestamp=2000-01-01T00:00:00.000Z 50") == ["after"]
    assert read(owner) == ["before", "after"]


def test_leaving_and_coming_back_is_joining_again(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    bob.sends("JOIN #tea")
    says(owner, "first stay")
    bob.sends("PART #tea", "JOIN #tea")
    says(owner, "second stay")
    assert read(bob) == ["second stay"]
    owner.sends("KICK #tea bob")
    bob.sends("JOIN #tea")
    assert read(bob) == []


def test_who_was_only_disconnected_loses_nothing_even_over_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        anna, bob = member(harness, "anna"), member(harness, "bob")
        anna.sends("JOIN #tea", "MODE #tea +H joined")
        says(anna, "before")
        bob.sends("JOIN #tea")
        says(anna, "live")
        bob.vanishes()
        says(anna, "missed")
    with running(tmp_path) as harness:
        anna, bob = member(harness, "anna"), member(harness, "bob")
        says(anna, "again")
        assert read(bob) == ["live", "missed", "again"]
        bob.vanishes()
        assert texts_at_login(harness, "bob") == ["live", "missed", "again"]
        assert read(anna) == ["before", "live", "missed", "again"]


def texts_at_login(harness: Harness, name: str) -> list[str]:
    """What a client is shown that cannot ask, when it comes."""
    one = harness.connection()
    one.sends(f"CAP REQ :{CLASSIC}", f"NICK {name}", f"USER {name} 0 * :x", "CAP REQ :sasl", "AUTHENTICATE PLAIN")
    one.sends(f"AUTHENTICATE {b64encode(f'{chr(0)}{name}{chr(0)}{PASSWORD}'.encode()).decode()}", "CAP END")
    return texts(one)


def test_a_client_that_cannot_ask_is_shown_no_more(harness: Harness, owner: Person) -> None:
    gina = harness.person("gina", CLASSIC)
    gina.sends("JOIN #tea")
    assert texts(gina) == []
    owner.sends("MODE #tea -H")
    gina.sends("PART #tea", "JOIN #tea")
    assert texts(gina) == ["before"]


def test_a_change_holds_at_once_for_everybody(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    bob.sends("JOIN #tea")
    assert read(bob) == []
    owner.sends("MODE #tea +H all")
    assert read(bob) == ["before"]
    owner.sends("MODE #tea +H joined")
    assert read(bob) == []
    owner.sends("MODE #tea +o bob")
    assert read(bob) == ["before"]
    owner.sends("MODE #tea -o bob")
    assert read(bob) == []


def test_an_administrator_who_looks_after_the_room_reads_everything(harness: Harness, owner: Person) -> None:
    root = member(harness, "root", administrator=True)
    root.sends("JOIN #tea")
    assert read(root) == ["before"]
    root.sends("MODE root -o")
    assert read(root) == []


def test_whose_right_ends_while_a_page_is_read_is_not_shown_it(harness: Harness) -> None:
    """Put out meanwhile, or the room keeps from now on what it did not."""
    anna, bob = member(harness, "anna"), member(harness, "bob")
    anna.sends("JOIN #tea")
    says(anna, "before")
    bob.sends("JOIN #tea")
    says(anna, "behind")
    for line, expected in (("MODE #tea +H joined", ["behind"]), ("KICK #tea bob", [])):
        bob.received()
        harness.workers.put_off()
        bob.sends("CHATHISTORY LATEST #tea * 50")
        anna.sends(line)
        with harness.hub.lock:
            harness.workers.work()
        harness.settle()
        lines = bob.bodies()
        assert [one.partition(" :")[2] for one in lines if " PRIVMSG " in one] == expected
    assert any(" FAIL CHATHISTORY INVALID_TARGET " in one for one in lines)


def test_nor_is_a_client_that_cannot_ask_shown_what_was_read_for_it(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob", CLASSIC)
    anna.sends("JOIN #tea")
    says(anna, "before")
    bob.received()
    harness.workers.put_off()
    bob.sends("JOIN #tea")
    anna.sends("KICK #tea bob")
    with harness.hub.lock:
        harness.workers.work()
    harness.settle()
    assert "before" not in "\n".join(bob.received())


@pytest.mark.parametrize("rule", ["all", "joined", "none"])
def test_who_came_too_late_for_a_message_is_whom_the_table_keeps_it_from(harness: Harness, rule: str) -> None:
    """Of everybody who can be in a room, for every message of it, before and after their coming."""
    harness.account("root", PASSWORD, administrator=True)
    anna = member(harness, "anna")
    anna.sends("JOIN #tea")
    identifiers = [says(anna, "first")]
    people = [anna]
    for name in ("bob", "carl", "dora", "eve", "root"):
        one = harness.person(name, MODERN) if name == "carl" else member(harness, name)
        if name == "root":
            one.sends("MODE root -o")
        one.sends("JOIN #tea")
        people.append(one)
        identifiers.append(says(anna, f"behind {name}"))
    anna.sends("MODE #tea +o dora", "MODE #tea +v eve", f"MODE #tea +H {rule}")
    people[-1].sends(f"OPER root :{PASSWORD}")
    again = member(harness, "bob")
    again.sends("PART #tea", "JOIN #tea")
    member(harness, "away").sends("JOIN #tea", "QUIT")
    hub, live = harness.hub, harness.hub.rooms["#tea"]
    for inspects in (False, True):
        if inspects:
            people[-1].sends("CHATHISTORY LATEST #tea * 9")
        for identifier in identifiers:
            stored = harness.database.read(
                lambda unit, identifier=identifier: unit.history.event(hub.message_ids.parse(identifier) or 0)  # type: ignore[misc]
            )
            assert stored is not None
            expected = set()
            for user in live.members:
                joined = live.joined_sequence(user.key)
                after = readable_after(user.subject(live), hub.policy, joined=joined, seen=0)
                if after is None or stored.sequence <= after:
                    expected.add(user.nick)
            assert {user.nick for user in too_late(hub, live, stored)} == expected
            assert not (rule == "all" and expected)
            if rule != "all" and identifier == identifiers[-1]:
                assert expected == {"bob"}, "who has left and come again since"


def test_a_conversation_is_no_target_before_something_was_said_that_one_may_read(
    harness: Harness, owner: Person
) -> None:
    bob = member(harness, "bob")
    bob.sends("JOIN #tea")
    span = "timestamp=2000-01-01T00:00:00.000Z timestamp=2036-01-01T00:00:00.000Z 50"

    def targets(one: Person) -> list[str]:
        return [line for line in one.answers(f"CHATHISTORY TARGETS {span}") if "CHATHISTORY TARGETS" in line]

    bob.received()
    owner.received()
    assert targets(bob) == []
    assert len(targets(owner)) == 1
    says(owner, "after")
    bob.received()
    assert len(targets(bob)) == 1


def test_what_one_may_not_read_can_be_neither_reported_nor_taken_away(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob", f"{MODERN} draft/message-redaction")
    bob.sends("JOIN #tea")
    own = says(bob, "mine")
    bob.sends("PART #tea", "JOIN #tea")
    bob.received()
    unknown = f":chat.test FAIL {{}} UNKNOWN_MSGID {{}}{own} :"
    (redacted,) = bob.answers(f"REDACT #tea {own}")
    assert redacted.startswith(unknown.format("REDACT", "#tea "))
    (reported,) = bob.answers(f"REPORT {own}")
    assert reported.startswith(unknown.format("REPORT", ""))
    assert " NOTE REPORT REPORTED " in str(owner.answers(f"REPORT {own}"))


@pytest.mark.parametrize("capabilities", [f"{MODERN} draft/message-redaction", ""])
def test_nobody_is_told_that_something_was_taken_away_which_they_could_not_read(
    harness: Harness, capabilities: str
) -> None:
    anna = member(harness, "anna", f"{MODERN} draft/message-redaction")
    old, new = member(harness, "old", capabilities), member(harness, "new", capabilities)
    anna.sends("JOIN #tea", "MODE #tea +H joined")
    old.sends("JOIN #tea")
    before = says(anna, "before")
    new.sends("JOIN #tea")
    after = says(anna, "after")
    for one in (old, new):
        one.received()
    anna.sends(f"REDACT #tea {before}")
    assert len(old.received()) == 1
    assert new.received() == []
    anna.sends(f"REDACT #tea {after}")
    assert len(old.received()) == len(new.received()) == 1


def test_until_the_join_is_on_disk_there_is_nothing_to_read(harness: Harness, owner: Person) -> None:
    one, two = member(harness, "bob"), member(harness, "bob")
    live = harness.hub.rooms["#tea"]
    with harness.one_batch():
        one.sends_unsettled(b"JOIN #tea\r\n")
        assert live.joined_sequence(harness.hub.accounts["bob"].id) == NOT_YET
        two.sends_unsettled(b"CHATHISTORY LATEST #tea * 50\r\n")
    harness.settle()
    assert texts(two) == []


@pytest.mark.parametrize("leaving", ["PART #tea", "KICK #tea bob"])
def test_a_leave_that_cannot_be_stored_changes_nothing(harness: Harness, owner: Person, leaving: str) -> None:
    bob = member(harness, "bob")
    bob.sends("JOIN #tea")
    says(owner, "after")
    leaves = bob if leaving.startswith("PART") else owner
    with harness.disk_full():
        leaves.sends_unsettled(f"{leaving}\r\n".encode())
    harness.settle()
    assert read(bob) == ["after"]
    bob.vanishes()
    with harness.disk_full():
        owner.sends_unsettled(b"KICK #tea bob\r\n")
    harness.settle()
    assert read(member(harness, "bob")) == ["after"]


@pytest.mark.parametrize("present", [True, False], ids=["somebody of the account is here", "nobody is"])
def test_a_guest_who_logs_in_keeps_what_they_have_heard(tmp_path: Path, present: bool) -> None:
    with running(tmp_path) as harness:
        anna = member(harness, "anna")
        anna.sends("JOIN #tea", "MODE #tea +H joined")
        says(anna, "before")
        if present:
            member(harness, "gina")
        else:
            harness.account("gina", PASSWORD)
        guest = harness.person("guest", MODERN)
        guest.sends("JOIN #tea")
        says(anna, "as a guest")
        guest.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGdpbmEAY29ycmVjdCBob3JzZQ==")
        says(anna, "as a member")
        assert read(guest) == ["as a guest", "as a member"]
        assert list(harness.hub.rooms["#tea"].joined) == [1, 2]
    with running(tmp_path) as harness:
        assert read(member(harness, "gina")) == ["as a guest", "as a member"]


def test_who_registers_by_an_invite_reads_from_then_on(harness: Harness, owner: Person) -> None:
    harness.invite("token-of_22_characters", rooms=("#tea",))
    new = harness.connection()
    new.sends("CAP LS 302", f"CAP REQ :{MODERN} draft/account-registration", "PASS token-of_22_characters")
    new.sends("NICK nora", "USER nora 0 * :Nora", "REGISTER * * correct-horse", "CAP END")
    assert "before" not in texts(new)
    says(owner, "after")
    assert read(new) == ["after"]


def test_whoever_finds_an_abandoned_room_does_not_come_to_read_it(harness: Harness, owner: Person) -> None:
    owner.sends("PART #tea")
    bob = member(harness, "bob")
    bob.sends("JOIN #tea")
    assert read(bob) == []
    assert " 482 " in bob.answers("MODE #tea -H")[0]
    root = member(harness, "root", administrator=True)
    root.sends("JOIN #tea", "MODE #tea -H")
    assert read(bob) == ["before"]


# Only what one may have missed


def stands(harness: Harness, *people: Person) -> None:
    """Let connections stand for a minute, in which they are heard of."""
    harness.now += SETTLED_SECONDS
    for one in people:
        one.session.heard_at = harness.now
        with harness.hub.lock:
            watch(harness.hub, one.session, harness.now)
    harness.settle()


def test_what_was_missed_and_nothing_that_was_seen(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        anna, bob = member(harness, "anna"), member(harness, "bob")
        anna.sends("JOIN #tea", "MODE #tea +H none")
        says(anna, "before")
        bob.sends("JOIN #tea")
        says(anna, "first")
        stands(harness, bob)
        assert read(bob) == ["first"], "what the connection itself has seen it may see again"
        bob.vanishes()
        says(anna, "missed")
        bob = member(harness, "bob")
        assert read(bob) == ["first", "missed"], "since the last time"
        stands(harness, bob)
        says(anna, "second")
        assert read(bob) == ["first", "missed", "second"], "it is not lost to whoever looks for it late"
    with running(tmp_path) as harness:
        assert read(member(harness, "bob")) == ["second"]
        assert read(member(harness, "anna")) == ["before", "first", "missed", "second"]


def test_who_logs_in_late_comes_by_it(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob")
    anna.sends("JOIN #tea", "MODE #tea +H none")
    bob.sends("JOIN #tea")
    says(anna, "first")
    for text in ("second", "third"):
        bob.vanishes()
        bob = member(harness, "bob")
        stands(harness, bob)
        says(anna, text)
    bob.vanishes()
    guest = harness.person("guest", MODERN)
    guest.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGJvYgBjb3JyZWN0IGhvcnNl")
    assert read(guest) == ["third"]


def test_who_has_seen_it_is_told_that_it_was_taken_away(harness: Harness) -> None:
    """It is on their screen still, or in a client that keeps what it was shown."""
    capabilities = f"{MODERN} draft/message-redaction"
    anna, bob = member(harness, "anna", capabilities), member(harness, "bob", capabilities)
    anna.sends("JOIN #tea", "MODE #tea +H none")
    before = says(anna, "before")
    bob.sends("JOIN #tea")
    seen = says(anna, "seen")
    for _ in range(2):
        bob.vanishes()
        bob = member(harness, "bob", capabilities)
        stands(harness, bob)
    bob.vanishes()
    bob = member(harness, "bob", capabilities)
    assert read(bob) == []
    anna.sends(f"REDACT #tea {seen}")
    assert bob.bodies() == [f":anna!anna@securechat REDACT #tea {seen}"]
    anna.sends(f"REDACT #tea {before}")
    assert bob.received() == []


def test_connections_that_break_at_once_take_nothing_away(harness: Harness) -> None:
    anna, bob = member(harness, "anna"), member(harness, "bob")
    anna.sends("JOIN #tea", "MODE #tea +H none")
    bob.sends("JOIN #tea")
    says(anna, "first")
    stands(harness, bob)
    bob.vanishes()
    says(anna, "missed")
    for _ in range(3):
        bob = member(harness, "bob")
        harness.now += SETTLED_SECONDS * 2
        with harness.hub.lock:
            watch(harness.hub, bob.session, harness.now)
        bob.vanishes()
    assert read(member(harness, "bob")) == ["first", "missed"]


def test_the_oldest_connection_counts(harness: Harness) -> None:
    anna, laptop = member(harness, "anna"), member(harness, "bob")
    anna.sends("JOIN #tea", "MODE #tea +H none")
    laptop.sends("JOIN #tea")
    says(anna, "first")
    phone = member(harness, "bob")
    stands(harness, phone)
    assert read(phone) == read(laptop) == ["first"]


def test_what_cannot_be_stored_of_it_is_read_again(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        anna, bob = member(harness, "anna"), member(harness, "bob")
        anna.sends("JOIN #tea", "MODE #tea +H none")
        bob.sends("JOIN #tea")
        says(anna, "first")
        bob.vanishes()
        bob = member(harness, "bob")
        with harness.disk_full():
            stands(harness, bob)
        bob.vanishes()
        assert read(member(harness, "bob")) == []
    with running(tmp_path) as harness:
        assert read(member(harness, "bob")) == ["first"]


# The mode


def test_the_mode_is_shown_announced_and_recorded(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    assert anna.answers("MODE #tea +H JOINED") == [":anna!anna@securechat MODE #tea +H joined"]
    assert bob.received() == [":anna!anna@securechat MODE #tea +H joined"]
    assert bob.answers("MODE #tea")[0] == ":chat.test 324 bob #tea +nH joined"
    assert anna.answers("MODE #tea +H joined") == []
    assert anna.answers("MODE #tea +Hl none 5") == [":anna!anna@securechat MODE #tea +Hl none 5"]
    assert anna.answers("MODE #tea +H all") == [":anna!anna@securechat MODE #tea -H"]
    assert anna.answers("MODE #tea -H") == []
    for wrong in ("+H", "+H 5"):
        (answer,) = anna.answers(f"MODE #tea {wrong}")
        assert answer.startswith(":chat.test 696 anna #tea H ")
        assert answer.endswith(" :It can be all, joined or none")
    assert " 482 " in bob.answers("MODE #tea +H none")[-1]
    details = [one.detail for one in harness.database.read(lambda unit: unit.audit.page(None, 100))]
    assert details == ["+H joined", "+H none", "+l 5", "-H"]
