"""Pages of history. A point in time becomes a point in the sequence first, as time never decreases with it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlalchemy import Connection, Executable, Integer, Select, bindparam, func, select, text, union_all

from securechat.domain.events import SAID, Kind
from securechat.domain.history import Bound, Direction, HistoryQuery, StoredEvent
from securechat.storage.models import EventRow, TimelineRow
from securechat.storage.room_deletion import departing, is_departing
from securechat.storage.timeline import COVERED, newest_of_conversations

_CONVERSATION = bindparam("conversation", type_=Integer)
_LOW = bindparam("low", type_=Integer)
_HIGH = bindparam("high", type_=Integer)
_LIMIT = bindparam("limit", type_=Integer)
_KINDS = {int(kind): kind for kind in Kind}
_COLUMNS = (
    EventRow.sequence,
    EventRow.kind,
    EventRow.time,
    EventRow.conversation_id,
    EventRow.source,
    EventRow.account,
    EventRow.target,
    EventRow.text,
    EventRow.tags,
)
_MOST_HIDDEN = 50_000  # events are looked through for one page when some in it are not to be shown
_MOST_AT_ONCE = 2000
_END = 2**63 - 1  # greater than any sequence number: the largest integer of SQLite

# A binary search over the primary key, 20 steps in a million events, in one statement. `low` and `high` close in on the
# first event that is not older than :time; where numbers are missing, any number in the gap will do.
_REACHED = "(SELECT time FROM events WHERE sequence >= (low + high) / 2 ORDER BY sequence LIMIT 1) >= :time"
_FIRST_AT = text(f"""
    WITH RECURSIVE search (low, high) AS (
        SELECT coalesce((SELECT min(sequence) FROM events), 1), coalesce((SELECT max(sequence) FROM events), 0) + 1
        UNION ALL
        SELECT CASE WHEN {_REACHED} THEN low ELSE (low + high) / 2 + 1 END,
               CASE WHEN {_REACHED} THEN (low + high) / 2 ELSE high END
        FROM search
        WHERE low < high
    )
    SELECT low FROM search WHERE low >= high
