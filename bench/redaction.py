"""How long everybody else waits while somebody takes a message away in a room of thousands that keeps its history.

    PYTHONPATH=. python bench/redaction.py [--members N] [--late M]

The hub alone, without sockets: finding out who is to be told, of whom M became members after the message. Half of the
clients know that messages can be taken away.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from securechat.domain.events import Kind
from securechat.domain.history import StoredEvent
from securechat.domain.roles import MEMBER
from securechat.protocol.capabilities import MESSAGE_REDACTION
from securechat.server import taking_away
from securechat.server.sessions import Session
from securechat.server.throttle import Budget
from securechat.server.users import User
from tests.server.harness import Harness, RecordedOutlet, running

SEQUENCE = 1_000_000
ROUNDS = 50


def fill(harness: Harness, count: int, late: int) -> None:
    """Let so many people be in the room, the last `late` of them since after the message."""
    hub = harness.hub
    live = hub.rooms["#tea"]
    for number in range(count):
        user = User(f"user{number}", "user", "A user", None)
        session = Session(RecordedOutlet(harness, "192.0.2.9"), harness.now, Budget(0, 1, harness.now))
        session.user, session.capabilities = user, MESSAGE_REDACTION.bit * (number % 2)
        user.sessions.append(session)
        hub.enter(user, live, MEMBER, number if number < count - late else SEQUENCE + number)


def main() -> None:
    parser = argparse.ArgumentParser(description="What taking a message away costs in a room of thousands.")
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--late", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as harness:
        harness.person("owner").sends("JOIN #tea", "MODE #tea +H joined")
        with harness.hub.lock:
            fill(harness, options.members, options.late)
            live = harness.hub.rooms["#tea"]
            place = taking_away.Place(live.room.id, "#tea", live, [])
            stored = StoredEvent(SEQUENCE, Kind.MESSAGE, 1, live.room.id, "o!o@h", "", "#tea", "x", "")
            taken = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                taking_away._audiences(harness.hub, place, stored)  # noqa: SLF001 - the part that asks about everybody
                taken.append((time.perf_counter() - began) * 1e3)
    print(f"{platform.platform()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    print(
        f"{options.members:,} members, {options.late:,} of them came later: "
        f"first {taken[0]:.1f} ms, median {statistics.median(taken):.2f} ms, longest {max(taken):.1f} ms"
    )


if __name__ == "__main__":
    main()
