"""Nothing lost, nothing twice: what of a conversation was seen, and how the rest is fetched (client.md, "Gap filling").

A conversation that may have a gap *holds* its live events back. Pages of CHATHISTORY are asked for until one is empty
or brings all that is wanted; then the held events follow, without those that a page held already. No I/O here: the
session asks.
"""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from securechat.client.events import Message, RoomEvent

_RECENT = 2000
"""How many message ids of a conversation are remembered against doubles."""
_MOST_HELD = 5000
"""More live events than these are dropped while a gap is filled, and fetched as pages instead."""


class Mode(Enum):
    """How a gap is filled."""

    AFTER = auto()  # from a point on, page by page
    LATEST = auto()  # the newest so many, page by page backwards


@dataclass(slots=True)
class Fill:
    """A gap that is being filled."""

    mode: Mode
    bounds: list[str]
    """AFTER: where to begin (`msgid=…`, `timestamp=…`), best first; when the server refuses one the next is tried."""
    wanted: int = 0
    """LATEST: how many messages are still wanted."""
    total: int = 0
    """LATEST: how many were wanted in the beginning."""
    oldest: str = ""
    """LATEST: id of the oldest line that came so far."""
    collected: list[Message] = field(default_factory=list)
    """LATEST: what came so far; it is shown when all of it is there, oldest first."""
    tokens: dict[str, str] = field(default_factory=dict)
    """`+securechat/id` of the own messages that were found -> message id."""
    waiting: bool = True
    """Whether the next page is still to be asked for."""
    failed: bool = False


@dataclass(slots=True, frozen=True)
class Query:
    """The parameters of the next CHATHISTORY."""

    subcommand: str
    bound: str
    limit: int


