"""Many wrong passwords at once, at the real cost of checking them (bench/bad_logins.py measures more)."""

import base64
import statistics
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.process import RawClient, ServerProcess

ATTEMPTS = 200
MOST_BYTES = 80_000_000
MOST_SECONDS = 0.25
"""So soon what somebody says is stored, and their PING answered, at the 99th percentile."""


def resident_bytes(process: int) -> int:
    """How much memory a process has now."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def attempt(client: RawClient, name: str) -> str:
    """Try a wrong password; return the code of the answer."""
    wrong = base64.b64encode(f"\0{name}\0wrong".encode()).decode()
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {wrong}")
    return client.until(" 90[0-9] ")[-1].split()[1]


@pytest.mark.slow
def test_each_is_answered_memory_stays_bounded_and_nobody_waits(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "[access]\nguests = true\n") as server, ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(ATTEMPTS)]
        for client in clients:
            client.send("CAP REQ :sasl")
            client.until(" ACK ")
        chatter = server.guest("chatter")
        before = most = resident_bytes(server.process.pid)
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda client=client, name=f"user{number}": answers.append(attempt(client, name)))
            for number, client in enumerate(clients)
        ]
        for thread in threads:
            thread.start()
        pings: list[float] = []
        while any(thread.is_alive() for thread in threads):
            begin = time.perf_counter()
            chatter.ask("PRIVMSG chatter :and so on")
            pings.append(time.perf_counter() - begin)
            most = max(most, resident_bytes(server.process.pid))
            threads[-1].join(0.1)
        assert answers == ["904"] * ATTEMPTS
        assert most - before < MOST_BYTES
        print(f"{most - before} bytes, {len(pings)} pings, the slowest {max(pings):.3f} s")
        assert statistics.quantiles(pings, n=100)[98] < MOST_SECONDS
