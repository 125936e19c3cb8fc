"""SIGKILL at random moments under load: what anybody was shown is there afterwards, once, in one order."""

import contextlib
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.process import OPEN, SERVER, ServerProcess
from tests.system.load import Load, Verdict, history_of, judge

CARELESS = (sys.executable, "-m", "tests.system.careless_server")
RESTART_SECONDS = 2.0
"""The server listens again within so much."""
AUDITOR = "auditor"
"""The account that reads history in the end."""


class Campaign:
    """One folder, one load, and a server that is killed and started again."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder = folder
        self.command = command
        self.server = ServerProcess(folder, OPEN, command=command)
        self.load = Load(lambda: self.server.client(), talkers=4, listeners=3)
        self.restarts: list[float] = []
        for name in (*self.load.everybody, AUDITOR):
            self.server.sign_up(name)
        self.load.start()

    def kill_once(self) -> None:
        """Kill the server at a random moment of its work; start it again on the same folder."""
        self.load.wait_for_echoes(random.randint(1, 600))
        self.load.wait_for_trouble(random.uniform(0, 0.03))
        self.load.server_is_up(up=False)
        self.server.kill()
        self.load.wait_until_ended()
        self.server = ServerProcess(self.folder, OPEN, port=self.server.port, command=self.command)
        self.restarts.append(self.server.start_seconds)
        self.load.server_is_up(up=True)

    def verdict(self) -> Verdict:
        """End the load, and compare what it has seen with history."""
        self.load.server_is_up(up=False)
        self.server.kill()
        self.load.stop()
        self.server = ServerProcess(self.folder, OPEN, command=self.command)
        return judge(self.load, history_of(self.server, AUDITOR))

    def close(self) -> None:
        """End everything, however far it has come."""
        self.load.server_is_up(up=False)
        self.server.kill()
        self.load.stop()


@contextlib.contextmanager
def campaign(folder: Path, command: Sequence[str] = SERVER) -> Iterator[Campaign]:
    """A campaign that leaves no process and no thread behind."""
    made = Campaign(folder, command)
    try:
        yield made
    finally:
        made.close()


def prove(folder: Path, kills: int) -> None:
    """Kill so many times and check every promise."""
    with campaign(folder) as one:
        for _ in range(kills):
            one.kill_once()
        verdict = one.verdict()
        print(
            f"{kills} kills: {len(one.load.echoed)} echoed messages, {len(one.load.sightings)} connections, "
            f"lost {len(verdict.lost)}, doubled {len(verdict.doubled)}, out of order {len(verdict.out_of_order)}; "
            f"listening again after {sum(one.restarts) / kills:.2f} s, at most {max(one.restarts):.2f} s"
        )
        assert verdict.is_clean, verdict
        assert len(one.load.echoed) >= kills
        assert len(one.load.sightings) >= len(one.load.everybody) * kills // 2  # some die while they log in
        assert max(one.restarts) < RESTART_SECONDS
    with contextlib.closing(sqlite3.connect(folder / "securechat.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_three_kills_lose_nothing(tmp_path: Path) -> None:
    prove(tmp_path, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    prove(tmp_path, kills=100)


@pytest.mark.timeout(300)
def test_a_server_that_shows_before_it_stores_is_found_out(tmp_path: Path) -> None:
    """The control: the same proof finds losses where they must be."""
    with campaign(tmp_path, CARELESS) as one:
        for _ in range(5):
            one.kill_once()
        verdict = one.verdict()
        print(f"control: {len(verdict.lost)} of {len(one.load.echoed)} echoed messages lost in 5 kills and a last one")
        assert verdict.lost
