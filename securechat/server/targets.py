"""What the name in a command stands for: a room that its sender may read, or a person, present or not."""

from securechat.domain.permissions import Action, may
from securechat.domain.room import party_of_account
from securechat.names import fold
from securechat.server.hub import Hub
from securechat.server.users import LiveRoom, User


def room_for(hub: Hub, user: User, name: str, action: Action) -> LiveRoom | None:
    """Return the room of that name if `user` may do `action` with it; None as well when there is none."""
    live = hub.find_room(name)
    return live if live is not None and may(user.subject(live), action, hub.policy) else None


def visible_room(hub: Hub, user: User, name: str) -> LiveRoom | None:
    """Return the room of that name if `user` may know that there is one."""
    return room_for(hub, user, name, Action.SEE_ROOM)


def readable_room(hub: Hub, user: User, name: str) -> LiveRoom | None:
    """Return the room of that name if `user` may read what is said there."""
    return room_for(hub, user, name, Action.READ_HISTORY)


def own_room(hub: Hub, user: User, name: str) -> LiveRoom | None:
    """Return the room of that name if `user` is in it."""
    live = hub.find_room(name)
    return live if live is not None and live.room.id in user.rooms else None


def renamed_room(hub: Hub, user: User, name: str) -> LiveRoom | None:
    """Return the room that `user` is in and that had that name before, if no room has it now."""
    if hub.find_room(name) is not None:
        return None
    return next((user.rooms[one] for one in hub.former_names.rooms(name) if one in user.rooms), None)


def find_person(hub: Hub, name: str) -> tuple[str, str, User | None] | None:
    """Return (party key, name as it is written, user if present) of a nick or an account; None for nobody.

    Who is present under another nick than the name of their account is found by either, and named by the nick.
    """
    present = hub.users.get(fold(name))
    if present is not None:
        return present.party, present.nick, present
    account = hub.accounts.get(fold(name))
    if account is None:
        return None
    present = hub.users_of_account.get(account.id)
    return party_of_account(account.id), present.nick if present is not None else account.name, present
