"""Names that look like another one."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources

import pytest

from securechat.domain.look_alikes import TakenNames, check_new_room_name, check_person_name, keys, mixture_of_scripts
from securechat.errors import InvalidName, InvalidRoomName
from securechat.names import check_room_name, fold

PROTECTED = (
    "admin", "anna", "root", "bob", "Müller", "Анна", "moderator", "securechat", "alice", "operator",
    "support", "ChanServ", "NickServ", "carol", "dave", "eve", "игорь", "mail", "Bill", "W3C",
)  # fmt: skip
"""Whose names nobody else shall seem to have."""


def confusables() -> dict[str, list[dict[str, str]]]:
    """Which characters can be taken for which: Unicode's table, as the dependency brings it."""
    text = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    table: dict[str, list[dict[str, str]]] = json.loads(text)
    return table


def is_refused(name: str, taken: TakenNames) -> bool:
    try:
        check_person_name(name, 0)
    except InvalidName:
        return True
    return taken.has_alike(name) or fold(name) in map(fold, PROTECTED)


@cache
def taken_for() -> dict[str, set[str]]:
    """What each confusable character can be taken for: what the table lists, and what is taken for the same."""
    near: dict[str, set[str]] = {}
    for character, others in confusables().items():
        for other in others:
            near.setdefault(character, set()).add(other["c"])
            near.setdefault(other["c"], set()).add(character)
    return {one: near[one].union(*(near[other] for other in near[one])) - {one} for one in near}


def confused(name: str) -> Iterator[str]:
    """Return `name` with every confusable character (or sequence) in place of each part that it can be taken for."""
    parts = [(start, end) for start in range(len(name)) for end in range(start + 1, len(name) + 1)]
    near = taken_for()
    for start, end in parts:
        for other in sorted(near.get(name[start:end], ())):
            yield name[:start] + other + name[end:]


def test_no_confusable_character_passes_for_a_part_of_a_protected_name() -> None:
    """Every entry of the table, for each part of each name that it can be taken for: as a person and as a room.

    There are 9,619 (7,088 characters, the rest sequences such as `rn`); they make 6,000 names out of the 20, small and
    capital letters together. What can be taken for nothing in a name makes another name of it, which may be had.
    """
    people, rooms = TakenNames(), TakenNames()
    for name in PROTECTED:
        people.add(name)
        rooms.add(f"#{name}")
    assert len(PROTECTED) == 20
    assert len(confusables()) > 9_600
    tried = 0
    accepted = []
    for name in PROTECTED:
        for candidate in dict.fromkeys((*confused(name), *confused(name.upper()))):
            tried += 1
            if not is_refused(candidate, people):
                accepted.append(candidate)
            if not is_refused_as_room(f"#{candidate}", rooms):
                accepted.append(f"#{candidate}")
    assert tried > 6_000
    assert accepted == []


def is_refused_as_room(name: str, taken: TakenNames) -> bool:
    try:
        check_room_name(name, 0)
        check_new_room_name(name, taken)
    except InvalidRoomName:
        return True
    return fold(name[1:]) in map(fold, PROTECTED)


def test_every_pair_of_the_table_is_alike_but_for_a_few_that_are_letters_with_two_accents() -> None:
    pairs = [(one, other["c"]) for one, others in confusables().items() for other in others]
    unlike = {one for one, other in pairs if not keys(f"x{one}") & keys(f"x{other}")}
    assert len(unlike) <= 16, unlike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypal", "pаypаl"),
        ("barney", "bamey"),
        ("Bill", "BiIl"),
        ("user1", "userl"),
        ("O0", "00"),
        ("coco", "сосо"),
        ("admin", "ADMlN"),
    ],
)
def test_alike(one: str, other: str) -> None:
    taken = TakenNames()
    taken.add(one)
    assert taken.has_alike(other)


@pytest.mark.parametrize(
    ("one", "other"), [("mail", "mall"), ("anna", "annä"), ("ann", "anna"), ("team-a", "team-b"), ("Анна", "Инна")]
)
def test_not_alike(one: str, other: str) -> None:
    taken = TakenNames()
    taken.add(one)
    assert not taken.has_alike(other)


def test_the_same_name_is_not_alike_nor_is_ones_own() -> None:
    taken = TakenNames()
    taken.add("paul1")
    assert not taken.has_alike("PAUL1")
    assert not taken.has_alike("paull", but=["paul1"])
    assert taken.has_alike("paull", but=["somebody"])


def test_a_name_is_free_again_when_all_who_took_it_gave_it_back() -> None:
    taken = TakenNames()
    taken.add("paul1")
    taken.add("Paul1")
    taken.remove("paul1")
    assert taken.has_alike("paull")
    taken.remove("Paul1")
    assert not taken.has_alike("paull")
    taken.remove("never")
    assert taken._holders == {}


@pytest.mark.parametrize(
    ("name", "mixed"),
    [
        ("#dev-чат", False),
        ("аdmin", True),
        ("日本ごname", False),
        ("한글abc", False),
        ("κόσμe", True),
        ("Анна1", False),
    ],
)
def test_scripts_in_one_word(name: str, mixed: bool) -> None:
    assert bool(mixture_of_scripts(name)) is mixed


@pytest.mark.parametrize(
    ("name", "why"),
    [("аdmin", "mixes scripts"), ("ad\u3164min", "nobody sees"), ("1a", "digit"), ("a\u200db", "only letters")],
)
def test_why_a_person_cannot_have_a_name(name: str, why: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_person_name(name, 32)
    assert why in caught.value.reason


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("#te\ufe0fa", "nobody sees"),
        ("#\u2764\ufe0f", ""),
        ("#\u2615\ufe0e-break", ""),
        ("#1\ufe0f\u20e3", ""),
        ("#\ufe0ftee", "nobody sees"),
        ("#t-\ufe0f", "nobody sees"),
        ("#\u2764\ufe0f\ufe0f", "nobody sees"),
        ("#\u2764\u200d", "nobody sees"),
        ("#\u2600\ufe0f", "another room"),
        ("#чaт", "in one word: Cyrillic and Latin"),
        ("#tеa", "mixes scripts"),
        ("#теа1", ""),
        ("#t3a", ""),
        ("#tea", ""),
        ("#roorn", "another room"),
    ],
)
def test_why_a_room_cannot_have_a_name(name: str, why: str) -> None:
    taken = TakenNames()
    taken.add("#tea")
    taken.add("#room")
    taken.add("#\u2600")
    if not why:
        check_new_room_name(name, taken)
        return
    with pytest.raises(InvalidRoomName) as caught:
        check_new_room_name(name, taken)
    assert why in caught.value.reason


def test_people_may_have_names_with_vowel_signs() -> None:
    names = ["हिन्दी", "ที่นี่", "தமிழ்", "বাংলা", "ខ្មែរ"]
    for name in names:
        assert check_person_name(name, 32) == name
    for name in ("िन्दी", "aि", "a\u0338", "क\u0951", "क\ufe0f", "កា\u17b5", "क_ि", "किीी"):
        with pytest.raises(InvalidName):
            check_person_name(name, 32)
    assert keys("हिन्दी").isdisjoint(keys("हन्दी") | keys("हिनदी") | keys("हीन्दी"))
