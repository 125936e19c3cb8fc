"""Who may do what: the only place that decides. Handlers ask `require` and never look at a role themselves.

Longer than other modules: the one table is to be read in one place, with the rules that its rows name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import Enum, IntEnum

from securechat.domain.account import Account
from securechat.domain.roles import (
    FOUNDER,
    HEARD,
    HISTORY_FOR_NEWCOMERS,
    LEADING,
    MEMBER,
    OUTSIDER,
    RoomRole,
    RoomRules,
)
from securechat.errors import NotPermitted


class Role(IntEnum):
    """What somebody is to the server; a higher one may do all that a lower one may.

    But for what is kept from programs alone: these are between guests and members, and see `_person`.
    """

    STRANGER = 0  # connected, not logged in
    GUEST = 1  # present by name alone
    BOT = 2  # logged in to the account of a program
    MEMBER = 3  # logged in to an account
    ADMINISTRATOR = 4  # logged in to an administrator's account


def role_of(account: Account | None) -> Role:
    """Return what somebody is who is present and logged in to `account`; None: to none."""
    if account is None:
        return Role.GUEST
    if account.bot:
        return Role.BOT
    return Role.ADMINISTRATOR if account.administrator else Role.MEMBER


def is_program(account: Account | None) -> bool:
    """Whether the account is that of a program, which is shown as one from its login on."""
    return role_of(account) is Role.BOT


def never_locked_out(account: Account | None, *, operator: bool = False) -> bool:
    """Whether no ban may mean somebody, and no limit of an address hold up those who share theirs.

    `operator`: who has an administrator's powers now, by whatever account.
    """
    return operator or role_of(account) is Role.ADMINISTRATOR


def empowered(account: Account | None, *, resigned: bool) -> bool:
    """Whether somebody has an administrator's powers by their account alone; `resigned`: who has given them up."""
    has_them = account is not None and role_of(account) is Role.ADMINISTRATOR and not account.lacks_factor
    return has_them and not resigned


def needs_second_factor(account: Account, policy: "Policy") -> bool:
    """Whether the policy wants the account to have a second factor; nobody is there to type one for a program."""
    role = role_of(account)
    if policy.second_factor == "everybody":
        return role is not Role.BOT
    return policy.second_factor == "administrators" and role is Role.ADMINISTRATOR


def lacks_second_factor(account: Account, policy: "Policy") -> bool:
    """Whether the account has to set up a second factor before it may do all that it could."""
    return not account.second_factor and needs_second_factor(account, policy)


def must_set_up_first(account: Account, policy: "Policy") -> bool:
    """Whether nobody gets in by the account until it has a second factor."""
    return account.lacks_factor and policy.second_factor == "everybody"


class Action(Enum):
    """Everything that somebody can ask to do."""

    CONNECT = "be present on the server"
    REGISTER_OPEN = "make an account without an invite"
    REGISTER_INVITED = "make an account with an invite"
    CREATE_ROOM = "make a room"
    JOIN_ROOM = "join a room"
    ENTER_UNBANNED = "join a room from which one may be banned"
    ENTER_ABANDONED = "join a room that everybody may have left with its doors closed"
    ENTER_UNLOCKED = "join a room that may be locked for now"
    ENTER_INVITED = "join a room that may be for the invited only"
    ENTER_BY_KEY = "join a room that may ask for a key"
    ENTER_UNCROWDED = "join a room that may be full"
    ENTER_EMPTY = "join a room that may have no member, and be its owner then"
    RETURN_TO_ROOM = "be in a room again whose member one has been all the time"
    SEE_ROOM = "know that a room exists, and its topic"
    LIST_MEMBERS = "see who is in a room"
    READ_HISTORY = "read what was said in a room"
    READ_EARLIER = "read what was said in a room before one became its member"
    READ_AGAIN = "read what was said in a room before one was here the last time"
    SPEAK = "say something in a room"
    SET_TOPIC = "change the topic of a room"
    SPEAK_UNSLOWED = "say something at once in a room in slow mode"
    SPEAK_HIDDEN = "ask other people's programs something in a room (CTCP)"
    CHANGE_MODES = "change the rules, roles and lists of a room"
    MAKE_OWNER = "make somebody an owner of a room"
    DEMOTE_OWNER = "take its room from an owner"
    SEE_EXCEPTIONS = "see who is excepted from bans and invitations"
    SEE_KEY = "see the key of a room"
    RENAME = "give a room another name"
    READ_VALUES = "see the values that a room carries"
    SET_VALUES = "change the values that a room carries"
    KICK = "put somebody out of a room"
    INVITE = "invite somebody into a room"
    KNOCK = "ask to be let into a room that is for the invited"
    LET_IN = "open a closed room to somebody by an invitation"
    INVITE_BY_LINK = "make a link that lets people into a room"
    INVITE_TO_SERVER = "make a link that makes accounts"
    REDACT_OWN = "take away what one has said"
    REDACT_OTHERS = "take away what somebody else has said"
    HANDLE_REPORTS = "see and close what was reported in a room"
    HANDLE_DIRECT_REPORTS = "see and close what was reported of direct messages, their text included"
    OPERATE = "have an administrator's powers"
    ASK_FOR_POWERS = "ask for an administrator's powers by the password of one (OPER)"
    SEEM_A_PERSON = "be shown without the sign of a program"
    KILL = "end all connections of somebody"
    MANAGE = "manage accounts, invites and rooms as securechat-admin does"
    WALLOPS = "tell something to everybody who wants to hear it"
    DIRECT_MESSAGE = "write to a person"
    READ_DIRECT_HISTORY = "read one's direct messages again"


