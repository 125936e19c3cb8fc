"""Opening, reading and closing a database."""

import sqlite3
import stat
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

from securechat.domain.ports import UnitOfWork
from securechat.errors import AccountExists, StorageError
from securechat.storage.engine import Database, open_database
from securechat.storage.unit_of_work import SqlUnitOfWork
from tests.storage.harness import CREDENTIALS, SECONDS


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("chat.db", "not a database URL"),
        ("", "not a database URL"),
        ("postgresql://chat:hidden@localhost/chat", "only sqlite:///FILE"),
        ("sqlite:///chat.db?mode=ro", "only sqlite:///FILE"),
        ("sqlite+aiosqlite:///chat.db", "only sqlite:///FILE"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite:////nonexistent/folder/chat.db", "there is no folder /nonexistent/folder"),
    ],
)
def test_refuses_what_is_not_a_file_database_in_one_line(url: str, words: str) -> None:
    with pytest.raises(StorageError, match=words) as caught:
        open_database(url)
    assert "\n" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_relative_urls_are_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_database("sqlite:///chat.db").path == tmp_path / "chat.db"


def test_does_not_make_a_file_when_told_not_to(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no file"):
        open_database(f"sqlite:///{tmp_path}/chat.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot open the database .*: Is a directory"):
        open_database(f"sqlite:///{tmp_path}")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chat.db").write_bytes(b"This is a diary. " * 300)
    (tmp_path / "chat.db").chmod(0o600)
    database = open_database(f"sqlite:///{tmp_path}/chat.db")
    with pytest.raises(StorageError, match="the database cannot be used: file is not a database"):
        database.migrate()
    database.close()


def test_a_full_disk_is_told_where_sqlite_speaks_of_an_io_error(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: UnitOfWork) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    for free, more in ((1_000_000, ""), (4_096, "; the disk is full: make room")):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr("securechat.storage.engine.shutil.disk_usage", lambda _, usage=usage: usage)
        with pytest.raises(StorageError) as caught:
            database.read(fail)
        assert str(caught.value) == f"{database.path}: the database cannot read: disk I/O error{more}"


def test_all_files_are_born_private_whatever_the_umask(tmp_path: Path) -> None:
    script = f"""
import os; os.umask(0)
from securechat.storage.engine import open_database
database = open_database("sqlite:///{tmp_path}/chat.db")
database.migrate()
database.read(lambda unit: unit.accounts.all())
for name in sorted(os.listdir("{tmp_path}")):
    print(name, oct(os.stat(os.path.join("{tmp_path}", name)).st_mode & 0o777))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert done.stdout.splitlines() == [
        "chat.db 0o600",
        "chat.db-shm 0o600",
        "chat.db-wal 0o600",
        "chat.db.lock 0o600",
    ]


def test_warns_when_others_can_read_the_file(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "chat.db"
    path.touch(0o600)
    open_database(url).close()
    assert caplog.messages == []
    path.chmod(0o640)
    open_database(url).close()
    assert caplog.messages == [
        f"the database can be read by other users of this machine; mend it with: chmod 600 {path}"
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_path_may_hold_characters_that_mean_something_in_urls(tmp_path: Path) -> None:
    folder = tmp_path / "100% chat & co"
    folder.mkdir()
    database = open_database(f"sqlite:///{folder}/chat.db")
    database.migrate()
    assert database.epoch
    database.close()
    assert (folder / "chat.db").stat().st_size > 0


def test_the_writing_connection_is_durable_and_never_checkpoints_by_itself(database: Database) -> None:
    def pragma(name: str) -> object:
        with database.writer.begin():
            return database.writer.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL
    assert pragma("foreign_keys") == 1
    assert pragma("wal_autocheckpoint") == 0


def test_reading_connections_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError, match="attempt to write a readonly database"):
        database.read(lambda unit: unit.accounts.add("eve", CREDENTIALS, administrator=True, time=1))
    assert database.read(lambda unit: unit.accounts.all()) == []
    values = database._on_reader(
        lambda connection: [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("query_only", "wal_autocheckpoint")
        ]
    )
    assert values == [1, 0]


def test_each_thread_reads_on_a_connection_of_its_own(database: Database) -> None:
    seen: list[object] = []
    together = threading.Barrier(3, timeout=SECONDS)

    def look(unit: UnitOfWork) -> None:
        assert isinstance(unit, SqlUnitOfWork)
        together.wait()  # all three are in the midst of reading
        seen.append(unit._connection)

    threads = [threading.Thread(target=lambda: database.read(look)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len({id(connection) for connection in seen}) == 3


def test_a_thread_keeps_its_connection(database: Database) -> None:
    connections = [database._on_reader(lambda connection: connection) for _ in range(2)]
    assert connections[0] is connections[1]


def test_what_one_read_sees_is_of_one_moment(database: Database) -> None:
    def look(unit: UnitOfWork) -> tuple[int, int]:
        before = len(unit.accounts.all())
        database.write(lambda other: other.accounts.add("bob", CREDENTIALS, administrator=False, time=1))
        return before, len(unit.accounts.all())

    assert database.read(look) == (0, 0)
    assert database.read(lambda unit: len(unit.accounts.all())) == 1


def test_write_keeps_all_or_nothing(database: Database) -> None:
    def twice(unit: UnitOfWork) -> None:
        unit.accounts.add("bob", CREDENTIALS, administrator=False, time=1)
        unit.accounts.add("BOB", CREDENTIALS, administrator=False, time=1)

    with pytest.raises(AccountExists):
        database.write(twice)
    assert database.read(lambda unit: unit.accounts.all()) == []


def test_errors_of_the_database_do_not_quote_what_was_to_be_stored(database: Database) -> None:
    def twice(unit: UnitOfWork) -> None:
        for _ in range(2):
            unit.invites.add(
                b"digest",
                rooms=("#hidden",),
                administrator=False,
                uses=1,
                expires=None,
                note="hidden",
                created_by="hidden",
                time=1,
            )

    with pytest.raises(StorageError, match=r"UNIQUE constraint failed: invites\.token_digest") as caught:
        database.write(twice)
    assert "hidden" not in "".join(traceback.format_exception(caught.value)).replace("parameters hidden", "")


def test_writing_needs_the_lock(url: str, database: Database) -> None:
    other = open_database(url)
    with pytest.raises(RuntimeError, match="needs the lock"):
        other.write(lambda unit: None)
    other.close()


def test_epoch_and_secret_are_random_and_stay(url: str, tmp_path: Path) -> None:
    def identity(database: Database) -> tuple[str, bytes]:
        database.migrate()
        found = database.epoch, database.secret
        database.close()
        return found

    epoch, secret = identity(open_database(url))
    assert len(epoch) == 5
    assert epoch.isalnum()
    assert len(secret) == 32
    assert identity(open_database(url)) == (epoch, secret)
    other = identity(open_database(f"sqlite:///{tmp_path}/other.db"))
    assert other[0] != epoch
    assert other[1] != secret


def test_reading_before_the_first_migration_fails_clearly(url: str) -> None:
    database = open_database(url)
    with pytest.raises(StorageError, match="no such table"):
        _ = database.epoch
    database.close()


def test_closing_leaves_one_file_and_the_lock_file(url: str, tmp_path: Path) -> None:
    database = open_database(url)
    database.migrate()
    database.read(lambda unit: unit.accounts.all())
    database.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chat.db", "chat.db.lock"]
