"""What somebody is who comes into a room."""

from securechat.domain import permissions
from securechat.domain.permissions import Subject
from securechat.domain.roles import RoomChange, RoomRole
from securechat.names import fold
from securechat.server.users import LiveRoom, User

GENERAL = "#general"
"""The room that always exists."""

ROOMS_PER_USER = 500
"""CHANLIMIT: how many rooms one user may be in."""


def roles_on_entering(subject: Subject, live: LiveRoom, *, by_power: bool = False) -> RoomRole:
    """Return what somebody is in a room that they enter; `by_power`: as an administrator, which goes on the record."""
    general = fold(live.room.name) == GENERAL
    roles = permissions.roles_on_entering(subject, live.room.rules, general=general, abandoned=live.abandoned)
    return permissions.on_record(roles) if by_power else roles


def joining(user: User, roles: RoomRole, invite: int = 0, joined: int = 0) -> RoomChange | None:
    """Return what the JOIN of `user` stores beside membership; None for a guest, of whom nothing is stored.

    `invite` is the number of the one that opened the room; 0: none. `joined` is the sequence number from which on they
    count as a member, when they were one as a guest before; 0: that of the JOIN.
    """
    if user.account is None:
        return None
    return RoomChange(roles=((user.account.id, roles),), invite=invite, joined=joined)
