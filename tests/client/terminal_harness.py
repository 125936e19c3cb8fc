"""The line client in a pseudo-terminal, and a very small screen that understands what it sends."""

import codecs
import fcntl
import os
import pty
import re
import selectors
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pyte

_TOKEN = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|\x1b[=>]|\r|\n|\x08|\x07|[^\x00-\x1f\x7f]")
_BEYOND_PYTE = re.compile(r"\x1b\[[<>=?][0-9;]*\$?[up]|\x1b\][^\x07]*\x07")
_PIECE_SECONDS = 0.1
"""So often it is looked whether what is waited for has happened elsewhere."""
_QUIET_SECONDS = 0.4
"""A screen is painted when nothing came for so long."""
_ROOT = Path(__file__).resolve().parent.parent.parent
_PROGRAM = """
import sys
from pathlib import Path
from securechat.client import texts
texts.DIRECTORY = Path(sys.argv.pop(1))
exec(sys.argv.pop(1))
from securechat.cli.client import main
sys.exit(main())
"""


class Screen:
    """What is to be seen, as lines without an upper end; wide enough that nothing wraps."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0
        self._column = 0
        self.unknown: list[str] = []

    def feed(self, text: str) -> None:
        """Take what the program wrote."""
        for match in _TOKEN.finditer(text):
            token = match.group()
            if token == "\r":
                self._column = 0
            elif token == "\n":
                self._row += 1
                while len(self.lines) <= self._row:
                    self.lines.append("")
            elif token == "\x08":
                self._column = max(0, self._column - 1)
            elif match[2]:
                self._escape(match[1], match[2])
            elif token[0] != "\x1b" and token != "\x07":
                self._put(token)

    def _put(self, character: str) -> None:
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
        self._column += 1

    def _escape(self, numbers: str, letter: str) -> None:
        count = int(numbers or 1) if numbers.isdigit() or not numbers else 0
        if letter == "K":
            self.lines[self._row] = self.lines[self._row][: self._column]
        elif letter == "J":
            self.lines[self._row] = self.lines[self._row][: self._column]
            del self.lines[self._row + 1 :]
        elif letter == "A":
            self._row = max(0, self._row - count)
        elif letter == "C":
            self._column += count
        elif letter == "D":
            self._column = max(0, self._column - count)
        elif letter == "P":
            line = self.lines[self._row]
            self.lines[self._row] = line[: self._column] + line[self._column + count :]
        elif letter == "@":
            line = self.lines[self._row]
            self.lines[self._row] = line[: self._column] + " " * count + line[self._column :]
        elif letter not in "mhl":
            self.unknown.append(f"{numbers}{letter}")

    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self.lines)


class FullScreen:
    """What is to be seen on a terminal of a certain size."""

    def __init__(self, columns: int, rows: int) -> None:
        self.terminal = self._screen = pyte.Screen(columns, rows)
        """The rows with their colours."""
        self._stream = pyte.Stream(self._screen)
        self.unknown: list[str] = []

    def feed(self, text: str) -> None:
        """Take what the program wrote. What pyte does not know (the kitty protocol, questions) is taken out before."""
        self._stream.feed(_BEYOND_PYTE.sub("", text))

    @property
    def title(self) -> str:
        """What the program has called the window."""
        return str(self._screen.title)

    def text(self) -> str:
        """Return the rows."""
        # Not pyte's own `display`, which fails at a cell that a wide character has left empty.
        rows = (self._screen.buffer[y] for y in range(self._screen.lines))
        return "\n".join("".join(row[x].data for x in range(self._screen.columns)) for row in rows)


class Terminal:
    """One run of the program; `type` keys and `wait` for what is to be seen."""

    def __init__(
        self,
        arguments: Sequence[str],
        catalogues: Path,
        home: Path,
        *,
        full_screen: tuple[int, int] | None = None,
        prepare: str = "",
        **environment: str,
    ) -> None:
        """`full_screen`: columns and rows of a terminal for the full-screen client; None: the line client.

        `prepare` is Python that runs in the program before it begins: to break it on purpose.
        """
        self.screen: Screen | FullScreen = Screen() if full_screen is None else FullScreen(*full_screen)
        self._pieces: list[str] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._main, side = pty.openpty()
        if full_screen is not None:
            fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", full_screen[1], full_screen[0], 0, 0))
        os.set_blocking(self._main, False)
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_ROOT),
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "TERM": "xterm-256color",
            **({"COLUMNS": "200"} if full_screen is None else {}),
            "LC_ALL": "C.UTF-8",
            "INPUTRC": os.devnull,
            **environment,
        }
        lines = ["--plain"] if full_screen is None else []
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(catalogues), prepare, *lines, *arguments],
            stdin=side,
            stdout=side,
            stderr=side,
            cwd=home,
            env=variables,
            start_new_session=True,
            preexec_fn=lambda: _take_terminal(side),
        )
        os.close(side)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._main, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        self._selector.close()
        os.close(self._main)

    @property
    def raw(self) -> str:
        """Everything that the program has written to the terminal."""
        return "".join(self._pieces)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._main, text.encode())

    def wait(self, wanted: str, seconds: float = 20.0) -> str:
        """Read until `wanted` (a regular expression) is on the screen; return the screen."""
        return self.wait_until(lambda screen: re.search(wanted, screen) is not None, seconds, repr(wanted))

    def wait_until(self, is_so: Callable[[str], bool], seconds: float = 20.0, what: str = "it") -> str:
        """Read until something holds, of the screen or of the world; return the screen. `what` is for the failure."""
        deadline = time.monotonic() + seconds
        while not is_so(self.screen.text()):
            ended = (
                not self._read(min(deadline, time.monotonic() + _PIECE_SECONDS)) and self._process.poll() is not None
            )
            if ended or time.monotonic() >= deadline:
                raise AssertionError(f"{what} did not come:\n{self.screen.text()}\n{self.raw[-20_000:]!r}")
        return self.screen.text()

    def settle(self) -> None:
        """Read until the program has painted what it has to paint."""
        while self._read(time.monotonic() + _QUIET_SECONDS):
            pass

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def settings(self) -> list[object]:
        """Return how the terminal is set (termios): echo, whole lines, what Ctrl+C does, and everything else."""
        return termios.tcgetattr(self._main)

    def modes(self) -> set[str]:
        """Return the modes (DECSET) that are on: `25` is the cursor, `7` wrapping, which are on in every terminal."""
        on = {"7", "25"}
        for numbers, letter in re.findall(r"\x1b\[\?([\d;]+)([hl])", self.raw):
            for number in numbers.split(";"):
                (on.add if letter == "h" else on.discard)(number)
        return on

    def end(self, seconds: float = 20.0) -> int:
        """Read until the program ends; return its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        try:
            return self._process.wait(max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.screen.text()}\n{self.raw[-5000:]!r}") from None

    def _read(self, deadline: float) -> bool:
        if not self._selector.select(max(0.0, deadline - time.monotonic())):
            return False
        try:
            data = os.read(self._main, 65536)
        except OSError:  # the other side is closed
            return False
        text = self._decoder.decode(data)
        self._pieces.append(text)
        self.screen.feed(text)
        return bool(data)


def _take_terminal(side: int) -> None:
    """Make the pseudo-terminal the controlling one, so that /dev/tty is it."""
    fcntl.ioctl(side, termios.TIOCSCTTY, 0)
