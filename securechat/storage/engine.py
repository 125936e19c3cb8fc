"""The database file: opening, upgrading, reading from any thread, and the one connection that writes."""

import contextlib
import logging
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from securechat.domain.ports import UnitOfWork
from securechat.errors import StorageError
from securechat.storage.faults import as_storage_error
from securechat.storage.lock import WriterLock
from securechat.storage.models import EPOCH, REVISION, SECRET, SettingRow
from securechat.storage.unit_of_work import SqlUnitOfWork

T = TypeVar("T")

logger = logging.getLogger(__name__)

_COMMON = ("PRAGMA foreign_keys=ON", "PRAGMA temp_store=MEMORY")
# SQLite's WAL-reset bug (3.7.0 to 3.51.2) needs two connections that write or checkpoint: so only one ever does.
# The journal starts the checkpoints itself, when nobody waits for it; so they are never automatic.
_READING = (*_COMMON, "PRAGMA busy_timeout=5000", "PRAGMA query_only=ON", "PRAGMA wal_autocheckpoint=0")
_WRITING = (
    *_COMMON,
    # Nobody should ever hold it up. Short, as everybody waits with it, and so does the stop with the last checkpoint.
    "PRAGMA busy_timeout=1000",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=0",
    "PRAGMA cache_size=-16000",
    "PRAGMA journal_size_limit=67108864",
    # What is taken away must not be found in the file any more.
    "PRAGMA secure_delete=ON",
)


