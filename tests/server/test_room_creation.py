"""Who may make rooms (`access.room_creation`), by every way that leads to one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server.commands.accounts import _make_room
from tests.server.harness import Harness, Person, running

PASSWORD = "correct horse"
REFUSED = (
    ":chat.test 403 {} {} :There is no room of that name that you may enter as you ask, and only administrators make "
    "rooms here"
)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Harness]:
    """A server where only administrators make rooms."""
    with running(tmp_path, access__room_creation="administrators") as harness:
        yield harness


def member(harness: Harness, name: str, *, administrator: bool = False) -> Person:
    """Somebody with an account."""
    if name not in harness.hub.accounts:
        harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, password=PASSWORD)


def rooms(harness: Harness) -> list[str]:
    return sorted(harness.hub.rooms)


def test_only_administrators_make_rooms_by_going_in(strict: Harness) -> None:
    guest, bob, root = strict.person("guest"), member(strict, "bob"), member(strict, "root", administrator=True)
    for one in (guest, bob):
        assert one.answers("JOIN #new") == [REFUSED.format(one.session.nick, "#new")]
    root.sends("MODE root -o")
    root.received()
    assert root.answers("JOIN #new") == [REFUSED.format("root", "#new")]
    assert rooms(strict) == ["#general"]
    again = member(strict, "root")
    again.sends("QUIT")
    root.sends("QUIT")
    member(strict, "root").sends("JOIN #new")
    assert rooms(strict) == ["#general", "#new"]
    assert " JOIN #new" in bob.answers("JOIN #new")[0]


def test_powers_that_oper_gave_are_enough(strict: Harness) -> None:
    strict.account("root", PASSWORD, administrator=True)
    bob = member(strict, "bob")
    bob.sends(f"OPER root :{PASSWORD}", "JOIN #new")
    assert rooms(strict) == ["#general", "#new"]


def test_a_refused_room_counts_for_no_limit(tmp_path: Path) -> None:
    with running(tmp_path, access__room_creation="administrators", limits__rooms_per_hour=1) as harness:
        bob = member(harness, "bob")
        for number in range(3):
            assert bob.answers(f"JOIN #n{number}") == [REFUSED.format("bob", f"#n{number}")]


@pytest.mark.parametrize("maker", ["", "root"], ids=["the machine", "an administrator"])
def test_an_invite_makes_a_room_as_its_maker_may(strict: Harness, maker: str) -> None:
    member(strict, "root", administrator=True)
    strict.invite("token", rooms=("#new",), maker=strict.hub.accounts[maker].id if maker else 0)
    new = strict.connection()
    new.sends("CAP LS 302", "CAP REQ :draft/account-registration", "PASS token")
    new.sends("NICK nora", "USER nora 0 * :Nora", f"REGISTER * * :{PASSWORD}", "CAP END")
    assert rooms(strict) == ["#general", "#new"]


def test_an_invite_whose_maker_may_not_any_more_makes_none(strict: Harness) -> None:
    """The account is made at the moment when its maker still may; the room would be a moment later."""
    bob = member(strict, "bob")
    strict.invite("token", rooms=("#new",), maker=strict.hub.accounts["bob"].id)
    known, user = strict.hub.invites.of("token"), bob.session.user
    assert known is not None
    assert user is not None
    with strict.hub.lock:
        assert _make_room(strict.hub, known, user.source, "#new").room.name == "#general"
    assert rooms(strict) == ["#general"]


def test_where_everybody_makes_rooms_nothing_is_hidden_more_than_before(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna")[0], harness.person("bob")
    anna.sends("MODE #tea +is")
    assert bob.answers("JOIN #tea")[0].startswith(":chat.test 473 bob #tea :")


@pytest.mark.parametrize("modes", ["+is", "+sk key", "+sl 1", "+sL", "+sb *!*@*"])
def test_a_secret_room_that_is_closed_is_refused_as_one_that_is_not_there(strict: Harness, modes: str) -> None:
    root, bob = member(strict, "root", administrator=True), member(strict, "bob")
    root.sends("JOIN #Vault", f"MODE #Vault {modes}")
    for name in ("#vault", "#VAULT", "#nothing", "#vau1t"):
        assert bob.answers(f"JOIN {name}") == [REFUSED.format("bob", name)]
    root.sends("MODE #Vault -s")
    (refusal,) = bob.answers("JOIN #vault")
    assert " 403 " not in refusal, "a room that everybody may know of says which door is closed"


def test_who_shows_a_good_invite_is_told_what_is_in_the_way(strict: Harness) -> None:
    root, bob = member(strict, "root", administrator=True), member(strict, "bob")
    root.sends("JOIN #vault", "MODE #vault +sb bob!*@*")
    strict.invite("token-of_22_characters", rooms=("#vault",))
    assert bob.answers("JOIN #vault token-of_22_characters")[0].startswith(":chat.test 474 bob #vault :")
