"""What storing a message costs: the whole journal, ways to insert a batch, what an index would add, ways to queue.

    python bench/journal.py [--directory DIR] [--messages N]

prints tables in microseconds of CPU (all threads, kernel included) and of wall time per message. Texts have 60 bytes,
`synchronous` is FULL, DIR should be on the disk that matters (not a tmpfs). Takes about a minute.
"""

import argparse
import json
import platform
import sqlite3
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from sqlalchemy import Connection

from securechat.domain.events import Event, Kind, Source
from securechat.domain.ports import Entry
from securechat.errors import StorageError
from securechat.storage import timeline
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import Journal
from securechat.storage.recorder import Recorder

BATCHES = (1, 20, 100, 500)
ROOMS = (1, 100)
EARLIER = 100_000  # messages that are in the database before

Row = tuple[Any, ...]


class Said:
    """An entry of the journal."""

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event: Event | None = event


def messages(count: int, rooms: int, start: int = 0) -> list[Entry]:
    """Messages of 50 users that take turns in `rooms` rooms."""
    sources = [Source(f"user{number}", f"user{number}", "securechat", f"user{number}", number) for number in range(50)]
    return [
        Said(
            Event(
                Kind.MESSAGE,
                1_763_800_000_000 + start + number,
                sources[number % 50],
                number * 7919 % rooms + 1,
                f"#room{number * 7919 % rooms}",
                f"{number:06} ".ljust(60, "x"),
            )
        )
        for number in range(count)
    ]


class Stopwatch:
    """CPU and wall time per message."""

    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def per(self, count: int) -> str:
        cpu = time.process_time() - self._cpu
        wall = time.perf_counter() - self._wall
        return f"{cpu / count * 1e6:9.2f} {wall / count * 1e6:9.2f}"


def fresh(directory: Path, rooms: int) -> Database:
    """A database with EARLIER messages in it."""
    for old in directory.glob("bench.db*"):
        old.unlink()
    database = open_database(f"sqlite:///{directory / 'bench.db'}")
    database.migrate()
    with database.writer.begin():
        Recorder(database.writer).record(messages(EARLIER, rooms))
        timeline.advance(database.writer)
    checkpoint(database.writer, "TRUNCATE")
    return database


def checkpoint(connection: Connection, mode: str = "PASSIVE") -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()


def whole_journal(directory: Path, batch: int, rooms: int, count: int) -> str:
    """Queue and thread included. Each publication hands over the next batch, so that the sizes are exact."""
    database = fresh(directory, rooms)
    count = min(count, batch * 300)
    waiting = deque(messages(count, rooms, EARLIER))
    published = 0
    finished = threading.Event()

    def publish(entries: list[Entry], error: StorageError | None) -> None:
        nonlocal published
        if error is not None:
            raise error
        published += len(entries)
        if published >= count:
            finished.set()
        for _ in range(min(batch, len(waiting))):
            journal.submit(waiting.popleft())

    journal = Journal(database, publish, 0)
    journal.submit(Said(messages(1, rooms)[0].event))  # type: ignore[arg-type]  # it has one
    watch = Stopwatch()
    journal.start()
    finished.wait()
    result = watch.per(count)
    journal.stop()
    database.close()
    return result


COLUMNS = "sequence, time, kind, conversation_id, source, account, target, text, tags"
ONE = f"INSERT INTO events ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"
JSON = f"INSERT INTO events ({COLUMNS}) SELECT {', '.join(f'value ->> {n}' for n in range(9))} FROM json_each(?)"


def many_values(rows: int) -> str:
    return ONE + ",(?,?,?,?,?,?,?,?,?)" * (rows - 1)


def execute_each(connection: Connection, rows: Sequence[Row]) -> None:
    for row in rows:
        connection.exec_driver_sql(ONE, row)


def executemany(connection: Connection, rows: Sequence[Row]) -> None:
    connection.exec_driver_sql(ONE, list(rows))


def json_each(connection: Connection, rows: Sequence[Row]) -> None:
    connection.exec_driver_sql(JSON, (json.dumps(rows, ensure_ascii=False),))


def values_exact(connection: Connection, rows: Sequence[Row]) -> None:
    connection.exec_driver_sql(many_values(len(rows)), tuple(value for row in rows for value in row))


def values_in_powers(largest: int) -> Callable[[Connection, Sequence[Row]], None]:
    statements = {}
    while largest:
        statements[largest] = many_values(largest)
        largest //= 2

    def insert(connection: Connection, rows: Sequence[Row]) -> None:
        position = 0
        for size, statement in statements.items():
            while len(rows) - position >= size:
                flat: list[Any] = []
                for row in rows[position : position + size]:
                    flat.extend(row)
                connection.exec_driver_sql(statement, tuple(flat))
                position += size

    return insert


