"""A room that is deleted is gone from the files, with all that was said in it; its neighbours are as they were."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from securechat.domain.events import RECORDED, Event, Kind
from securechat.domain.history import Direction, HistoryQuery
from securechat.domain.reports import Report, encode
from securechat.storage import journal as journal_module
from securechat.storage import recorder as recorder_module
from securechat.storage import room_deletion, timeline
from securechat.storage.direct_journal import DirectJournal
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import Journal
from tests.storage.harness import ALICE, CREDENTIALS, SECONDS, Item, Published, happened, said, settle, submit
from tests.storage.test_redaction import LONG, holding

TEA, GENERAL = 7, 8


def deletion(room: int = TEA) -> Item:
    return Item(Event(Kind.DELETE, 1000, ALICE, room, "#tea"))


def page(database: Database, room: int) -> list[str]:
    query = HistoryQuery(room, Direction.LATEST, 10_000, kinds=RECORDED)
    return [one.text for one in database.read(lambda unit: unit.history.page(query))]


def rows_of(database: Database, room: int) -> dict[str, int]:
    """How many rows of each table are of that room."""
    columns = {
        "events": "conversation_id",
        "timeline": "conversation_id",
        "conversations": "id",
        "memberships": "conversation_id",
        "room_rules": "conversation_id",
        "read_markers": "conversation_id",
        "room_metadata": "conversation_id",
        "invite_rooms": "conversation_id",
        "reports": "conversation",
        "departing": "conversation_id",
    }
    return database._on_reader(  # the writing connection is the journal's
        lambda connection: {
            table: connection.execute(text(f"SELECT count(*) FROM {table} WHERE {column} = {room}")).scalar_one()
            for table, column in columns.items()
        }
    )


def fill(journal: Journal) -> None:
    journal.call(lambda unit: unit.accounts.add("alice", CREDENTIALS, administrator=False, time=1)).result(SECONDS)
    rooms = [
        happened(Kind.ROOM, conversation=TEA, target="#tea"),
        happened(Kind.ROOM, conversation=GENERAL, target="#general"),
    ]
    submit(journal, rooms)
    journal.call(
        lambda unit: unit.invites.add(
            b"d", rooms=("#tea",), administrator=False, uses=1, expires=None, note="", created_by="", time=1
        )
    ).result(SECONDS)
    submit(
        journal,
        [
            happened(Kind.JOIN, conversation=TEA, target="#tea"),
            said(LONG, conversation=TEA, tags="+secret=tag"),
            said("kept", conversation=GENERAL),
            happened(Kind.METADATA, conversation=TEA, target="#tea", text="url https://secret.example"),
            happened(Kind.REPORT, text=encode(Report(1, 1, "bob", TEA, 2, "alice", "why"))),
            said("the newest of all", conversation=TEA),
        ],
    )
    settle(journal)


def test_nothing_is_left_of_it(database: Database, journal: Journal) -> None:
    journal.start()
    fill(journal)
    assert rows_of(database, TEA)["memberships"] == rows_of(database, TEA)["invite_rooms"] == 1
    assert database.read(lambda unit: unit.history.extent(TEA)) == (2, 1000)
    journal.store(deletion()).result(SECONDS)
    for _ in range(3):  # what was said goes after the batch, and the checkpoint comes last
        settle(journal)
    assert set(rows_of(database, TEA).values()) == {0}
    for secret in (LONG[:40], "+secret=tag", "the newest of all", "secret.example"):
        assert holding(database, secret) == []
    assert page(database, GENERAL) == ["kept"]
    assert database.read(lambda unit: unit.history.extent(TEA)) == (0, 0)
    assert database.read(lambda unit: unit.history.extent(GENERAL)) == (1, 1000)


def test_numbers_are_not_given_again(database: Database, journal: Journal) -> None:
    """Also not when the newest of all was said in the room, and the server is started anew."""
    journal.start()
    fill(journal)
    newest, _ = database.read(lambda unit: unit.history.last())
    journal.store(deletion()).result(SECONDS)
    journal.stop()
    assert database.read(lambda unit: unit.history.last()) == (newest, 1000)
    later = said("later", conversation=GENERAL)
    DirectJournal(database).store(later).result(SECONDS)
    assert later.event is not None
    assert later.event.sequence == newest + 1


def test_what_the_index_covers_goes_as_well(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_TIMELINE_ROWS", 10)
    journal.start()
    fill(journal)
    submit(journal, [said(f"m{number}", conversation=TEA if number % 2 else GENERAL) for number in range(40)])
    settle(journal)
    submit(journal, [said("newest", conversation=TEA)])
    settle(journal)
    assert rows_of(database, TEA)["timeline"] > 10
    assert database.read(lambda unit: unit.history.extent(TEA)) == (23, 1000)
    journal.store(deletion()).result(SECONDS)
    assert all_gone(database, journal)
    assert page(database, GENERAL) == ["kept", *(f"m{number}" for number in range(0, 40, 2))]


def test_beside_no_server(database: Database, journal: Journal) -> None:
    journal.start()
    fill(journal)
    journal.stop()
    direct = DirectJournal(database)
    direct.store(deletion()).result(SECONDS)
    assert set(rows_of(database, TEA).values()) == {0}
    again = direct.store(happened(Kind.ROOM, conversation=9, target="#general"))
    assert "cannot store it" in str(again.exception(SECONDS))
    direct.submit(said("goes on", conversation=GENERAL))
    assert page(database, GENERAL) == ["kept", "goes on"]


# Slice by slice


def said_much(journal: Journal, count: int = 40) -> None:
    """Say so many things in the room, and as many in another one, some of them covered by the index."""
    fill(journal)
    half = [said(f"m{number}", conversation=TEA if number % 2 else GENERAL) for number in range(count)]
    for part in (half, [said(f"n{number}", conversation=TEA if number % 2 else GENERAL) for number in range(count)]):
        submit(journal, part)
        settle(journal)


def purging(monkeypatch: pytest.MonkeyPatch, step: Callable[[int], None], size: int = 4) -> None:
    """Let slices be small, and `step(number)` run before each."""
    monkeypatch.setattr(journal_module, "_TIMELINE_ROWS", 30)
    monkeypatch.setattr(room_deletion, "SLICE", size)
    count = 0

    def purge(connection: Connection) -> int | None:
        nonlocal count
        count += 1
        step(count)
        return room_deletion.purge(connection)

    monkeypatch.setattr(recorder_module, "purge", purge)


def all_gone(database: Database, journal: Journal) -> bool:
    """Whether nothing is left of the room, once all that can be taken away is."""
    for _ in range(200):
        if not database.read(lambda unit: unit.rooms.departing()):
            break
        settle(journal)
    return set(rows_of(database, TEA).values()) == {0}


def test_a_slice_costs_the_same_however_much_is_left(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in steps of SQLite's machine: a room of a million messages goes in as many slices, each as short."""
    monkeypatch.setattr(room_deletion, "SLICE", 10)
    connection = database.writer
    with connection.begin():
        rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        values = f"SELECT i, 1, {int(Kind.MESSAGE)}, iif(i <= 100, {GENERAL}, {TEA}), '', '', '', '' FROM n"
        columns = "sequence, time, kind, conversation_id, source, account, target, text"
        connection.exec_driver_sql(f"INSERT INTO events ({columns}) {rows} {values}")
        timeline.advance(connection)

    def steps(room: int) -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        connection.exec_driver_sql("DELETE FROM departing")
        connection.exec_driver_sql(f"INSERT INTO departing VALUES ({room})")
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(step, 1)
        assert room_deletion.purge(connection) == 10
        driver.set_progress_handler(None, 1)
        return count

    with connection.begin():
        assert steps(TEA) < 1.5 * steps(GENERAL)


