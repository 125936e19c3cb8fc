"""ROLE and KIND: what members are and what kind a room is, in words."""

from collections.abc import Callable

import pytest

from securechat.domain.roles import KINDS, OTHER_KIND, STANDINGS, kind_of
from securechat.server.commands.standing import role
from securechat.server.presence import MOST_MASKS
from securechat.server.snapshot import take_snapshot
from tests.server.harness import Harness, Person, code_of

SERVER = ":chat.test"
ANNA = ":anna!anna@securechat"


@pytest.fixture
def tea(harness: Harness) -> Callable[[str], Person]:
    """#tea, which anna owns; what makes a member of somebody with an account."""

    def person(name: str) -> Person:
        harness.account(name)
        one = harness.person(name, password="correct horse")
        one.sends("JOIN #tea")
        one.received()
        return one

    return person


def is_now(one: Person, name: str) -> str:
    """What a member is told to be."""
    (line,) = one.answers(f"ROLE #tea {name}")
    assert line.startswith(f"{SERVER} NOTE ROLE ROOM_ROLE #tea {name} "), line
    return line.split()[6]


def test_the_roles_that_are_given_and_how_irc_shows_them(tea: Callable[[str], Person]) -> None:
    anna, bob = tea("anna"), tea("bob")
    anna.received()
    assert (is_now(anna, "anna"), is_now(bob, "bob")) == ("owner", "member")
    shown = {
        "moderator": [f"{ANNA} MODE #tea +o bob"],
        "owner": [f"{ANNA} MODE #tea +o bob"],
        "reader": [f"{ANNA} MODE #tea -o+b bob m:a:bob"],
        "member": [f"{ANNA} MODE #tea -b m:a:bob"],
    }
    for word, lines in shown.items():
        told = f"{SERVER} NOTE ROLE ROOM_ROLE #tea bob {word} :bob is {'an' if word == 'owner' else 'a'} {word} of #tea"
        assert anna.answers(f"ROLE #tea bob {word.title()}") == [*lines, told]
        assert anna.answers(f"ROLE #tea BOB {word}") == [told], "nothing changes, so nobody is told"
        assert bob.received() == lines
    assert set(shown) == set(STANDINGS)


def test_a_reader_reads_and_does_not_write(tea: Callable[[str], Person]) -> None:
    anna, bob = tea("anna"), tea("bob")
    anna.sends("MODE #tea +v bob", "ROLE #tea bob reader")
    assert f"{ANNA} MODE #tea -v+b bob m:a:bob" in bob.received()
    anna.sends("PRIVMSG #tea :read this")
    assert f"{ANNA} PRIVMSG #tea :read this" in bob.received()
    for line in ("PRIVMSG #tea :hi", "TOPIC #tea :hi"):
        assert code_of(bob.answers(line)[0]) in ("404", "482")


def test_a_reader_who_leaves_and_comes_back_is_one_still(tea: Callable[[str], Person]) -> None:
    anna, bob = tea("anna"), tea("bob")
    anna.sends("ROLE #tea bob reader")
    bob.sends("PART #tea", "JOIN #tea")
    anna.received()
    assert is_now(anna, "bob") == "reader"
    bob.vanishes()
    anna.received()
    assert is_now(anna, "bob") == "reader", "whether here or not"
    assert anna.answers("ROLE #tea bob member")[0] == f"{ANNA} MODE #tea -b m:a:bob"


def test_a_mute_for_good_makes_a_reader_and_its_end_a_member(tea: Callable[[str], Person]) -> None:
    anna, bob = tea("anna"), tea("bob")
    for line, expected in (
        ("MUTE #tea bob", "reader"),
        ("UNMUTE #tea bob", "member"),
        ("MODE #tea +b m:*!*@*", "reader"),
        ("MODE #tea +v bob", "member"),
        ("MODE #tea -bv m:*!*@* bob", "member"),
        ("MUTE #tea bob 2h", "member"),
        ("ROLE #tea bob reader", "reader"),
        ("MODE #tea -b m:a:bob", "member"),
    ):
        anna.sends(line)
        anna.received()
        assert is_now(anna, "bob") == expected, line
    assert bob.outlet.closed is None


def test_what_other_masks_say_is_not_overruled_in_silence(tea: Callable[[str], Person]) -> None:
    anna, _ = tea("anna"), tea("bob")
    text = "Other masks on the lists of the room say otherwise (MODE <room> b, MODE <room> e)"
    anna.sends("MODE #tea +e m:a:bob")
    anna.received()
    assert anna.answers("ROLE #tea bob reader") == [f"{SERVER} FAIL ROLE ROLE_OVERRULED #tea bob :{text}"]
    anna.sends("MODE #tea -e+b m:a:bob m:*!*@*")
    anna.received()
    assert anna.answers("ROLE #tea bob member") == [f"{SERVER} FAIL ROLE ROLE_OVERRULED #tea bob :{text}"]
    assert anna.answers("ROLE #tea bob moderator")[0] == f"{ANNA} MODE #tea +o bob"


def test_a_guest_can_be_a_reader_by_name(harness: Harness) -> None:
    anna, _gina = harness.members_of("#tea", "anna", "gina")
    assert anna.answers("ROLE #tea gina reader")[0] == f"{ANNA} MODE #tea +b m:gina!*@*"
    assert is_now(anna, "gina") == "reader"
    assert anna.answers("ROLE #tea gina member")[0] == f"{ANNA} MODE #tea -b m:gina!*@*"


