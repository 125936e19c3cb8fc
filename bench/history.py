"""What a page of history costs: 100 messages out of a room that holds nearly all of a million.

    python bench/history.py [--server] [--directory DIR] [--messages N]

prints milliseconds of wall time for each way to ask (median and 99th percentile of 300), reading through SQLAlchemy as
the server does, with 4,000 newest events that the index does not cover yet. Filling takes about 20 seconds.

With --server the pages are asked of a real server by CHATHISTORY, over TLS, with tags and batch, one after another;
printed as well: its CPU per page, and how long it takes to start with that database.
"""

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from running import NO_THROTTLES, Line, RunningServer, machine

from securechat.clock import format_time
from securechat.domain.events import Event, Kind, Source
from securechat.domain.history import Bound, Direction, HistoryQuery
from securechat.domain.ports import Entry
from securechat.storage import timeline
from securechat.storage.engine import Database, open_database
from securechat.storage.recorder import Recorder

START = 1_763_800_000_000  # ms
UNCOVERED = 4000
PAGE = 100
ROOM = 1
ROOM_NAME = "#general"
QUIET_ROOM = 3  # one message in a hundred
ROUNDS = 300
HEADING = f"{'':28}{'median':>8} {'p99':>8}  ms"


class Said:
    """An entry of the journal."""

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event: Event | None = event


def fill(database: Database, count: int) -> None:
    """Nine of ten events are messages in ROOM; the others come and go there, or are said in a hundred other rooms."""
    source = Source("alice", "alice", "securechat", "alice")
    recorder = None
    for start in range(0, count, 10_000):
        batch: list[Entry] = [] if start else [Said(Event(Kind.ROOM, START, source, ROOM, ROOM_NAME))]
        for number in range(start, min(start + 10_000, count)):
            kind = Kind.JOIN if number % 20 == 0 else Kind.MESSAGE
            conversation = 2 + number % 100 if number % 20 == 1 else ROOM
            event = Event(kind, START + number * 10, source, conversation, ROOM_NAME, f"{number:08} ".ljust(60, "x"))
            batch.append(Said(event))
        with database.writer.begin():
            recorder = recorder or Recorder(database.writer)
            recorder.record(batch)
            if start < count - UNCOVERED:
                timeline.advance(database.writer)


def queries(count: int) -> dict[str, Callable[[], HistoryQuery]]:
    def anywhere() -> Bound:
        return Bound(sequence=random.randint(PAGE * 2, count - PAGE * 2))

    def any_time() -> Bound:
        return Bound(time=START + 10 * random.randint(PAGE * 2, count - PAGE * 2))

    asked: dict[str, Callable[[], HistoryQuery]] = {
        "LATEST": lambda: HistoryQuery(ROOM, Direction.LATEST, PAGE),
        "LATEST, quiet room": lambda: HistoryQuery(QUIET_ROOM, Direction.LATEST, PAGE),
    }
    for direction in (Direction.BEFORE, Direction.AFTER, Direction.AROUND):
        asked[f"{direction.value} a message"] = lambda direction=direction: HistoryQuery(  # type: ignore[misc]
            ROOM, direction, PAGE, anywhere()
        )
        asked[f"{direction.value} a time"] = lambda direction=direction: HistoryQuery(  # type: ignore[misc]
            ROOM, direction, PAGE, any_time()
        )
    asked["BETWEEN two times"] = lambda: HistoryQuery(ROOM, Direction.BETWEEN, PAGE, any_time(), any_time())
    return asked


def measure_storage(database: Database, count: int) -> None:
    """Ask the database."""
    print(HEADING)
    for name, make in queries(count).items():
        times = []
        for _ in range(ROUNDS):
            query = make()
            begin = time.perf_counter()
            page = database.read(lambda unit, query=query: unit.history.page(query))  # type: ignore[misc]
            times.append((time.perf_counter() - begin) * 1000)
            assert len(page) <= PAGE
        print(row(name, times), flush=True)
    begin = time.perf_counter()
    rooms = database.read(lambda unit: unit.rooms.all())
    print(f"{'last() and rooms at start':28}{(time.perf_counter() - begin) * 1000:8.2f}{'':9}  ({len(rooms)} rooms)")


def measure_server(folder: Path, epoch: str, count: int) -> None:
    """Ask a server that runs in `folder`."""
    with RunningServer(folder, f"{NO_THROTTLES}\n[access]\nguests = true\n") as server:
        line = Line(server, server.tls_context())
        capabilities = "batch message-tags server-time account-tag draft/chathistory"
        line.send(f"CAP REQ :{capabilities}", "NICK guest", "USER guest 0 * :guest", "CAP END", f"JOIN {ROOM_NAME}")
        line.until(f" 366 guest {ROOM_NAME} ")
        print(f"{HEADING}  CPU ms")
        for name, make in queries(count).items():
            if make().conversation != ROOM:
                continue
            times = []
            cpu = server.cpu_seconds()
            for _ in range(ROUNDS):
                line.send(command(make(), epoch))
                begin = time.perf_counter()
                page = line.until("BATCH -")
                times.append((time.perf_counter() - begin) * 1000)
                assert 1 < len(page) <= PAGE + 2, page
            print(f"{row(name, times)}{(server.cpu_seconds() - cpu) * 1000 / ROUNDS:12.2f}", flush=True)
        print(f"{'start with this database':28}{server.start_seconds * 1000:8.0f}")
        print(f"{'memory after that':28}{server.memory_mib():8.0f}{'':9}  MiB")
        line.quit()


def command(query: HistoryQuery, epoch: str) -> str:
    """The line that asks for it."""
    points = []
    for bound in (query.first, query.second):
        if bound is not None and bound.time is not None:
            points.append(f"timestamp={format_time(bound.time)}")
        elif bound is not None:
            points.append(f"msgid={epoch}-{bound.sequence}")
    return f"CHATHISTORY {query.direction.value} {ROOM_NAME} {' '.join(points) or '*'} {query.limit}"


def row(name: str, times: list[float]) -> str:
    return f"{name:28}{statistics.median(times):8.2f} {statistics.quantiles(times, n=100)[98]:8.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", action="store_true", help="ask a real server instead of the database")
    parser.add_argument("--directory", type=Path, help="where the database is made (default: the temporary folder)")
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory) as folder:
        database = open_database(f"sqlite:///{folder}/securechat.db")
        database.migrate()
        fill(database, given.messages)
        driver: Any = database.writer.connection.driver_connection
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        size = database.path.stat().st_size / 2**20
        print(machine())
        print(f"SQLite {sqlite3.sqlite_version}, {given.messages} events, {size:.0f} MiB, pages of {PAGE}\n")
        if not given.server:
            measure_storage(database, given.messages)
        epoch = database.epoch
        database.close()
        if given.server:
            measure_server(Path(folder), epoch, given.messages)


if __name__ == "__main__":
    main()
