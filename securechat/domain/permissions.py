"""Who may do what: the only place that decides. Handlers ask `require` and never look at a role themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum

from securechat.errors import NotPermitted


class Role(IntEnum):
    """What somebody is to the server; a higher one may do all that a lower one may."""

    STRANGER = 0  # connected, not logged in
    GUEST = 1  # present by name alone
    MEMBER = 2  # logged in to an account
    ADMINISTRATOR = 3


class Action(Enum):
    """Everything that somebody can ask to do."""

    CONNECT = "be present on the server"
    REGISTER_OPEN = "make an account without an invite"
    REGISTER_INVITED = "make an account with an invite"
    CREATE_ROOM = "make a room"
    JOIN_ROOM = "join a room"
    SEE_ROOM = "know that a room exists, and its topic"
    LIST_MEMBERS = "see who is in a room"
    READ_HISTORY = "read what was said in a room"
    SPEAK = "say something in a room"
    SET_TOPIC = "change the topic of a room"
    CHANGE_MODES = "change the modes of a room"
    REDACT_OWN = "take away what one has said"
    REDACT_OTHERS = "take away what somebody else has said"
    DIRECT_MESSAGE = "write to a person"
    READ_DIRECT_HISTORY = "read one's direct messages again"


@dataclass(slots=True, frozen=True)
class Policy:
    """What the configuration says about rights."""

    guests: bool = False
    registration: str = "invite"  # "invite", "open" or "closed"


@dataclass(slots=True, frozen=True)
class Subject:
    """Who asks, in relation to the room that is asked about."""

    role: Role
    in_room: bool = False


_Rule = Callable[[Subject, Policy], bool]


def _present(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.GUEST


def _member_of_room(subject: Subject, _: Policy) -> bool:
    return subject.role >= Role.GUEST and subject.in_room


TABLE: dict[Action, _Rule] = {
    Action.CONNECT: lambda who, policy: who.role >= (Role.GUEST if policy.guests else Role.MEMBER),
    Action.REGISTER_OPEN: lambda _, policy: policy.registration == "open",
    Action.REGISTER_INVITED: lambda _, policy: policy.registration in ("invite", "open"),
    Action.CREATE_ROOM: _present,
    Action.JOIN_ROOM: _present,
    Action.SEE_ROOM: _present,
    Action.LIST_MEMBERS: _present,
    Action.READ_HISTORY: _member_of_room,
    Action.SPEAK: _member_of_room,
    Action.SET_TOPIC: _member_of_room,
    Action.CHANGE_MODES: lambda _who, _policy: False,  # every room has the same ones
    Action.REDACT_OWN: _present,
    Action.REDACT_OTHERS: lambda who, _: who.role is Role.ADMINISTRATOR and who.in_room,
    Action.DIRECT_MESSAGE: _present,
    Action.READ_DIRECT_HISTORY: lambda who, _: who.role >= Role.MEMBER,
}


def may(subject: Subject, action: Action, policy: Policy) -> bool:
    """Whether `subject` may do `action` under `policy`."""
    return TABLE[action](subject, policy)


def require(subject: Subject, action: Action, policy: Policy, room: str = "") -> None:
    """Raise NotPermitted, naming the action and `room`, unless `subject` may do `action`."""
    if not TABLE[action](subject, policy):
        raise NotPermitted(action.name, room)
