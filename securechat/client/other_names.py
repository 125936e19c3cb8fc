"""Under which name a room is known now that was asked for by another one: an older name, as in a link. No I/O."""

from typing import Final

from securechat.names import fold

MOST_NAMES: Final = 200
"""So many names that rooms had before are known; what was noted first is forgotten first."""


class OtherNames:
    """The names by which rooms were asked for. Used by the connection's thread only."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # folded older name -> name of now

    def note(self, old: str, new: str) -> None:
        """The room that is asked for by `old` is called `new`; so is what was called `old` itself for a while."""
        names = {key: new if fold(name) == fold(old) else name for key, name in self._names.items()}
        names.pop(fold(new), None)
        names.pop(fold(old), None)
        names[fold(old)] = new
        self._names = dict(list(names.items())[-MOST_NAMES:])

    def forget(self, name: str) -> None:
        """There is a room of that very name now."""
        self._names.pop(fold(name), None)

    def now(self, name: str) -> str:
        """Return how the room is called that was asked for by `name`; the same if nothing else is known."""
        return self._names.get(fold(name), name)
