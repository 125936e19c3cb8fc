"""Starting and stopping in order: a goodbye to everybody, everything echoed is stored, the exit code is 0."""

import os
import signal
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.process import DEADLINE, OPEN, RawClient, ServerProcess
from tests.system.load import CAPABILITIES, ROOM

STOP_SECONDS = 2.0
START_SECONDS = 5.0
"""Generous, as tests share the machine; bench/startup.py measures."""
GOODBYE = "ERROR :Closing link: (The server is stopping)"


def stored_texts(folder: Path) -> list[str]:
    """The texts in the database of a server that has ended, oldest first."""
    with closing(sqlite3.connect(folder / "securechat.db")) as database:
        return [text for (text,) in database.execute("SELECT text FROM events WHERE text LIKE '%says%' ORDER BY 1")]


class Talker(threading.Thread):
    """Talks until the server ends the connection; keeps what was echoed and the last line."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        super().__init__(name=name)
        self.echoed: list[str] = []
        self.last = ""
        self.busy = threading.Event()
        self._client = server.guest(name, CAPABILITIES)
        self._client.ask(f"JOIN {ROOM}")

    def run(self) -> None:
        with self._client as client:
            number = 0
            lines = client.lines()
            while True:
                texts = [f"{self.name} says {number + step}" for step in range(20)]
                number += len(texts)
                if not self._say(client, texts):
                    return
                for line in lines:
                    self.last = line
                    text = line.rpartition(" :")[2]
                    if "label=x" in line:
                        self.echoed.append(text)
                        self.busy.set()
                        if text == texts[-1]:
                            break
                else:
                    return

    @staticmethod
    def _say(client: RawClient, texts: list[str]) -> bool:
        try:
            client.send(*(f"@label=x PRIVMSG {ROOM} :{text}" for text in texts))
        except OSError:
            return False
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_stops_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        talkers = [Talker(server, f"talker{index}") for index in range(3)]
        silent = server.guest("silent")
        newcomer = server.client()  # has not even said its name
        for talker in talkers:
            talker.start()
        for talker in talkers:
            assert talker.busy.wait(DEADLINE)
        seconds = server.stop(number)
        for talker in talkers:
            talker.join(DEADLINE)
            assert talker.last == GOODBYE
        for client in (silent, newcomer):
            assert client.end()[-1] == GOODBYE
        assert server.process.returncode == 0
        assert seconds < STOP_SECONDS
        assert "everything that was accepted is stored" in str(server.log[-1]["message"])
    stored = stored_texts(tmp_path)
    echoed = [text for talker in talkers for text in talker.echoed]
    assert echoed
    assert set(echoed) <= set(stored)
    assert len(stored) == len(set(stored))


def test_clients_that_do_not_take_their_goodbye_delay_nothing(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        for index in range(5):
            server.guest(f"deaf{index}")
        seconds = server.stop()
        assert server.process.returncode == 0
        assert seconds < STOP_SECONDS


def test_many_signals_stop_it_as_well_as_one(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        client = server.guest("somebody")
        for _ in range(200):
            os.kill(server.process.pid, signal.SIGTERM)
            os.kill(server.process.pid, signal.SIGINT)
        assert client.end()[-1] == GOODBYE
        assert server.stop() < STOP_SECONDS
        assert server.process.returncode == 0
        assert not any("Traceback" in str(record) for record in server.log)


def test_a_bug_in_a_thread_ends_the_server_at_once(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN, command=(sys.executable, "-m", "tests.system.faulty_server")) as server:
        with pytest.raises(OSError):
            server.client()
        server.process.wait(STOP_SECONDS)
        assert server.process.returncode == 1
        assert server.wait_for_log("Bug in the I/O thread")
        assert not any("everything that was accepted is stored" in str(record) for record in server.log)


def test_it_starts_quickly_and_nothing_is_left_to_do_after_a_stop(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        with server.guest("ann", CAPABILITIES) as client:
            client.ask(f"JOIN {ROOM}", f"PRIVMSG {ROOM} :ann says hello")
    assert not (tmp_path / "securechat.db-wal").exists()
    with ServerProcess(tmp_path, OPEN) as server:
        assert server.start_seconds < START_SECONDS
    assert stored_texts(tmp_path) == ["ann says hello"]
