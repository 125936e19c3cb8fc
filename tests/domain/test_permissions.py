"""The whole permission table, written out a second time by hand: role x in the room or not x policy."""

import itertools

import pytest

from securechat.domain.permissions import TABLE, Action, Policy, Role, Subject, may, require
from securechat.errors import NotPermitted

STRANGER, GUEST, MEMBER, ADMINISTRATOR = Role
PRESENT = {GUEST, MEMBER, ADMINISTRATOR}
ACCOUNTS = {MEMBER, ADMINISTRATOR}
ALL = set(Role)
NOBODY: set[Role] = set()

# Who may, outside the room and inside it, whatever the policy.
BY_ROLE: dict[Action, tuple[set[Role], set[Role]]] = {
    Action.CREATE_ROOM: (PRESENT, PRESENT),
    Action.JOIN_ROOM: (PRESENT, PRESENT),
    Action.SEE_ROOM: (PRESENT, PRESENT),
    Action.LIST_MEMBERS: (PRESENT, PRESENT),
    Action.READ_HISTORY: (NOBODY, PRESENT),
    Action.SPEAK: (NOBODY, PRESENT),
    Action.SET_TOPIC: (NOBODY, PRESENT),
    Action.CHANGE_MODES: (NOBODY, NOBODY),
    Action.CHANGE_MODES: (NOBODY, NOBODY),
    Action.REDACT_OWN: (PRESENT, PRESENT),
    Action.REDACT_OTHERS: (NOBODY, {ADMINISTRATOR}),
    Action.DIRECT_MESSAGE: (PRESENT, PRESENT),
    Action.READ_DIRECT_HISTORY: (ACCOUNTS, ACCOUNTS),
}
# Who may, by what the policy says.
BY_GUESTS: dict[Action, dict[bool, set[Role]]] = {Action.CONNECT: {False: ACCOUNTS, True: PRESENT}}
BY_REGISTRATION: dict[Action, dict[str, set[Role]]] = {
    Action.REGISTER_OPEN: {"open": ALL, "invite": NOBODY, "closed": NOBODY},
    Action.REGISTER_INVITED: {"open": ALL, "invite": ALL, "closed": NOBODY},
}

CASES = list(itertools.product(Action, Role, (False, True), (False, True), ("invite", "open", "closed")))


def expected(action: Action, role: Role, in_room: bool, guests: bool, registration: str) -> bool:
    if action in BY_ROLE:
        return role in BY_ROLE[action][in_room]
    if action in BY_GUESTS:
        return role in BY_GUESTS[action][guests]
    return role in BY_REGISTRATION[action][registration]


def test_every_action_has_a_row_and_is_tested() -> None:
    assert set(TABLE) == set(Action) == set(BY_ROLE) | set(BY_GUESTS) | set(BY_REGISTRATION)


@pytest.mark.parametrize("action", Action)
def test_every_subject_under_every_policy(action: Action) -> None:
    wrong = []
    for _, role, in_room, guests, registration in (case for case in CASES if case[0] is action):
        subject, policy = Subject(role, in_room), Policy(guests, registration)
        if may(subject, action, policy) is not expected(action, role, in_room, guests, registration):
            wrong.append((role, in_room, guests, registration))
    assert wrong == []


@pytest.mark.parametrize("action", Action)
def test_a_higher_role_may_do_all_that_a_lower_one_may(action: Action) -> None:
    for _, role, in_room, guests, registration in (case for case in CASES if case[0] is action):
        policy = Policy(guests, registration)
        if role is not ADMINISTRATOR and may(Subject(role, in_room), action, policy):
            assert may(Subject(Role(role + 1), in_room), action, policy)


def test_require_agrees_with_may_and_names_action_and_room() -> None:
    for action, role, in_room, guests, registration in CASES:
        subject, policy = Subject(role, in_room), Policy(guests, registration)
        if may(subject, action, policy):
            require(subject, action, policy, "#tea")
        else:
            with pytest.raises(NotPermitted) as caught:
                require(subject, action, policy, "#tea")
            assert (caught.value.action, caught.value.room) == (action.name, "#tea")


def test_nobody_is_let_in_without_an_account_by_default() -> None:
    assert not may(Subject(GUEST), Action.CONNECT, Policy())
    assert not may(Subject(STRANGER), Action.REGISTER_OPEN, Policy())