def test_only_an_owner_makes_owners_and_takes_the_room_from_one(tea: Callable[[str], Person]) -> None:
    anna, bob, carol = tea("anna"), tea("bob"), tea("carol")
    anna.sends("ROLE #tea bob moderator")
    for one in (anna, bob, carol):
        one.received()
    refused = [f"{SERVER} 482 bob #tea :You're not channel operator"]
    for line in ("ROLE #tea carol owner", "ROLE #tea bob owner", "ROLE #tea anna reader", "ROLE #tea anna member"):
        assert bob.answers(line) == refused, line
    assert carol.answers("ROLE #tea carol moderator") == [f"{SERVER} 482 carol #tea :You're not channel operator"]
    assert bob.answers("ROLE #tea bob member")[0] == ":bob!bob@securechat MODE #tea -o bob"
    anna.received()
    assert anna.answers("ROLE #tea anna moderator")[0] == f"{ANNA} MODE #tea +o anna"
    anna.received()
    assert anna.answers("ROLE #tea anna owner") == [f"{SERVER} 482 anna #tea :You're not channel operator"]


def test_who_is_meant(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna = tea("anna")
    harness.account("zoe")
    eve = harness.person("eve")
    assert anna.answers("ROLE #tea nobody reader") == [f"{SERVER} 401 anna nobody :No such nick/channel"]
    assert anna.answers("ROLE #tea zoe") == [f"{SERVER} 441 anna zoe #tea :They are not in that room"]
    assert code_of(anna.answers("ROLE #none anna")[0]) == "403"
    assert code_of(eve.answers("ROLE #tea anna")[0]) == "442"
    assert anna.answers("ROLE #tea anna king") == [
        f"{SERVER} FAIL ROLE UNKNOWN_ROLE #tea king :The roles in a room are owner, moderator, member, reader"
    ]
    assert role.__doc__


def test_a_full_list_takes_no_reader(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna, _ = tea("anna"), tea("bob")
    live = harness.hub.rooms["#tea"]
    anna.sends("MODE #tea +b x!*@*")
    anna.received()
    live.room.lists["b"] *= MOST_MASKS
    assert [code_of(line) for line in anna.answers("ROLE #tea bob reader")] == ["478"]
    assert is_now(anna, "bob") == "member"


def test_what_is_given_is_on_the_record(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna, _ = tea("anna"), tea("bob")
    for word in ("moderator", "owner", "reader"):
        anna.sends(f"ROLE #tea bob {word}")
    rows = harness.database.read(lambda unit: unit.audit.page(0, 100))
    assert [(one.act, one.target, one.detail) for one in rows] == [
        ("room role", "bob", "+o moderator"),
        ("room role", "bob", "+o owner"),
        ("room role", "bob", "-o reader"),
        ("room mask", "m:a:bob", "+b"),
    ]


def test_roles_last(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna, *_ = tea("anna"), tea("bob"), tea("carol")
    anna.sends("ROLE #tea bob owner", "ROLE #tea carol reader")
    found = harness.database.read(take_snapshot)
    (room,) = (one for one in found.rooms if one.name == "#tea")
    roles = {account: roles for account, room_id, roles in found.memberships if room_id == room.id}
    assert roles == {
        harness.hub.accounts[name].id: harness.hub.memberships[harness.hub.accounts[name].id][room.id]
        for name in ("anna", "bob", "carol")
    }
    assert [one.mask for one in room.lists["b"]] == ["m:a:carol"]


def test_nothing_that_is_not_stored_has_happened(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna, bob = tea("anna"), tea("bob")
    anna.received()
    with harness.disk_full():
        anna.sends("ROLE #tea bob reader", "KIND #tea private")
        lines = anna.received()
    assert [line for line in lines if "NOTE" in line] == []
    assert is_now(anna, "bob") == "member"
    assert anna.answers("KIND #tea")[0].split()[5] == "open"
    assert bob.received() == []


# KIND


def test_the_kinds_are_names_of_modes(tea: Callable[[str], Person]) -> None:
    anna = tea("anna")
    for word, modes in (("private", "+is"), ("announcement", "-is+m"), ("open", "-m")):
        changed, told = anna.answers(f"KIND #tea {word.upper()}")
        assert (changed, told) == (
            f"{ANNA} MODE #tea {modes}",
            f"{SERVER} NOTE KIND ROOM_KIND #tea {word} :{KINDS[word].summary}",
        )
        assert anna.answers(f"KIND #tea {word}") == anna.answers("KIND #tea") == [told]
    anna.sends("MODE #tea +s")
    anna.received()
    assert anna.answers("KIND #tea") == [
        f"{SERVER} NOTE KIND ROOM_KIND #tea other :A room with modes of its own: MODE #tea"
    ]


def test_the_kind_is_that_of_the_modes_whoever_has_set_them(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna = tea("anna")
    for modes, word in (
        ("+i", OTHER_KIND),
        ("+s", "private"),
        ("+m", OTHER_KIND),
        ("-is", "announcement"),
        ("-m", "open"),
    ):
        anna.sends(f"MODE #tea {modes}")
        anna.received()
        assert kind_of(harness.hub.rooms["#tea"].room.rules) == word
        assert anna.answers("KIND #tea")[0].split()[5] == word


def test_who_may_change_the_kind(harness: Harness, tea: Callable[[str], Person]) -> None:
    anna, bob = tea("anna"), tea("bob")
    eve = harness.person("eve")
    assert bob.answers("KIND #tea private") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert code_of(eve.answers("KIND #tea private")[0]) == "442"
    assert eve.answers("KIND #tea")[0].split()[5] == "open"
    anna.received()
    assert anna.answers("KIND #tea cosy") == [
        f"{SERVER} FAIL KIND UNKNOWN_KIND #tea cosy :The kinds of rooms are open, private, announcement"
    ]
    anna.sends("KIND #tea private")
    assert code_of(eve.answers("KIND #tea")[0]) == "403"
