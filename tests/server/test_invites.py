"""Invites where they are shown: one decision for REGISTER and for JOIN, and what each refusal tells to whom."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.links import NO_INVITE
from securechat.server.invites import MOST_DEAD, digest_of
from tests.server.harness import Harness, Person, running

PASSWORD = "correct horse"
TOKEN = "t0ken_of-22_characters"
OTHER = "another0ne-of_22_chars"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with running(tmp_path) as made:
        yield made


def present(harness: Harness, name: str, *, administrator: bool = False) -> Person:
    harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, password=PASSWORD)


def owner(harness: Harness, modes: str = "+is", room: str = "#tea") -> Person:
    """Somebody who owns a room with these modes."""
    one = present(harness, "anna")
    one.sends(f"JOIN {room}", f"MODE {room} {modes}")
    one.received()
    return one


def invite(harness: Harness, token: str = TOKEN, room: str = "#tea", **changes: object) -> None:
    maker = harness.hub.accounts.get("anna")
    harness.invite(token, **{"rooms": (room,), "maker": maker.id if maker is not None else 0} | changes)


def enters(one: Person, room: str = "#tea", token: str = TOKEN) -> bool:
    """Whether they come in by the token."""
    return any(line.split()[1] == "366" for line in one.answers(f"JOIN {room} {token}"))


def uses_left(harness: Harness) -> list[int]:
    """What memory and disk say of the uses, which is the same; newest first."""
    stored = [one.uses_left for one in harness.database.read(lambda unit: unit.invites.all())]
    assert stored == [one.uses_left for one in reversed(harness.hub.invites.all())]
    return stored


def register(harness: Harness, token: str, name: str = "new") -> str:
    """Make an account with a token; the first line of the answer."""
    one = harness.connection()
    one.sends("CAP REQ :draft/account-registration", f"NICK {name}", f"USER {name} 0 * :N", f"PASS {token}")
    one.received()
    return one.answers(f"REGISTER * * :{PASSWORD}")[0]


# The doors


@pytest.mark.parametrize("modes", ["+i", "+s", "+is", "+k key", "+isk key"])
def test_an_account_enters_a_closed_room_by_a_link(harness: Harness, modes: str) -> None:
    owner(harness, modes)
    invite(harness, uses=2)
    bob = present(harness, "bob")
    assert enters(bob)
    assert harness.hub.memberships[harness.hub.accounts["bob"].id]


def test_a_room_that_is_open_anyway_takes_no_use(harness: Harness) -> None:
    owner(harness, "-i")
    invite(harness)
    assert enters(present(harness, "bob"))
    assert uses_left(harness) == [1]


def test_one_use_is_one_account(harness: Harness) -> None:
    owner(harness)
    invite(harness, uses=2)
    bob, carl, eve = (present(harness, name) for name in ("bob", "carl", "eve"))
    assert enters(bob)
    bob.sends("PART #tea")
    bob.received()
    assert enters(bob)
    assert uses_left(harness) == [1]
    assert enters(carl)
    assert not enters(eve)
    bob.sends("PART #tea")
    bob.received()
    assert enters(bob)  # theirs still
    assert uses_left(harness) == [0]


def test_uses_are_known_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        owner(harness)
        invite(harness)
        bob = present(harness, "bob")
        assert enters(bob)
        bob.sends("PART #tea")
    with running(tmp_path) as harness:
        bob, eve = harness.person("bob", password=PASSWORD), present(harness, "eve")
        assert enters(bob)
        assert not enters(eve)


@pytest.mark.parametrize(
    ("modes", "code"), [("+b bob!*@*", "474"), ("+l 1", "471"), ("+L", "437")], ids=["banned", "full", "locked"]
)
def test_a_ban_and_a_limit_are_not_opened(harness: Harness, modes: str, code: str) -> None:
    anna = owner(harness)
    invite(harness)
    anna.sends(f"MODE #tea {modes}")
    (line,) = present(harness, "bob").answers(f"JOIN #tea {TOKEN}")
    assert f" {code} bob #tea :" in line
    assert uses_left(harness) == [1]


def test_a_ban_keeps_out_whoever_registers_with_an_invite(harness: Harness) -> None:
    anna = owner(harness)
    invite(harness, maker=0)
    anna.sends("MODE #tea +b new!*@*")
    assert "REGISTER SUCCESS" in register(harness, TOKEN)
    assert not harness.hub.memberships[harness.hub.accounts["new"].id]


def test_what_could_not_be_stored_gives_the_use_back(harness: Harness) -> None:
    owner(harness)
    invite(harness)
    bob = present(harness, "bob")
    with harness.disk_full():
        assert not enters(bob)
    assert uses_left(harness) == [1]
    bob.received()
    assert enters(bob)
    assert uses_left(harness) == [0]


def test_what_the_disk_refuses_is_undone(harness: Harness) -> None:
    """Revoked at the machine, and the hub has not heard of it yet."""
    owner(harness)
    invite(harness)
    harness.journal.call(lambda unit: unit.invites.revoke(1)).result(20)
    bob = present(harness, "bob")
    assert "NOT_STORED" in bob.answers(f"JOIN #tea {TOKEN}")[-1]
    assert not harness.hub.memberships[harness.hub.accounts["bob"].id]
    assert uses_left(harness) == [1]


def test_of_register_and_join_at_once_one_gets_the_only_use(harness: Harness) -> None:
    owner(harness)
    invite(harness, maker=0)
    bob, one = present(harness, "bob"), harness.connection()
    one.sends("CAP REQ :draft/account-registration", "NICK new", "USER new 0 * :N", f"PASS {TOKEN}")
    one.received()
    harness.workers.put_off()
    one.sends(f"REGISTER * * :{PASSWORD}")
    assert not enters(bob)
    harness.workers.work()
    harness.settle()
    assert "REGISTER SUCCESS" in one.received()[0]
    assert uses_left(harness) == [0]


def test_a_link_leads_to_its_room_whatever_that_is_called(harness: Harness) -> None:
    anna, bob, carl = owner(harness), present(harness, "bob"), present(harness, "carl")
    invite(harness, uses=2)
    anna.sends("RENAME #tea #coffee")
    anna.sends("RENAME #coffee #cocoa")
    named, joined, *_ = bob.answers(f"JOIN #tea {TOKEN}")  # the name in the link
    assert named == ":chat.test 470 bob #tea #cocoa :The room has another name now"
    assert joined.endswith("JOIN #cocoa")
    assert bob.answers(f"JOIN #tea {TOKEN}") == [named], "now they are in it"
    assert enters(carl, "#cocoa")
    assert "#tea" not in harness.hub.rooms
    present(harness, "eve").sends("JOIN #tea", "MODE #tea +is")
    bob.received()
    assert bob.answers(f"JOIN #tea {TOKEN}") == [named], "whatever else is called so"
    dan = present(harness, "dan")
    harness.invite(OTHER, rooms=("#cocoa",))
    assert "INVITE_UNKNOWN" in dan.answers(f"JOIN #tea {OTHER}")[0]


def test_an_invite_into_a_room_that_is_gone_is_dead(harness: Harness) -> None:
    owner(harness)
    invite(harness)
    live = harness.hub.rooms["#tea"]
    with harness.hub.lock:  # as a deletion leaves it
        del harness.hub.rooms["#tea"], harness.hub.rooms_by_id[live.room.id]
    present(harness, "eve").sends("JOIN #tea2")
    assert "INVITE_UNKNOWN" in present(harness, "bob").answers(f"JOIN #tea {TOKEN}")[0]
    assert "#tea" not in harness.hub.rooms


def test_an_invite_waits_for_its_room(harness: Harness) -> None:
    harness.invite(TOKEN, rooms=("#tea",))
    with harness.disk_full():
        present_before = harness.person("guest")
        present_before.sends("JOIN #tea")
    assert harness.hub.invites.all()[0].invite.room_ids == (0,)
    anna = owner(harness)
    anna.sends("RENAME #tea #coffee")
    assert harness.hub.invites.all()[0].invite.room_ids == (harness.hub.rooms["#coffee"].room.id,)
    assert enters(present(harness, "bob"), "#coffee")


# Who made it


def loses_role(harness: Harness, anna: Person) -> None:
    anna.sends("MODE #tea -o anna", "PART #tea")


def is_suspended(harness: Harness, anna: Person) -> None:
    harness.hub.accounts["anna"].suspended = True


@pytest.mark.parametrize("ends", [loses_role, is_suspended])
def test_an_invite_works_as_long_as_its_maker_may_invite(
    harness: Harness, ends: Callable[[Harness, Person], None]
) -> None:
    anna, bob = owner(harness, "+i"), present(harness, "bob")
    keeper = harness.person("keeper")
    anna.sends("INVITE keeper #tea")
    keeper.sends("JOIN #tea")
    anna.sends("MODE #tea +o keeper")
    invite(harness)
    ends(harness, anna)
    assert "INVITE_REVOKED #tea :The invite was taken back, or whoever made it" in bob.answers(f"JOIN #tea {TOKEN}")[0]
    harness.hub.accounts["anna"].suspended = False
    harness.hub.memberships[harness.hub.accounts["anna"].id][harness.hub.rooms["#tea"].room.id] = 33  # type: ignore[assignment]
    assert enters(bob)


# What a refusal tells

Show = Callable[[Harness], None]
STATES: dict[str, tuple[dict[str, object] | None, str]] = {
    "wrong": (None, "INVITE_UNKNOWN"),
    "used": ({"uses": 0}, "INVITE_USED"),
    "expired": ({"expires": 1}, "INVITE_EXPIRED"),
    "revoked": ({}, "INVITE_REVOKED"),
    "withdrawn": ({"maker": 99}, "INVITE_REVOKED"),
    "of another room": ({"rooms": ("#general",)}, "INVITE_UNKNOWN"),
}
"""How an invite can be no good, and what whoever may know the room is told."""


def in_state(harness: Harness, state: str) -> None:
    changes = STATES[state][0]
    if changes is not None:
        invite(harness, **changes)  # type: ignore[arg-type]
    if state == "revoked":
        harness.hub.invites.revoke([1])


@pytest.mark.parametrize("state", STATES)
def test_a_stranger_is_told_the_same_whatever_is_wrong_as_if_there_were_no_room(harness: Harness, state: str) -> None:
    owner(harness)
    in_state(harness, state)
    bob = present(harness, "bob")
    hidden, absent = bob.answers(f"JOIN #tea {TOKEN}"), bob.answers(f"JOIN #ten {TOKEN}")
    assert [line.replace("#tea", "#ten") for line in hidden] == absent
    text = (
        "This invite does not open a room of that name: it may be used up, expired or taken back, the room may "
        "be gone, or the link was cut. Ask whoever gave it to you"
    )
    assert absent == [f":chat.test FAIL JOIN INVITE_UNKNOWN #ten :{text}"]
    assert "#ten" not in harness.hub.rooms


@pytest.mark.parametrize("state", STATES)
def test_who_may_know_the_room_is_told_why(harness: Harness, state: str) -> None:
    owner(harness, "+i")
    in_state(harness, state)
    (line,) = present(harness, "bob").answers(f"JOIN #tea {TOKEN}")
    assert line.startswith(f":chat.test FAIL JOIN {STATES[state][1]} #tea :")


def test_a_guest_is_told_to_log_in(harness: Harness) -> None:
    owner(harness)
    invite(harness)
    (line,) = harness.person("guest").answers(f"JOIN #tea {TOKEN}")
    assert line == (
        ":chat.test FAIL JOIN ACCOUNT_REQUIRED #tea :An invite lets accounts in, not guests; log in first, or make an "
        "account"
    )


def test_an_ordinary_key_is_what_it_was(harness: Harness) -> None:
    owner(harness, "+k key")
    bob = present(harness, "bob")
    assert " 475 bob #tea :" in bob.answers("JOIN #tea wrong")[0]
    assert " 366 " in bob.answers("JOIN #tea key")[-1]
    assert " 366 " in bob.answers("JOIN #new key")[-1]
    assert " 474 " not in bob.answers(f"JOIN #general {TOKEN}")[-1]  # open to all, with whatever token


def test_by_what_is_no_invite_whoever_may_comes_in_and_makes_no_room(harness: Harness) -> None:
    """What a client shows that only wants to read: it must not make a room whose name was mistyped."""
    anna, bob = owner(harness, "+is"), present(harness, "bob")
    anna.sends("JOIN #open", "PART #open", "JOIN #open")
    for room in ("#typo", "#tea"):  # none, and one that is closed and hidden: the same to an outsider
        (answer,) = bob.answers(f"JOIN {room} {NO_INVITE}")
        assert answer.startswith(f":chat.test FAIL JOIN INVITE_UNKNOWN {room} :")
    assert harness.hub.find_room("#typo") is None
    assert enters(bob, "#open", NO_INVITE)
    anna.sends("INVITE bob #tea")
    assert enters(bob, "#tea", NO_INVITE)
    assert bob.answers(f"JOIN #tea {NO_INVITE}") == []  # in it already


def test_a_key_that_looks_like_a_token_opens_its_room(harness: Harness) -> None:
    owner(harness, f"+k {TOKEN}")
    assert enters(present(harness, "bob"))


# Everything together: registration policy x state of the invite x who shows it x kind of room

POLICIES = ("closed", "invite", "open")
MAKERS = ("leader", "administrator")
ROOMS = {"open": "-i", "closed": "+i", "secret": "+is"}


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_state_account_and_room(tmp_path: Path, policy: str) -> None:
    with running(tmp_path, access__registration=policy) as harness:
        harness.account("root", PASSWORD, administrator=True)
        anna = present(harness, "anna")
        cases = itertools.product(("good", "for members", *STATES), MAKERS, ROOMS)
        for number, (state, maker, kind) in enumerate(cases):
            room, token = f"#room{number}x{number * 7}", f"token-of_22_chars_{number:04d}"
            anna.sends(f"JOIN {room}", f"MODE {room} {ROOMS[kind]}")
            changes = {"good": {}, "for members": {"newcomers": False}}.get(state) or STATES.get(state, ({}, ""))[0]
            name = {"leader": "anna", "administrator": "root"}[maker]
            if changes is not None:
                harness.invite(token, **{"rooms": (room,), "maker": harness.hub.accounts[name].id} | changes)
            if state == "revoked":
                harness.hub.invites.revoke([harness.hub.invites.all()[-1].invite.id])
            works = state in ("good", "for members")
            joins = works or kind == "open"
            registers = policy != "closed" and (
                (state == "good" and (policy == "open" or maker == "administrator"))
                or (state == "for members" and policy == "open")
                or (state == "of another room" and (policy == "open" or maker == "administrator"))
                or (state == "withdrawn" and policy == "open")
            )
            facts = (policy, state, maker, kind)
            newcomer = f"new{number}"
            assert ("REGISTER SUCCESS" in register(harness, token, newcomer)) is registers, facts
            if registers:
                inside = harness.hub.rooms[room].room.id in harness.hub.memberships[harness.hub.accounts[newcomer].id]
                leads_there = state != "of another room" and (works or kind == "open")
                assert inside is leads_there, facts
            # One use each: whoever could not register has not taken it.
            member = present(harness, f"old{number}")
            used = registers and works
            assert enters(member, room, token) is (joins if kind == "open" else joins and not used), facts


def test_the_newest_that_are_no_good_are_remembered(harness: Harness) -> None:
    for number in range(3):
        harness.invite(f"dead{number}", uses=0)
    harness.invite("good")
    known = harness.hub.invites
    known.forget_dead(harness.time)
    assert len(known.all()) == 4
    rows = harness.database.read(lambda unit: unit.invites.known(harness.time, 1))
    assert [digest for digest, _, _ in rows] == [digest_of("good"), digest_of("dead2")]
    assert MOST_DEAD == 1000
