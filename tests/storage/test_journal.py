"""The journal: order, batches, numbers, futures, upkeep, and how it ends."""

import threading
import time
from pathlib import Path

import pytest

from securechat.domain.events import RECORDED, Event, Kind
from securechat.domain.history import Direction, HistoryQuery
from securechat.domain.ports import Entry, UnitOfWork
from securechat.domain.reports import Report, encode
from securechat.errors import AccountExists, StorageError
from securechat.storage import journal as journal_module
from securechat.storage import timeline
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import MAX_BATCH, Journal
from tests.storage.harness import (
    ALICE,
    CREDENTIALS,
    ROOM,
    SECONDS,
    Item,
    Published,
    direct,
    happened,
    said,
    settle,
    submit,
)


def texts(database: Database, limit: int = 10_000) -> list[str]:
    query = HistoryQuery(ROOM, Direction.LATEST, limit)
    return [event.text for event in database.read(lambda unit: unit.history.page(query))]


# Order, batches and numbers


def test_what_was_queued_together_is_one_batch_in_order(
    database: Database, journal: Journal, published: Published
) -> None:
    items = [said(f"{number}") for number in range(777)]  # every size of statement is needed
    submit(journal, items)
    journal.start()
    settle(journal)
    assert published.batches == [(items, None)]
    assert published.sequences == list(range(1, 778))
    assert published.threads == {"journal"}
    assert texts(database) == [f"{number}" for number in range(777)]
    assert journal.healthy


def test_every_field_is_stored(database: Database, journal: Journal) -> None:
    event = Event(Kind.NOTICE, 1234, ALICE, 9, "#tea", "täxt \0\r\n🙂", "+a=b;+c")
    submit(journal, [Item(event), said("", tags="")])
    journal.start()
    settle(journal)
    (stored,) = database.read(lambda unit: unit.history.page(HistoryQuery(9, Direction.LATEST, 5)))
    assert (stored.sequence, stored.kind, stored.time, stored.conversation) == (1, Kind.NOTICE, 1234, 9)
    assert (stored.source, stored.account, stored.target) == ("alice!alice@host", "alice", "#tea")
    assert (stored.text, stored.tags) == ("täxt \0\r\n🙂", "+a=b;+c")
    assert type(stored.kind) is Kind
    (empty,) = database.read(lambda unit: unit.history.page(HistoryQuery(ROOM, Direction.LATEST, 5)))
    assert (empty.text, empty.tags) == ("", "")


def test_only_recorded_kinds_get_a_number_and_a_row(database: Database, journal: Journal, published: Published) -> None:
    others = [kind for kind in Kind if kind not in (Kind.ROOM, Kind.DIRECT)]
    report = encode(Report(1, 1, "alice", ROOM, 1, "bob", ""))
    items = [
        happened(
            kind,
            conversation=ROOM + 1 if kind is Kind.DELETE else ROOM,  # nothing is left of what is deleted
            target="7" if kind is Kind.BLOCK else "#general",
            text=report if kind is Kind.REPORT else "",
        )
        for kind in others
    ]
    items = [happened(Kind.ROOM), direct(5), *items, Item()]
    submit(journal, items)
    database.write(lambda unit: unit.accounts.add("alice", CREDENTIALS, administrator=False, time=1))
    journal.start()
    settle(journal)
    rows = database._on_reader(
        lambda connection: connection.exec_driver_sql("SELECT sequence, kind FROM events ORDER BY 1").all()
    )
    assert published.failed == []
    numbered = [item.event for item in items if item.event is not None and item.event.kind in RECORDED]
    assert [tuple(row) for row in rows] == [(event.sequence, int(event.kind)) for event in numbered]
    assert [event.sequence for event in numbered] == list(range(1, len(RECORDED) + 1))
    assert all(item.event.sequence == 0 for item in items if item.event and item.event.kind not in RECORDED)


def test_entries_without_event_keep_their_place(journal: Journal, published: Published) -> None:
    items = [Item(), said("one"), Item(), said("two"), Item()]
    submit(journal, items)
    journal.start()
    settle(journal)
    assert published.stored == items


def test_numbers_go_on_after_a_restart(url: str, published: Published) -> None:
    for start in (0, 3):
        database = open_database(url)
        database.migrate()
        journal = Journal(database, published, 0)
        submit(journal, [said(f"{start + number}") for number in range(3)])
        journal.start()
        journal.stop()
        database.close()
    assert published.sequences == [1, 2, 3, 4, 5, 6]


