"""What a login costs: connect, TLS 1.3 handshake, SASL, welcome; default Argon2id and SCRAM parameters, a real server.

    python bench/logins.py [--directory DIR] [--logins N] [--parallel N]

prints logins per second, the server's CPU in milliseconds per login (from /proc, so neither the clients nor a busy
neighbour count) and the time that one login takes, for SCRAM-SHA-256, for PLAIN, and for guests, who show what all but
the password costs. Every way has a round of its own to warm up. The clients run on the same machine and keep the keys
that they derived from their passwords, as 600,000 iterations of theirs would hide the server; so would a login that
waits for another one's client, hence `--parallel`.
"""

import argparse
import base64
import functools
import itertools
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from running import NO_THROTTLES, Line, RunningServer, machine

from securechat.protocol import sasl

ACCOUNTS = 8
PASSWORD = "correct horse battery"
CONFIGURATION = f"{NO_THROTTLES}\n[access]\nguests = true\n"

Login = Callable[[Line, str], None]


def by_scram(line: Line, name: str) -> None:
    client = sasl.ScramClient(name, PASSWORD, secrets.token_hex(12))
    line.send("AUTHENTICATE SCRAM-SHA-256")
    line.until("AUTHENTICATE +")
    line.send(f"AUTHENTICATE {base64.b64encode(client.first()).decode()}")
    challenge = line.until("AUTHENTICATE ")[-1].rpartition(" ")[2]
    line.send(f"AUTHENTICATE {base64.b64encode(client.final(base64.b64decode(challenge))).decode()}")
    client.check(base64.b64decode(line.until("AUTHENTICATE ")[-1].rpartition(" ")[2]))
    line.send("AUTHENTICATE +")
    line.until(" 903 ")


def by_plain(line: Line, name: str) -> None:
    line.send("AUTHENTICATE PLAIN")
    line.until("AUTHENTICATE +")
    line.send(f"AUTHENTICATE {base64.b64encode(sasl.format_plain(name, PASSWORD)).decode()}")
    line.until(" 903 ")


def as_guest(_line: Line, _name: str) -> None:
    """Nothing to prove."""


WAYS: dict[str, tuple[str, Login]] = {
    "SCRAM-SHA-256": ("user", by_scram),
    "PLAIN (Argon2id)": ("user", by_plain),
    "guest, no password": ("guest", as_guest),
}


def measure(server: RunningServer, prefix: str, login: Login, count: int, parallel: int) -> str:
    """Let `parallel` threads log in `count` times together; return the figures."""
    context = server.tls_context()
    numbers = itertools.count()
    seconds: list[float] = []

    def work(thread: int) -> None:
        name = f"{prefix}{thread}" if prefix == "guest" else f"{prefix}{thread % ACCOUNTS}"
        while next(numbers) < count:
            begin = time.perf_counter()
            line = Line(server, context)
            line.send("CAP REQ :sasl", f"NICK {name}", f"USER {name} 0 * :{name}")
            line.until(" ACK ")
            login(line, name)
            line.send("CAP END")
            line.until(" 001 ")
            seconds.append(time.perf_counter() - begin)
            line.quit()

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(parallel)]
    cpu, begin = server.cpu_seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - begin
    if len(seconds) != count:
        raise SystemExit(f"only {len(seconds)} of {count} logins succeeded")
    cpu = (server.cpu_seconds() - cpu) * 1000 / count
    p99 = statistics.quantiles(seconds, n=100)[98] * 1000
    return f"{count / wall:10.0f} {cpu:10.2f} {statistics.median(seconds) * 1000:10.1f} {p99:10.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where the folder is made (default: the temporary folder)")
    parser.add_argument("--logins", type=int, default=400, help="of each way (default: %(default)s)")
    parser.add_argument("--parallel", type=int, default=8, help="clients at the same time (default: %(default)s)")
    given = parser.parse_args()
    print(machine())
    derive = functools.cache(sasl._keys)  # noqa: SLF001 - the docstring says why
    with (
        tempfile.TemporaryDirectory(dir=given.directory) as folder,
        RunningServer(Path(folder), CONFIGURATION) as server,
        mock.patch.object(sasl, "_keys", derive),
    ):
        for number in range(ACCOUNTS):
            server.admin("user", "add", f"user{number}", "--password-stdin", answer=f"{PASSWORD}\n")
        print(f"{given.logins} logins of each way, {given.parallel} at the same time\n")
        print(f"{'':20}{'logins/s':>10} {'CPU ms':>10} {'median ms':>10} {'p99 ms':>10}")
        for name, (prefix, login) in WAYS.items():
            measure(server, prefix, login, max(2 * ACCOUNTS, given.parallel), given.parallel)
            print(f"{name:20}{measure(server, prefix, login, given.logins, given.parallel)}", flush=True)


if __name__ == "__main__":
    main()
