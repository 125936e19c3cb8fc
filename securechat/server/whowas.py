"""Who was here: the last holders of nicks, for WHOWAS; only in memory, and never more than a fixed number."""

from collections import deque
from dataclasses import dataclass

from securechat.names import fold

MOST_REMEMBERED = 2000
"""How many departures are remembered in all; the oldest is forgotten first."""


@dataclass(slots=True, frozen=True)
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
        self._all: deque[Departure] = deque()
        self._by_nick: dict[str, deque[Departure]] = {}

    def remember(self, departure: Departure) -> None:
        """Add the newest one; beyond MOST_REMEMBERED the oldest goes."""
        if len(self._all) >= MOST_REMEMBERED:
            folded = fold(self._all.popleft().nick)
            of_nick = self._by_nick[folded]
            of_nick.popleft()  # the oldest of all is the oldest of its nick
            if not of_nick:
                del self._by_nick[folded]
        self._all.append(departure)
        self._by_nick.setdefault(fold(departure.nick), deque()).append(departure)

    def of(self, nick: str, most: int = 0) -> list[Departure]:
        """Return those who had `nick`, newest first; at most `most` if that is above 0."""
        found = list(reversed(self._by_nick.get(fold(nick), ())))
        return found[:most] if most > 0 else found
