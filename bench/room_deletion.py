"""How long messages wait while a room with very many of them is deleted.

    python bench/room_deletion.py [--directory DIR] [--messages N]

A journal on a database of its own: somebody says something in another room every two milliseconds, and waits until it
is on disk, from the deletion on until nothing of the room is left. DIR should be on the disk that matters.
"""

import argparse
import os
import platform
import statistics
import tempfile
import threading
import time
from pathlib import Path

from journal import Said, messages
from sqlalchemy import text

from securechat.domain.events import Event, Kind, Source
from securechat.storage.engine import Database, open_database
from securechat.storage.journal import MAX_BATCH, Journal

ROOM, OTHER = 1, 2
PAUSE_SECONDS = 0.002
DEADLINE_SECONDS = 120.0


def is_left(database: Database) -> bool:
    """Whether anything of the room is in the database still."""
    return database._on_reader(  # noqa: SLF001 - a row that nobody can ask for
        lambda connection: any(
            connection.execute(text(f"SELECT 1 FROM {table} WHERE conversation_id = {ROOM} LIMIT 1")).first()
            for table in ("timeline", "events")
        )
    )


def fill(journal: Journal, count: int) -> None:
    """Make two rooms with so many messages each, in turns."""
    nobody = Source("server", "", "")
    for number in (ROOM, OTHER):
        journal.submit(Said(Event(Kind.ROOM, 1, nobody, number, f"#room{number}")))
    for start in range(0, 2 * count, MAX_BATCH):
        for entry in messages(min(MAX_BATCH, 2 * count - start), 2, start):
            journal.submit(entry)
        journal.call(lambda _: None).result()


def measure(database: Database, journal: Journal) -> tuple[list[float], float]:
    """Delete the room; return how long each message waited meanwhile, and how long all of it took (s)."""
    waits: list[float] = []
    gone = threading.Event()

    def watch() -> None:
        while is_left(database):
            time.sleep(0.05)
        gone.set()

    source = Source("anna", "anna", "securechat", "anna", 1)
    journal.submit(Said(Event(Kind.DELETE, 2, source, ROOM, "#room1")))
    began = time.perf_counter()
    threading.Thread(target=watch, daemon=True).start()
    while not gone.is_set() and time.perf_counter() - began < DEADLINE_SECONDS:
        said = time.perf_counter()
        journal.store(Said(Event(Kind.MESSAGE, 3, source, OTHER, "#room2", "x" * 60))).result()
        waits.append(time.perf_counter() - said)
        time.sleep(PAUSE_SECONDS)
    return waits, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="How long messages wait while a room is deleted.")
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--messages", type=int, default=200_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'chat.db'}")
        database.migrate()
        journal = Journal(database, lambda _entries, _error: None)
        journal.start()
        fill(journal, options.messages)
        waits, took = measure(database, journal)
        journal.stop()
        database.close()
    waits.sort()
    print(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    print(
        f"{options.messages:,} messages deleted in {took:.2f} s; {len(waits)} others waited: "
        f"median {statistics.median(waits) * 1e3:.1f} ms, p99 {waits[int(len(waits) * 0.99)] * 1e3:.1f} ms, "
        f"longest {waits[-1] * 1e3:.1f} ms"
    )


if __name__ == "__main__":
    main()