def test_many_threads_submit_and_everybody_reads_one_order(database: Database, published: Published) -> None:
    journal = Journal(database, published, 0.001)
    journal.start()

    def write(name: int) -> None:
        for number in range(500):
            journal.submit(said(f"{name}:{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    journal.stop()
    assert published.sequences == list(range(1, 2001))
    assert texts(database) == published.texts
    for name in range(4):
        own = [text for text in published.texts if text.startswith(f"{name}:")]
        assert own == [f"{name}:{number}" for number in range(500)]


def test_a_batch_has_an_end(journal: Journal, published: Published) -> None:
    submit(journal, [said("x") for _ in range(2 * MAX_BATCH + 5)])
    journal.start()
    settle(journal)
    assert [len(entries) for entries, _ in published.batches] == [MAX_BATCH, MAX_BATCH, 5]


def test_it_is_full_when_more_than_the_limit_is_queued(database: Database, published: Published) -> None:
    journal = Journal(database, published, 0, max_queued=3)
    submit(journal, [said("x") for _ in range(3)])
    assert not journal.full
    journal.submit(said("x"))
    assert journal.full
    journal.start()
    journal.stop()
    assert not journal.full


def test_gathering_is_for_crowds(database: Database, published: Published) -> None:
    journal = Journal(database, published, gather_seconds=3600)
    assert not journal._gathering_helps()  # somebody alone: answered at once
    submit(journal, [said("x")])
    assert journal._gathering_helps()  # another came while the first was taken out
    submit(journal, [said("x") for _ in range(300)])
    assert not journal._gathering_helps()  # large enough as it is
    crowded = Journal(database, published, gather_seconds=3600)
    crowded._last_commit = time.monotonic()
    assert crowded._gathering_helps()  # messages come faster than they can be gathered
    off = Journal(database, published, gather_seconds=0)
    submit(off, [said("x")])
    assert not off._gathering_helps()


# Futures


def test_a_call_takes_its_place_in_the_order(database: Database, journal: Journal, published: Published) -> None:
    submit(journal, [said("before")])
    seen = journal.call(lambda unit: unit.history.last())
    submit(journal, [said("after")])
    journal.start()
    assert seen.result(SECONDS) == (1, 1000)
    settle(journal)
    assert published.texts == ["before", "after"]


def test_the_future_is_set_after_the_commit_and_what_came_before_is_published(
    database: Database, published: Published
) -> None:
    order: list[str] = []
    journal = Journal(
        database, lambda entries, error: order.append("published"), 0, before_commit=lambda: order.append("commit")
    )
    submit(journal, [said("hello")])
    future = journal.call(lambda unit: order.append("work"))
    future.add_done_callback(lambda _: order.append(f"done with {len(texts(database))} on disk"))
    journal.start()
    future.result(SECONDS)
    journal.stop()
    assert order == ["work", "commit", "published", "done with 1 on disk"]


def test_what_a_call_writes_is_stored(database: Database, journal: Journal) -> None:
    journal.start()
    account = journal.call(lambda unit: unit.accounts.add("bob", CREDENTIALS, administrator=False, time=1)).result(
        SECONDS
    )
    assert database.read(lambda unit: unit.accounts.by_name("bob")) == account


@pytest.mark.parametrize("error", [AccountExists("bob"), ZeroDivisionError("a bug"), StorageError("its own")])
def test_a_call_that_raises_undoes_only_itself(
    database: Database, journal: Journal, published: Published, error: Exception
) -> None:
    def spoil(unit: UnitOfWork) -> None:
        unit.accounts.add("spoilt", CREDENTIALS, administrator=False, time=1)
        raise error

    submit(journal, [said("before")])
    first = journal.call(lambda unit: unit.accounts.add("anna", CREDENTIALS, administrator=False, time=1).name)
    second = journal.call(spoil)
    third = journal.call(lambda unit: unit.accounts.add("zoe", CREDENTIALS, administrator=False, time=1).name)
    submit(journal, [said("after")])
    journal.start()
    assert second.exception(SECONDS) is error
    assert (first.result(SECONDS), third.result(SECONDS)) == ("anna", "zoe")
    assert [account.name for account in database.read(lambda unit: unit.accounts.all())] == ["anna", "zoe"]
    assert published.texts == ["before", "after"]
    assert journal.healthy


def test_a_cancelled_call_is_not_made(journal: Journal, published: Published) -> None:
    ran: list[str] = []
    submit(journal, [said("before")])
    future = journal.call(lambda unit: ran.append("ran"))
    assert future.cancel()
    journal.start()
    settle(journal)
    assert ran == []
    assert published.texts == ["before"]


def test_calls_alone_publish_nothing(journal: Journal, published: Published) -> None:
    journal.start()
    settle(journal)
    assert published.batches == []


# The end


def test_stop_commits_and_publishes_all_that_is_queued(
    database: Database, tmp_path: Path, published: Published
) -> None:
    journal = Journal(database, published)
    journal.start()
    submit(journal, [said(f"{number}") for number in range(5000)])
    future = journal.call(lambda unit: unit.history.last()[0])
    journal.stop()
    assert future.result(0) == 5000
    assert published.texts == texts(database) == [f"{number}" for number in range(5000)]
    assert (tmp_path / "chat.db-wal").stat().st_size == 0  # folded into the database
    assert not any(thread.name == "journal" for thread in threading.enumerate())


def test_after_stop_entries_are_dropped_and_calls_refused(
    database: Database, journal: Journal, published: Published
) -> None:
    journal.start()
    journal.stop()
    journal.submit(said("late"))
    with pytest.raises(StorageError, match="the journal has stopped"):
        journal.call(lambda unit: None).result(0)
    journal.stop()
    assert published.batches == []
    assert texts(database) == []


def test_stopping_what_never_started(journal: Journal) -> None:
    journal.stop()
    with pytest.raises(StorageError, match="the journal has stopped"):
        journal.call(lambda unit: None).result(0)


def test_a_bug_ends_the_journal_loudly_and_nobody_waits_for_ever(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()

    def publish(entries: list[Entry], error: StorageError | None) -> None:
        raise ZeroDivisionError("a bug in delivery")

    journal = Journal(database, publish, 0, on_fatal=ended.set)
    journal.submit(said("seen by nobody"))
    waiting = [journal.call(lambda unit: None) for _ in range(MAX_BATCH + 1)]
    journal.start()
    assert ended.wait(SECONDS)
    for future in waiting:
        with pytest.raises(StorageError, match="the journal has stopped"):
            future.result(SECONDS)
    with pytest.raises(StorageError, match="the journal has stopped"):
        journal.call(lambda unit: None).result(0)
    assert not journal.healthy
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert "a bug in delivery" in caplog.text
    journal.stop()


def test_stop_may_be_called_by_on_fatal(database: Database) -> None:
    ended = threading.Event()

    def publish(entries: list[Entry], error: StorageError | None) -> None:
        raise ZeroDivisionError

    def end() -> None:
        journal.stop()
        ended.set()

    journal = Journal(database, publish, 0, on_fatal=end)
    journal.submit(said("x"))
    journal.start()
    assert ended.wait(SECONDS)
    journal.stop()


# Upkeep


def test_the_write_ahead_log_stays_small(database: Database, tmp_path: Path, journal: Journal) -> None:
    journal.start()
    for _ in range(40):
        submit(journal, [said("x" * 400) for _ in range(500)])
        settle(journal)
    written = (tmp_path / "chat.db").stat().st_size
    assert written > 7_000_000
    assert (tmp_path / "chat.db-wal").stat().st_size < written / 2


def test_many_small_batches_are_checkpointed_too(
    database: Database, tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_CHECKPOINT_BATCHES", 5)
    journal.start()
    before = (tmp_path / "chat.db").stat().st_size
    for _ in range(30):
        submit(journal, [said("x" * 4000)])
        settle(journal)
    assert (tmp_path / "chat.db").stat().st_size > before


def test_the_timeline_follows(database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_TIMELINE_ROWS", 10)
    journal.start()
    for start in range(0, 35, 5):
        submit(journal, [said(f"{start + number}") for number in range(5)])
        settle(journal)
    journal.stop()
    assert database._on_reader(timeline.covered) == 30
    assert texts(database) == [f"{number}" for number in range(35)]


def test_what_the_timeline_misses_is_added_at_start(
    database: Database, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Journal(database, published, 0)
    submit(first, [said("x") for _ in range(25)])
    first.start()
    first.stop()
    assert database._on_reader(timeline.covered) == 0
    monkeypatch.setattr(journal_module, "_TIMELINE_ROWS", 10)
    second = Journal(database, published, 0)
    second.start()
    second.stop()
    assert database._on_reader(timeline.covered) == 25
