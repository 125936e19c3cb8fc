"""Whether the full-screen client stays quick: first paint, keys under a flood, a room of very many lines.

    python bench/client_screen.py [--directory DIR] [--seconds N] [--rate N] [--lines N]

A real server with its defaults but for throttles, over TLS; the client in a pseudo-terminal of 120 by 36. Prints

- first paint: from the start of the process until it is logged in and its screen is drawn (five times);
- flood: somebody says `--rate` lines a second for `--seconds`; keys are typed four times a second meanwhile, the time
  is taken until each is on the screen; the client's share of a core (from /proc), and what it wrote to the terminal;
- long: after `--lines` lines in one room the client's memory, and how long PageUp and another size of the terminal take
  until the last byte of the new screen is there; PageUp also where each third page is fetched from the server.

Ends with 1 when an aim is missed: first paint 1 s; keys 50 ms in the median and 200 ms in 95 of 100, 60 % of a core;
200 MB, 100 ms for PageUp, 300 ms for another size.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

from running import DEADLINE, ENVIRONMENT, NO_THROTTLES, Line, RunningServer, machine

PASSWORD = "correct horse battery"
ROOM = "#flood"
COLUMNS, ROWS = 120, 36
CONFIGURATION = NO_THROTTLES + "[access]\nguests = true\n"
TEXT = "the quick brown fox jumps over the lazy dog, and then does so again"
KEYS = "жщъэюяфцч"
"""What is typed: letters that are in nothing else on the screen."""
KEY_SECONDS = 0.25
QUIET_SECONDS = 0.06
"""A screen is drawn when nothing came for so long; the time counts to its last byte."""
PAGES = 40
SIZES = ((100, 30), (140, 50), (80, 24), (120, 36))
PAGE_UP = b"\x1b[5~"
NEWEST = b"\x1b[1;3F"
CLEAR = b"\x15"


class Screen:
    """The full-screen client at a terminal. `home` keeps what it remembers."""

    def __init__(self, server: RunningServer, home: Path) -> None:
        self._main, side = pty.openpty()
        self._set_size(side, COLUMNS, ROWS)
        os.set_blocking(self._main, False)
        self.bytes = 0
        arguments = ["--room", ROOM, "--user", "anna", "--ca", str(server.folder / "certs" / "ca.pem")]
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "securechat.cli.client", *arguments, f"localhost:{server.port}"],
            stdin=side,
            stdout=side,
            stderr=side,
            cwd=home,
            start_new_session=True,
            env=ENVIRONMENT
            | {
                "SECURECHAT_PASSWORD": PASSWORD,
                "XDG_STATE_HOME": str(home / "state"),
                "XDG_CONFIG_HOME": str(home / "config"),
                "TERM": "xterm-256color",
                "LC_ALL": "C.UTF-8",
            },
        )
        os.close(side)

    def _set_size(self, terminal: int, columns: int, rows: int) -> None:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float) -> bytes:
        """Return what comes next; empty when nothing comes in time."""
        if not select.select([self._main], [], [], max(0.0, seconds))[0]:
            return b""
        data = os.read(self._main, 1 << 20)
        self.bytes += len(data)
        return data

    def until(self, wanted: str) -> float:
        """Read until a regular expression is found; return when that was."""
        end = time.perf_counter() + DEADLINE
        seen = b""
        while not re.search(wanted.encode(), seen):
            data = self.read(end - time.perf_counter())
            if not data:
                raise SystemExit(f"{wanted!r} did not come: {seen[-3000:]!r}")
            seen = seen[-4000:] + data
        return time.perf_counter()

    def drain(self, seconds: float) -> None:
        """Read for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._main, keys)

    def drawn(self, longest: float = 5.0) -> float:
        """Return when the screen is drawn that begins to come now: the time of its last byte."""
        last = 0.0
        end = time.perf_counter() + longest
        while time.perf_counter() < end:
            if self.read(QUIET_SECONDS if last else longest):
                last = time.perf_counter()
            elif last:
                return last
        raise SystemExit("the screen was not drawn to its end")

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._set_size(self._main, columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def cpu_seconds(self) -> float:
        """CPU time of the client so far, all threads, kernel included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Resident memory of the client now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def leave(self) -> None:
        """Press Ctrl+Q, and wait for the end."""
        self.press(b"\x11")
        while self.process.poll() is None:
            try:
                self.read(0.1)
            except OSError:
                self.process.wait(DEADLINE)
        os.close(self._main)
        if self.process.returncode:
            raise SystemExit(f"the client ended with {self.process.returncode}")


class Flood:
    """Somebody who says numbered lines, as many a second as is asked for."""

    def __init__(self, server: RunningServer) -> None:
        self._line = Line(server, server.tls_context())
        self._line.send("NICK bob", "USER bob 0 * :x")
        self._line.until(" 001 ")
        self._line.send(f"JOIN {ROOM}")
        self._line.until(" 366 ")
        self.said = 0

    def say(self, count: int) -> None:
        """Say so many at once."""
        self._line.send(*(f"PRIVMSG {ROOM} :{TEXT} nr{number}" for number in range(self.said, self.said + count)))
        self.said += count

    def settle(self) -> None:
        """Wait until all of it is stored."""
        self._line.send("PING settled")
        self._line.until(" PONG ")

    def run(self, rate: int, seconds: float) -> None:
        """Say lines steadily."""
        begin, first = time.perf_counter(), self.said
        while (now := time.perf_counter() - begin) < seconds:
            due = int(now * rate) - (self.said - first)
            if due > 0:
                self.say(due)
            time.sleep(0.01)
        self.settle()


def measure_first_paint(server: RunningServer, home: Path) -> list[float]:
    """Return the seconds until the screen stands, of five starts."""
    seconds = []
    for _ in range(5):
        screen = Screen(server, home)
        seconds.append(screen.until("● anna") - screen.started)
        screen.drain(0.5)
        screen.leave()
    return seconds


def measure_flood(server: RunningServer, home: Path, rate: int, seconds: float) -> tuple[list[float], float, float]:
    """Return the seconds from key to screen, the client's share of a core, and the kB/s that it wrote."""
    flood = Flood(server)
    screen = Screen(server, home)
    screen.until("● anna")
    screen.drain(2)
    talking = threading.Thread(target=flood.run, args=(rate, seconds))
    cpu, begin, written = screen.cpu_seconds(), time.perf_counter(), screen.bytes
    talking.start()
    keys: list[float] = []
    while talking.is_alive():
        screen.drain(KEY_SECONDS)
        if len(keys) % 30 == 0:
            screen.press(CLEAR)
            screen.drain(KEY_SECONDS)
        key = KEYS[len(keys) % len(KEYS)]
        pressed = time.perf_counter()
        screen.press(key.encode())
        keys.append(screen.until(key) - pressed)
    took = time.perf_counter() - begin
    share, rate_written = (screen.cpu_seconds() - cpu) / took, (screen.bytes - written) / took / 1000
    if f"nr{flood.said - 1}" not in _last_screen(screen):
        raise SystemExit("the last line is not on the screen")
    screen.leave()
    return keys, share, rate_written


def _last_screen(screen: Screen) -> str:
    """What is drawn when the terminal gets another size: everything, with what was said last."""
    screen.drain(1)
    screen.resize(COLUMNS - 1, ROWS)
    text, end = b"", time.perf_counter() + 2
    while (left := end - time.perf_counter()) > 0:
        text += screen.read(left)
    return text.decode(errors="replace")


def measure_long(server: RunningServer, home: Path, lines: int) -> tuple[float, list[float], list[float], list[float]]:
    """Return the megabytes after so many lines, and the seconds of PageUp, of PageUp that fetches, of other sizes."""
    flood = Flood(server)
    screen = Screen(server, home)
    screen.until("● anna")
    while flood.said < lines:
        flood.say(min(500, lines - flood.said))
        flood.settle()
        screen.drain(0.01)
    screen.drain(5)
    if f"nr{flood.said - 1}" not in _last_screen(screen):
        raise SystemExit("the last line is not on the screen")
    screen.resize(COLUMNS, ROWS)
    screen.drain(1)
    memory = screen.megabytes()
    pages = _page_up(screen)
    sizes = []
    for columns, rows in SIZES * 3:
        pressed = time.perf_counter()
        screen.resize(columns, rows)
        sizes.append(screen.drawn() - pressed)
    memory = max(memory, screen.megabytes())
    screen.leave()
    screen = Screen(server, home)
    screen.until("● anna")
    screen.drain(2)
    fetching = _page_up(screen)
    screen.leave()
    return memory, pages, fetching, sizes


def _page_up(screen: Screen) -> list[float]:
    seconds = []
    for _ in range(PAGES):
        pressed = time.perf_counter()
        screen.press(PAGE_UP)
        seconds.append(screen.drawn() - pressed)
    return seconds


def milliseconds(seconds: list[float]) -> str:
    """The median, 95 of 100, and the longest, for people."""
    p95 = statistics.quantiles(seconds, n=20)[18]
    return (
        f"median {statistics.median(seconds) * 1000:.0f} ms, 95 of 100 within {p95 * 1000:.0f} ms, "
        f"longest {max(seconds) * 1000:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where the folder is made (default: the temporary folder)")
    parser.add_argument("--seconds", type=float, default=60, help="of the flood (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=500, help="lines a second (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=100_000, help="in the long room (default: %(default)s)")
    given = parser.parse_args()
    print(machine())
    missed = []
    with tempfile.TemporaryDirectory(dir=given.directory) as folder:
        home, place = Path(folder, "home"), Path(folder, "server")
        home.mkdir()
        place.mkdir()
        with RunningServer(place, CONFIGURATION) as server:
            server.admin("user", "add", "anna", "--password-stdin", answer=f"{PASSWORD}\n")
            paint = measure_first_paint(server, home)
            print(f"first paint: median {statistics.median(paint):.2f} s, longest {max(paint):.2f} s of {len(paint)}")
            missed += ["first paint"] * (statistics.median(paint) >= 1)
            keys, share, written = measure_flood(server, home, given.rate, given.seconds)
            print(
                f"flood of {given.rate} lines/s for {given.seconds:g} s: {len(keys)} keys: {milliseconds(keys)}; "
                f"{share:.0%} of a core; {written:.0f} kB/s to the terminal"
            )
            missed += ["keys"] * (statistics.median(keys) >= 0.05 or statistics.quantiles(keys, n=20)[18] >= 0.2)
            missed += ["core"] * (share >= 0.6)
            memory, pages, fetching, sizes = measure_long(server, home, given.lines)
            print(f"{given.lines} lines: {memory:.0f} MB; PageUp: {milliseconds(pages)}")
            print(f"PageUp that fetches: {milliseconds(fetching)}; another size: {milliseconds(sizes)}")
            missed += ["memory"] * (memory >= 200)
            missed += ["PageUp"] * (statistics.quantiles(pages, n=20)[18] >= 0.1)
            missed += ["size"] * (statistics.quantiles(sizes, n=20)[18] >= 0.3)
    raise SystemExit(f"missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
