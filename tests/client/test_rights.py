"""What the client keeps people from asking for, against the table by which the server decides."""

import inspect
import itertools
from collections.abc import Iterator

import pytest

from securechat.client.refusals import REASONS
from securechat.client.rights import RULES, Facts, Right, why_not
from securechat.domain.permissions import Action, Policy, Role, Subject, may
from securechat.domain.roles import MEMBER, RoomRole, RoomRules
from securechat.server import speaking

LETTERS = {"t": "topic_locked", "L": "locked", "i": "invite_only", "m": "moderated", "s": "secret"}
PEOPLE = (
    (Role.GUEST, False),
    (Role.BOT, False),
    (Role.MEMBER, False),
    (Role.ADMINISTRATOR, True),
    (Role.GUEST, True),  # by OPER
)
ROLES = {MEMBER: "", MEMBER | RoomRole.VOICED: "+", MEMBER | RoomRole.MODERATOR: "@", MEMBER | RoomRole.OWNER: "@"}
WORDS = {"": "member", "+": "member"}


def everybody() -> Iterator[tuple[Subject, Facts]]:
    """Each kind of person in each kind of room, as the server knows them and as their client does."""
    for (role, operator), (roles, signs) in itertools.product(PEOPLE, ROLES.items()):
        for on in itertools.product((False, True), repeat=len(LETTERS)):
            rules = RoomRules(**dict(zip(LETTERS.values(), on, strict=True)))  # type: ignore[arg-type]
            letters = frozenset(letter for letter, is_on in zip(LETTERS, on, strict=True) if is_on)
            modes = frozenset("o" * operator + "B" * (role is Role.BOT))
            word = "owner" if roles & RoomRole.OWNER else WORDS.get(signs, "moderator")
            facts = Facts(account=role is not Role.GUEST, modes=modes, signs=signs, rules=letters, role=word)
            yield Subject(role, roles, rules, operator=operator), facts


@pytest.mark.parametrize("right", list(Right))
def test_the_client_knows_what_the_server_decides(right: Right) -> None:
    answers = set()
    for subject, facts in everybody():
        allowed = may(subject, Action[right.name], Policy())
        assert (why_not(facts, right) == "") == allowed, (subject, facts)
        answers.add(allowed)
    assert answers == {True, False}, "a right that all have, or nobody, is none"


def test_every_right_has_a_row_and_what_is_not_known_keeps_nothing_from_anybody() -> None:
    assert set(RULES) == set(Right)
    assert not any(why_not(None, right) for right in Right)
    moderator = Facts(signs="@")  # whether they own the room was not asked
    assert not any(why_not(moderator, right) for right in Right)


def test_who_looks_after_another_room_hears_of_its_reports() -> None:
    assert why_not(Facts(), Right.HANDLE_REPORTS)
    assert not why_not(Facts(leads_elsewhere=True), Right.HANDLE_REPORTS)


def test_the_reasons_that_are_translated_are_those_of_the_server() -> None:
    source = inspect.getsource(speaking)
    for reason in REASONS:
        assert reason.partition("{time}")[0] in source
