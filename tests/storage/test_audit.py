"""The record of acts in the database: append-only, in the transaction of the act itself, one chain over restarts."""

import contextlib
import sqlite3
from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy.exc import IntegrityError

from securechat.domain.audit import Act, AuditRecord, Deed, Flaw, Head, Origin, Verification, start
from securechat.domain.events import Event, Kind
from securechat.domain.ports import UnitOfWork
from securechat.errors import NoSuchAccount, StorageError
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import Journal
from securechat.storage.schema import configuration
from tests.storage.harness import ALICE, ROOM, SECONDS, Item, Published, happened, said, settle, submit

TEXTS = "origin, actor, act, target, room, detail, reason, previous, hash"
KICK = Deed(Act.ROOM_KICK, 5, Origin.IRC, "alice", "bob", "#general", reason="spam")


def deed(target: str) -> Deed:
    return replace(KICK, target=target)


def record(database: Database, *names: str) -> list[AuditRecord]:
    """Record a kick of each."""

    def one(name: str) -> AuditRecord:
        return database.write(lambda unit: unit.audit.append(deed(name)))

    return [one(name) for name in names]


def kicks(*targets: str, kind: Kind = Kind.KICK, conversation: int = ROOM) -> Item:
    deeds = tuple(deed(target) for target in targets)
    return Item(Event(kind, 1000, ALICE, conversation, "#general", "bob spam", deeds=deeds))


def rows(database: Database) -> list[AuditRecord]:
    return database.read(lambda unit: unit.audit.page(0, 100))


def targets(database: Database) -> list[str]:
    return [one.target for one in rows(database)]


def flaw(database: Database, kept: Head | None = None) -> Flaw | None:
    def work(unit: UnitOfWork) -> Flaw | None:
        verification = Verification(unit.audit.origin(), kept)
        verification.follow(unit.audit.page(0, 1000))
        return verification.finish(unit.audit.head())

    return database.read(work)


def meddle(database: Database, *statements: str, with_triggers: bool = False) -> None:
    """Do what somebody does who has the file."""
    with contextlib.closing(sqlite3.connect(database.path)) as theirs, theirs:
        if not with_triggers:
            for trigger in ("audit_no_update", "audit_no_delete", "audit_only_append"):
                theirs.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            theirs.execute(statement)


def test_a_new_database_has_an_empty_record(database: Database) -> None:
    assert rows(database) == []
    assert database.read(lambda unit: unit.audit.origin()) == database.epoch
    assert database.read(lambda unit: unit.audit.head()) == start(database.epoch)
    assert flaw(database) is None


def test_rows_are_chained_and_read_in_pages(database: Database) -> None:
    made = record(database, "a", "b", "c")
    assert rows(database) == made
    assert made[0].previous == start(database.epoch).hash
    assert [one.previous for one in made[1:]] == [one.hash for one in made[:-1]]
    assert database.read(lambda unit: unit.audit.page(1, 1)) == made[1:2]
    assert database.read(lambda unit: unit.audit.page_before(None, 2)) == [made[2], made[1]]
    assert database.read(lambda unit: unit.audit.page_before(2, 2)) == [made[0]]
    assert database.read(lambda unit: unit.audit.head()) == Head(3, made[2].hash)
    assert flaw(database) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET reason = ''",
        "UPDATE audit SET number = 9 WHERE number = 1",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 2",
        f"INSERT OR REPLACE INTO audit SELECT number, 9, {TEXTS} FROM audit WHERE number = 2",
        f"INSERT INTO audit SELECT 0, time, {TEXTS} FROM audit WHERE number = 2",
    ],
)
def test_the_database_refuses_to_change_the_record(database: Database, statement: str) -> None:
    record(database, "a", "b")
    before = rows(database)
    with pytest.raises(IntegrityError, match="append-only"), database.writer.begin():
        database.writer.exec_driver_sql(statement)
    assert rows(database) == before


def test_a_copy_of_the_database_refuses_it_too(database: Database) -> None:
    database.write(lambda unit: unit.audit.append(KICK))
    copy = database.path.with_name("copy.db")
    with contextlib.closing(sqlite3.connect(database.path)) as reading:
        reading.execute("VACUUM INTO ?", (str(copy),))
    with contextlib.closing(sqlite3.connect(copy)) as theirs, pytest.raises(sqlite3.IntegrityError):
        theirs.execute("DELETE FROM audit")


def test_the_journal_records_an_act_with_its_event(database: Database, journal: Journal, published: Published) -> None:
    submit(journal, [happened(Kind.ROOM), said("before"), kicks("bob", "carol"), said("after"), kicks("dave")])
    journal.start()
    settle(journal)
    assert targets(database) == ["bob", "carol", "dave"]
    assert flaw(database) is None
    assert published.texts[1:] == ["before", "bob spam", "after", "bob spam"]


def test_what_is_only_shown_is_recorded_as_well(database: Database, journal: Journal, published: Published) -> None:
    submit(journal, [happened(Kind.ROOM), kicks("bob", kind=Kind.LET_IN)])
    journal.start()
    settle(journal)
    assert targets(database) == ["bob"]
    assert published.sequences == [0, 0]


