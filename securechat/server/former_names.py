"""What rooms were called before, so that their members find them by it. Filled from the record of acts; else in memory.

Nobody else is told of it: for whoever is not in the room, an old name is that of no room.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from securechat.names import fold

MOST_OF_ROOM: Final = 20
"""How many former names of one room are known; the oldest is forgotten first."""


class FormerNames:
    """Guarded by the hub lock."""

    def __init__(self) -> None:
        self._by_room: dict[int, tuple[str, ...]] = {}  # folded, oldest first
        self._by_name: dict[str, tuple[int, ...]] = {}  # ids of rooms, the one that gave the name up last at the end

    def fill(self, changes: Iterable[tuple[str, str]], rooms: Mapping[str, int]) -> None:
        """Take over what the record says: old name and new one, empty when the room was deleted, oldest first.

        `rooms` are the ids by the folded names of today.
        """
        known: dict[str, list[tuple[int, str]]] = {}  # by the folded name at that moment: when it had which others
        for moment, (old, new) in enumerate(changes):
            before = known.pop(fold(old), [])
            if new:
                known[fold(new)] = [*before, (moment, old)][-MOST_OF_ROOM:]
        found = sorted(
            (moment, old, rooms[name]) for name, one in known.items() if name in rooms for moment, old in one
        )
        for _, old, room_id in found:
            self.note(old, room_id)

    def note(self, name: str, room_id: int) -> Callable[[], None]:
        """A room gives up its name; return what undoes it."""
        before = self._by_room.get(room_id, ())
        self._set(room_id, (*(one for one in before if one != fold(name)), fold(name))[-MOST_OF_ROOM:])
        return lambda: self._set(room_id, before)

    def forget(self, room_id: int) -> Callable[[], None]:
        """The room is gone; return what undoes it."""
        before = self._by_room.get(room_id, ())
        self._set(room_id, ())
        return lambda: self._set(room_id, before)

    def _set(self, room_id: int, names: tuple[str, ...]) -> None:
        for name in self._by_room.pop(room_id, ()):
            rooms = tuple(one for one in self._by_name.pop(name) if one != room_id)
            if rooms:
                self._by_name[name] = rooms
        for name in names:
            self._by_name[name] = (*self._by_name.get(name, ()), room_id)
        if names:
            self._by_room[room_id] = names

    def rooms(self, name: str) -> Iterator[int]:
        """The ids of the rooms that were called so, the one that gave the name up last first."""
        return reversed(self._by_name.get(fold(name), ()))
