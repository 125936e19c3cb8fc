"""Which names there can be, and when two of them are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.errors import InvalidName
from securechat.names import (
    NICK_BYTES,
    ROOM_NAME_BYTES,
    check_nick,
    check_room_name,
    fold,
    room_to_people,
    room_to_wire,
)

FORBIDDEN_IN_NICKS = " ,:!@#&*?.$+%~/\0\r\n\x1b\u202e\u200b"
FORBIDDEN_IN_ROOMS = " ,:*?!@\x07\0\r\n\x1b\u202e\u00a0"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "aNNA"),
        ("Анна", "анна"),
        ("STRASSE", "straße"),
        ("ﬁsh", "fish"),  # compatibility characters look the same
        ("Ａｎｎａ", "anna"),
        ("é", "e\u0301"),
        ("#General", "#general"),
        ("ς", "σ"),
    ],
)
def test_the_same_name(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("anna", "annа"), ("a", "b"), ("[x]", "{x}"), ("x^", "x~"), ("anna", "anna_"), ("и", "й")],
)
def test_different_names(one: str, other: str) -> None:
    """CASEMAPPING=ascii: the brackets of RFC 1459 are not letters. Look-alikes of other scripts are other names."""
    assert fold(one) != fold(other)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_is_folded_as_casemapping_ascii_says(name: str) -> None:
    expected = "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in name)
    assert fold(name) == expected


@given(st.text())
def test_lower_and_upper_case_of_ascii_letters_never_matter(name: str) -> None:
    swapped = "".join(one.swapcase() if one.isascii() else one for one in name)
    assert fold(name) == fold(swapped)


@pytest.mark.parametrize("nick", ["a", "Anna", "анна", "王", "a1-_", "[x]\\`^{|}", "_", "x" * 32, "ё" * 32])
def test_good_nicks(nick: str) -> None:
    assert check_nick(nick) == nick


def refusal_of_nick(nick: str, longest: int = 32) -> str:
    with pytest.raises(InvalidName) as caught:
        check_nick(nick, longest)
    assert caught.value.name == nick
    return caught.value.reason


@pytest.mark.parametrize(
    ("nick", "reason"),
    [
        ("", "it is empty"),
        ("x" * 33, "it is longer than 32 characters"),
        ("1a", "it starts with a digit or a hyphen"),
        ("٣a", "it starts with a digit or a hyphen"),
        ("-a", "it starts with a digit or a hyphen"),
        ("e\u0301", "it is not in Unicode normal form C"),
        *((f"a{one}", "only letters, digits and []\\`_^{|}- are allowed") for one in FORBIDDEN_IN_NICKS),
    ],
)
def test_bad_nicks(nick: str, reason: str) -> None:
    assert refusal_of_nick(nick) == reason


def test_the_length_of_nicks_can_be_chosen() -> None:
    assert check_nick("abc", 3) == "abc"
    assert refusal_of_nick("abcd", 3) == "it is longer than 3 characters"
    assert check_nick("x" * NICK_BYTES, 0)
    assert refusal_of_nick("x" * (NICK_BYTES + 1), 0) == f"it is longer than {NICK_BYTES} bytes"
    assert refusal_of_nick("я" * (NICK_BYTES // 2 + 1), 0) == f"it is longer than {NICK_BYTES} bytes"


@given(st.text())
def test_a_nick_that_passes_can_stand_anywhere_in_a_line(name: str) -> None:
    try:
        check_nick(name)
    except InvalidName:
        return
    assert name.isprintable()
    assert not set(name) & set(" :,!@*?#\r\n\0")
    assert unicodedata.is_normalized("NFC", name)


@pytest.mark.parametrize("room", ["#a", "#general", "##x", "#чат", "#a.b/c", "#" + "x" * 63, "#a'\"<b>"])
def test_good_rooms(room: str) -> None:
    assert check_room_name(room) == room


def refusal_of_room(room: str, longest: int = 64) -> str:
    with pytest.raises(InvalidName) as caught:
        check_room_name(room, longest)
    assert caught.value.name == room
    return caught.value.reason


@pytest.mark.parametrize(
    ("room", "reason"),
    [
        ("", "a room's name starts with #"),
        ("general", "a room's name starts with #"),
        ("&local", "a room's name starts with #"),
        ("#", "nothing follows the #"),
        ("#" + "x" * 64, "it is longer than 64 characters"),
        ("#e\u0301", "it is not in Unicode normal form C"),
        *((f"#a{one}", "spaces, control characters and , : * ? ! @ are not allowed") for one in FORBIDDEN_IN_ROOMS),
    ],
)
def test_bad_rooms(room: str, reason: str) -> None:
    assert refusal_of_room(room) == reason


def test_the_length_of_rooms_can_be_chosen() -> None:
    assert check_room_name("#ab", 3) == "#ab"
    assert refusal_of_room("#abc", 3) == "it is longer than 3 characters"
    assert check_room_name("#" + "x" * (ROOM_NAME_BYTES - 1), 0)
    assert refusal_of_room("#" + "x" * ROOM_NAME_BYTES, 0) == f"it is longer than {ROOM_NAME_BYTES} bytes"


@pytest.mark.parametrize(("people", "wire"), [("general", "#general"), ("чат", "#чат"), ("##x", "##x")])
def test_rooms_for_people_and_on_the_wire(people: str, wire: str) -> None:
    assert room_to_wire(people) == wire
    assert room_to_people(wire) == people
    assert room_to_wire(wire) == wire


@given(st.text(min_size=1))
def test_what_people_see_leads_back_to_the_room(name: str) -> None:
    wire = room_to_wire(name)
    assert wire.startswith("#")
    if len(wire) > 1:
        assert room_to_wire(room_to_people(wire)) == wire
