"""The whole permission table, written out a second time by hand: role x in the room or not x policy."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from securechat.domain.account import Account
from securechat.domain.permissions import (
    HURDLES,
    TABLE,
    Action,
    Policy,
    Role,
    Subject,
    SubjectInRoom,
    changing_roles,
    empowered,
    enters_by_link,
    is_program,
    kicking,
    lacks_second_factor,
    lowered,
    may,
    must_set_up_first,
    needs_second_factor,
    never_locked_out,
    raised,
    readable_after,
    require,
    require_entry,
    role_of,
    roles_on_entering,
    subject_of_account,
)
from securechat.domain.roles import FOUNDER, HISTORY_FOR_NEWCOMERS, LEADING, OUTSIDER, RoomRole, RoomRules
from securechat.domain.roles import MEMBER as MEMBER_OF_ROOM
from securechat.errors import NotPermitted

STRANGER, GUEST, BOT, MEMBER, ADMINISTRATOR = Role
PEOPLE = {GUEST, MEMBER, ADMINISTRATOR}
PRESENT = {*PEOPLE, BOT}
ACCOUNTS = {BOT, MEMBER, ADMINISTRATOR}
ALL = set(Role)
NOBODY: set[Role] = set()

# Who may, outside the room and inside it, whatever the policy.
BY_ROLE: dict[Action, tuple[set[Role], set[Role]]] = {
    Action.CREATE_ROOM: (PEOPLE, PEOPLE),
    Action.JOIN_ROOM: (PRESENT, PRESENT),
    Action.RETURN_TO_ROOM: (NOBODY, PRESENT),
    Action.SEE_ROOM: (PRESENT, PRESENT),
    Action.LIST_MEMBERS: (PRESENT, PRESENT),
    Action.READ_HISTORY: (NOBODY, PRESENT),
    Action.READ_EARLIER: (NOBODY, PRESENT),
    Action.READ_AGAIN: (NOBODY, PRESENT),
    Action.SPEAK: (NOBODY, PRESENT),
    Action.SPEAK_HIDDEN: (NOBODY, PRESENT),
    Action.SPEAK_UNSLOWED: (NOBODY, {ADMINISTRATOR}),
    Action.SET_TOPIC: (NOBODY, PRESENT),
    Action.ENTER_UNBANNED: (ALL, ALL),
    Action.ENTER_ABANDONED: (ALL, ALL),
    Action.ENTER_UNLOCKED: (ALL, ALL),
    Action.ENTER_INVITED: (ALL, ALL),
    Action.ENTER_BY_KEY: (ALL, ALL),
    Action.ENTER_UNCROWDED: (ALL, ALL),
    Action.ENTER_EMPTY: (ALL, ALL),
    Action.CHANGE_MODES: (NOBODY, {ADMINISTRATOR}),
    Action.MAKE_OWNER: (NOBODY, {ADMINISTRATOR}),
    Action.DEMOTE_OWNER: (NOBODY, {ADMINISTRATOR}),
    Action.SEE_EXCEPTIONS: (NOBODY, {ADMINISTRATOR}),
    Action.SEE_KEY: (NOBODY, PRESENT),
    Action.RENAME: (NOBODY, {ADMINISTRATOR}),
    Action.READ_VALUES: (PRESENT, PRESENT),
    Action.SET_VALUES: (NOBODY, {ADMINISTRATOR}),
    Action.KICK: (NOBODY, {ADMINISTRATOR}),
    Action.INVITE: (NOBODY, PRESENT),
    Action.KNOCK: (NOBODY, NOBODY),
    Action.LET_IN: (NOBODY, {ADMINISTRATOR}),
    Action.INVITE_BY_LINK: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.INVITE_TO_SERVER: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.REDACT_OWN: (PRESENT, PRESENT),
    Action.REDACT_OTHERS: (NOBODY, {ADMINISTRATOR}),
    Action.HANDLE_REPORTS: (NOBODY, {ADMINISTRATOR}),
    Action.HANDLE_DIRECT_REPORTS: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.ASK_FOR_POWERS: (PEOPLE, PEOPLE),
    Action.SEEM_A_PERSON: (PEOPLE, PEOPLE),
    Action.OPERATE: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.KILL: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.MANAGE: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.WALLOPS: ({ADMINISTRATOR}, {ADMINISTRATOR}),
    Action.DIRECT_MESSAGE: (PRESENT, PRESENT),
    Action.READ_DIRECT_HISTORY: (ACCOUNTS, ACCOUNTS),
}
# Who may, by what the policy says.
BY_GUESTS: dict[Action, dict[bool, set[Role]]] = {Action.CONNECT: {False: ACCOUNTS, True: PRESENT}}
BY_REGISTRATION: dict[Action, dict[str, set[Role]]] = {
    Action.REGISTER_OPEN: {"open": ALL, "invite": NOBODY, "closed": NOBODY},
    Action.REGISTER_INVITED: {"open": ALL, "invite": ALL, "closed": NOBODY},
}

KEPT_FROM_PROGRAMS = {Action.CREATE_ROOM, Action.ASK_FOR_POWERS, Action.SEEM_A_PERSON}
"""What a guest may do and a program may not."""

INSPECTOR = MEMBER_OF_ROOM | RoomRole.INSPECTOR

CASES = list(itertools.product(Action, Role, (False, True), (False, True), ("invite", "open", "closed")))


def subject_of(role: Role, in_room: bool) -> Subject:
    return Subject(role, MEMBER_OF_ROOM if in_room else OUTSIDER, operator=role is ADMINISTRATOR)


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
        subject, policy = subject_of(role, in_room), Policy(guests, registration)
        if may(subject, action, policy) is not expected(action, role, in_room, guests, registration):
            wrong.append((role, in_room, guests, registration))
    assert wrong == []


@pytest.mark.parametrize("action", Action)
def test_a_higher_role_may_do_all_that_a_lower_one_may(action: Action) -> None:
    """But for a program, which stands between guests and members: some things are kept from it alone."""
    for _, role, in_room, guests, registration in (case for case in CASES if case[0] is action):
        policy = Policy(guests, registration)
        if role is not ADMINISTRATOR and may(subject_of(role, in_room), action, policy):
            higher = [one for one in Role if one > role]
            denied = {one for one in higher if not may(subject_of(one, in_room), action, policy)}
            assert denied <= ({BOT} if action in KEPT_FROM_PROGRAMS else set())


def test_require_agrees_with_may_and_names_action_and_room() -> None:
    for action, role, in_room, guests, registration in CASES:
        subject, policy = subject_of(role, in_room), Policy(guests, registration)
        if may(subject, action, policy):
            require(subject, action, policy, "#tea")
        else:
            with pytest.raises(NotPermitted) as caught:
                require(subject, action, policy, "#tea")
            assert (caught.value.action, caught.value.room) == (action.name, "#tea")


def test_nobody_is_let_in_without_an_account_by_default() -> None:
    assert not may(Subject(GUEST), Action.CONNECT, Policy())
    assert not may(Subject(STRANGER), Action.REGISTER_OPEN, Policy())


def test_powers_are_those_of_an_operator_and_not_of_an_account() -> None:
    """A guest who is an operator reads no direct messages; an administrator who has resigned is a member."""
    for action, in_room in itertools.product(Action, (False, True)):
        roles = MEMBER_OF_ROOM if in_room else OUTSIDER
        outside = action in (
            Action.CONNECT,
            Action.READ_DIRECT_HISTORY,
            Action.OPERATE,
            Action.INVITE_BY_LINK,
            Action.INVITE_TO_SERVER,
        )
        by_guest = may(Subject(GUEST, roles, operator=True), action, Policy())
        assert by_guest == (not outside and may(subject_of(ADMINISTRATOR, in_room), action, Policy()))
        resigned = may(Subject(ADMINISTRATOR, roles), action, Policy())
        assert resigned == (action is Action.OPERATE or may(subject_of(MEMBER, in_room), action, Policy()))


def test_what_an_account_makes_of_somebody() -> None:
    account = Account(1, "anna", administrator=False, suspended=False, created=0)
    assert (role_of(None), role_of(account)) == (GUEST, MEMBER)
    assert role_of(replace(account, administrator=True)) is ADMINISTRATOR
    assert role_of(replace(account, bot=True)) is role_of(replace(account, bot=True, administrator=True)) is BOT


@pytest.mark.parametrize(
    ("policy", "needing"),
    [("optional", NOBODY), ("administrators", {ADMINISTRATOR}), ("everybody", {MEMBER, ADMINISTRATOR})],
)
def test_who_needs_a_second_factor(policy: str, needing: set[Role]) -> None:
    """Never a program: nobody is there to type a code when it comes back in the night."""
    for role in (BOT, MEMBER, ADMINISTRATOR):
        account = Account(1, "anna", role is ADMINISTRATOR, suspended=False, created=0, bot=role is BOT)
        rights = Policy(second_factor=policy)
        assert needs_second_factor(account, rights) is lacks_second_factor(account, rights) is (role in needing)
        assert not lacks_second_factor(replace(account, second_factor=True), rights)
        lacking = replace(account, lacks_factor=role in needing)
        assert must_set_up_first(lacking, rights) is (policy == "everybody" and role in needing)
        assert empowered(lacking, resigned=False) is (role is ADMINISTRATOR and role not in needing)
        assert not empowered(lacking, resigned=True)


def test_a_program_is_known_by_its_account_and_an_administrator_never_locked_out() -> None:
    person = Account(1, "anna", administrator=False, suspended=False, created=0)
    bot, administrator = replace(person, bot=True), replace(person, administrator=True)
    assert [is_program(one) for one in (None, person, bot, administrator)] == [False, False, True, False]
    assert [never_locked_out(one) for one in (None, person, bot, administrator)] == [False, False, False, True]
    assert not empowered(None, resigned=False)
    assert subject_of_account(bot) == Subject(BOT)
    assert subject_of_account(administrator, FOUNDER) == Subject(ADMINISTRATOR, FOUNDER, operator=True)


def test_a_program_is_never_the_first_in_a_room() -> None:
    for link, invited in itertools.product((False, True), repeat=2):
        bot = Subject(BOT, OUTSIDER, has_link=link, invited=invited, abandoned=True)
        with pytest.raises(NotPermitted) as caught:
            require_entry(bot, Policy(), "#tea")
        assert caught.value.action == "ENTER_EMPTY"
        require_entry(replace(bot, abandoned=False), Policy(), "#tea")
        require_entry(replace(bot, role=GUEST), Policy(), "#tea")


def test_a_program_invites_nobody_by_a_link_even_where_it_moderates() -> None:
    for roles in (MEMBER_OF_ROOM, MEMBER_OF_ROOM | RoomRole.MODERATOR, FOUNDER):
        assert not may(Subject(BOT, roles), Action.INVITE_BY_LINK, Policy())
        assert may(Subject(BOT, roles), Action.KICK, Policy()) is bool(roles & LEADING)


# A member of the server: what they are in the room, what its rules are, what is true of them -> what they may do.
PLAIN = MEMBER_OF_ROOM
VOICED = PLAIN | RoomRole.VOICED
MODERATOR = PLAIN | RoomRole.MODERATOR
EVERYBODY = (OUTSIDER, PLAIN, VOICED, MODERATOR, FOUNDER)
LEADERS = (MODERATOR, FOUNDER)
INSIDE = (PLAIN, VOICED, MODERATOR, FOUNDER)


@pytest.mark.parametrize(
    ("action", "rules", "facts", "who_may"),
    [
        (Action.SPEAK, RoomRules(), {}, INSIDE),
        (Action.SPEAK, RoomRules(members_only=False), {}, EVERYBODY),
        (Action.SPEAK, RoomRules(moderated=True), {}, (VOICED, *LEADERS)),
        (Action.SPEAK, RoomRules(members_only=False, moderated=True), {}, (VOICED, *LEADERS)),
        (Action.SPEAK, RoomRules(members_only=False), {"muted": True}, (VOICED, *LEADERS)),
        (Action.SPEAK_HIDDEN, RoomRules(), {}, INSIDE),
        (Action.SPEAK_HIDDEN, RoomRules(plain_only=True), {}, ()),
        (Action.SEE_ROOM, RoomRules(secret=True), {}, INSIDE),
        (Action.LIST_MEMBERS, RoomRules(secret=True), {}, INSIDE),
        (Action.SET_TOPIC, RoomRules(), {}, INSIDE),
        (Action.SET_TOPIC, RoomRules(topic_locked=True), {}, LEADERS),
        (Action.SET_TOPIC, RoomRules(), {"muted": True}, (VOICED, *LEADERS)),
        (Action.RETURN_TO_ROOM, RoomRules(), {"banned": True}, LEADERS),
        (Action.LET_IN, RoomRules(), {}, LEADERS),
        (Action.ENTER_ABANDONED, RoomRules(), {"abandoned": True}, EVERYBODY),
        (Action.ENTER_ABANDONED, RoomRules(secret=True), {}, EVERYBODY),
        (Action.ENTER_ABANDONED, RoomRules(secret=True), {"abandoned": True}, ()),
        (Action.JOIN_ROOM, RoomRules(invite_only=True), {"abandoned": True, "invited": True}, ()),
        (Action.CHANGE_MODES, RoomRules(), {}, LEADERS),
        (Action.MAKE_OWNER, RoomRules(), {}, (FOUNDER,)),
        (Action.DEMOTE_OWNER, RoomRules(), {}, (FOUNDER,)),
        (Action.SEE_EXCEPTIONS, RoomRules(), {}, LEADERS),
        (Action.SEE_KEY, RoomRules(key="x"), {}, INSIDE),
        (Action.READ_VALUES, RoomRules(key="x"), {}, EVERYBODY),
        (Action.READ_VALUES, RoomRules(secret=True), {}, INSIDE),
        (Action.READ_VALUES, RoomRules(invite_only=True), {"invited": True}, INSIDE),
        (Action.SET_VALUES, RoomRules(), {}, LEADERS),
        (Action.RENAME, RoomRules(), {}, LEADERS),
        (Action.KICK, RoomRules(), {}, LEADERS),
        (Action.INVITE, RoomRules(), {}, INSIDE),
        (Action.INVITE, RoomRules(invite_only=True), {}, LEADERS),
        (Action.JOIN_ROOM, RoomRules(), {}, EVERYBODY),
        (Action.JOIN_ROOM, RoomRules(), {"banned": True}, ()),
        (Action.ENTER_UNBANNED, RoomRules(), {"banned": True}, ()),
        (Action.JOIN_ROOM, RoomRules(invite_only=True), {}, ()),
        (Action.ENTER_INVITED, RoomRules(invite_only=True), {"invited": True}, EVERYBODY),
        (Action.JOIN_ROOM, RoomRules(invite_only=True), {"invited": True}, EVERYBODY),
        (Action.JOIN_ROOM, RoomRules(key="x"), {}, ()),
        (Action.ENTER_BY_KEY, RoomRules(key="x"), {"has_key": True}, EVERYBODY),
        (Action.JOIN_ROOM, RoomRules(key="x"), {"has_key": True}, EVERYBODY),
        (Action.JOIN_ROOM, RoomRules(member_limit=1), {"full": True}, ()),
        (Action.ENTER_UNCROWDED, RoomRules(member_limit=1), {"full": True}, ()),
    ],
)
def test_roles_and_rules_of_rooms(
    action: Action, rules: RoomRules, facts: dict[str, bool], who_may: tuple[RoomRole, ...]
) -> None:
    for role in (GUEST, MEMBER):
        found = tuple(
            roles
            for roles in EVERYBODY
            if may(
                Subject(
                    role,
                    roles,
                    rules,
                    muted=facts.get("muted", False),
                    banned=facts.get("banned", False),
                    invited=facts.get("invited", False),
                    has_key=facts.get("has_key", False),
                    full=facts.get("full", False),
                    abandoned=facts.get("abandoned", False),
                ),
                action,
                Policy(),
            )
        )
        assert found == who_may


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        (Action.SEE_ROOM, []),
        (Action.LIST_MEMBERS, []),
        (Action.READ_HISTORY, []),
        (Action.SPEAK, ["muted"]),
        (Action.JOIN_ROOM, ["banned"]),
    ],
)
def test_masks_are_asked_only_when_they_matter_and_once(action: Action, asked: list[str]) -> None:
    found: list[str] = []

    def find(fact: str) -> tuple[bool, bool]:
        found.append(fact)
        return False, True

    facts = {"has_key": True, "has_link": False, "full": False, "operator": False, "abandoned": False}
    subject = SubjectInRoom(GUEST, OUTSIDER, RoomRules(members_only=False), find, **facts)
    assert may(subject, action, Policy()) is (action is not Action.READ_HISTORY)
    assert may(subject, action, Policy()) is (action is not Action.READ_HISTORY)
    assert found == asked


def test_what_ends_by_itself_is_asked_each_time() -> None:
    answers = [(True, False), (True, False), (False, True)]
    facts = {"has_key": True, "full": False, "operator": False, "abandoned": False}
    subject = SubjectInRoom(GUEST, MEMBER_OF_ROOM, RoomRules(), lambda _: answers.pop(0), **facts)
    assert [may(subject, Action.SPEAK, Policy()) for _ in range(4)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("roles", "operator", "speaks"),
    [
        (MEMBER_OF_ROOM, False, False),
        (MEMBER_OF_ROOM | RoomRole.VOICED, False, False),
        (MEMBER_OF_ROOM | RoomRole.MODERATOR, False, True),
        (FOUNDER, False, True),
        (MEMBER_OF_ROOM, True, True),
    ],
)
def test_in_a_locked_room_only_those_speak_who_look_after_it(roles: RoomRole, operator: bool, speaks: bool) -> None:
    locked = Subject(MEMBER, roles, RoomRules(locked=True), operator=operator)
    for action in (Action.SPEAK, Action.SET_TOPIC):
        assert may(locked, action, Policy()) is speaks
    assert may(replace(locked, roles=OUTSIDER), Action.JOIN_ROOM, Policy()) is operator
    assert may(locked, Action.READ_HISTORY, Policy())


def test_slow_mode_is_not_for_those_who_are_heard() -> None:
    for roles, unslowed in ((MEMBER_OF_ROOM, False), (MEMBER_OF_ROOM | RoomRole.VOICED, True), (FOUNDER, True)):
        assert may(Subject(MEMBER, roles), Action.SPEAK_UNSLOWED, Policy()) is unslowed


def test_a_subject_has_no_other_facts() -> None:
    subject = SubjectInRoom(
        GUEST, OUTSIDER, RoomRules(), lambda _: (True, True), has_key=True, full=False, operator=False
    )
    assert not hasattr(subject, "tall")


def test_nothing_that_is_in_the_way_of_others_holds_an_operator_up() -> None:
    closed = RoomRules(invite_only=True, secret=True, key="x")
    for action in (*HURDLES, Action.JOIN_ROOM):
        subject = Subject(MEMBER, OUTSIDER, closed, banned=True, full=True, abandoned=True, operator=True)
        assert may(subject, action, Policy())
        require_entry(subject, Policy(), "#tea")
    refused = Subject(MEMBER, OUTSIDER, closed, banned=True)
    with pytest.raises(NotPermitted) as caught:
        require_entry(refused, Policy(), "#tea")
    assert caught.value.action == "ENTER_UNBANNED"


@pytest.mark.parametrize("rules", [RoomRules(invite_only=True, secret=True), RoomRules(key="x"), RoomRules()])
def test_an_invite_opens_closed_doors_and_nothing_else(rules: RoomRules) -> None:
    for abandoned in (False, True):
        subject = Subject(MEMBER, OUTSIDER, rules, has_link=True, abandoned=abandoned)
        require_entry(subject, Policy(), "#tea")
        assert enters_by_link(subject, Policy()) is (rules != RoomRules())
    for fact, action in (("banned", "ENTER_UNBANNED"), ("full", "ENTER_UNCROWDED")):
        with pytest.raises(NotPermitted) as caught:
            require_entry(Subject(MEMBER, OUTSIDER, rules, has_link=True, **{fact: True}), Policy(), "#tea")
        assert caught.value.action == action
    locked = replace(rules, locked=True)
    with pytest.raises(NotPermitted) as caught:
        require_entry(Subject(MEMBER, OUTSIDER, locked, has_link=True), Policy(), "#tea")
    assert caught.value.action == "ENTER_UNLOCKED"
    assert not enters_by_link(Subject(MEMBER, OUTSIDER, rules), Policy())


def test_what_somebody_is_who_enters() -> None:
    powerful = Subject(ADMINISTRATOR, operator=True)
    assert roles_on_entering(Subject(GUEST), RoomRules(), general=False, abandoned=True) == FOUNDER
    assert roles_on_entering(powerful, RoomRules(), general=False, abandoned=False) == MEMBER_OF_ROOM
    assert roles_on_entering(Subject(GUEST, operator=True), RoomRules(), general=True, abandoned=True) == MEMBER_OF_ROOM
    assert roles_on_entering(powerful, RoomRules(), general=True, abandoned=False) == FOUNDER
    assert roles_on_entering(Subject(ADMINISTRATOR), RoomRules(), general=True, abandoned=False) == MEMBER_OF_ROOM


@pytest.mark.parametrize(("creation", "who_may"), [("everybody", PEOPLE), ("administrators", {ADMINISTRATOR})])
def test_who_makes_rooms(creation: str, who_may: set[Role]) -> None:
    policy = Policy(room_creation=creation)
    assert {role for role in Role if may(subject_of(role, in_room=False), Action.CREATE_ROOM, policy)} == who_may
    assert not may(Subject(ADMINISTRATOR), Action.CREATE_ROOM, policy) or creation == "everybody", "powers put aside"


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, True),
        ({"role": STRANGER}, False),
        ({"role": GUEST}, True),
        ({"roles": MEMBER_OF_ROOM}, False),
        ({"rules": RoomRules()}, False),
        ({"rules": RoomRules(invite_only=True, secret=True)}, True),  # and is told the same as where there is none
        ({"rules": RoomRules(secret=True)}, False),
        ({"rules": RoomRules(invite_only=True, key="x", locked=True)}, True),
        ({"abandoned": True}, False),
        ({"banned": True}, False),
        ({"muted": True}, False),
    ],
)
def test_who_asks_to_be_let_in(changes: dict[str, Any], asks: bool) -> None:
    subject = replace(Subject(MEMBER, OUTSIDER, RoomRules(invite_only=True)), **changes)
    assert may(subject, Action.KNOCK, Policy()) is asks


@pytest.mark.parametrize("history", HISTORY_FOR_NEWCOMERS)
def test_nobody_comes_to_own_what_a_room_keeps_from_newcomers(history: str) -> None:
    rules = RoomRules(history=history)
    keeps = history != "all"
    facts = {"general": False, "abandoned": True}
    assert roles_on_entering(Subject(MEMBER), rules, **facts) == (MEMBER_OF_ROOM if keeps else FOUNDER)
    assert roles_on_entering(Subject(GUEST, operator=True), rules, **facts) == FOUNDER


@pytest.mark.parametrize(
    ("history", "role", "roles", "operator", "after"),
    [
        ("all", MEMBER, MEMBER_OF_ROOM, False, 0),
        ("joined", MEMBER, MEMBER_OF_ROOM, False, 20),
        ("joined", GUEST, MEMBER_OF_ROOM | RoomRole.VOICED, False, 20),
        ("joined", MEMBER, MEMBER_OF_ROOM | RoomRole.MODERATOR, False, 0),
        ("joined", MEMBER, MEMBER_OF_ROOM, True, 20),
        ("joined", MEMBER, INSPECTOR, True, 0),
        ("joined", ADMINISTRATOR, INSPECTOR, False, 20),
        ("joined", ADMINISTRATOR, MEMBER_OF_ROOM, False, 20),
        ("none", MEMBER, MEMBER_OF_ROOM, False, 30),
        ("none", MEMBER, FOUNDER, False, 0),
        ("none", GUEST, MEMBER_OF_ROOM, True, 30),
        ("none", GUEST, INSPECTOR, True, 0),
        ("all", MEMBER, OUTSIDER, False, None),
        ("all", ADMINISTRATOR, OUTSIDER, True, None),
        ("all", STRANGER, MEMBER_OF_ROOM, True, None),
    ],
)
def test_how_far_back_somebody_reads(
    history: str, role: Role, roles: RoomRole, operator: bool, after: int | None
) -> None:
    subject = Subject(role, roles, RoomRules(history=history), operator=operator)
    assert readable_after(subject, Policy(), joined=20, seen=30) == after
    if history == "none" and after == 30:
        assert readable_after(subject, Policy(), joined=40, seen=30) == 40


def test_roles_that_are_given_and_taken() -> None:
    assert raised(PLAIN, RoomRole.MODERATOR) == MODERATOR
    assert raised(FOUNDER, RoomRole.MODERATOR) == FOUNDER
    assert lowered(FOUNDER | RoomRole.VOICED, RoomRole.MODERATOR) == VOICED
    assert lowered(VOICED, RoomRole.VOICED) == PLAIN
    assert changing_roles(FOUNDER, PLAIN, own=False) is Action.DEMOTE_OWNER
    assert (
        changing_roles(FOUNDER, PLAIN, own=True) is changing_roles(MODERATOR, PLAIN, own=False) is Action.CHANGE_MODES
    )
    assert (
        changing_roles(PLAIN, FOUNDER, own=False) is changing_roles(MODERATOR, FOUNDER, own=True) is Action.MAKE_OWNER
    )
    assert kicking(Subject(MEMBER, FOUNDER), Policy(), own=False) is Action.DEMOTE_OWNER
    assert kicking(Subject(MEMBER, FOUNDER), Policy(), own=True) is Action.KICK
    assert kicking(Subject(MEMBER, MODERATOR), Policy(), own=False) is Action.KICK