def test_nobody_reads_what_is_still_to_go(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def step(number: int) -> None:
        if number == 3:
            reached.set()
            assert go_on.wait(SECONDS)

    purging(monkeypatch, step)
    journal.start()
    said_much(journal)
    (last, _) = database.read(lambda unit: unit.history.last())
    journal.store(deletion()).result(SECONDS)
    assert reached.wait(SECONDS)
    try:
        left = rows_of(database, TEA)
        assert left["events"] > 20
        assert left["timeline"] > 10
        assert page(database, TEA) == []
        assert [room.name for room in database.read(lambda unit: unit.rooms.all())] == ["#general"]
        for number in range(1, last + 1):
            one = database.read(lambda unit, number=number: unit.history.event(number))  # type: ignore[misc]
            assert one is None or one.conversation != TEA
        assert database.read(lambda unit: unit.history.extent(TEA)) == (0, 0)
        assert database.read(lambda unit: unit.history.targets({TEA: 0, GENERAL: 0}, 0, 5000, 9)) == [(GENERAL, 1000)]
    finally:
        go_on.set()
    assert all_gone(database, journal)
    assert len(page(database, GENERAL)) == 41


def test_whatever_else_is_to_be_stored_comes_between(
    database: Database, journal: Journal, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, int] = {}

    def step(number: int) -> None:
        seen[number] = len(published.stored)
        if number in (2, 5):
            journal.submit(said("meanwhile", conversation=GENERAL))

    purging(monkeypatch, step)
    journal.start()
    said_much(journal)
    journal.store(deletion()).result(SECONDS)
    assert all_gone(database, journal)
    assert seen[3] == seen[2] + 1
    assert seen[6] > seen[5]
    assert page(database, GENERAL).count("meanwhile") == 2


def test_what_cannot_be_taken_away_is_not_tried_with_each_message(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages are stored meanwhile, as they need less room; so it is not said that they are refused."""
    tried = 0

    def step(number: int) -> None:
        nonlocal tried
        tried = number
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(journal_module, "_PURGE_AGAIN_SECONDS", 3600.0)
    purging(monkeypatch, step)
    journal.start()
    said_much(journal)
    journal.store(deletion()).result(SECONDS)
    for number in range(5):
        journal.store(said(f"{number}", conversation=GENERAL)).result(SECONDS)
    journal.stop()
    assert tried == 1
    assert journal.healthy
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert page(database, TEA) == []


def test_a_full_disk_puts_it_off(database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_PURGE_AGAIN_SECONDS", 0.0)
    full = True

    def step(number: int) -> None:
        if full and number > 1:
            raise sqlite3.OperationalError("database or disk is full")

    purging(monkeypatch, step)
    journal.start()
    said_much(journal)
    journal.store(deletion()).result(SECONDS)
    settle(journal)
    settle(journal)
    assert not all_gone(database, journal)
    full = False
    journal.store(said("goes on", conversation=GENERAL)).result(SECONDS)
    assert all_gone(database, journal)
    assert page(database, GENERAL)[-1] == "goes on"


def test_a_room_that_could_not_be_deleted_keeps_what_was_said(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    purging(monkeypatch, lambda _: None)
    journal.start()
    said_much(journal)
    before = page(database, TEA)

    def full_disk() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    journal.before_commit = full_disk
    assert journal.store(deletion()).exception(SECONDS) is not None
    journal.before_commit = None
    for number in range(3):
        journal.store(said(f"{number}", conversation=GENERAL)).result(SECONDS)
    assert page(database, TEA) == before


KILLED = """
import os, signal, sys, threading
from securechat.storage import recorder, room_deletion
from securechat.storage.engine import open_database
from securechat.storage.journal import Journal
from tests.storage.test_room_deletion import deletion, said_much

room_deletion.SLICE = 4
slices = 0

def purge(connection):
    global slices
    slices += 1
    if slices == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return room_deletion.purge(connection)

recorder.purge = purge
database = open_database(sys.argv[1])
database.migrate()
journal = Journal(database, lambda entries, error: None)
journal.start()
said_much(journal)
journal.store(deletion())
threading.Event().wait(120)  # until it is killed
"""


def test_a_server_that_is_killed_in_the_midst_goes_on_at_the_next_start(url: str, published: Published) -> None:
    """Until then the room is not there for anybody."""
    killed = subprocess.run([sys.executable, "-c", KILLED, url], timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    database = open_database(url)
    database.migrate()
    assert rows_of(database, TEA)["events"] > 0
    assert page(database, TEA) == []
    assert [room.name for room in database.read(lambda unit: unit.rooms.all())] == ["#general"]
    journal = Journal(database, published)
    journal.start()
    try:
        assert all_gone(database, journal)
        assert len(page(database, GENERAL)) == 41
    finally:
        journal.stop()
        database.close()
