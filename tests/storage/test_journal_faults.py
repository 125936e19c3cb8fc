"""The journal when things go wrong: a full disk, a commit that fails, one entry that cannot be stored."""

import errno
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.domain.events import Event, Kind
from securechat.domain.history import Direction, HistoryQuery
from securechat.domain.ports import Entry, UnitOfWork
from securechat.domain.roles import RoomRole
from securechat.errors import StorageError
from securechat.storage import journal as journal_module
from securechat.storage import timeline
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from securechat.storage.unit_of_work import SqlUnitOfWork
from tests.storage.harness import (
    ALICE,
    CREDENTIALS,
    ROOM,
    SECONDS,
    Item,
    Published,
    direct,
    happened,
    paused,
    said,
    settle,
    submit,
)

FULL = "the database cannot store: database or disk is full"


def stored_texts(database: Database) -> list[str]:
    query = HistoryQuery(ROOM, Direction.LATEST, 10_000, kinds=frozenset(Kind))
    return [event.text for event in database.read(lambda unit: unit.history.page(query))]


def allow_pages(extra: int) -> Callable[[UnitOfWork], None]:
    """Work for the journal: SQLite may make the file `extra` pages larger, and then reports a full disk."""

    def work(unit: UnitOfWork) -> None:
        assert isinstance(unit, SqlUnitOfWork)
        pages = unit._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        unit._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + extra}")

    return work


def fill_disk(journal: Journal) -> None:
    journal.call(allow_pages(0)).result(SECONDS)


def empty_disk(journal: Journal) -> None:
    journal.call(allow_pages(100_000)).result(SECONDS)


def write_much(unit: UnitOfWork) -> None:
    unit.invites.add(
        b"digest", rooms=(), administrator=False, uses=1, expires=None, note="x" * 50_000, created_by="", time=1
    )


# Those who wait for the outcome of one entry


def test_who_waits_for_an_entry_hears_of_its_outcome(journal: Journal, published: Published) -> None:
    journal.start()
    submit(journal, [happened(Kind.ROOM, conversation=8, target="#tea")])
    with paused(journal):
        good = journal.store(said("good"))
        unknown = happened(Kind.ROOM, conversation=9, target="#tea")  # that name is taken
        bad = journal.store(unknown)
        last = journal.store(said("last"))
        assert not good.done()
    good.result(SECONDS)
    last.result(SECONDS)
    assert isinstance(bad.exception(SECONDS), StorageError)
    assert published.failed == [unknown]
    assert published.texts[-2:] == ["good", "last"]


def test_who_waits_for_an_entry_hears_of_a_full_disk_and_of_the_end(database: Database, journal: Journal) -> None:
    journal.start()
    fill_disk(journal)
    outcome = journal.store(said("x" * 50_000))
    assert str(outcome.exception(SECONDS)) == FULL
    empty_disk(journal)
    journal.store(said("again")).result(SECONDS)
    journal.stop()
    assert str(journal.store(said("late")).exception(SECONDS)) == "the journal has stopped"
    assert stored_texts(database) == ["again"]


# A full disk, for real