""")  # noqa: S608 - a constant


class History:
    """Implements domain.ports.HistoryRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def page(self, query: HistoryQuery) -> list[StoredEvent]:
        """The page, oldest first. Costs the same however long the conversation is, and whatever else is in it."""
        if query.limit <= 0 or query.conversation <= 0 or is_departing(self._connection, query.conversation):
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

    def event(self, sequence: int) -> StoredEvent | None:
        """The event with that number, or None."""
        if not 0 < sequence < _END:
            return None
        row = self._connection.execute(select(*_COLUMNS).where(EventRow.sequence == sequence)).first()
        return None if row is None or is_departing(self._connection, row.conversation_id) else _stored(*row)

    def targets(self, conversations: Mapping[int, int], first: int, second: int, limit: int) -> list[tuple[int, int]]:
        """(conversation, time of its newest said event), between the times `first` and `second` (ms), oldest first.

        Of each conversation, only what is newer than the sequence number it maps to. At most `limit`: the oldest, but
        when `first` is the later one the newest of them.
        """
        wanted = conversations.keys() - departing(self._connection)
        found_newest = newest_of_conversations(self._connection, _numbers(SAID), wanted)
        newest = {one: sequence for one, sequence in found_newest.items() if sequence > conversations[one]}
        low = self._last_at(min(first, second))
        high = self._first_at(max(first, second))
        found = sorted((sequence, conversation) for conversation, sequence in newest.items() if low < sequence < high)
        found = found[-limit:] if first > second and limit > 0 else found[: max(limit, 0)]
        rows = self._connection.execute(
            select(EventRow.sequence, EventRow.time).where(EventRow.sequence.in_([sequence for sequence, _ in found]))
        )
        times = {sequence: time for sequence, time in rows}  # noqa: C416 - rows are not tuples to the type checker
        return [(conversation, times[sequence]) for sequence, conversation in found]

    def extent(self, conversation: int) -> tuple[int, int]:
        """(how many messages there are, time of the oldest in ms); (0, 0) when nothing was said."""
        if is_departing(self._connection, conversation):
            return 0, 0
        kinds = _numbers(SAID)
        known = select(func.count(), func.min(TimelineRow.sequence)).where(
            TimelineRow.conversation_id == conversation, TimelineRow.kind.in_(kinds)
        )
        newer = select(func.count(), func.min(EventRow.sequence)).where(
            EventRow.sequence > COVERED.scalar_subquery(),
            EventRow.conversation_id == conversation,
            EventRow.kind.in_(kinds),
        )
        rows = [self._connection.execute(one).one() for one in (known, newer)]
        oldest = min((first for _, first in rows if first is not None), default=None)
        if oldest is None:
            return 0, 0
        time = self._connection.execute(select(EventRow.time).where(EventRow.sequence == oldest)).scalar_one()
        return sum(count for count, _ in rows), time

    def last(self) -> tuple[int, int]:
        """(sequence, time in ms) of the newest event of all; (0, 0) when there is none."""
        row = self._connection.execute(
            select(EventRow.sequence, EventRow.time).order_by(EventRow.sequence.desc()).limit(1)
        ).first()
        return (0, 0) if row is None else (row.sequence, row.time)

    def _around(self, query: HistoryQuery, point: int) -> list[StoredEvent]:
        """Return half a page before `point` and half from it on; what one side lacks, the other may fill."""
        before = self._range(query, 0, point, newest=True)
        since = self._range(query, point - 1, _END, newest=False)
        taken_before = min(len(before), max(query.limit // 2, query.limit - len(since)))
        return before[len(before) - taken_before :] + since[: query.limit - taken_before]

    def _range(self, query: HistoryQuery, low: int, high: int, *, newest: bool) -> list[StoredEvent]:
        """Return at most `query.limit` events with low < sequence < high: the newest, or else the oldest of them."""
        low = max(low, query.not_before)
        if high - low < 2 or not query.kinds:
            return []
        if query.hidden:
            return self._unhidden(query, low, high, newest=newest)
        return self._rows(query, low, high, query.limit, newest=newest)

    def _rows(self, query: HistoryQuery, low: int, high: int, limit: int, *, newest: bool) -> list[StoredEvent]:
        values = {"conversation": query.conversation, "low": low, "high": high, "limit": min(limit, _END)}
        rows = self._connection.execute(_range_statement(query.kinds, newest), values)
        return [_stored(*row) for row in rows]

    def _unhidden(self, query: HistoryQuery, low: int, high: int, *, newest: bool) -> list[StoredEvent]:
        """Do the same without what is hidden: whoever it is of must not make a page end before it is full."""
        found: list[StoredEvent] = []
        size, looked_at = query.limit, 0
        while len(found) < query.limit and looked_at < _MOST_HIDDEN:
            rows = self._rows(query, low, high, size, newest=newest)
            shown = [one for one in rows if not query.hidden.hides(one)]
            found = shown + found if newest else found + shown
            if len(rows) < size:
                break
            looked_at += size
            if newest:
                high = rows[0].sequence
            else:
                low = rows[-1].sequence
            size = max(size, min(2 * size, _MOST_AT_ONCE))
        return found[-query.limit :] if newest else found[: query.limit]

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
        """Return the oldest sequence number with a time >= `time` (ms); past the newest one when there is none."""
        bounded = max(-_END, min(time, _END))  # a client may name any year
        found: int = self._connection.execute(_FIRST_AT, {"time": bounded}).scalar_one()
        return found


@lru_cache(maxsize=128)  # every set of kinds that there is; building a statement takes longer than running it
def _range_statement(kinds: frozenset[Kind], newest: bool) -> "Executable":
    """Return the statement for a part of a conversation, with the parameters :conversation, :low, :high and :limit."""
    numbers = _numbers(kinds)
    sequence = (
        union_all(*(_indexed(kind, newest) for kind in numbers), _unindexed(numbers, newest)).subquery().c.sequence
    )
    wanted = select(sequence).order_by(sequence.desc() if newest else sequence).limit(_LIMIT)
    return select(*_COLUMNS).where(EventRow.sequence.in_(wanted)).order_by(EventRow.sequence)


def _indexed(kind: int, newest: bool) -> "Select[int]":
    """Select what `timeline` has of one kind.

    Each kind by itself, so that the thousand people who came and went between two messages are not looked through.
    """
    sequence = TimelineRow.sequence
    inner = (
        select(sequence)
        .where(
            TimelineRow.conversation_id == _CONVERSATION, TimelineRow.kind == kind, sequence > _LOW, sequence < _HIGH
        )
        .order_by(sequence.desc() if newest else sequence)
        .limit(_LIMIT)
        .subquery()
    )
    return select(inner.c.sequence)


def _unindexed(kinds: list[int], newest: bool) -> "Select[int]":
    """Select among the events that `timeline` does not cover yet: a few thousand at most."""
    sequence = EventRow.sequence
    inner = (
        select(sequence)
        .where(
            # One lower bound: of two, SQLite might walk from the lesser one.
            sequence > func.max(_LOW, COVERED.scalar_subquery()),
            sequence < _HIGH,
            EventRow.conversation_id == _CONVERSATION,
            EventRow.kind.in_(kinds),
        )
        .order_by(sequence.desc() if newest else sequence)
        .limit(_LIMIT)
        .subquery()
    )
    return select(inner.c.sequence)


def _stored(
    sequence: int,
    kind: int,
    time: int,
    conversation: int,
    source: str,
    account: str,
    target: str,
    text: str,
    tags: str | None,
) -> StoredEvent:
    return StoredEvent(sequence, _KINDS[kind], time, conversation, source, account, target, text, tags or "")


def _numbers(kinds: Iterable[Kind]) -> list[int]:
    return sorted(int(kind) for kind in kinds)


def _given(bound: Bound | None) -> Bound:
    if bound is None:
        raise ValueError("this direction needs a bound")
    return bound
