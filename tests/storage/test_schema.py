"""Migrations: from empty, back, no difference to the models, nothing half done, nothing newer."""

import contextlib
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.exc import IntegrityError

from securechat.domain.roles import RoomRules
from securechat.domain.second_factor import SecondFactor
from securechat.errors import StorageError
from securechat.storage.engine import Database, open_database, revision
from securechat.storage.models import REVISION, Base, ConversationRow
from securechat.storage.schema import configuration
from tests.storage.harness import SECONDS


def structure(connection: Connection) -> dict[str, Any]:
    """Everything about the tables that Alembic's own comparison leaves out, too: keys, checks, rows without number."""
    found: dict[str, Any] = {}
    tables = connection.exec_driver_sql(
        "SELECT name, wr FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
    )
    for table, without_rowid in tables.all():
        if table.startswith("sqlite_") or table == "alembic_version":
            continue
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table})").all()
        foreign = connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})").all()
        indexes = connection.exec_driver_sql(f"PRAGMA index_list({table})").all()
        keys = sorted(
            (unique, [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_info({name})")])
            for _, name, unique, *_ in indexes
        )
        text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).scalar_one()
        checks = re.findall(r"CONSTRAINT \w+ CHECK \(.*\)", text)
        found[table] = without_rowid, [tuple(row) for row in columns], [tuple(row) for row in foreign], keys, checks
    return found


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    with database.writer.begin():
        migrated = structure(database.writer)
        context = MigrationContext.configure(database.writer, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        assert migrated == structure(connection)
    engine.dispose()
    assert set(migrated) == set(Base.metadata.tables)


def test_the_revision_that_the_models_name_is_the_newest() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [REVISION]


def test_downgrading_to_nothing_and_up_again(database: Database) -> None:
    with database.writer.begin():
        command.downgrade(configuration(database.writer), "base")
        assert structure(database.writer) == {}
    assert revision(database.writer) is None
    database.migrate()
    assert revision(database.writer) == REVISION


def test_a_newer_database_is_refused_in_one_line(url: str, database: Database) -> None:
    with database.writer.begin():
        database.writer.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    again = open_database(url)
    with pytest.raises(StorageError) as caught:
        again.migrate()
    assert str(caught.value) == (
        f"{again.path} was made by a newer securechat (its schema is revision 9999, "
        f"this program knows up to {REVISION}); start it with that version"
    )
    again.close()


def test_a_migration_that_fails_leaves_nothing_behind(url: str) -> None:
    database = open_database(url)
    database.lock()
    with database.writer.begin():
        # The migration makes other tables before it comes to this one.
        database.writer.exec_driver_sql("CREATE VIEW timeline AS SELECT 1")
    with pytest.raises(StorageError, match="timeline already exists"):
        database.migrate()
    with database.writer.begin():
        assert structure(database.writer) == {}
    assert revision(database.writer) is None
    database.close()


@pytest.mark.parametrize(
    "tables",
    [("events (id INTEGER)",), ("tracks (id INTEGER)",), ("alembic_version (version_num TEXT)", "tracks (id INTEGER)")],
)
def test_the_database_of_another_program_is_refused_and_left_alone(url: str, tables: tuple[str, ...]) -> None:
    database = open_database(url)
    with contextlib.closing(sqlite3.connect(database.path)) as theirs:
        for table in tables:
            theirs.execute(f"CREATE TABLE {table}")
    before = database.path.read_bytes()
    with pytest.raises(StorageError) as caught:
        database.migrate()
    assert str(caught.value) == (
        f"{database.path} is the database of another program; give another file, for example "
        "--database sqlite:///securechat.db"
    )
    database.close()
    assert database.path.read_bytes() == before


def test_an_ordinary_start_does_not_import_alembic(url: str, database: Database) -> None:
    database.close()
    script = f"""
import sys
from securechat.storage.engine import open_database
database = open_database("{url}")
database.migrate()
database.close()
print("alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert done.stdout == "False\n"


def test_developers_can_draft_the_next_migration(tmp_path: Path) -> None:
    """The command in migrations/alembic.ini works, and finds nothing to do."""
    ini = Path(__file__).parents[2] / "migrations" / "alembic.ini"
    alembic = [sys.executable, "-m", "alembic", "-c", str(ini), "-x", f"database=sqlite:///{tmp_path}/scratch.db"]
    subprocess.run([*alembic, "upgrade", "head"], capture_output=True, check=True, timeout=SECONDS)
    checked = subprocess.run([*alembic, "check"], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert "No new upgrade operations detected" in checked.stdout


@pytest.mark.parametrize(
    "values",
    [
        {"name": "#a"},
        {"folded": "#a"},
        {},
        {"first_party": "a1"},
        {"name": "#a", "folded": "#a", "first_party": "a1", "second_party": "a2"},
    ],
)
def test_a_conversation_is_either_a_room_or_direct(database: Database, values: dict[str, str]) -> None:
    row = {"id": 1, "created": 1, "topic": "", "topic_by": "", "topic_time": 0, **values}
    with pytest.raises(IntegrityError, match="CHECK constraint failed"), database.writer.begin():
        database.writer.execute(insert(ConversationRow).values(row))


def test_roles_come_to_rooms_that_are_there_already(database: Database) -> None:
    """0003: whoever has been in a room for longest owns it; #general is the administrators'."""
    writer = database.writer
    with writer.begin():
        command.downgrade(configuration(writer), "0001")
        for number, name, administrator in ((1, "root", 1), (2, "anna", 0), (3, "bob", 0)):
            values = (number, name, name, administrator)
            writer.exec_driver_sql("INSERT INTO accounts VALUES (?, ?, ?, ?, 0, 1, 0)", values)
        for number, name in ((1, "#general"), (2, "#tea")):
            writer.exec_driver_sql(
                "INSERT INTO conversations VALUES (?, ?, ?, NULL, NULL, 1, '', '', 0)", (number, name, name)
            )
        for row in ((2, 1, 1), (1, 1, 2), (3, 2, 3), (2, 2, 4)):
            writer.exec_driver_sql("INSERT INTO memberships VALUES (?, ?, ?)", row)
    database.migrate()
    owners = [(one, room) for one, room, roles in database.read(lambda unit: unit.rooms.memberships()) if roles == 33]
    assert sorted(owners) == [(1, 1), (3, 2)]


def test_what_was_said_in_no_conversation_is_taken_away(database: Database) -> None:
    """0005: the text is gone, the number stays taken."""
    writer = database.writer
    rows = ((1, 5, "open"), (2, 0, "covered secret"), (3, 0, "late secret"))
    with writer.begin():
        command.downgrade(configuration(writer), "0004")
        for sequence, conversation, text in rows:
            values = (sequence, conversation, text)
            writer.exec_driver_sql("INSERT INTO events VALUES (?, 1, 1, ?, 'a!a@h', 'a', '@#tea', ?, '+x')", values)
        writer.exec_driver_sql("INSERT INTO timeline VALUES (5, 1, 1), (0, 1, 2)")
    database.migrate()
    with writer.begin():
        events = writer.exec_driver_sql("SELECT sequence, kind, source, target, text, tags FROM events").all()
        left = writer.exec_driver_sql("SELECT * FROM timeline").all()
    assert [tuple(one) for one in events] == [
        (1, 1, "a!a@h", "@#tea", "open", "+x"),
        (2, 32, "", "", "", None),
        (3, 32, "", "", "", None),
    ]
    assert [tuple(one) for one in left] == [(5, 1, 1)]
    assert (database.read(lambda unit: unit.history.last()))[0] == 3


def test_roles_come_in_one_pass(database: Database) -> None:
    """0003: the work grows with the number of members, not with its square."""
    writer = database.writer
    steps: list[None] = []
    with writer.begin():
        command.downgrade(configuration(writer), "0002")
        writer.exec_driver_sql("INSERT INTO conversations VALUES (2, '#tea', '#tea', NULL, NULL, 1, '', '', 0)")
        for number in range(1, 2001):
            writer.exec_driver_sql(
                "INSERT INTO accounts VALUES (?, ?, ?, 0, 0, 1, 0)", (number, f"a{number}", f"a{number}")
            )
            writer.exec_driver_sql("INSERT INTO memberships VALUES (?, 2, ?)", (number, number))
        driver = writer.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(lambda: steps.append(None), 1000)
        command.upgrade(configuration(writer), "0003")
        driver.set_progress_handler(None, 0)
    assert len(steps) < 1000, "thousands of virtual machine instructions"


def test_rooms_that_are_there_already_keep_nothing_from_newcomers(database: Database) -> None:
    """0014: what was so stays so, and since when somebody was here is not known of the time before."""
    writer = database.writer
    with writer.begin():
        command.downgrade(configuration(writer), "0013")
        writer.exec_driver_sql("INSERT INTO accounts VALUES (1, 'anna', 'anna', 0, 0, 1, 7, 0)")
        writer.exec_driver_sql("INSERT INTO conversations VALUES (2, '#tea', '#tea', NULL, NULL, 1, '', '', 0)")
        writer.exec_driver_sql("INSERT INTO memberships VALUES (1, 2, 5, 33)")
        writer.exec_driver_sql("INSERT INTO room_rules VALUES (2, 1, 0, 1, 0, 0, 0, '', 0, 0, 0)")
    database.migrate()
    (room,) = database.read(lambda unit: unit.rooms.all())
    assert room.rules == RoomRules(invite_only=True)
    (account,) = database.read(lambda unit: unit.accounts.all())
    assert (account.replay_sequence, account.seen_sequence) == (7, 0)
    assert database.read(lambda unit: unit.rooms.joined()) == [(1, 2, 5)]


def test_recovery_codes_of_before_are_good_still(database: Database) -> None:
    """0015: they move into the row of the second factor, and back."""
    writer = database.writer
    first, second = b"1" * 32, b"2" * 32
    with writer.begin():
        command.downgrade(configuration(writer), "0014")
        for number, name in ((1, "anna"), (2, "berta")):
            writer.exec_driver_sql("INSERT INTO accounts VALUES (?, ?, ?, 0, 0, 1, 7, 0, 0)", (number, name, name))
            writer.exec_driver_sql("INSERT INTO credentials VALUES (?, 'x', x'', 1, x'', x'')", (number,))
            writer.exec_driver_sql("INSERT INTO second_factors VALUES (?, x'05', 3)", (number,))
        for digest in (second, first):
            writer.exec_driver_sql("INSERT INTO recovery_codes VALUES (2, ?)", (digest,))
    database.migrate()
    assert database.read(lambda unit: [unit.second_factors.of(number) for number in (1, 2)]) == [
        SecondFactor(b"\5", 3),
        SecondFactor(b"\5", 3, frozenset({first, second})),
    ]
    with writer.begin():
        command.downgrade(configuration(writer), "0014")
        rows = writer.exec_driver_sql("SELECT * FROM recovery_codes ORDER BY digest").all()
        assert [tuple(row) for row in rows] == [(2, first), (2, second)]