VARIANTS: dict[str, Callable[[Connection, Sequence[Row]], None]] = {
    "execute for each row": execute_each,
    "executemany": executemany,
    "json_each": json_each,
    "VALUES, as many as there are": values_exact,
    "VALUES, powers of two to 64": values_in_powers(64),
    "VALUES, powers of two to 256": values_in_powers(256),
}


def ready_rows(first: int, count: int, rooms: int) -> Iterator[Row]:
    for number, entry in enumerate(messages(count, rooms, EARLIER)):
        event = entry.event
        assert event is not None
        yield (
            first + number,
            event.time,
            int(event.kind),
            event.conversation,
            event.source.mask,
            event.source.account,
            event.target,
            event.text,
            None,
        )


def insert_only(
    directory: Path,
    insert: Callable[[Connection, Sequence[Row]], None],
    batch: int,
    rooms: int,
    count: int,
    index: str = "",
) -> str:
    """Rows that are ready, one transaction for each batch, no thread: what the statement and the commit cost."""
    database = fresh(directory, rooms)
    writer = database.writer
    if index:
        with writer.begin():
            writer.exec_driver_sql(f"CREATE INDEX extra ON events ({index})")
    count = min(count, batch * 300)
    rows = list(ready_rows(EARLIER + 1, count, rooms))
    watch = Stopwatch()
    for number, start in enumerate(range(0, count, batch)):
        with writer.begin():
            insert(writer, rows[start : start + batch])
        if number % 50 == 49:
            checkpoint(writer)
    result = watch.per(count)
    database.close()
    return result


def queue_simple(count: int, pace: int) -> str:
    """queue.SimpleQueue, as the journal uses it."""
    queue: SimpleQueue[object] = SimpleQueue()
    item = object()

    def consume() -> None:
        left = count
        while left:
            queue.get()
            waiting = queue.qsize()
            for _ in range(waiting):
                queue.get()
            left -= waiting + 1

    return queued(consume, lambda: queue.put(item), count, pace)


def queue_condition(count: int, pace: int) -> str:
    """A deque, and a Condition that is notified only when the consumer waits."""
    queue: deque[object] = deque()
    condition = threading.Condition(threading.Lock())
    item = object()
    sleeping = False

    def put() -> None:
        queue.append(item)
        if sleeping:
            with condition:
                condition.notify()

    def consume() -> None:
        nonlocal sleeping
        left = count
        while left:
            with condition:
                sleeping = True
                while not queue:
                    condition.wait()
                sleeping = False
            waiting = len(queue)
            for _ in range(waiting):
                queue.popleft()
            left -= waiting

    return queued(consume, put, count, pace)


def queued(consume: Callable[[], None], put: Callable[[], None], count: int, pace: int) -> str:
    """Let a thread consume what this one puts, `pace` at a time with a moment between."""
    thread = threading.Thread(target=consume)
    watch = Stopwatch()
    thread.start()
    for _ in range(count // pace):
        for _ in range(pace):
            put()
        time.sleep(0)
    thread.join()
    return watch.per(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where the database is made (default: the temporary folder)")
    parser.add_argument("--messages", type=int, default=20_000, help="messages for each measurement")
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}")
    heading = f"{'batch':>6} {'rooms':>6} {'us CPU':>9} {'us wall':>9}"
    with tempfile.TemporaryDirectory(dir=given.directory) as folder:
        directory = Path(folder)
        print(f"\n{'The whole journal':34}{heading}")
        for rooms in ROOMS:
            for batch in BATCHES:
                print(
                    f"{'':34}{batch:6} {rooms:6} {whole_journal(directory, batch, rooms, given.messages)}", flush=True
                )
        print(f"\n{'Inserting and committing':34}{heading}")
        for batch in BATCHES[1:]:
            for name, insert in VARIANTS.items():
                result = insert_only(directory, insert, batch, 100, given.messages)
                print(f"{name:34}{batch:6} {100:6} {result}", flush=True)
        print(f"\n{'... with an index on':34}{heading}")
        for index in ("", "conversation_id", "conversation_id, sequence"):
            for rooms in ROOMS:
                result = insert_only(
                    directory, VARIANTS["VALUES, powers of two to 256"], 100, rooms, given.messages, index
                )
                print(f"{index or 'nothing':34}{100:6} {rooms:6} {result}", flush=True)
    print(f"\n{'Queueing, from thread to thread':34}{'burst':>6} {'':6} {'us CPU':>9} {'us wall':>9}")
    for pace in (1, 10, 100):
        print(f"{'SimpleQueue':34}{pace:6} {'':6} {queue_simple(100_000, pace)}", flush=True)
        print(f"{'deque and Condition':34}{pace:6} {'':6} {queue_condition(100_000, pace)}", flush=True)


if __name__ == "__main__":
    main()