def test_a_failed_commit_leaves_neither_act_nor_record(
    database: Database, journal: Journal, published: Published
) -> None:
    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    submit(journal, [happened(Kind.ROOM), kicks("bob")])
    journal.start()
    settle(journal)
    journal.before_commit = full
    submit(journal, [kicks("carol")])
    future = journal.call(lambda unit: unit.audit.append(deed("dave")))
    with pytest.raises(StorageError):
        future.result(SECONDS)
    journal.before_commit = None
    submit(journal, [happened(Kind.SETTLED), kicks("eve")])  # as the hub does once it has undone what failed
    settle(journal)
    assert targets(database) == ["bob", "eve"]
    assert [one.number for one in rows(database)] == [1, 2]
    assert flaw(database) is None
    assert [entry.event.deeds[0].target for entry in published.failed if entry.event] == ["carol"]


def test_an_act_that_fails_by_itself_leaves_no_record(
    database: Database, journal: Journal, published: Published
) -> None:
    """In a room that could not be made; and work that changes its mind: its neighbours are stored."""
    nowhere = Item(Event(Kind.ROOM, 1000, ALICE, 7, "\ud800"))

    def refuse(unit: UnitOfWork) -> None:
        unit.audit.append(deed("dave"))
        raise NoSuchAccount("dave")

    submit(journal, [happened(Kind.ROOM), nowhere, kicks("bob", conversation=7), kicks("carol")])
    refused = journal.call(refuse)
    journal.start()
    settle(journal)
    with pytest.raises(NoSuchAccount):
        refused.result(SECONDS)
    assert targets(database) == ["carol"]
    assert flaw(database) is None
    assert len(published.failed) == 2


def test_the_event_does_not_stand_without_its_record(
    database: Database, journal: Journal, published: Published
) -> None:
    submit(journal, [happened(Kind.ROOM), kicks("\ud800"), said("after")])
    journal.start()
    settle(journal)
    assert targets(database) == []
    assert published.texts == ["", "after"]
    assert [entry.event.text for entry in published.failed if entry.event] == ["bob spam"]
    with database.writer.begin():
        stored = database.writer.exec_driver_sql("SELECT text FROM events").scalars().all()
    assert stored == ["after"]


def test_the_chain_goes_on_over_a_restart_and_under_a_new_epoch(url: str, database: Database) -> None:
    """As after a restored backup: the record keeps its own beginning."""
    database.write(lambda unit: unit.audit.append(deed("a")))
    meddle(database, "UPDATE settings SET value = 'other' WHERE key = 'epoch'", with_triggers=True)
    database.close()
    again = open_database(url)
    again.migrate()
    assert again.epoch == "other"
    again.write(lambda unit: unit.audit.append(deed("b")))
    assert targets(again) == ["a", "b"]
    assert flaw(again) is None
    again.close()


@pytest.mark.parametrize(
    ("statements", "number"),
    [
        (("UPDATE audit SET reason = 'none' WHERE number = 2",), 2),
        (("UPDATE audit SET time = 'never' WHERE number = 1",), 1),
        (("UPDATE audit SET actor = x'ff00' WHERE number = 3",), 3),
        (("DELETE FROM audit WHERE number = 1",), 1),
        (("DELETE FROM audit WHERE number > 1",), 2),
        (("DELETE FROM audit",), 1),
        (("UPDATE audit SET number = 5 WHERE number = 4",), 4),
        (("UPDATE settings SET value = 'x' WHERE key = 'audit_origin'",), 1),
        (("DELETE FROM settings WHERE key = 'audit_head'",), 4),
        (("DELETE FROM settings WHERE key LIKE 'audit%'",), 1),
    ],
)
def test_what_was_done_to_the_file_is_found_and_stops_nobody(
    database: Database, statements: tuple[str, ...], number: int
) -> None:
    record(database, "a", "b", "c", "d")
    meddle(database, *statements)
    found = flaw(database)
    assert found is not None
    assert found.number == number
    database.write(lambda unit: unit.audit.append(deed("e")))
    assert targets(database)[-1] == "e"
    assert flaw(database) is not None


def test_rows_that_vanish_with_the_remembered_head_are_told_by_one_that_was_kept(database: Database) -> None:
    """What no chain can tell by itself."""
    made = record(database, "a", "b")
    head = f"1:{made[0].hash}"
    meddle(
        database,
        "DELETE FROM audit WHERE number = 2",
        f"UPDATE settings SET value = '{head}' WHERE key = 'audit_head'",
    )
    assert flaw(database) is None
    assert flaw(database, Head(2, made[1].hash)) == Flaw(2, "is missing: the hash that was kept is of a later one")


def test_a_database_of_before_gets_an_empty_record(database: Database) -> None:
    with database.writer.begin():
        command.downgrade(configuration(database.writer), "0005")
        assert database.writer.exec_driver_sql("SELECT key FROM settings WHERE key LIKE 'audit%'").all() == []
    database.migrate()
    database.write(lambda unit: unit.audit.append(KICK))
    assert flaw(database) is None
