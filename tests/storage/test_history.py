"""Pages of history against a plain-Python model, and what a page may cost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from securechat.domain.events import RECORDED, SAID, Event, Kind
from securechat.domain.history import Bound, Direction, HistoryQuery, StoredEvent
from securechat.domain.ports import UnitOfWork
from securechat.storage import timeline
from securechat.storage.engine import Database, open_database
from securechat.storage.recorder import Recorder
from tests.storage.harness import ALICE, GUEST, Item, happened

# The model


def before(event: StoredEvent, bound: Bound) -> bool:
    if bound.sequence is not None:
        return event.sequence < bound.sequence
    assert bound.time is not None
    return event.time < bound.time


def after(event: StoredEvent, bound: Bound) -> bool:
    if bound.sequence is not None:
        return event.sequence > bound.sequence
    assert bound.time is not None
    return event.time > bound.time


def model(events: list[StoredEvent], query: HistoryQuery) -> list[StoredEvent]:
    """What the page must be."""
    seen = [
        event
        for event in events
        if event.conversation == query.conversation and event.kind in query.kinds and event.sequence > query.not_before
    ]
    limit, first, second = query.limit, query.first, query.second
    newest = slice(-limit, None) if limit else slice(0, 0)
    match query.direction:
        case Direction.LATEST:
            return [event for event in seen if first is None or after(event, first)][newest]
        case Direction.BEFORE:
            assert first is not None
            return [event for event in seen if before(event, first)][newest]
        case Direction.AFTER:
            assert first is not None
            return [event for event in seen if after(event, first)][:limit]
        case Direction.AROUND:
            assert first is not None
            point = len([event for event in seen if before(event, first)])
            start = max(0, min(point - limit // 2, len(seen) - limit))
            return seen[start : start + limit]
        case Direction.BETWEEN:
            assert first is not None
            assert second is not None
            forwards = [event for event in seen if after(event, first) and before(event, second)]
            backwards = [event for event in seen if before(event, first) and after(event, second)]
            assert not (forwards and backwards)
            return forwards[:limit] if forwards else backwards[newest]


def model_targets(
    events: list[StoredEvent], conversations: dict[int, int], first: int, second: int, limit: int
) -> list[tuple[int, int]]:
    said = [event for event in events if event.kind in SAID and event.conversation in conversations]
    newest = {event.conversation: event for event in said if event.sequence > conversations[event.conversation]}
    wanted = [event for event in newest.values() if min(first, second) < event.time < max(first, second)]
    wanted.sort(key=lambda event: event.sequence)
    nearest = wanted[max(0, len(wanted) - limit) :] if first > second else wanted[:limit]
    return [(event.conversation, event.time) for event in nearest]


# The database


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for many examples; `fill` empties it."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('history')}/chat.db")
    database.migrate()
    with database.writer.begin():
        rooms = [happened(Kind.ROOM, conversation=number, target=f"#{number}") for number in range(1, 4)]
        assert Recorder(database.writer).record(rooms) == []
    yield database
    database.close()


def fill(database: Database, events: list[Event], covered: int) -> list[StoredEvent]:
    """Store the events, the first `covered` of them in the timeline, too; return what history should know."""
    writer = database.writer
    with writer.begin():
        for table in ("events", "timeline"):
            writer.exec_driver_sql(f"DELETE FROM {table}")
        writer.exec_driver_sql("UPDATE settings SET value = '0' WHERE key = 'timeline_through'")
        recorder = Recorder(writer)
        assert recorder.record([Item(event) for event in events[:covered]]) == []
        if covered:
            timeline.advance(writer)
        assert recorder.record([Item(event) for event in events[covered:]]) == []
    return [
        StoredEvent(
            event.sequence,
            event.kind,
            event.time,
            event.conversation,
            event.source.mask,
            event.source.account,
            event.target,
            event.text,
            event.tags,
        )
        for event in events
    ]


@st.composite
def event_lists(draw: st.DrawFn) -> list[Event]:
    """Up to 40 events in three conversations; time stands still or leaps, but never goes back."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 3),
                st.sampled_from(sorted(RECORDED)),
                st.sampled_from([0, 0, 1, 1, 2, 7]),
                st.booleans(),
            ),
            max_size=40,
        )
    )
    events = []
    time = 1000
    for number, (conversation, kind, passed, tagged) in enumerate(rows):
        time += passed
        source = GUEST if kind in (Kind.JOIN, Kind.PART) else ALICE  # a guest's coming and going has no other effect
        tags = "+a=b" if tagged else ""
        events.append(Event(kind, time, source, conversation, "#general", f"text {number}", tags))
    return events


