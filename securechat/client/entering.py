"""Rooms that are entered by their names: a name that was mistyped makes no room unnoticed."""

import difflib
from collections.abc import Callable

from securechat.client.errors import RoomRefused
from securechat.client.library import Client
from securechat.client.sanitize import sanitize
from securechat.client.texts import _

_NO_SUCH_ROOM = "403"


def enter(client: Client, room: str) -> str:
    """Enter a room that is there and return its name. Raises RoomRefused, with the nearest name if there is none."""
    try:
        return client.join(room, make=False)
    except RoomRefused as refusal:
        if refusal.code != _NO_SUCH_ROOM:
            raise
        rooms = [info.room for info in client.list_rooms()]
        if room in rooms:
            return client.join(room)  # it is closed to us, and this tells by what
        near = difflib.get_close_matches(room, {*rooms, *client.rooms()}, n=1)
        hint = [_("Did you mean {name}?").format(name=sanitize(near[0]))] if near else []
        who_makes = _("Reading makes no room; going there by /join, or sending something there, does.")
        raise RoomRefused(" ".join([str(refusal), *hint, who_makes]), refusal.code) from None


def enter_or_make(client: Client, room: str, tell: Callable[[str], None], *, tail: int = 0) -> str:
    """Enter a room as `Client.join` does, and `tell` when it was not there and is made. Raises RoomRefused."""
    try:
        return client.join(room, tail=tail, make=False)
    except RoomRefused as refusal:
        if refusal.code != _NO_SUCH_ROOM:
            raise
    name = client.join(room, tail=tail)
    tell(_("There was no room {room}; you have made it.").format(room=sanitize(name)))
    return name