def open_database(url: str, *, create: bool = True) -> "Database":
    """Return the database at `url` (`sqlite:///relative.db`, `sqlite:////absolute.db`), made with mode 0600 if need be.

    Raises StorageError when the URL is of another kind, or the file is missing (without `create`) or unusable.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError(f"not a database URL: {url!r} (for example sqlite:///securechat.db)") from None
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite") or parsed.query or parsed.host:
        raise StorageError(f"only sqlite:///FILE databases are supported, not {parsed.render_as_string()}")
    if parsed.database in (None, "", ":memory:"):
        raise StorageError("the database must be a file, for example sqlite:///securechat.db")
    path = Path(str(parsed.database)).absolute()
    _prepare_file(path, create=create)
    return Database(path)


def _prepare_file(path: Path, *, create: bool) -> None:
    """Make sure that the file is there and ours. SQLite gives its companions (-wal, -shm) the same mode."""
    flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        missing = path if path.parent.is_dir() else path.parent
        raise StorageError(f"there is no {'file' if missing is path else 'folder'} {missing}") from None
    except OSError as error:
        raise StorageError(f"cannot open the database {path}: {error.strerror}") from error
    try:
        mode = os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        logger.warning("the database can be read by other users of this machine; mend it with: chmod 600 %s", path)


_LEAST_BYTES: Final = 65_536
"""With less room SQLite cannot open a database: the index of its log alone takes half of that."""


class Database:
    """One database file. Any thread may read; `writer` is for the journal, or for `write` when no journal runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = WriterLock(path)
        self._reading = _engine(path, _READING, "BEGIN")
        self._writing = _engine(path, _WRITING, "BEGIN IMMEDIATE")
        self._writer: Connection | None = None
        self._epoch = ""
        self._local = threading.local()  # .connection: the reading connection of that thread
        self._readers: list[Connection] = []  # all of them, to be closed; appending is atomic

    def lock(self) -> None:
        """Become the one process that writes here. Raises StorageError "in use by process N"."""
        self._lock.acquire()

    @property
    def writer(self) -> Connection:
        """The one writing connection, made at first use; needs the lock. One thread at a time may use it."""
        if not self._lock.held:
            raise RuntimeError("writing needs the lock")
        if self._writer is None:
            with _translated(self.path):
                connection = self._writing.connect()
                with connection.begin():
                    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
                if mode != "wal":
                    connection.close()
                    raise StorageError(
                        f"{self.path} cannot use a write-ahead log here (SQLite stays in mode {mode}); put it on a "
                        "disk of this machine, not on a network share"
                    )
                self._writer = connection
        return self._writer

    def migrate(self) -> None:
        """Take the lock and bring the schema up to date.

        Raises StorageError: in use, newer than we, damaged, another program's.
        """
        self.lock()
        # Asked first, as the writing connection changes the file.
        if self._on_reader(_is_of_another_program, "be used"):
            raise StorageError(
                f"{self.path} is the database of another program; give another file, for example "
                "--database sqlite:///securechat.db"
            )
        writer = self.writer
        with _translated(self.path):
            current = revision(writer)
            if current != REVISION:
                # Here and not above: importing Alembic takes longer than everything else at start.
                from securechat.storage.schema import upgrade

                upgrade(writer, current)

    @property
    def epoch(self) -> str:
        """The short random name of this database. Raises StorageError before the first `migrate`."""
        if not self._epoch:
            self._epoch = self._setting(EPOCH)
        return self._epoch

    @property
    def secret(self) -> bytes:
        """32 random bytes that only this database knows, to derive keys from. Raises StorageError like `epoch`."""
        return bytes.fromhex(self._setting(SECRET))

    def _setting(self, key: str) -> str:
        query = select(SettingRow.value).where(SettingRow.key == key)
        return self._on_reader(lambda connection: connection.execute(query).scalar_one())

    def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` on the calling thread's own reading connection; all it reads is of one moment.

        Raises StorageError when the database cannot be read.
        """
        return self._on_reader(lambda connection: work(SqlUnitOfWork(connection)))

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` in a transaction of its own, when no journal runs (an admin command beside no server).

        Raises StorageError when it cannot be committed, and what `work` raises; nothing is stored then.
        """
        writer = self.writer
        with _translated(self.path), writer.begin():
            return work(SqlUnitOfWork(writer))

    def close(self) -> None:
        """Close every connection, the writing one last, as the last to close does a checkpoint; let go of the lock.

        No other thread may be reading any more.
        """
        while self._readers:
            self._readers.pop().close()
        self._local = threading.local()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._lock.release()

    def _on_reader(self, work: Callable[[Connection], T], doing: str = "read") -> T:
        with _translated(self.path, doing):
            connection: Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._reading.connect()
                self._local.connection = connection
                self._readers.append(connection)
            with connection.begin():
                return work(connection)


def revision(connection: Connection) -> str | None:
    """Return the Alembic revision of the database, or None when it has none yet."""
    with connection.begin():
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found


def _is_of_another_program(connection: Connection) -> bool:
    """Whether there are tables, but not those that every database of ours has."""
    tables = set(inspect(connection).get_table_names())
    return bool(tables - {"alembic_version"}) and not {"alembic_version", SettingRow.__tablename__} <= tables


@contextlib.contextmanager
def _translated(path: Path, doing: str = "be used") -> Iterator[None]:
    """Turn errors of the driver into StorageError; errors of the chat's rules pass."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StorageError(f"{path}: {as_storage_error(error, doing)}{_no_room(path, error)}") from error


def _no_room(path: Path, error: BaseException) -> str:
    """Return what SQLite does not say when it cannot begin at all: that the disk is full."""
    if not isinstance(error.orig if isinstance(error, DBAPIError) else error, sqlite3.OperationalError):
        return ""
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    return "; the disk is full: make room" if free < _LEAST_BYTES else ""


def _engine(path: Path, pragmas: tuple[str, ...], begin: str) -> Engine:
    """Return an engine whose connections run `pragmas` when they are made and `begin` to begin a transaction."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        hide_parameters=True,  # texts and credentials have no place in an error, nor in a log of one
        # The driver must not begin transactions by itself: its rules do not cover SELECT and SAVEPOINT.
        connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        # Straight to the driver: SQLAlchemy's own way costs 20 us, and the journal begins for every batch.
        driver: Any = connection.connection.driver_connection
        driver.execute(begin)

    return engine
