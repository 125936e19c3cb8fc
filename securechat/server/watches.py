"""Who watches which nicks (MONITOR): the lists of all sessions, and the other way round."""

from typing import TYPE_CHECKING

from securechat.names import fold

if TYPE_CHECKING:
    from securechat.server.sessions import Session

MOST_WATCHED = 100
"""How many nicks one session may watch (ISUPPORT MONITOR)."""


class Watches:
    """Guarded by the hub lock. A session without a list costs nothing."""

    def __init__(self) -> None:
        self._lists: dict[Session, dict[str, str]] = {}  # by session: folded nick -> as it was asked for
        self._watchers: dict[str, dict[Session, None]] = {}  # by folded nick

    def add(self, session: "Session", nick: str) -> bool:
        """Watch `nick`; False when the list of the session is full. One that is watched already stays so."""
        folded = fold(nick)
        watched = self._lists.setdefault(session, {})
        if folded not in watched and len(watched) >= MOST_WATCHED:
            return False
        watched.setdefault(folded, nick)
        self._watchers.setdefault(folded, {})[session] = None
        return True

    def remove(self, session: "Session", nick: str) -> None:
        """Watch `nick` no more."""
        folded = fold(nick)
        watched = self._lists.get(session)
        if watched is None or watched.pop(folded, None) is None:
            return
        watchers = self._watchers[folded]
        del watchers[session]
        if not watchers:
            del self._watchers[folded]
        if not watched:
            del self._lists[session]

    def forget(self, session: "Session") -> None:
        """Empty the list of a session."""
        for folded in list(self._lists.get(session, ())):
            self.remove(session, folded)
        self._lists.pop(session, None)

    def of(self, session: "Session") -> list[str]:
        """The nicks that a session watches."""
        return list(self._lists.get(session, {}).values())

    def folded_of(self, session: "Session") -> list[str]:
        """The same, folded."""
        return list(self._lists.get(session, ()))

    def watchers(self, nick: str) -> "list[Session]":
        """The sessions that watch `nick`."""
        return list(self._watchers.get(fold(nick), ()))
