"""Pages of history (draft/chathistory): how they are asked for, what they hold and how they go on. No I/O.

The one rule for whoever walks through the past: an empty page is the last, a short one need not be, as the server cuts
what would fill its queue; and a page that brings us no further would be asked for for ever.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from securechat.protocol.message import Message

NEWEST: Final = "*"
"""The bound of a walk back that begins with the newest message."""


@dataclass(slots=True, frozen=True)
class Query:
    """The parameters of one CHATHISTORY."""

    subcommand: str
    bound: str
    limit: int

    def params(self, target: str) -> list[str]:
        """Return them for a room or a person."""
        return [self.subcommand, target, self.bound, str(self.limit)]


@dataclass(slots=True)
class Walk:
    """A walk through what was said: onward from a bound, or back from it."""

    onward: bool
    bound: str = NEWEST
    """`msgid=…` or `timestamp=…`."""

    def query(self, limit: int) -> Query:
        """Return what to ask for next."""
        if self.onward:
            return Query("AFTER", self.bound, limit)
        return Query("LATEST" if self.bound == NEWEST else "BEFORE", self.bound, limit)

    def goes_on(self, ids: Sequence[str]) -> bool:
        """Take the ids of a page's messages, oldest first; return whether another page is to be asked for."""
        if not ids:
            return False
        before, self.bound = self.bound, at_message(ids[-1 if self.onward else 0])
        return self.bound != before


def pages(
    ask: Callable[[Query], Sequence[Message]], walk: Walk, page_limit: int, limit: int | None
) -> Iterator[list[Message]]:
    """Give the lines of page after page, at most `limit` messages (None: all); `ask` returns the answer to a query."""
    more = True
    while more and (limit is None or limit > 0):
        said = said_in(ask(walk.query(page_limit if limit is None else min(page_limit, limit))))
        ids = ids_in(said)
        more = walk.goes_on(ids)
        limit = None if limit is None else limit - len(ids)
        if said:
            yield said


def said_in(lines: Sequence[Message]) -> list[Message]:
    """Return the lines of an answer that somebody has said."""
    return [line for line in lines if line.command in {"PRIVMSG", "NOTICE"}]


def ids_in(said: Sequence[Message]) -> list[str]:
    """Return the ids of the messages: of one of several lines only the first has one (draft/multiline)."""
    return [line.tags["msgid"] for line in said if line.tags.get("msgid")]


def at_message(message_id: str) -> str:
    """Return the bound at a message."""
    return f"msgid={message_id}"


def at_time(moment: datetime) -> str:
    """Return the bound at a moment."""
    return f"timestamp={wire_time(moment.astimezone(UTC))}"


def wire_time(moment: datetime) -> str:
    """Return a time in UTC in the form of server-time and CHATHISTORY."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
