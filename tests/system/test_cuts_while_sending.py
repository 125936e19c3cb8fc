"""The link breaks at random moments while one writes: nothing is stored twice, and nothing is lost without a word.

The cuts are counted in bytes and not in time: they fall into the middle of lines, between a line and its confirmation,
into the login, and into the search for what was in doubt.
"""

import random
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.client.conftest import catalogues
from tests.client.terminal_harness import Terminal
from tests.peers.programs import CLIENT, client_environment
from tests.process import DEADLINE, OPEN, PASSWORD, ServerProcess
from tests.system.cut_link import CutLink
from tests.system.load import ROOM, history_of

__all__ = ["catalogues"]  # a fixture that is shared

BLIND = (sys.executable, "-m", "tests.system.blind_client")
MOST_BYTES = 30_000
"""A cut comes after at most so many bytes: a login takes about a third of it, so that some cuts fall into one."""
CUT_SECONDS = 40.0
"""A client that is cut connects again within so much, and sends on."""
_PIPE_BYTES = 4096
"""So much waits in the pipe to the client: some 300 lines."""
AHEAD = 20
"""A person at a terminal writes so many lines before the first of them is stored."""


@dataclass
class Outcome:
    """What became of the lines that were written."""

    lost: list[str]
    doubled: list[str]
    out_of_order: bool
    cuts: int


class Breaker:
    """Cuts a link so many times, each a random number of bytes after the one before."""

    def __init__(self, link: CutLink, cuts: int, seed: int) -> None:
        self._link = link
        self._cuts = cuts
        self._random = random.Random(seed)
        self._thread = threading.Thread(target=self._run, name="breaker")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the last cut was made, or one did not come."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def _run(self) -> None:
        for number in range(1, self._cuts + 1):
            self._link.cut_after(self._random.randint(1, MOST_BYTES))
            if not self._link.wait_for_cuts(number, CUT_SECONDS):
                return


class Writer(Protocol):
    """Somebody who writes lines into a client."""

    def write(self, number: int) -> None:
        """Write `line 7 end`; return when it is time for the next."""

    def finish(self, number: int) -> int:
        """Let the client send what is left, up to that line, and leave; return its exit code."""


class Pipe:
    """A program whose output is piped into the client."""

    def __init__(self, arguments: Sequence[str], folder: Path, command: Sequence[str] = CLIENT) -> None:
        self._process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            pipesize=_PIPE_BYTES,
            cwd=folder,
            env=client_environment(folder),
        )

    def write(self, number: int) -> None:
        """Write a line (see Writer); the pipe itself makes one wait."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"line {number} end\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            assert self._process.stderr is not None
            raise AssertionError(f"the client ended: {self._process.stderr.read()}") from None

    def finish(self, number: int) -> int:
        """End (see Writer)."""
        _output, told = self._process.communicate(timeout=3 * DEADLINE)
        assert told == ""
        return self._process.returncode


class Person:
    """A person at a terminal, full-screen or line by line, who sees what is stored."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        terminal.wait("general> $|│general")

    def write(self, number: int) -> None:
        """Type a line (see Writer)."""
        self._terminal.type(f"line {number} end\r")
        self._wait_until_stored(number - AHEAD)

    def _wait_until_stored(self, number: int) -> None:
        def is_stored(screen: str) -> bool:
            numbers = [int(found) for found in re.findall(r": line (\d+) end(?!  …)", screen)]
            return max(numbers, default=0) >= number

        self._terminal.wait_until(is_stored, CUT_SECONDS, f"line {number} as stored")

    def finish(self, number: int) -> int:
        """End (see Writer)."""
        self._wait_until_stored(number)
        self._terminal.type("exit\r")
        return self._terminal.end()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    folder = tmp_path / "server"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as server:
        for name in ("writer", "auditor"):
            server.sign_up(name)
        yield server


def arguments(server: ServerProcess, link: CutLink) -> list[str]:
    authority = str(server.folder / "certs" / "ca.pem")
    return ["--room", ROOM, "--user", "writer", "--ca", authority, f"localhost:{link.port}"]


def write(server: ServerProcess, link: CutLink, writer: Writer, cuts: int) -> Outcome:
    """Write until the link was cut so often, and compare with what is stored."""
    breaker = Breaker(link, cuts, seed=cuts)
    number = 0
    while not breaker.done:
        number += 1
        writer.write(number)
        if number == 1:
            with server.member("auditor") as auditor:
                # The first login is not repeated, it fails: so the cuts begin behind it.
                while not any(
                    "line 1 end" in line for line in auditor.ask(f"JOIN {ROOM}", f"CHATHISTORY LATEST {ROOM} * 9")
                ):
                    pass
            breaker.start()
    assert writer.finish(number) == 0
    stored = [text for _id, text in history_of(server, "auditor")]
    written = [f"line {one} end" for one in range(1, number + 1)]
    times = Counter(stored)
    outcome = Outcome(
        lost=[line for line in written if not times[line]],
        doubled=[line for line, count in times.items() if count > 1],
        out_of_order=list(dict.fromkeys(stored)) != [line for line in written if times[line]],
        cuts=link.cuts,
    )
    print(
        f"{outcome.cuts} cuts, {number} lines: lost {len(outcome.lost)}, doubled {len(outcome.doubled)}, "
        f"{'out of' if outcome.out_of_order else 'in'} order"
    )
    return outcome


def prove_pipe(server: ServerProcess, folder: Path, cuts: int) -> None:
    with CutLink(server.port) as link:
        assert write(server, link, Pipe(arguments(server, link), folder), cuts) == Outcome([], [], False, cuts)


def test_a_few_cuts_of_a_pipe(server: ServerProcess, tmp_path: Path) -> None:
    prove_pipe(server, tmp_path, 8)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_many_cuts_of_a_pipe(server: ServerProcess, tmp_path: Path) -> None:
    prove_pipe(server, tmp_path, 80)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("full_screen", [(100, 40), None], ids=["full screen", "line by line"])
def test_many_cuts_of_a_person(
    server: ServerProcess, tmp_path: Path, catalogues: Path, full_screen: tuple[int, int] | None
) -> None:
    with (
        CutLink(server.port) as link,
        Terminal(
            arguments(server, link), catalogues, tmp_path, full_screen=full_screen, SECURECHAT_PASSWORD=PASSWORD
        ) as terminal,
    ):
        assert write(server, link, Person(terminal), 60) == Outcome([], [], False, 60)


def test_a_client_that_sends_again_blindly_is_found_out(server: ServerProcess, tmp_path: Path) -> None:
    """The control: the same proof finds doubles where they must be."""
    with CutLink(server.port) as link:
        assert write(server, link, Pipe(arguments(server, link), tmp_path, BLIND), 8).doubled
