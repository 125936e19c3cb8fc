"""What 200 wrong passwords at once cost everybody else: the server's memory, and a chatting user's PING.

    python bench/bad_logins.py [--directory DIR] [--logins N] [--rounds N]

A real server with its defaults, over TLS. All connections are made first; then each tries a wrong password for a name
of its own at the same moment (PLAIN: an Argon2id check of 19 MiB each), while somebody chats and measures their PING,
which comes back when what they said is on disk. Prints how many were answered, how long that took, by how much the
server's memory grew at the most (from /proc), and the times of the PINGs. Ends with 1 when memory grew by 80 MB or
more, the 99th percentile reached 250 ms, or an attempt was not answered.
"""

import argparse
import base64
import statistics
import tempfile
import threading
import time
from pathlib import Path

from running import Line, RunningServer, machine

MOST_MEGABYTES = 80
MOST_MILLISECONDS = 250
PASSWORD = "correct horse battery"
CONFIGURATION = "[access]\nguests = true\n"
PAUSE = 0.05
"""Seconds between two PINGs."""


def megabytes(server: RunningServer) -> float:
    """How much memory a server has now."""
    return server.memory_mib() * 2**20 / 1e6


class Chatter(threading.Thread):
    """Somebody who says something and asks for a PONG, again and again, and what else is measured meanwhile."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.most_megabytes = 0.0
        self.done = threading.Event()
        self._server = server
        self._line = Line(server, server.tls_context())
        self._line.send("NICK chatter", "USER chatter 0 * :x")
        self._line.until(" 001 ")
        self._line.send("JOIN #talk")
        self._line.until(" 366 ")

    def run(self) -> None:
        while not self.done.is_set():
            begin = time.perf_counter()
            said = ["PRIVMSG #talk :and so on"] if len(self.seconds) % 5 == 0 else []
            self._line.send(*said, "PING x")
            self._line.until(" PONG ")
            self.seconds.append(time.perf_counter() - begin)
            self.most_megabytes = max(self.most_megabytes, megabytes(self._server))
            time.sleep(PAUSE)


def attempt(line: Line, name: str, together: threading.Barrier, answers: list[str]) -> None:
    """Try a wrong password, at the same moment as everybody else."""
    wrong = base64.b64encode(f"\0{name}\0wrong {PASSWORD}".encode()).decode()
    together.wait()
    line.send("AUTHENTICATE PLAIN")
    line.until("AUTHENTICATE +")
    line.send(f"AUTHENTICATE {wrong}")
    answers.append(line.until(" 904 ")[-1])


def measure(server: RunningServer, count: int) -> tuple[int, float, float, list[float]]:
    """Return how many were answered, after how many seconds, by how many MB memory grew, and the PINGs' seconds."""
    context = server.tls_context()
    lines = [Line(server, context) for _ in range(count)]
    for line in lines:
        line.send("CAP REQ :sasl")
        line.until(" ACK ")
    chatter = Chatter(server)
    before = megabytes(server)
    together, answers = threading.Barrier(count + 1), list[str]()
    threads = [
        threading.Thread(target=attempt, args=(line, f"user{number}", together, answers))
        for number, line in enumerate(lines)
    ]
    for thread in (*threads, chatter):
        thread.start()
    together.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    chatter.done.set()
    chatter.join()
    for line in lines:
        line.quit()
    return len(answers), took, chatter.most_megabytes - before, chatter.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where the folder is made (default: the temporary folder)")
    parser.add_argument("--logins", type=int, default=200, help="at the same time (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="each on a server of its own (default: %(default)s)")
    given = parser.parse_args()
    print(machine())
    failed = False
    for _ in range(given.rounds):
        with (
            tempfile.TemporaryDirectory(dir=given.directory) as folder,
            RunningServer(Path(folder), CONFIGURATION) as server,
        ):
            answered, took, grown, pings = measure(server, given.logins)
        p99 = statistics.quantiles(pings, n=100)[98] * 1000
        print(
            f"{answered} of {given.logins} answered within {took:.1f} s; memory grew by {grown:.1f} MB; "
            f"{len(pings)} PINGs: median {statistics.median(pings) * 1000:.1f} ms, p99 {p99:.1f} ms, "
            f"longest {max(pings) * 1000:.1f} ms"
        )
        failed |= answered < given.logins or grown >= MOST_MEGABYTES or p99 >= MOST_MILLISECONDS
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
