"""What somebody is in a room, and what the room's own rules are: facts, from which everything else is a view."""

from dataclasses import dataclass
from enum import IntFlag


class RoomRole(IntFlag):
    """What somebody is in a room; one may be several things at once. The numbers are stored and never change.

    4, 8 … may be given later to roles between these; the order of the numbers means nothing.
    """

    MEMBER = 1
    VOICED = 2  # is heard when the room is moderated
    MODERATOR = 16
    OWNER = 32


OUTSIDER = RoomRole(0)
"""Not in the room."""
MEMBER = RoomRole.MEMBER
FOUNDER = RoomRole.MEMBER | RoomRole.OWNER
"""What somebody is who makes a room."""
LEADING = RoomRole.MODERATOR | RoomRole.OWNER
"""Whoever has one of these looks after the room."""
HEARD = LEADING | RoomRole.VOICED
"""Whoever has one of these is heard whatever the room's rules are."""


@dataclass(slots=True, frozen=True)
class RoomRules:
    """How a room is used. The names are columns of the database."""

    members_only: bool = True  # nobody speaks in it without being in it
    moderated: bool = False  # nobody speaks in it without a voice
    invite_only: bool = False
    secret: bool = False  # it does not exist for those who are not in it
    topic_locked: bool = False  # the topic is a moderator's to change
    plain_only: bool = False  # no hidden requests between programs (CTCP), other than actions
    key: str = ""  # what has to be said to enter; empty: nothing
    member_limit: int = 0  # how many may be present; 0: any number
    slow_seconds: int = 0  # how long a member waits after each message before the next; 0: not at all
    locked: bool = False  # for now nobody speaks or comes in but who looks after it


@dataclass(slots=True, frozen=True)
class ListEntry:
    """A row of one of a room's lists of masks."""

    mask: str
    setter: str  # nick!user@host
    time: int  # milliseconds since the epoch
    expires: int = 0  # until when it counts, in milliseconds since the epoch; 0: for good


@dataclass(slots=True, frozen=True)
class RoomChange:
    """What an event changes in a room beside what its kind says."""

    roles: tuple[tuple[int, RoomRole], ...] = ()  # (account id, what it is from now on)
    rules: RoomRules | None = None  # all of them, as they are from now on
    added: tuple[tuple[str, ListEntry], ...] = ()  # (letter of the list, row)
    removed: tuple[tuple[str, str], ...] = ()  # (letter of the list, mask)
    expelled: int = 0  # id of the account that is a member no more
    invite: int = 0  # number of the invite that opened the room and has one use less now; 0: none
