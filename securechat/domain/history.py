"""What can be asked of history, and what it answers (IRCv3 draft/chathistory, without its syntax)."""

from dataclasses import dataclass
from enum import Enum

from securechat.domain.events import REDACTABLE, SAID, Kind
from securechat.names import fold


class Direction(Enum):
    """The subcommands of CHATHISTORY that ask for a page."""

    LATEST = "LATEST"
    BEFORE = "BEFORE"
    AFTER = "AFTER"
    AROUND = "AROUND"
    BETWEEN = "BETWEEN"


@dataclass(slots=True, frozen=True)
class Bound:
    """A point in history: exactly one of the two is set. Pages never include the point itself (but AROUND does)."""

    sequence: int | None = None
    time: int | None = None  # milliseconds since the epoch


@dataclass(slots=True, frozen=True)
class Hidden:
    """Whose words are left out of a page, as the reader has blocked them. Without anybody in it, it is false."""

    accounts: frozenset[str] = frozenset()  # folded names
    guests: tuple[tuple[str, int], ...] = ()  # nick, and since when it is this guest's, in ms

    def __bool__(self) -> bool:
        return bool(self.accounts or self.guests)

    def hides(self, stored: "StoredEvent") -> bool:
        """Whether it is something that one of them said; who came, went or changed the room is seen all the same."""
        if stored.kind not in REDACTABLE:
            return False
        if stored.account:
            return fold(stored.account) in self.accounts
        nick = stored.source.partition("!")[0]
        return any(nick == blocked and stored.time >= since for blocked, since in self.guests)


@dataclass(slots=True, frozen=True)
class HistoryQuery:
    """One page of one conversation.

    LATEST: the newest `limit`, newer than `first` if it is given. BEFORE, AFTER, AROUND: relative to `first`.
    BETWEEN: from `first` towards `second`, which may lie on either side; when more than `limit` lie between,
    those nearest to `first` are taken. Whatever is asked, the answer is oldest first.
    """

    conversation: int
    direction: Direction
    limit: int
    first: Bound | None = None
    second: Bound | None = None
    kinds: frozenset[Kind] = SAID
    not_before: int = 0  # sequence: nothing older than or equal to it is shown
    hidden: Hidden = Hidden()


@dataclass(slots=True, frozen=True)
class StoredEvent:
    """An event as history gives it back."""

    sequence: int
    kind: Kind
    time: int  # milliseconds since the epoch
    conversation: int
    source: str  # nick!user@host
    account: str  # name of the sender's account at that time; empty for a guest
    target: str
    text: str
    tags: str
