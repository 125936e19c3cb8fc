"""A server that is killed in mid-load has stored everything that it had published, once and in order."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from securechat.domain.history import Bound, Direction, HistoryQuery
from securechat.storage.engine import open_database
from tests.storage.harness import SECONDS

# Submits messages for ever from two threads, and reports each when it is published; with "early", when it is submitted,
# and then nothing is committed any more after a while: the control, which has to be found out.
WRITER = """
import os, sys, threading, time
from securechat.domain.events import Event, Kind, Source
from securechat.storage.engine import open_database
from securechat.storage.journal import Journal

url, mode = sys.argv[1:]

class Item:
    def __init__(self, text):
        self.event = Event(Kind.MESSAGE, 1000, Source("a", "a", "h"), 1, "#general", text)

def report(items):
    os.write(1, "".join(f"{item.event.sequence} {item.event.text}\\n" for item in items).encode())

def publish(entries, error):
    assert error is None
    if mode == "published":
        report(entries)

database = open_database(url)
database.migrate()
batches = 0

def before_commit():
    global batches
    batches += 1
    if mode == "early" and batches > 5:
        threading.Event().wait()

journal = Journal(database, publish, before_commit=before_commit)
journal.start()

def write(name):
    number = 0
    while True:
        item = Item(f"{name}:{number} " + "x" * (number % 300))
        number += 1
        if mode == "early":
            report([item])
        journal.submit(item)
        while journal._queue.qsize() > 300 and mode == "published":
            os.sched_yield()

for name in "ab":
    threading.Thread(target=write, args=(name,)).start()
"""


def run_and_kill(url: str, mode: str, lines: int) -> list[tuple[int, str]]:
    """Let the writer report at least `lines`, kill it, and return everything that it has reported."""
    with subprocess.Popen([sys.executable, "-c", WRITER, url, mode], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        reported = b"".join(first) + process.stdout.read()
        assert process.wait(SECONDS) == -signal.SIGKILL
    # The kill may come in the middle of a write to the pipe: half a line reports nothing.
    whole = reported[: reported.rfind(b"\n") + 1].decode().splitlines()
    return [(int(sequence), text) for sequence, text in (line.split(" ", 1) for line in whole)]


def reopened(url: str) -> list[tuple[int, str]]:
    """Everything that the next server finds, read page by page."""
    database = open_database(url)
    database.migrate()
    found: list[tuple[int, str]] = []
    while True:
        last = found[-1][0] if found else 0
        query = HistoryQuery(1, Direction.AFTER, 1000, Bound(sequence=last))
        page = database.read(lambda unit, query=query: unit.history.page(query))  # type: ignore[misc]
        if not page:
            break
        found += [(event.sequence, event.text) for event in page]
    database.close()
    return found


def faults(published: list[tuple[int, str]], stored: list[tuple[int, str]]) -> list[str]:
    """What of the promise is broken."""
    found = []
    texts = [text for _, text in stored]
    missing = {text for _, text in published} - set(texts)
    if missing:
        found.append("lost")
    if len(set(texts)) != len(texts):
        found.append("doubled")
    if [sequence for sequence, _ in stored] != list(range(1, len(stored) + 1)):
        found.append("gaps")
    if published != stored[: len(published)] and not missing:
        found.append("another order")
    for name in "ab":
        numbers = [int(text[2:].split(" ")[0]) for text in texts if text[0] == name]
        if numbers != list(range(len(numbers))):
            found.append(f"order of {name}")
    return found


@pytest.mark.parametrize("lines", [1, 700, 2500, 6000])
def test_all_that_was_published_survives_a_kill(url: str, lines: int, tmp_path: Path) -> None:
    published = run_and_kill(url, "published", lines)
    assert len(published) >= lines
    stored = reopened(url)
    assert faults(published, stored) == []
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["chat.db", "chat.db.lock"]


def test_the_control_that_publishes_before_the_commit_is_found_out(url: str) -> None:
    published = run_and_kill(url, "early", 3000)
    assert faults([(0, text) for _, text in published], reopened(url)) == ["lost"]
