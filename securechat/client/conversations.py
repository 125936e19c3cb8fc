"""Nothing lost, nothing twice: what of a conversation was seen, and how the rest is fetched (client.md, "Gap filling").

A conversation that may have a gap *holds* its live events back. Pages of CHATHISTORY are asked for until there are no
more, or all that is wanted is there; then the held events follow, without those that a page held already. No I/O here:
the session asks.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from securechat.client.events import Message, RoomEvent
from securechat.client.paging import NEWEST, Query, Walk, at_message, at_time, wire_time

_RECENT = 2000
"""How many message ids of a conversation are remembered against doubles."""
_MOST_HELD = 5000
"""More live events than these are dropped while a gap is filled, and fetched as pages instead."""


@dataclass(slots=True)
class Fill:
    """A gap that is being filled: onward from a point, or back from the newest message until so many are there."""

    walk: Walk
    others: list[str] = field(default_factory=list)
    """Onward: where to begin when the server refuses that point, best first."""
    seen: str = ""
    """Onward: the id of the message behind which it begins, which somebody has seen elsewhere."""
    total: int = 0
    """Back: how many messages were wanted in the beginning; 0: one page, as it is not known from where on some are
    missing."""
    wanted: int = 0
    """Back: how many are still wanted."""
    collected: list[list[Message]] = field(default_factory=list)
    """Back: the pages that came so far, newest first; they are shown when all are there, oldest first."""
    tokens: dict[str, str] = field(default_factory=dict)
    """`+securechat/id` of the own messages that were found -> message id."""
    waiting: bool = True
    """Whether the next page is still to be asked for."""
    failed: bool = False
    more: bool = False
    """Back: whether there may be messages before those that were wanted, so that not all is known."""


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
        self._recent: OrderedDict[str, str] = OrderedDict()  # id of a message that was given out -> its time

    def start(self, fill: Fill | None = None, unseen: Sequence[RoomEvent] = ()) -> None:
        """Begin to fill; what comes live is held from now on, and so is what was given out and is still `unseen`.

        Where some are missing already, whoever has seen something gets what follows that, and not the newest messages
        with a gap before them.
        """
        for event in unseen:
            if isinstance(event, Message):
                self._recent.pop(event.id, None)
        missing = self.behind or (self.fill is not None and self.fill.walk.onward)
        if fill is not None and not fill.walk.onward and missing and self._recent:
            fill = self._behind_what_was_seen()
        self._begin(fill or self._missing())
        for event in unseen:
            self.live(event)
        if fill is not None and fill.seen:
            self._recent[fill.seen] = ""

    def _begin(self, fill: Fill) -> None:
        """Fill this gap from now on; the own messages that were found so far stay found."""
        if self.fill is not None:
            fill.tokens |= self.fill.tokens
        self.behind, self.fill = False, fill

    def _behind_what_was_seen(self) -> Fill:
        self.last_id, self.last_time = next(reversed(self._recent.items()))
        return self._missing()

    def _missing(self) -> Fill:
        """Return the fill from where on messages may be missing, or of the newest page when that is not known."""
        bounds = [at_message(self.last_id)] if self.last_id else []
        bounds += [f"timestamp={self.last_time}"] if self.last_time else []
        return Fill(Walk(onward=True, bound=bounds[0]), bounds[1:]) if bounds else Fill(Walk(onward=False))

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

    def rename(self, name: str) -> None:
        """The room has another name; what is held goes on under it."""
        self.name = name
        self._held = [replace(event, room=name) for event in self._held]

    def take_over(self, other: "Conversation", unseen: Sequence[RoomEvent] = ()) -> list[RoomEvent]:
        """The other one is the same room: nothing of it is given out twice, and what is `unseen` comes in its place.

        Returns what is to be given out now.
        """
        again = {event.id for event in unseen if isinstance(event, Message)}
        seen = OrderedDict((key, time) for key, time in other._recent.items() if key not in again)  # noqa: SLF001
        self._recent = seen | self._recent
        return [one for event in (*unseen, *other._held) for one in self.live(event)]  # noqa: SLF001 - the same class

    def _gap(self) -> Fill:
        """Return the gap that is being filled. Raises RuntimeError when there is none: a bug of ours."""
        if self.fill is None:
            raise RuntimeError("no gap is being filled")
        return self.fill

    def next_query(self, page_limit: int) -> Query:
        """Return what to ask for next."""
        fill = self._gap()
        fill.waiting = False
        return fill.walk.query(min(fill.wanted, page_limit) if fill.wanted else page_limit)

    def refused(self) -> bool:
        """The server refused a page. Returns whether there is another bound to try."""
        fill = self._gap()
        fill.waiting = bool(fill.others)
        fill.failed = not fill.waiting
        if fill.others:
            fill.walk.bound = fill.others.pop(0)
        return fill.waiting

    def page(self, messages: list[Message], ids: list[str]) -> list[RoomEvent]:
        """Take a page, oldest first, and the ids of all its lines; return what is to be given out now.

        Afterwards `fill.waiting` tells whether another page is to be asked for.
        """
        fill = self._gap()
        for message in messages:
            if message.own and message.token:
                fill.tokens[message.token] = message.id
        more = fill.walk.goes_on(ids)
        if fill.walk.onward:
            fill.waiting, fill.others = more, []
            return self._new(messages)
        fill.collected.append(messages)
        fill.wanted -= min(fill.wanted, len(ids))
        fill.waiting, fill.more = more and fill.wanted > 0, more
        return []

    def finish(self) -> list[RoomEvent]:
        """All pages came: return what is still to be given out. If live events were dropped, `fill` stays on."""
        fill = self._gap()
        given = self._new([message for page in reversed(fill.collected) for message in page])
        fill.collected = []
        if self._overflow and not fill.failed:
            self._overflow = False
            self._begin(self._missing())
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
        if not fill.walk.onward and self._recent:
            self._begin(self._behind_what_was_seen())
        elif not fill.walk.onward:
            fill.walk.bound, fill.wanted, fill.collected = NEWEST, fill.total, []

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

    def _new(self, events: Sequence[RoomEvent]) -> list[RoomEvent]:
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
                self._recent[event.id] = wire_time(event.time)
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


def latest(count: int) -> Fill:
    """Return the fill for the newest `count` messages."""
    return Fill(Walk(onward=False), wanted=count, total=count)


def since(begin: datetime | str) -> Fill:
    """Return the fill for everything said after a moment, or after the message of that id."""
    if isinstance(begin, str):
        return Fill(Walk(onward=True, bound=at_message(begin)), seen=begin)
    return Fill(Walk(onward=True, bound=at_time(begin)))
