"""What one user may see of another."""

from securechat.domain.permissions import Action, may
from securechat.server.hub import Hub
from securechat.server.users import LiveRoom, User


def share_a_room(one: User, other: User) -> bool:
    """Whether both are in one room, or are the same."""
    return one is other or not one.rooms.keys().isdisjoint(other.rooms)


def may_find(asker: User, user: User) -> bool:
    """Whether a mask may find `user`; by the exact nick everybody is found."""
    return not user.invisible or share_a_room(asker, user)


def may_see_in_room(hub: Hub, asker: User, user: User, live: LiveRoom) -> bool:
    """Whether the asker may know that `user` is in that room."""
    if live.room.id in asker.rooms:
        return True
    shown = not user.invisible or asker is user
    return shown and may(asker.subject(live), Action.LIST_MEMBERS, hub.policy)


def seen_in_room(hub: Hub, asker: User, live: LiveRoom) -> set[User] | None:
    """Whom the asker may know to be in that room; None: all of them."""
    if live.room.id in asker.rooms:
        return None
    return {user for user in live.members if may_see_in_room(hub, asker, user, live)}


def common_room(hub: Hub, asker: User, user: User) -> str:
    """The name of a room by which the asker knows `user`; `*`: none."""
    for room_id, live in user.rooms.items():
        if room_id in asker.rooms:
            return live.room.name
    if user.invisible and asker is not user:
        return "*"
    for live in user.rooms.values():
        if may_see_in_room(hub, asker, user, live):
            return live.room.name
    return "*"


def idle_seconds(hub: Hub, user: User) -> int:
    """For how long the user has said nothing, on any of their connections."""
    return max(0, int(hub.monotonic() - max(max(one.said_at, one.connected_at) for one in user.sessions)))


def signed_on(hub: Hub, user: User) -> int:
    """When the oldest connection of the user was made, in Unix seconds."""
    age = hub.monotonic() - min(one.connected_at for one in user.sessions)
    return int(hub.now() / 1000 - age)