class Conversation:
    """A room, or the direct messages with one person."""

    def __init__(self, name: str) -> None:
        self.name = name  # `#room` or nick
        self.last_id = ""  # the newest message that was given out
        self.last_time = ""  # its time in wire form; or from when on nothing was missed
        self.fill: Fill | None = None
        self.behind = False  # events were dropped because nobody read them: to be fetched
        self._held: list[RoomEvent] = []
        self._overflow = False
        self._recent: OrderedDict[str, None] = OrderedDict()

    def start(self, fill: Fill | None = None) -> None:
        """Begin to fill; what comes live is held from now on."""
        self.behind = False
        self.fill = fill or Fill(Mode.AFTER, self.bounds())

    def bounds(self) -> list[str]:
        """Return from where on messages may be missing, best first; empty when nothing is known."""
        bounds = [f"msgid={self.last_id}"] if self.last_id else []
        return [*bounds, f"timestamp={self.last_time}"] if self.last_time else bounds

    def live(self, event: RoomEvent) -> list[RoomEvent]:
        """Take a live event; return what is to be given out now."""
        if self.fill is None:
            return self._new([event])
        if len(self._held) >= _MOST_HELD:
            self._held.clear()
            self._overflow = True
        if not self._overflow:
            self._held.append(event)
        return []

    def _gap(self) -> Fill:
        """Return the gap that is being filled. Raises RuntimeError when there is none: a bug of ours."""
        if self.fill is None:
            raise RuntimeError("no gap is being filled")
        return self.fill

    def next_query(self, page_limit: int) -> Query:
        """Return what to ask for next."""
        fill = self._gap()
        fill.waiting = False
        if fill.mode is Mode.LATEST:
            limit = min(fill.wanted, page_limit)
            if not fill.oldest:
                return Query("LATEST", "*", limit)
            return Query("BEFORE", f"msgid={fill.oldest}", limit)
        if not fill.bounds:
            return Query("LATEST", "*", page_limit)
        return Query("AFTER", fill.bounds[0], page_limit)

    def refused(self) -> bool:
        """The server refused a page. Returns whether there is another bound to try."""
        fill = self._gap()
        fill.bounds = fill.bounds[1:]
        fill.waiting = bool(fill.bounds) and fill.mode is Mode.AFTER
        fill.failed = not fill.waiting
        return fill.waiting

    def page(self, messages: list[Message], ids: list[str], query: Query) -> list[RoomEvent]:
        """Take a page, oldest first, and the ids of all its lines; return what is to be given out now.

        Afterwards `fill.waiting` tells whether another page is to be asked for.
        """
        fill = self._gap()
        for message in messages:
            if message.own and message.token:
                fill.tokens[message.token] = message.id
        # A short page need not be the last: the server cuts what would fill its queue. Behind the last is an empty one.
        more = bool(ids and ids[0] and ids[-1])
        if fill.mode is Mode.LATEST:
            fill.collected[:0] = messages
            fill.wanted -= len(ids)
            # A page that brings us no further would be asked for for ever.
            fill.waiting = more and fill.wanted > 0 and ids[0] != fill.oldest
            fill.oldest = ids[0] if ids else fill.oldest
            return []
        following = [f"msgid={ids[-1]}"] if more else []
        fill.waiting = query.subcommand == "AFTER" and more and following != fill.bounds[:1]
        if fill.waiting:
            fill.bounds = following
        return self._new(list(messages))

    def finish(self) -> list[RoomEvent]:
        """All pages came: return what is still to be given out. If live events were dropped, `fill` stays on."""
        fill = self._gap()
        given = self._new(list(fill.collected))
        fill.collected = []
        if self._overflow and not fill.failed:
            self._overflow = False
            self.fill = Fill(Mode.AFTER, self.bounds(), tokens=fill.tokens)
            return given
        self.fill = None
        held, self._held, self._overflow = self._held, [], False
        return given + self._new(self._after_pages(held))

    def begin_again(self) -> None:
        """There is a new link: fill what was missed, or the gap that was being filled, from the last given event on."""
        self._held.clear()  # comes again, as pages
        self._overflow = False
        fill = self.fill
        if fill is None:
            self.start()
            return
        fill.waiting, fill.failed = True, False
        if fill.mode is Mode.LATEST:
            fill.wanted, fill.oldest, fill.collected = fill.total, "", []

    def given(self, message: Message) -> None:
        """Remember that a message was given out: the next gap begins behind it."""
        if message.id:
            self.last_id = message.id
        self.last_time = wire_time(message.time)

    def _after_pages(self, held: list[RoomEvent]) -> list[RoomEvent]:
        """Drop held messages that a page had, and the messages before them: they are older than the pages."""
        known = [i for i, event in enumerate(held) if isinstance(event, Message) and event.id in self._recent]
        if not known:
            return held
        last = known[-1]
        while last + 1 < len(held) and _goes_on(held[last + 1], held[known[-1]]):
            last += 1
        return [event for i, event in enumerate(held) if i > last or not isinstance(event, Message)]

    def _new(self, events: list[RoomEvent]) -> list[RoomEvent]:
        """Return the events without messages that were there before, and remember the others."""
        new: list[RoomEvent] = []
        dropped: RoomEvent | None = None
        for event in events:
            if dropped is not None and _goes_on(event, dropped):
                continue
            dropped = None
            if isinstance(event, Message) and event.id:
                if event.id in self._recent:
                    dropped = event
                    continue
                self._recent[event.id] = None
                if len(self._recent) > _RECENT:
                    self._recent.popitem(last=False)
            new.append(event)
            if isinstance(event, Message):
                self.given(event)
        return new


def _goes_on(event: RoomEvent, first: RoomEvent) -> bool:
    """Whether `event` is a further line of the message that `first` began: without an id of its own."""
    if not (isinstance(event, Message) and isinstance(first, Message)) or event.id:
        return False
    return (event.sender, event.time) == (first.sender, first.time)


def as_old(message: Message, name: str) -> Message:
    """Return a message out of history, for the conversation that was asked for (nicks may have changed since)."""
    return replace(message, old=True, room=name)


def wire_time(moment: datetime) -> str:
    """Return a time in UTC in the form of server-time and CHATHISTORY."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def latest(count: int) -> Fill:
    """Return the fill for the newest `count` messages."""
    return Fill(Mode.LATEST, [], wanted=count, total=count)


def since(moment: datetime) -> Fill:
    """Return the fill for everything said after `moment` (UTC)."""
    return Fill(Mode.AFTER, [f"timestamp={wire_time(moment)}"])