@dataclass(slots=True, frozen=True)
class Policy:
    """What the configuration says about rights."""

    guests: bool = False
    registration: str = "invite"  # "invite", "open" or "closed"
    second_factor: str = "optional"  # or who must have one: "administrators", "everybody"
    room_creation: str = "everybody"  # or "administrators"


@dataclass(slots=True, frozen=True)
class Subject:
    """Who asks, in relation to the room that is asked about."""

    role: Role
    roles: RoomRole = OUTSIDER
    rules: RoomRules = RoomRules()  # noqa: RUF009 - immutable
    muted: bool = False  # by a mask of the room
    banned: bool = False  # by a mask of the room, and not excepted
    invited: bool = False  # by somebody, or by a mask of the room
    has_key: bool = False  # said the right one
    has_link: bool = False  # has an account, and showed an invite into the room that is good
    full: bool = False  # as many are in the room as may be
    abandoned: bool = False  # the room has no member any more, or none yet
    operator: bool = False  # has an administrator's powers now, by that account or by OPER
    in_room: bool = field(init=False)
    leads: bool = field(init=False)  # an operator looks after every room that they are in

    def __post_init__(self) -> None:
        # Worked out once: a subject is made when somebody enters a room and asked about at every message.
        object.__setattr__(self, "in_room", bool(self.roles))
        operates = self.operator and self.in_room
        object.__setattr__(self, "leads", bool(self.roles & LEADING) or operates)


_BY_MASKS = frozenset({"muted", "banned", "invited"})


class SubjectInRoom(Subject):
    """Who asks about a room with lists of masks: what these say is found out when it matters, and then known.

    Most questions never come to that, and a room may have hundreds of masks. What holds only until a moment, as a ban
    with an end does, is found out anew each time, so that nobody is bound by what has ended.
    """

    __slots__ = ("_find",)

    _find: Callable[[str], tuple[bool, bool]]

    def __init__(
        self, role: Role, roles: RoomRole, rules: RoomRules, find: Callable[[str], tuple[bool, bool]], **facts: bool
    ) -> None:
        """`find` tells whether somebody is "muted", "banned" or "invited", and whether that stays so by itself.

        `facts` are the other fields.
        """
        put = object.__setattr__
        put(self, "role", role)
        put(self, "roles", roles)
        put(self, "rules", rules)
        put(self, "_find", find)
        for name, value in facts.items():
            put(self, name, value)
        self.__post_init__()

    def __getattr__(self, name: str) -> bool:
        """Called for what has no value yet."""
        if name not in _BY_MASKS:
            raise AttributeError(name)
        found, lasts = self._find(name)
        if lasts:
            object.__setattr__(self, name, found)
        return found