def test_a_full_disk_refuses_the_batch_and_is_forgotten_when_there_is_room_again(
    database: Database, journal: Journal, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    journal.start()
    submit(journal, [said("first")])
    fill_disk(journal)
    lost = [said("lost"), Item(), said("x" * 50_000), said("lost, too")]
    for _ in range(2):
        with paused(journal):
            submit(journal, lost)
        # The batch itself is still refused when this call has made the journal well again.
        journal.call(lambda unit: None).result(SECONDS)
        entries, error = published.batches[-1]
        assert entries == lost
        assert str(error) == FULL
        assert [item.event.sequence for item in lost if item.event] == [0, 0, 0]
    empty_disk(journal)
    submit(journal, [said("second")])
    settle(journal)
    assert journal.healthy
    assert published.sequences == [1, 2]
    assert stored_texts(database) == ["first", "second"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == 2 * [
        ("ERROR", f"{FULL}; messages are refused until this is mended"),
        ("INFO", "the database can store again"),
    ]


def test_failures_are_logged_once_until_it_is_well_again(
    database: Database, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    journal = Journal(database, published, 0, before_commit=no_space)
    journal.start()
    for _ in range(3):
        with pytest.raises(StorageError, match="No space left on device"):
            journal.call(lambda unit: None).result(SECONDS)
        assert not journal.healthy
    journal.before_commit = None
    settle(journal)
    assert journal.healthy
    journal.stop()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


def no_space() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_full_disk_in_a_call_fails_its_whole_batch(
    database: Database, journal: Journal, published: Published, position: int
) -> None:
    """SQLite rolls everything back by itself then, savepoints included."""
    journal.start()
    submit(journal, [happened(Kind.ROOM)])
    fill_disk(journal)
    work: list[Callable[[UnitOfWork], object]] = [lambda unit: unit.history.last(), lambda unit: unit.accounts.all()]
    work.insert(position, write_much)
    with paused(journal):
        submit(journal, [said("before")])
        futures = [journal.call(each) for each in work]
        submit(journal, [said("after")])
    for future in futures:
        with pytest.raises(StorageError, match=FULL):
            future.result(SECONDS)
    empty_disk(journal)
    settle(journal)
    assert [item.event.text for item in published.failed if item.event] == ["before", "after"]
    assert stored_texts(database) == []


def test_a_full_disk_while_a_topic_is_set(database: Database, journal: Journal, published: Published) -> None:
    journal.start()
    submit(journal, [happened(Kind.ROOM)])
    fill_disk(journal)
    with paused(journal):
        submit(journal, [said("before"), happened(Kind.TOPIC, text="x" * 50_000)])
    settle(journal)
    assert len(published.failed) == 2
    assert [room.topic for room in database.read(lambda unit: unit.rooms.all())] == [""]
    assert stored_texts(database) == []


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.DatabaseError("database disk image is malformed"),
        OSError(errno.EIO, "Input/output error"),
        StorageError("as good as lost"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_commit_that_fails_undoes_everything(database: Database, published: Published, error: Exception) -> None:
    def fail() -> None:
        raise error

    journal = Journal(database, published, 0)
    journal.start()
    submit(journal, [happened(Kind.ROOM), said("first")])
    settle(journal)
    journal.before_commit = fail
    lost = [said("lost"), happened(Kind.TOPIC, text="lost"), direct(5)]
    with paused(journal):
        submit(journal, lost)
        future = journal.call(lambda unit: unit.accounts.add("lost", CREDENTIALS, administrator=False, time=1))
        journal.before_commit = None  # for the pause's own batch; the next one fails again
        journal.call(lambda unit: setattr(journal, "before_commit", fail))
    with pytest.raises(StorageError):
        future.result(SECONDS)
    journal.before_commit = None
    submit(journal, [said("second")])
    settle(journal)
    assert published.failed == lost
    assert published.sequences == [0, 1, 2]  # the room itself has no number
    assert stored_texts(database) == ["first", "second"]
    assert database.read(lambda unit: (unit.accounts.all(), unit.rooms.direct_conversations())) == ([], [])
    journal.stop()


COMMIT_FAILS = """
import resource, sys
from securechat.domain.events import Event, Kind, Source
from securechat.domain.history import Direction, HistoryQuery
from securechat.storage.engine import open_database
from securechat.storage.journal import Journal

class Item:
    def __init__(self, text):
        self.event = Event(Kind.MESSAGE, 1, Source("a", "a", "h"), 1, "#general", text)

database = open_database(sys.argv[1])
database.migrate()
def publish(entries, error):
    print([entry.event.text[:6] for entry in entries], [entry.event.sequence for entry in entries], error, flush=True)
journal = Journal(database, publish, 0)
reached = []
journal.before_commit = lambda: reached.append("commit")
journal.start()
def store(*texts):
    for text in texts:
        journal.submit(Item(text))
        journal.call(lambda unit: None).exception(20)
store("first")
size = (database.path.parent / "chat.db-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, resource.RLIM_INFINITY))
before = len(reached)
store("lost 1" + "x" * 50_000)
print("reached the commit:", len(reached) > before)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store("second")
page = database.read(lambda unit: unit.history.page(HistoryQuery(1, Direction.LATEST, 10)))
print([(event.sequence, event.text) for event in page], journal.healthy)
journal.stop()
database.close()
"""


def test_a_real_failure_of_the_commit_itself(url: str) -> None:
    """The system refuses to let the write-ahead log grow: SQLite notices only while it commits."""
    command = [sys.executable, "-c", COMMIT_FAILS, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    lines = done.stdout.splitlines()
    assert lines[0] == "['first'] [1] None"
    assert lines[1].startswith("['lost 1'] [0] the database cannot store: ")
    assert lines[2:] == ["reached the commit: True", "['second'] [2] None", "[(1, 'first'), (2, 'second')] True"]


# One entry at fault


def unbindable(text: str = "half a \udc80 pair") -> Item:
    return said(text)


def number_too_large() -> Item:
    return Item(Event(Kind.MESSAGE, 2**63, ALICE, ROOM, "#general", "too large"))


def missing_text() -> Item:
    return Item(Event(Kind.MESSAGE, 1, ALICE, ROOM, "#general", None))  # type: ignore[arg-type]  # a bug elsewhere


def wrong_type() -> Item:
    return Item(Event(Kind.MESSAGE, 1, ALICE, ROOM, "#general", ["text"]))  # type: ignore[arg-type]  # a bug elsewhere


@pytest.mark.parametrize("make", [unbindable, number_too_large, missing_text, wrong_type])
@pytest.mark.parametrize("position", [0, 300, 599])
def test_one_message_that_cannot_be_stored_fails_alone(
    database: Database, journal: Journal, published: Published, make: Callable[[], Item], position: int
) -> None:
    """600 messages are several statements: what the first of them stored must not stay twice."""
    good = [said(f"{number}") for number in range(599)]
    bad = make()
    submit(journal, [*good[:position], bad, *good[position:]])
    journal.start()
    settle(journal)
    assert published.failed == [bad]
    assert bad.event is not None
    assert bad.event.sequence == 0
    assert published.stored == good
    assert published.sequences == list(range(1, 600))
    assert stored_texts(database) == [f"{number}" for number in range(599)]
    assert journal.healthy


def test_the_failed_one_is_published_in_its_place(journal: Journal, published: Published) -> None:
    items = [said("one"), unbindable(), Item(), said("two"), unbindable(), unbindable()]
    submit(journal, items)
    journal.start()
    settle(journal)
    assert [entries for entries, _ in published.batches] == [items[:1], [items[1]], items[2:4], [items[4]], [items[5]]]
    assert [error is None for _, error in published.batches] == [True, False, True, False, False]


def test_a_room_that_cannot_be_made_fails_alone_between_calls_and_effects(
    database: Database, journal: Journal, published: Published
) -> None:
    database.write(lambda unit: unit.accounts.add("alice", CREDENTIALS, administrator=False, time=1))
    twin = happened(Kind.ROOM, conversation=7, target="#GENERAL")
    lost = happened(Kind.JOIN, conversation=7)
    calls: list[int] = []
    submit(journal, [happened(Kind.ROOM), said("one")])
    first = journal.call(lambda unit: calls.append(1))
    submit(journal, [said("two"), twin, happened(Kind.TOPIC, text="tea"), lost, happened(Kind.JOIN), said("three")])
    second = journal.call(lambda unit: (calls.append(2), unit.history.last()[0]))  # type: ignore[func-returns-value]
    journal.start()
    first.result(SECONDS)
    assert second.result(SECONDS) == (None, 5)
    assert calls == [1, 2]  # nobody's work runs twice
    assert published.failed == [twin, lost]
    assert stored_texts(database) == ["one", "two", "tea", "", "three"]
    assert [room.topic for room in database.read(lambda unit: unit.rooms.all())] == ["tea"]
    assert database.read(lambda unit: unit.rooms.memberships()) == [(1, ROOM, RoomRole.MEMBER)]


def test_what_cannot_be_stored_is_quoted_nowhere(
    journal: Journal, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    submit(journal, [unbindable("private \udc80"), happened(Kind.ROOM), happened(Kind.ROOM, target="#private")])
    journal.start()
    settle(journal)
    assert len(published.failed) == 2
    assert len(caplog.records) == 2
    assert "private" not in caplog.text
    assert "private" not in "".join(str(error) for _, error in published.batches)


# Upkeep that fails disturbs nobody


def test_a_timeline_that_cannot_grow_is_tried_again(
    database: Database,
    journal: Journal,
    published: Published,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(journal_module, "_TIMELINE_ROWS", 10)
    advance = timeline.advance

    def fail(connection: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(timeline, "advance", fail)
    journal.start()
    with paused(journal):
        submit(journal, [said(f"{number}") for number in range(10)])
    settle(journal)
    monkeypatch.setattr(timeline, "advance", advance)
    with paused(journal):
        submit(journal, [said(f"{10 + number}") for number in range(10)])
    settle(journal)
    journal.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "the index of conversations is behind: the database cannot extend it: database or disk is full"
    ]
    assert database._on_reader(timeline.covered) == 20
    assert published.texts == stored_texts(database) == [f"{number}" for number in range(20)]


def test_a_checkpoint_that_a_reader_holds_up_is_done_later(
    database: Database, journal: Journal, published: Published, tmp_path: Path
) -> None:
    journal.start()
    submit(journal, [said("first")])
    settle(journal)

    def write_meanwhile(unit: UnitOfWork) -> int:
        before = unit.history.last()[0]
        submit(journal, [said("x" * 400) for _ in range(9000)])
        settle(journal)
        assert unit.history.last()[0] == before
        return before

    assert database.read(write_meanwhile) == 1
    submit(journal, [said("x" * 400) for _ in range(5000)])
    journal.stop()
    assert len(published.stored) == 14_001
    assert (tmp_path / "chat.db-wal").stat().st_size == 0


def test_other_errors_are_bugs_and_end_the_journal(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def publish(entries: list[Entry], error: StorageError | None) -> None:
        raise AssertionError("nothing is to be published")

    def fail() -> None:
        raise ZeroDivisionError("a bug")

    journal = Journal(database, publish, 0, before_commit=fail)
    submit(journal, [said("hello")])
    future = journal.call(lambda unit: None)
    journal.start()
    with pytest.raises(StorageError, match="the journal has stopped"):
        future.result(SECONDS)
    journal.stop()
    assert "ZeroDivisionError: a bug" in caplog.text
    assert stored_texts(database) == []
