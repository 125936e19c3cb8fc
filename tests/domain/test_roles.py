"""The words for what somebody is in a room, and for what kind of room it is."""

import itertools
from dataclasses import asdict

import pytest

from securechat.domain.permissions import Action, Policy, Role, Subject, may
from securechat.domain.roles import (
    FOUNDER,
    KINDS,
    LEADING,
    MEMBER,
    OTHER_KIND,
    STANDINGS,
    RoomRole,
    RoomRules,
    Standing,
    kind_of,
    roles_with,
    standing_of,
)

EVERY = [
    MEMBER | voice | lead
    for voice, lead in itertools.product(
        (RoomRole(0), RoomRole.VOICED), (RoomRole(0), RoomRole.MODERATOR, RoomRole.OWNER, LEADING)
    )
]


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("roles", EVERY)
def test_who_gets_a_standing_has_it_and_is_a_member_still(roles: RoomRole, standing: Standing) -> None:
    after = roles_with(roles, standing)
    assert standing_of(after, silenced=standing is Standing.READER) is standing
    assert after & MEMBER
    assert roles_with(after, standing) == after
    assert (after & RoomRole.VOICED) == (0 if standing is Standing.READER else roles & RoomRole.VOICED)


@pytest.mark.parametrize("roles", EVERY)
def test_a_reader_is_who_may_read_and_not_write(roles: RoomRole) -> None:
    for silenced in (False, True):
        subject = Subject(Role.MEMBER, roles, muted=silenced)
        assert may(subject, Action.READ_HISTORY, Policy())
        writes = may(subject, Action.SPEAK, Policy())
        assert (standing_of(roles, silenced=silenced) is Standing.READER) is not writes


def test_an_owner_is_called_so_whatever_else_they_are() -> None:
    assert standing_of(FOUNDER | RoomRole.MODERATOR | RoomRole.VOICED, silenced=True) is Standing.OWNER
    assert list(STANDINGS) == ["owner", "moderator", "member", "reader"]


def test_every_room_has_one_kind_at_most_and_that_of_what_was_asked() -> None:
    assert kind_of(RoomRules()) == "open"
    seen = set()
    for invite_only, secret, moderated in itertools.product((False, True), repeat=3):
        rules = RoomRules(invite_only=invite_only, secret=secret, moderated=moderated)
        fitting = [word for word, kind in KINDS.items() if kind.fits(rules)]
        assert [kind_of(rules)] == (fitting or [OTHER_KIND])
        seen.update(fitting)
    assert seen == set(KINDS) == {"open", "private", "announcement"}


def test_kinds_set_the_same_rules_each() -> None:
    (names,) = {frozenset(kind.rules) for kind in KINDS.values()}
    assert names < set(asdict(RoomRules()))
    assert OTHER_KIND not in KINDS
