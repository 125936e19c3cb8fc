"""What somebody is in a room, and what the room's own rules are: facts, from which everything else is a view."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final


class RoomRole(IntFlag):
    """What somebody is in a room; one may be several things at once. The numbers are stored and never change.

    4, 8 … may be given later to roles between these; the order of the numbers means nothing.
    """

    MEMBER = 1
    VOICED = 2  # is heard when the room is moderated
    MODERATOR = 16
    OWNER = 32
    INSPECTOR = 64  # it is on the record that an administrator's powers have opened the room to them


OUTSIDER = RoomRole(0)
"""Not in the room."""
MEMBER = RoomRole.MEMBER
FOUNDER = RoomRole.MEMBER | RoomRole.OWNER
"""What somebody is who makes a room."""
LEADING = RoomRole.MODERATOR | RoomRole.OWNER
"""Whoever has one of these looks after the room."""
HEARD = LEADING | RoomRole.VOICED
"""Whoever has one of these is heard whatever the room's rules are."""


class Standing(Enum):
    """What somebody is in a room, in the one word that people use; the values are those words.

    It is worked out of what they are (RoomRole) and of the room's list of those who may not speak, and never stored: a
    reader is a member whom that list silences for good, so a reader who leaves and comes back is one still.
    """

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"
    READER = "reader"


STANDINGS: Final = {one.value: one for one in Standing}
"""Every standing by its word."""


def standing_of(roles: RoomRole, *, silenced: bool) -> Standing:
    """Return the word for a member who is `roles`; `silenced`: a mask of the room keeps them from speaking for good."""
    if roles & RoomRole.OWNER:
        return Standing.OWNER
    if roles & RoomRole.MODERATOR:
        return Standing.MODERATOR
    return Standing.READER if silenced and not roles & HEARD else Standing.MEMBER


def roles_with(roles: RoomRole, standing: Standing) -> RoomRole:
    """Return what somebody is who is `roles` and gets that standing; a voice is kept by all but readers."""
    plain = roles & ~LEADING
    if standing is Standing.OWNER:
        return plain | RoomRole.OWNER
    if standing is Standing.MODERATOR:
        return plain | RoomRole.MODERATOR
    return plain & ~RoomRole.VOICED if standing is Standing.READER else plain


HISTORY_FOR_NEWCOMERS = ("all", "joined", "none")
"""What of its history a room shows to those who do not look after it: everything, what was said since they became
members, or of that only what they may have missed (permissions.readable_after). The words are stored."""


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
    history: str = "all"  # one of HISTORY_FOR_NEWCOMERS


@dataclass(slots=True, frozen=True)
class RoomKind:
    """A word for people who know no modes: what it makes of some of a room's rules."""

    word: str
    rules: Mapping[str, bool]  # the same rules for every kind, so that one ends what another has begun
    summary: str

    def fits(self, rules: RoomRules) -> bool:
        """Whether a room with these rules is of this kind."""
        return all(getattr(rules, name) is value for name, value in self.rules.items())


KINDS: Final = {
    one.word: one
    for one in (
        RoomKind(
            "open",
            {"invite_only": False, "secret": False, "moderated": False},
            "Anybody on the server may come in and write",
        ),
        RoomKind(
            "private",
            {"invite_only": True, "secret": True, "moderated": False},
            "Only the invited come in; for everybody else there is no such room",
        ),
        RoomKind(
            "announcement",
            {"invite_only": False, "secret": False, "moderated": True},
            "Anybody may come in and read; only who looks after the room, or has a voice, writes",
        ),
    )
}
"""Every kind of room by its word. What kind a room is follows from its rules and is never stored."""
OTHER_KIND: Final = "other"
"""The word for a room whose modes are those of no kind."""


def kind_of(rules: RoomRules) -> str:
    """Return the word for the kind of a room with these rules."""
    return next((word for word, kind in KINDS.items() if kind.fits(rules)), OTHER_KIND)


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
    joined: int = 0  # for Kind.JOIN: the sequence from which on one counts as a member; 0: that of the event itself
