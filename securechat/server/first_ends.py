"""Which rooms have bans that end, and when the first of each does: looked through every few seconds."""

from securechat.domain.mask_lists import BANS
from securechat.domain.room import Room


class FirstEnds:
    """The moment of each room at which its next ban ends. Guarded by the hub lock."""

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: dict[int, int] = {}  # room id -> ms since the epoch; only rooms with bans that end

    def note(self, room: Room) -> None:
        """Take in that the lists of a room have changed."""
        first = min((entry.expires for entry in room.lists.get(BANS, ()) if entry.expires), default=0)
        if first:
            self._first[room.id] = first
        else:
            self._first.pop(room.id, None)

    def forget(self, room_id: int) -> None:
        """The room is gone."""
        self._first.pop(room_id, None)

    def due(self, now: int) -> list[int]:
        """Return the ids of the rooms in which a ban has ended by `now` (ms)."""
        return [room_id for room_id, first in self._first.items() if first <= now]
