"""Who was here: the last holders of nicks, for WHOWAS; only in memory, and never more than a fixed number."""

from collections import deque
from dataclasses import dataclass

from securechat.names import fold

MOST_REMEMBERED = 2000
"""How many departures are remembered in all; the oldest is forgotten first."""

MOST_OF_A_NICK = 10
"""How many of them may be of one nick."""


@dataclass(slots=True, frozen=True, eq=False)
class Departure:
    """Somebody who gave up a nick, by leaving or by taking another."""

    nick: str
    username: str
    realname: str
    account: str  # empty for a guest
    time: int  # milliseconds since the epoch


class Departures:
    """The newest departures. Guarded by the hub lock."""

    def __init__(self) -> None:
        self._all: dict[Departure, None] = {}
        self._by_nick: dict[str, deque[Departure]] = {}

    def remember(self, departure: Departure) -> None:
        """Add the newest one; beyond MOST_REMEMBERED the oldest goes, beyond MOST_OF_A_NICK the oldest of that nick."""
        of_nick = self._by_nick.setdefault(fold(departure.nick), deque())
        if len(of_nick) >= MOST_OF_A_NICK:
            del self._all[of_nick.popleft()]
        elif len(self._all) >= MOST_REMEMBERED:
            oldest = next(iter(self._all))  # the oldest of all is the oldest of its nick
            self._forget_oldest(fold(oldest.nick))
        self._all[departure] = None
        of_nick.append(departure)

    def _forget_oldest(self, folded: str) -> None:
        """Forget the oldest of a nick that has one."""
        of_nick = self._by_nick[folded]
        del self._all[of_nick.popleft()]
        if not of_nick:
            del self._by_nick[folded]

    def of(self, nick: str, most: int = 0) -> list[Departure]:
        """Return those who had `nick`, newest first; at most `most` if that is above 0."""
        found = list(reversed(self._by_nick.get(fold(nick), ())))
        return found[:most] if most > 0 else found
