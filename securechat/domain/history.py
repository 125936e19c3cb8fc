"""What can be asked of history, and what it answers (IRCv3 draft/chathistory, without its syntax)."""

from dataclasses import dataclass
from enum import Enum

from securechat.domain.events import SAID, Kind


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
