"""Pages of history. A point in time becomes a point in the sequence first, as time never decreases with it."""

from collections.abc import Iterable

from sqlalchemy import Connection, Select, func, select, union_all

from securechat.domain.events import SAID, Kind
from securechat.domain.history import Bound, Direction, HistoryQuery, StoredEvent
from securechat.storage.models import EventRow, TimelineRow
from securechat.storage.timeline import covered, newest_of_conversations

_END = 2**63 - 1  # greater than any sequence number: the largest integer of SQLite


class History:
    """Implements domain.ports.HistoryRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, query: HistoryQuery) -> list[StoredEvent]:
        """The page, oldest first. Costs the same however long the conversation is, and whatever else is in it."""
        return self._events(self._page_sequences(query))

    def targets(self, conversations: Iterable[int], after: int, before: int, limit: int) -> list[tuple[int, int]]:
        """(conversation, time of its newest said event), after < time < before (ms), oldest first, at most `limit`."""
        asked = set(conversations)
        newest = newest_of_conversations(self._connection, _numbers(SAID), asked)
        low = self._last_at(after)
        high = self._first_at(before)
        found = sorted((sequence, conversation) for conversation, sequence in newest.items() if low < sequence < high)
        found = found[: max(limit, 0)]
        times = {event.sequence: event.time for event in self._events([sequence for sequence, _ in found])}
        return [(conversation, times[sequence]) for sequence, conversation in found]

    def last(self) -> tuple[int, int]:
        """(sequence, time in ms) of the newest event of all; (0, 0) when there is none."""
        row = self._connection.execute(
            select(EventRow.sequence, EventRow.time).order_by(EventRow.sequence.desc()).limit(1)
        ).first()
        return (0, 0) if row is None else (row.sequence, row.time)

    def _page_sequences(self, query: HistoryQuery) -> list[int]:
        """Return the sequence numbers of the page, oldest first."""
        if query.limit <= 0:
            return []
        match query.direction:
            case Direction.LATEST:
                low = 0 if query.first is None else self._edges(query.first)[1]
                return self._range(query, low, _END, newest=True)
            case Direction.BEFORE:
                return self._range(query, 0, self._edges(_given(query.first))[0], newest=True)
            case Direction.AFTER:
                return self._range(query, self._edges(_given(query.first))[1], _END, newest=False)
            case Direction.AROUND:
                return self._around(query, self._edges(_given(query.first))[0])
            case Direction.BETWEEN:
                first = self._edges(_given(query.first))
                second = self._edges(_given(query.second))
                if first <= second:
                    return self._range(query, first[1], second[0], newest=False)
                return self._range(query, second[1], first[0], newest=True)

    def _around(self, query: HistoryQuery, point: int) -> list[int]:
        """Return half a page before `point` and half from it on; what one side lacks, the other may fill."""
        before = self._range(query, 0, point, newest=True)
        since = self._range(query, point - 1, _END, newest=False)
        taken_before = min(len(before), max(query.limit // 2, query.limit - len(since)))
        return before[len(before) - taken_before :] + since[: query.limit - taken_before]

    def _range(self, query: HistoryQuery, low: int, high: int, *, newest: bool) -> list[int]:
        """Return at most `query.limit` sequence numbers with low < sequence < high, oldest first.

        The newest of them, or else the oldest. The kinds are asked for one by one, so that a thousand people who come
        and go between two messages do not have to be looked through.
        """
        low = max(low, query.not_before)
        if high - low < 2 or not query.kinds:
            return []
        through = covered(self._connection)
        kinds = _numbers(query.kinds)
        parts = []
        if low < through:
            parts = [_indexed(query, kind, low, high, newest=newest) for kind in kinds]
        if high > through + 1:
            parts.append(_unindexed(query, kinds, max(low, through), high, newest=newest))
        found = sorted(sequence for (sequence,) in self._connection.execute(union_all(*parts)))
        return found[-query.limit :] if newest else found[: query.limit]

    def _events(self, sequences: list[int]) -> list[StoredEvent]:
        """Return the events with those sequence numbers, oldest first."""
        rows = self._connection.execute(
            select(
                EventRow.sequence,
                EventRow.kind,
                EventRow.time,
                EventRow.conversation_id,
                EventRow.source,
                EventRow.account,
                EventRow.target,
                EventRow.text,
                func.coalesce(EventRow.tags, ""),
            )
            .where(EventRow.sequence.in_(sequences))
            .order_by(EventRow.sequence)
        )
        return [
            StoredEvent(sequence, Kind(kind), time, conversation, source, account, target, text, tags)
            for sequence, kind, time, conversation, source, account, target, text, tags in rows
        ]

    def _edges(self, bound: Bound) -> tuple[int, int]:
        """Return (high, low): what is before the point has a sequence < high, what is after it one > low."""
        if bound.sequence is not None:
            point = min(bound.sequence, _END)  # a client may send any number of digits
            return point, point
        if bound.time is None:
            raise ValueError("a bound needs a sequence or a time")
        return self._first_at(bound.time), self._last_at(bound.time)

    def _last_at(self, time: int) -> int:
        """Return the newest sequence number with a time <= `time` (ms), or one that lies between it and the next."""
        return self._first_at(time + 1) - 1

    def _first_at(self, time: int) -> int:
        """Return the oldest sequence number with a time >= `time` (ms); past the newest one when there is none.

        A binary search over the primary key: 20 look-ups in a million events.
        """
        oldest, newest = self._connection.execute(
            select(func.coalesce(func.min(EventRow.sequence), 1), func.coalesce(func.max(EventRow.sequence), 0))
        ).one()
        low, high = oldest, newest + 1
        probe = select(EventRow.sequence, EventRow.time).order_by(EventRow.sequence).limit(1)
        while low < high:
            middle = (low + high) // 2
            # There is one at or after the middle: the newest is.
            sequence, found = self._connection.execute(probe.where(EventRow.sequence >= middle)).one()
            if found >= time:
                high = middle
            else:
                low = sequence + 1
        return low


def _indexed(query: HistoryQuery, kind: int, low: int, high: int, *, newest: bool) -> "Select[int]":
    """Select what `timeline` has of one kind."""
    column = TimelineRow.sequence
    inner = (
        select(column.label("sequence"))
        .where(TimelineRow.conversation_id == query.conversation, TimelineRow.kind == kind, column > low, column < high)
        .order_by(column.desc() if newest else column)
        .limit(query.limit)
        .subquery()
    )
    return select(inner.c.sequence)


def _unindexed(query: HistoryQuery, kinds: list[int], low: int, high: int, *, newest: bool) -> "Select[int]":
    """Select among the events that `timeline` does not cover yet: a few thousand at most."""
    column = EventRow.sequence
    inner = (
        select(column.label("sequence"))
        .where(column > low, column < high, EventRow.conversation_id == query.conversation, EventRow.kind.in_(kinds))
        .order_by(column.desc() if newest else column)
        .limit(query.limit)
        .subquery()
    )
    return select(inner.c.sequence)


def _numbers(kinds: Iterable[Kind]) -> list[int]:
    return sorted(int(kind) for kind in kinds)


def _given(bound: Bound | None) -> Bound:
    if bound is None:
        raise ValueError("this direction needs a bound")
    return bound
