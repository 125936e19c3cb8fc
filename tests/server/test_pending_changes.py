"""After a commit that failed, memory is what the disk is, whatever stood in the queue behind what failed."""

import base64
from functools import partial

import pytest

from securechat.domain.events import CHANGES, Event, Kind, Source
from securechat.domain.roles import RoomRole
from securechat.server.entries import Publication
from securechat.server.pending_changes import PendingChanges
from securechat.server.presence import end_session
from securechat.server.snapshot import take_snapshot
from securechat.server.users import NOBODY
from securechat.storage.recorder import _EFFECTS
from tests.server.harness import Harness, Person, code_of

PASSWORD = "correct horse"
PLAIN = base64.b64encode(f"\0bob\0{PASSWORD}".encode()).decode()


@pytest.fixture
def people(harness: Harness) -> tuple[Person, Person]:
    """Alice, who owns #tea, and bob, who is in it; both have accounts."""
    for name in ("alice", "bob"):
        harness.account(name, PASSWORD)
    alice, bob = (harness.person(name, password=PASSWORD) for name in ("alice", "bob"))
    alice.answers("JOIN #tea")
    bob.answers("JOIN #tea")
    alice.received()
    return alice, bob


def check(harness: Harness) -> None:
    """What the hub knows is what the next start would read."""
    harness.settle()
    hub = harness.hub
    stored = harness.journal.call(take_snapshot).result(20)
    held = [(number, room, roles) for number, rooms in hub.memberships.items() for room, roles in rooms.items()]
    assert sorted(held) == sorted(stored.memberships)
    for room in stored.rooms:
        live = hub.rooms_by_id[room.id]
        assert (live.room.rules, live.room.topic) == (room.rules, room.topic)
        assert {letter: masks for letter, masks in live.room.lists.items() if masks} == room.lists
        present = {user.account.id: roles for user, roles in live.members.items() if user.account}
        kept = {number: roles for number, of_room, roles in stored.memberships if of_room == room.id}
        assert present.items() <= kept.items()


def test_every_change_but_a_redaction_can_be_taken_back() -> None:
    """One of them is in memory alone."""
    assert set(_EFFECTS) - {Kind.REDACT} == CHANGES - {Kind.LET_IN}


@pytest.mark.parametrize(
    ("failing", "following"),
    [
        ("MODE #tea +s", "MODE #tea +m"),
        ("MODE #tea +o bob", "MODE #tea +v bob"),
        ("MODE #tea +b *!x@*", "MODE #tea -b *!x@*"),
        ("MODE #tea +k one", "MODE #tea +k two"),
        ("TOPIC #tea :one", "TOPIC #tea :two"),
        ("KICK #tea bob", "TOPIC #tea :two"),
        ("MODE #tea +v bob", "KICK #tea bob"),
        ("PART #tea", "JOIN #tea"),
        ("JOIN #cake", "MODE #cake +s"),
        ("JOIN #cake", "PART #cake"),
    ],
)
@pytest.mark.parametrize("same_batch", [True, False])
def test_what_follows_a_failed_change_is_undone_with_it(
    harness: Harness, people: tuple[Person, Person], failing: str, following: str, same_batch: bool
) -> None:
    alice, _ = people
    with harness.one_batch(fails=True):
        alice.sends_unsettled(f"{failing}\r\n".encode())
        if same_batch:
            alice.sends_unsettled(f"{following}\r\n".encode())
    if not same_batch:
        alice.sends_unsettled(f"{following}\r\n".encode())  # before anybody has heard of the failure
    check(harness)
    told = {code_of(line) for line in alice.received()}
    assert "FAIL" in told
    assert not told & {"JOIN", "PART", "KICK", "MODE", "TOPIC"}
    for line in (failing, following):  # and now both are done
        alice.sends(line)
    check(harness)
    assert "FAIL" not in {code_of(line) for line in alice.received()}


@pytest.mark.parametrize("same_batch", [True, False])
def test_who_was_let_in_by_what_is_not_on_the_record_is_out_again(
    harness: Harness, people: tuple[Person, Person], same_batch: bool
) -> None:
    """The invitation is gone with the record of it, however far it was used; what was there before is as it was."""
    alice, _ = people
    carol, dave = harness.person("carol"), harness.person("dave")
    harness.account("erin", PASSWORD)
    alice.sends("MODE #tea +i", "INVITE dave #tea", "INVITE bob #tea")
    alice.received()
    carol.sends("KNOCK #tea :me")
    alice.received()
    live = harness.hub.rooms["#tea"]
    invited, knocks = dict(live.invited), dict(live.knocks)
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"INVITE carol #tea\r\nINVITE erin #tea\r\nINVITE dave #tea\r\n")
        if same_batch:
            carol.sends_unsettled(b"JOIN #tea\r\n")
    if not same_batch:
        carol.sends_unsettled(b"JOIN #tea\r\n")  # before anybody has heard of the failure
    check(harness)
    assert {code_of(line) for line in alice.received()} == {"FAIL"}
    assert "JOIN" not in carol.codes()
    assert (live.invited, live.knocks) == (invited, knocks)
    assert [code_of(line) for line in carol.answers("JOIN #tea")] == ["473"]
    assert not any(" INVITE " in line for line in arrives(harness, "erin")), "nobody is waited for"
    assert any(" JOIN #tea" in line for line in dave.answers("JOIN #tea"))
    alice.sends("INVITE carol #tea")
    assert any(" JOIN #tea" in line for line in carol.answers("JOIN #tea"))
    check(harness)