bounds = st.one_of(
    st.builds(Bound, sequence=st.integers(-1, 45) | st.sampled_from([2**63 - 1, 2**63, 10**30, -(10**30)])),
    st.builds(Bound, time=st.integers(995, 1070) | st.sampled_from([0, -(10**20), 10**20])),
)
queries = st.builds(
    HistoryQuery,
    conversation=st.integers(1, 4),
    direction=st.sampled_from(Direction),
    limit=st.integers(0, 12),
    first=bounds,
    second=bounds,
    kinds=st.just(SAID) | st.just(RECORDED) | st.frozensets(st.sampled_from(sorted(RECORDED))),
    not_before=st.just(0) | st.integers(0, 45),
)

many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(events=event_lists(), share=st.floats(0, 1), asked=st.lists(queries, min_size=1, max_size=12))
def test_every_page_is_what_the_model_says(
    shared: Database, events: list[Event], share: float, asked: list[HistoryQuery]
) -> None:
    stored = fill(shared, events, round(share * len(events)))
    for query in asked:
        assert shared.read(lambda unit, query=query: unit.history.page(query)) == model(stored, query), query  # type: ignore[misc]
        if query.direction is Direction.LATEST:
            query = replace(query, first=None)
            assert shared.read(lambda unit, query=query: unit.history.page(query)) == model(stored, query)  # type: ignore[misc]


@many
@given(
    events=event_lists(),
    share=st.floats(0, 1),
    conversations=st.dictionaries(st.integers(1, 5), st.one_of(st.just(0), st.integers(0, 30))),
    first=st.integers(990, 1070),
    second=st.integers(990, 1070),
    limit=st.integers(0, 4),
)
def test_targets_are_what_the_model_says(
    shared: Database,
    events: list[Event],
    share: float,
    conversations: dict[int, int],
    first: int,
    second: int,
    limit: int,
) -> None:
    stored = fill(shared, events, round(share * len(events)))
    found = shared.read(lambda unit: unit.history.targets(conversations, first, second, limit))
    assert found == model_targets(stored, conversations, first, second, limit)


@many
@given(events=event_lists(), share=st.floats(0, 1))
def test_last_is_the_newest_of_all(shared: Database, events: list[Event], share: float) -> None:
    stored = fill(shared, events, round(share * len(events)))
    expected = (stored[-1].sequence, stored[-1].time) if stored else (0, 0)
    assert shared.read(lambda unit: unit.history.last()) == expected


@pytest.mark.parametrize("direction", [Direction.BEFORE, Direction.AFTER, Direction.AROUND, Direction.BETWEEN])
def test_a_direction_without_its_bound_is_a_bug(shared: Database, direction: Direction) -> None:
    with pytest.raises(ValueError, match="needs a bound"):
        shared.read(lambda unit: unit.history.page(HistoryQuery(1, direction, 5)))
    with pytest.raises(ValueError, match="a sequence or a time"):
        shared.read(lambda unit: unit.history.page(HistoryQuery(1, direction, 5, Bound(), Bound())))


# What it costs


def steps(database: Database, query: HistoryQuery) -> int:
    """How many hundred instructions SQLite's virtual machine takes for a page: the same on every machine."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def page(unit: UnitOfWork) -> None:
        driver = database._local.connection.connection.driver_connection
        driver.set_progress_handler(count, 100)
        try:
            assert len(unit.history.page(query)) == query.limit
        finally:
            driver.set_progress_handler(None, 0)

    database.read(page)
    return counted


def crowded(messages: int, comings: int) -> list[Event]:
    """Messages in room 1, evenly among people who come and go in it; one event a millisecond."""
    every = comings // messages
    events = []
    for number in range(messages * (every + 1)):
        kind = Kind.MESSAGE if number % (every + 1) == 0 else (Kind.JOIN, Kind.PART)[number % 2]
        events.append(Event(kind, 1000 + number, GUEST, 1, "#general", "x"))
    return events


@pytest.mark.parametrize("direction", [Direction.LATEST, Direction.BEFORE, Direction.AFTER, Direction.AROUND])
@pytest.mark.parametrize("by_time", [False, True])
def test_a_page_costs_the_same_in_a_long_and_crowded_room(tmp_path: Path, direction: Direction, by_time: bool) -> None:
    costs = []
    for comings in (200, 40_000):
        database = open_database(f"sqlite:///{tmp_path}/{comings}.db")
        database.migrate()
        events = crowded(200, comings)
        fill(database, events, len(events))
        middle = len(events) // 2
        bound = Bound(time=1000 + middle) if by_time else Bound(sequence=middle)
        first = None if direction is Direction.LATEST else bound
        costs.append(steps(database, HistoryQuery(1, direction, 50, first)))
        database.close()
    assert costs[0] > 5
    assert costs[1] < 1.5 * costs[0]


def test_what_belongs_to_no_conversation_is_on_no_page(shared: Database) -> None:
    fill(shared, [Event(Kind.MESSAGE, 1000, ALICE, 0, "@#general", "a plan")], 1)
    query = HistoryQuery(0, Direction.LATEST, 10)
    assert shared.read(lambda unit: unit.history.page(query)) == []