def subject_of_account(account: Account, roles: RoomRole = OUTSIDER, rules: RoomRules = RoomRules()) -> Subject:  # noqa: B008 - immutable
    """Who an account is that need not be present: it has what its user would have."""
    return Subject(role_of(account), roles, rules, operator=role_of(account) is Role.ADMINISTRATOR)


_Rule = Callable[[Subject, Policy], bool]


def _present(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.GUEST


def _logged_in(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.BOT


def _person(subject: Subject, _: Policy) -> bool:
    """Whoever is present, but no program: nobody watches what an unattended one makes or asks for."""
    return subject.role >= Role.GUEST and subject.role is not Role.BOT


def _member_of_room(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.GUEST and subject.in_room


def _makes_rooms(subject: Subject, policy: Policy) -> bool:
    return _person(subject, policy) and (policy.room_creation == "everybody" or subject.operator)


def _leads(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.GUEST and subject.leads


def _owns(subject: Subject, policy: Policy) -> bool:
    return _leads(subject, policy) and (subject.operator or bool(subject.roles & RoomRole.OWNER))


def _sees(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.GUEST and (subject.in_room or not subject.rules.secret)


def _reads_all(subject: Subject) -> bool:
    """Whether nothing is kept from somebody: powers alone open nothing before it is on the record that they do."""
    return bool(subject.roles & LEADING) or (subject.operator and bool(subject.roles & RoomRole.INSPECTOR))


def _reads_earlier(subject: Subject, policy: Policy) -> bool:
    return _member_of_room(subject, policy) and (_reads_all(subject) or not keeps_history(subject.rules))


def _reads_again(subject: Subject, policy: Policy) -> bool:
    return _member_of_room(subject, policy) and (_reads_all(subject) or subject.rules.history != "none")


def _returns(subject: Subject, policy: Policy) -> bool:
    """Not by powers: an administrator who is banned enters again, which goes on the record."""
    return _member_of_room(subject, policy) and (bool(subject.roles & LEADING) or not subject.banned)


def _speaks(subject: Subject, _: Policy) -> bool:
    rules = subject.rules
    if subject.role < Role.GUEST or (rules.members_only and not subject.in_room):
        return False
    if rules.locked:
        return subject.leads
    return not (rules.moderated or subject.muted) or subject.leads or bool(subject.roles & HEARD)


def _sets_topic(subject: Subject, policy: Policy) -> bool:
    """Whoever may not say a word may not say it in the topic either."""
    if not _member_of_room(subject, policy) or subject.leads:
        return subject.leads
    if subject.rules.topic_locked or subject.rules.locked:
        return False
    return not subject.muted or bool(subject.roles & HEARD)


def _operates(subject: Subject, _: Policy) -> bool:
    return subject.operator


def _invites_by_link(subject: Subject, _: Policy) -> bool:
    """An administrator to any room. Never a guest: it must be known for long who made a link. Nor a program."""
    return subject.role >= Role.MEMBER and (subject.leads or subject.operator)


def _passes_bans(subject: Subject, _: Policy) -> bool:
    return subject.operator or not subject.banned


def _passes_closed_doors(subject: Subject, _: Policy) -> bool:
    """Whoever enters an abandoned room owns it, and reads its history: what was kept from strangers stays so."""
    closed = subject.rules.secret or subject.rules.invite_only
    return subject.operator or subject.has_link or not (subject.abandoned and closed)


def _passes_lock(subject: Subject, _: Policy) -> bool:
    return subject.operator or not subject.rules.locked


def _passes_invitation(subject: Subject, _: Policy) -> bool:
    return subject.operator or subject.has_link or not subject.rules.invite_only or subject.invited


def _passes_key(subject: Subject, _: Policy) -> bool:
    return subject.operator or subject.has_link or subject.has_key or not subject.rules.key


def _passes_limit(subject: Subject, _: Policy) -> bool:
    return subject.operator or not subject.full


def _passes_emptiness(subject: Subject, _: Policy) -> bool:
    return subject.role is not Role.BOT or not subject.abandoned


def _joins(subject: Subject, policy: Policy) -> bool:
    return _present(subject, policy) and all(passes(subject, policy) for passes in HURDLES.values())


def _knocks(subject: Subject, policy: Policy) -> bool:
    """Not whoever is muted, as the reason would be a way to speak; nor is anybody asked who has left the room.

    Who asks at a secret room is told the same as where there is none.
    """
    if not _present(subject, policy) or subject.in_room or not subject.rules.invite_only:
        return False
    return not (subject.abandoned or subject.banned or subject.muted)


HURDLES: dict[Action, _Rule] = {
    Action.ENTER_UNBANNED: _passes_bans,
    Action.ENTER_ABANDONED: _passes_closed_doors,
    Action.ENTER_INVITED: _passes_invitation,
    Action.ENTER_BY_KEY: _passes_key,
    Action.ENTER_UNCROWDED: _passes_limit,
    Action.ENTER_EMPTY: _passes_emptiness,
    Action.ENTER_UNLOCKED: _passes_lock,  # last: only who could come in otherwise is told of it
}
"""What is asked of whoever wants to enter a room, in this order. Nothing of it holds an administrator up."""

TABLE: dict[Action, _Rule] = {
    Action.CONNECT: lambda who, policy: who.role >= (Role.GUEST if policy.guests else Role.BOT),
    Action.REGISTER_OPEN: lambda _, policy: policy.registration == "open",
    Action.REGISTER_INVITED: lambda _, policy: policy.registration in ("invite", "open"),
    Action.CREATE_ROOM: _makes_rooms,
    Action.JOIN_ROOM: _joins,
    **HURDLES,
    Action.RETURN_TO_ROOM: _returns,
    Action.SEE_ROOM: _sees,
    Action.LIST_MEMBERS: _sees,
    Action.READ_HISTORY: _member_of_room,
    Action.READ_EARLIER: _reads_earlier,
    Action.READ_AGAIN: _reads_again,
    Action.SPEAK: _speaks,
    Action.SPEAK_HIDDEN: lambda who, policy: _speaks(who, policy) and not who.rules.plain_only,
    Action.SPEAK_UNSLOWED: lambda who, _: who.leads or bool(who.roles & HEARD),
    Action.SET_TOPIC: _sets_topic,
    Action.CHANGE_MODES: _leads,
    Action.MAKE_OWNER: _owns,
    Action.DEMOTE_OWNER: _owns,
    Action.SEE_EXCEPTIONS: _leads,
    Action.SEE_KEY: _member_of_room,
    Action.RENAME: _leads,
    Action.READ_VALUES: lambda who, policy: _sees(who, policy) and (who.in_room or not who.rules.invite_only),
    Action.SET_VALUES: _leads,
    Action.KICK: _leads,
    Action.INVITE: lambda who, policy: _member_of_room(who, policy) and (who.leads or not who.rules.invite_only),
    Action.KNOCK: _knocks,
    Action.LET_IN: _leads,
    Action.INVITE_BY_LINK: _invites_by_link,
    Action.INVITE_TO_SERVER: lambda who, _: who.role >= Role.MEMBER and who.operator,
    Action.REDACT_OWN: _present,
    Action.REDACT_OTHERS: _leads,
    Action.HANDLE_REPORTS: _leads,
    Action.HANDLE_DIRECT_REPORTS: _operates,
    Action.OPERATE: lambda who, _: who.role is Role.ADMINISTRATOR,
    Action.ASK_FOR_POWERS: _person,
    Action.SEEM_A_PERSON: _person,
    Action.KILL: _operates,
    Action.MANAGE: _operates,
    Action.WALLOPS: _operates,
    Action.DIRECT_MESSAGE: _present,
    Action.READ_DIRECT_HISTORY: _logged_in,
}


def may(subject: Subject, action: Action, policy: Policy) -> bool:
    """Whether `subject` may do `action` under `policy`."""
    return TABLE[action](subject, policy)


def require(subject: Subject, action: Action, policy: Policy, room: str = "") -> None:
    """Raise NotPermitted, naming the action and `room`, unless `subject` may do `action`."""
    if not TABLE[action](subject, policy):
        raise NotPermitted(action.name, room)


def readable_after(subject: Subject, policy: Policy, *, joined: int, seen: int) -> int | None:
    """Return the sequence number after which `subject` may read what was said in the room; None: nothing at all.

    `joined` is that of the event by which they became a member, `seen` that from which on they were here the last time
    before: what is newer they may have missed, whatever the room keeps from its newcomers.
    """
    if not may(subject, Action.READ_HISTORY, policy):
        return None
    if may(subject, Action.READ_EARLIER, policy):
        return 0
    return joined if may(subject, Action.READ_AGAIN, policy) else max(joined, seen)


def inspects(subject: Subject) -> bool:
    """Whether `subject` reads more of the room by the powers of an administrator, once that is on the record."""
    return subject.operator and subject.in_room and keeps_history(subject.rules) and not subject.roles & LEADING


def on_record(roles: RoomRole) -> RoomRole:
    """Return what somebody is once it is on the record that an administrator's powers open the room to them."""
    return roles | RoomRole.INSPECTOR


def off_record(roles: RoomRole) -> RoomRole:
    """Return the same of whom nothing is on the record."""
    return roles & ~RoomRole.INSPECTOR


def keeps_history(rules: RoomRules) -> bool:
    """Whether a room with these rules keeps anything that was said there from any of its members."""
    return rules.history != HISTORY_FOR_NEWCOMERS[0]


def require_entry(subject: Subject, policy: Policy, room: str) -> None:
    """Raise NotPermitted, naming what is in the way, unless `subject` may join the room."""
    for action in (*HURDLES, Action.JOIN_ROOM):
        require(subject, action, policy, room)


def enters_by_power(subject: Subject, policy: Policy) -> bool:
    """Whether `subject`, who may join, does so by the powers of an administrator.

    As nobody else could, or to read what nobody else could who enters.
    """
    if not subject.operator:
        return False
    anybody = _but(subject, operator=False)
    return not _joins(anybody, policy) or not _reads_earlier(_but(anybody, roles=MEMBER), policy)


def enters_by_link(subject: Subject, policy: Policy) -> bool:
    """Whether `subject`, who may join, may do so for an invite alone, which has one use less then."""
    return subject.has_link and not _joins(_but(subject, operator=False, has_link=False), policy)


def _but(subject: Subject, **facts: bool | RoomRole) -> Subject:
    """Return the same subject, of whom other `facts` are true."""
    values = {one.name: getattr(subject, one.name) for one in fields(Subject) if one.init}
    return Subject(**values | facts)


def roles_on_entering(subject: Subject, rules: RoomRules, *, general: bool, abandoned: bool) -> RoomRole:
    """Return what somebody is in a room that they enter: its owner when it has no member (any more).

    A room that everybody has left belongs to nobody, so whoever finds it may look after it; but whoever looks after a
    room reads all that was said there, so one that keeps that from newcomers waits for an administrator. Nobody makes
    the `general` room: it is the administrators', for good and therefore not of those who have their powers by OPER
    for a while, nor of an administrator who has given them up.
    """
    if general:
        return FOUNDER if subject.role is Role.ADMINISTRATOR and subject.operator else MEMBER
    return FOUNDER if abandoned and (subject.operator or not keeps_history(rules)) else MEMBER


def raised(roles: RoomRole, role: RoomRole) -> RoomRole:
    """Return what somebody is who is given a role; an owner need not be made a moderator."""
    return roles if role is RoomRole.MODERATOR and roles & LEADING else roles | role


def lowered(roles: RoomRole, role: RoomRole) -> RoomRole:
    """Return what somebody is whose role is taken; who does not look after the room any more does not own it either."""
    return roles & ~LEADING if role is RoomRole.MODERATOR else roles & ~role


def changing_roles(before: RoomRole, after: RoomRole, *, own: bool) -> Action:
    """Return what it takes to make `after` of somebody who is `before`; what is one's `own` may always be given up."""
    if before & ~after & RoomRole.OWNER and not own:
        return Action.DEMOTE_OWNER
    return Action.MAKE_OWNER if after & ~before & RoomRole.OWNER else Action.CHANGE_MODES


def kicking(member: Subject, policy: Policy, *, own: bool) -> Action:
    """Return what it takes to put `member` out: nobody puts out an owner from whom they could not take the room."""
    return Action.DEMOTE_OWNER if may(member, Action.DEMOTE_OWNER, policy) and not own else Action.KICK
