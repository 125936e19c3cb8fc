"""`securechat-admin room role` and `room set`: what is done, seen, refused and recorded."""

import pytest

from securechat.domain.roles import KINDS, STANDINGS, ListEntry
from securechat.server.operations import perform
from securechat.server.presence import MOST_MASKS
from tests.server.harness import Harness
from tests.server.management.test_rooms import console, done, member, record, refused


def roles(harness: Harness) -> dict[str, list[str]]:
    """What everybody in the room is, as a script reads it."""
    answer = perform(console(harness), {"operation": "room members", "room": "tea"})
    return {one["name"]: list(one["roles"]) for one in answer["result"]}


def test_roles_are_given_in_words_to_whoever_is_here_or_not(harness: Harness) -> None:
    anna, _ = member(harness, "anna"), member(harness, "bob")
    member(harness, "carl").vanishes()
    anna.received()
    shown = {
        "moderator": [":chat.test MODE #tea +o bob"],
        "owner": [":chat.test MODE #tea +o bob"],
        "reader": [":chat.test MODE #tea -o+b bob m:a:bob"],
        "member": [":chat.test MODE #tea -b m:a:bob"],
    }
    assert set(shown) == set(STANDINGS)
    for word, lines in shown.items():
        told = f"In tea, bob is now: {word}."
        assert done(harness, "room role", room="tea", name="BOB", role=word.upper(), reason="why not") == told
        assert anna.received() == lines
        assert roles(harness)["bob"] == [word]
    assert done(harness, "room role", room="tea", name="carl", role="reader") == "In tea, carl is now: reader."
    anna.sends("MODE #tea +v bob")
    assert roles(harness) == {"anna": ["owner"], "bob": ["member", "voiced"], "carl": ["reader"]}
    assert record(harness)[:4] == [
        "root room role bob #tea +o moderator why not",
        "root room role bob #tea +o owner why not",
        "root room role bob #tea -o reader why not",
        "root room mask m:a:bob #tea +b why not",
    ]


def test_an_owner_is_no_owner_any_more(harness: Harness) -> None:
    """Who has lost their way with a room is no obstacle to an administrator."""
    member(harness, "anna")
    assert done(harness, "room role", room="tea", name="anna", role="member") == "In tea, anna is now: member."
    assert roles(harness) == {"anna": ["member"]}


def test_the_kind_of_a_room(harness: Harness) -> None:
    anna = member(harness, "anna")
    for word, modes in (("private", "+is"), ("announcement", "-is+m"), ("open", "-m")):
        told = f"tea is now a room of this kind: {word}. {KINDS[word].summary}."
        assert done(harness, "room set", room="tea", kind=word.title()).startswith(told)
        assert anna.received() == [f":chat.test MODE #tea {modes}"]
        listed = perform(console(harness), {"operation": "room list"})["result"]
        assert {one["name"]: one["kind"] for one in listed} == {"general": "open", "tea": word}
    anna.sends("MODE #tea +i")
    line = next(one for one in done(harness, "room list").splitlines() if one.startswith("tea"))
    assert line.split()[1] == "other"


def test_what_newcomers_read(harness: Harness) -> None:
    anna = member(harness, "anna")
    told = done(harness, "room set", room="tea", history="Joined")
    assert told.endswith(
        "of this kind: open. Anybody on the server may come in and write. "
        "Newcomers read what is said from their joining on."
    )
    assert done(harness, "room set", room="tea", kind="private", history="none", reason="why not").endswith("missed.")
    assert anna.received() == [":chat.test MODE #tea +H joined", ":chat.test MODE #tea +isH none"]
    assert "Rules    invite only, secret, history none" in done(harness, "room show", room="tea").splitlines()
    anna.sends("MODE #tea +m")
    told = done(harness, "room set", room="tea", history="all")
    assert told == "tea is now a room of this kind: other. Newcomers read all that was ever said there."
    assert record(harness)[-1] == "root room rule  #tea -H"
    assert "root room rule  #tea +H none why not" in record(harness)


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "room role",
            {"name": "bob", "role": "king"},
            "unknown_role: The roles in a room are: owner, moderator, member",
        ),
        ("room role", {"name": "zoe", "role": "reader"}, "not_in_room: zoe is not in tea."),
        ("room role", {"name": "bob", "role": "member"}, "nothing_to_do: bob is that already in tea."),
        ("room role", {"name": "bob", "role": "reader", "reason": "x\n"}, "bad_reason: "),
        ("room set", {}, "unknown_kind: Say what kind of room it is to be: --kind open|private|announcement."),
        ("room set", {"kind": "cosy"}, "unknown_kind: "),
        ("room set", {"kind": "open"}, "nothing_to_do: tea is that already."),
        ("room set", {"kind": "cosy", "history": "none"}, "unknown_kind: "),
        (
            "room set",
            {"history": "some"},
            "unknown_history: Say what newcomers are to read: --history all|joined|none.",
        ),
        ("room set", {"history": "all"}, "nothing_to_do: tea is that already."),
        ("room set", {"room": "none", "kind": "open"}, "no_such_room: "),
    ],
)
def test_what_is_refused(harness: Harness, operation: str, parameters: dict[str, object], expected: str) -> None:
    member(harness, "anna")
    member(harness, "bob")
    assert refused(harness, operation, **{"room": "tea"} | parameters).startswith(expected)
    assert record(harness) == []


def test_other_masks_and_a_full_list_stand_in_the_way(harness: Harness) -> None:
    anna, _ = member(harness, "anna"), member(harness, "bob")
    anna.sends("MODE #tea +b m:*!*@*")
    overruled = refused(harness, "room role", room="tea", name="bob", role="member")
    assert (
        overruled == "role_overruled: Other masks of tea say otherwise about bob. See: securechat-admin room bans tea"
    )
    anna.sends("MODE #tea -b+b m:*!*@* x!*@*")
    harness.hub.rooms["#tea"].room.lists["b"] *= MOST_MASKS
    assert refused(harness, "room role", room="tea", name="bob", role="reader").startswith("list_full: tea has ")


def test_administrators_do_it_over_irc_in_rooms_that_they_are_not_in(harness: Harness) -> None:
    member(harness, "bob")
    harness.account("root", administrator=True)
    root = harness.person("root", password="correct horse")
    answer = root.answers("MANAGE room set tea --kind private")
    told = f"tea is now a room of this kind: private. {KINDS['private'].summary}. Newcomers read all that was ever "
    assert answer == [f":chat.test NOTE MANAGE RESULT :{told}said there."]
    assert root.answers("MANAGE room role tea bob reader") == [
        ":chat.test NOTE MANAGE RESULT :In tea, bob is now: reader."
    ]


def test_a_mask_that_would_be_refused_now_can_be_taken_off_the_list(harness: Harness) -> None:
    anna = member(harness, "anna")
    harness.hub.rooms["#tea"].room.lists["b"] = [ListEntry("a:!*@*", "anna!anna@securechat", 1)]
    assert any(" 696 " in line for line in anna.answers("MODE #tea +b m:"))
    assert anna.answers("MODE #tea -b a:") == [":anna!anna@securechat MODE #tea -b a:!*@*"]