def test_whoever_was_waited_for_before_is_still(harness: Harness, people: tuple[Person, Person]) -> None:
    alice, _ = people
    harness.account("erin", PASSWORD)
    alice.sends("MODE #tea +i", "INVITE erin #tea")
    with harness.disk_full():
        alice.sends("INVITE erin #tea")
    assert ":alice!alice@securechat INVITE erin #tea" in arrives(harness, "erin")


def arrives(harness: Harness, name: str) -> list[str]:
    """What somebody is told at the login."""
    one = harness.connection()
    plain = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
    one.sends("CAP REQ :sasl", f"NICK {name}", f"USER {name} 0 * :x", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}")
    one.sends("CAP END")
    return one.received()


def test_what_is_on_disk_is_forgotten_from_the_left_and_the_rest_undone_from_the_last_to_the_first(
    harness: Harness,
) -> None:
    pending = harness.hub.journal
    assert isinstance(pending, PendingChanges)
    undone: list[int] = []
    made = []
    with harness.one_batch(fails=True):
        for number in range(6):
            event = Event(Kind.TOPIC, harness.time, Source("", "", ""), 7, "#none", "text")
            entry = Publication(event, NOBODY, None, undo=partial(undone.append, number))
            with harness.hub.lock:
                pending.submit(entry)
            made.append(entry)
            if number == 1:
                waiting = pending._pending[7]
                for stored in made:
                    stored.undo = None  # as delivery does
        assert pending._pending[7] is waiting
        assert [entry for entry, _ in waiting] == made[2:]
        made[4].undo = None  # in the midst: kept until those before it are settled, but not undone
    harness.settle()
    assert undone == [5, 3, 2]
    assert 7 not in pending._pending


def test_only_the_conversation_where_it_failed_is_touched(harness: Harness, people: tuple[Person, Person]) -> None:
    alice, _ = people
    alice.answers("JOIN #cake")
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"TOPIC #tea :lost\r\n")
    alice.sends_unsettled(b"TOPIC #cake :stored\r\nPRIVMSG #tea :said\r\n")
    check(harness)
    assert harness.hub.rooms["#cake"].room.topic == "stored"
    assert harness.hub.rooms["#tea"].room.topic == ""


def test_a_moderator_who_was_not_made_one_is_none_after_coming_back(
    harness: Harness, people: tuple[Person, Person]
) -> None:
    alice, bob = people
    again = harness.connection()
    again.sends(
        "CAP LS 302", "NICK bob", "USER bob 0 * :b", "CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {PLAIN}"
    )
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"MODE #tea +o bob\r\n")
        with harness.hub.lock:
            end_session(harness.hub, bob.session, "Connection closed by the client")
        again.sends_unsettled(b"CAP END\r\n")
    check(harness)
    (user,) = (user for user in harness.hub.rooms["#tea"].members if user.nick == "bob")
    assert harness.hub.rooms["#tea"].members[user] == RoomRole.MEMBER


def test_an_account_can_log_in_after_what_it_did_in_a_room_that_never_was(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"JOIN #new\r\nMODE #new +v alice\r\nQUIT\r\n")
    check(harness)
    again = harness.person("alice", password=PASSWORD)
    assert code_of(again.answers("JOIN #new")[0]) == "JOIN"
    check(harness)


@pytest.mark.parametrize("login", ["bob", "alice", ""])
@pytest.mark.parametrize("following", ["", "JOIN #tea", "NICK guesty", "QUIT"])
def test_a_guest_who_was_not_kicked_and_logs_in_meanwhile(
    harness: Harness, people: tuple[Person, Person], login: str, following: str
) -> None:
    """Bob is a member of the room who is not here, alice is one who is; carol is none: she is told that she is out."""
    alice, bob = people
    harness.account("carol", PASSWORD)
    bob.sends("QUIT")
    guest = harness.person("guest")
    guest.session.certificate_account = login or "carol"
    guest.session.certificate_ends = harness.time + 1_000_000
    guest.sends("JOIN #tea")
    for one in (alice, guest):
        one.received()
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"KICK #tea guest\r\n")
        for line in ("AUTHENTICATE EXTERNAL", "AUTHENTICATE +", following):
            guest.sends_unsettled(f"{line}\r\n".encode())
    check(harness)
    hub = harness.hub
    user = guest.session.user
    here = user is not None and user in hub.rooms["#tea"].members
    if following != "QUIT":
        assert here is bool(login or following == "JOIN #tea")
        names = alice.answers("NAMES #tea")[-2]
        assert (f" {guest.session.shown_nick}" in names.replace("@", "")) is here
        gone = "PART #tea :It could not be stored"
        assert any(gone in line for line in guest.received()) is (not login)
    guest.sends("JOIN #tea")
    check(harness)
