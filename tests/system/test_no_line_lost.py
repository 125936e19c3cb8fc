"""What is said while the link is cut again and again: both front ends show all of it, once, in order."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.client.conftest import catalogues
from tests.client.terminal_harness import Terminal
from tests.peers.programs import CLIENT, client_environment
from tests.process import OPEN, PASSWORD, ServerProcess
from tests.system.cut_link import CutLink
from tests.system.load import ROOM, history_of
from tests.system.numbers import Counting

__all__ = ["catalogues"]  # a fixture that is shared

HALF_TYPED = "half a thought that is not sent"
PAGE_UP = "\x1b[5~"
CATCH_UP_SECONDS = 60.0
"""The client waits up to half a minute between two attempts, and fetches what it missed."""


class Scene:
    """A server, a link to it that is cut, a full-screen client and `--follow --json` on that link, and who counts."""

    def __init__(self, folder: Path, catalogues: Path, last: int) -> None:
        self.folder = folder
        for name in ("server", "screen", "lines"):
            (folder / name).mkdir()
        self.server = ServerProcess(folder / "server", OPEN)
        for name in ("counter", "painter", "follower", "auditor"):
            self.server.sign_up(name)
        self.counting = Counting(self.server, "counter", last, per_second=50)
        self.link = CutLink(self.server.port)
        self.terminal = Terminal(
            self._arguments("painter"),
            catalogues,
            folder / "screen",
            full_screen=(100, 40),
            SECURECHAT_PASSWORD=PASSWORD,
        )
        with (folder / "followed").open("w") as output, (folder / "told").open("w") as told:
            self.follower = subprocess.Popen(
                [*CLIENT, *self._arguments("follower"), "--follow", "--json"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=told,
                cwd=folder / "lines",
                env=client_environment(folder / "lines"),
            )

    def _arguments(self, name: str) -> list[str]:
        authority = str(self.folder / "server" / "certs" / "ca.pem")
        return ["--room", ROOM, "--user", name, "--ca", authority, f"localhost:{self.link.port}"]

    def present(self, name: str) -> bool:
        """Whether somebody is in the room now."""
        with self.server.member("auditor") as auditor:
            auditor.ask(f"JOIN {ROOM}")
            return any(re.search(rf" 353 .*[ :@+]{name}( |$)", line) for line in auditor.ask(f"NAMES {ROOM}"))

    def wait(self, is_so: Callable[[], bool], seconds: float = 20.0) -> None:
        """Let the client paint until something holds."""
        self.terminal.wait_until(lambda _screen: is_so(), seconds)

    def wait_for_number(self, number: int) -> None:
        """Let the client paint until that number was said."""
        self.wait(lambda: self.counting.newest >= number, 120)

    def followed(self) -> list[dict[str, str]]:
        """What `--follow --json` has printed."""
        return [json.loads(line) for line in (self.folder / "followed").read_text().splitlines()]

    def messages(self) -> list[tuple[str, str]]:
        """The messages that `--follow --json` has printed: id and text."""
        return [(one["id"], one["text"]) for one in self.followed() if one["type"] == "message"]

    def catch_up(self) -> None:
        """Wait until both clients have seen what was said last: only a link that works can be cut."""
        number = self.counting.newest
        self.wait(lambda: int((self.messages() or [("", "0")])[-1][1]) >= number, CATCH_UP_SECONDS)
        self.terminal.wait_until(lambda screen: max(numbers_in(screen), default=0) >= number, CATCH_UP_SECONDS)

    def kill_and_restart(self) -> None:
        """The server dies and comes back on its folder; it has another port, which nobody at the link can see."""
        self.counting.server_goes()
        self.server.kill()
        self.server = ServerProcess(self.folder / "server", OPEN)
        self.link.server_port = self.server.port
        self.counting.server_is_back(self.server)

    def close(self) -> None:
        """End everything."""
        if self.follower.poll() is None:
            self.follower.kill()
        self.follower.wait()
        self.terminal.__exit__()
        self.link.__exit__()
        self.server.__exit__(None, None, None)


def numbers_in(screen: str) -> list[int]:
    """The numbers that are to be seen, from above."""
    return [int(number) for number in re.findall(r"counter: (\d+) ", screen)]


def read_by_scrolling(terminal: Terminal, newest: int) -> list[int]:
    """Scroll from the newest line to the oldest; return all that was to be seen, in order.

    Each screen must go on where the one before began: what stands twice or is missing shows as a break.
    """

    def at_the_end(screen: str) -> bool:
        last = numbers_in(screen)
        return last[-1:] == [newest] and last == sorted(set(last))  # painted to the end

    numbers = numbers_in(terminal.wait_until(at_the_end, what=f"a screen that ends with {newest}"))

    def goes_on(screen: str) -> bool:
        above = numbers_in(screen)
        if above and above[-1] == numbers[0] - 1:
            return True  # the row that stands on both screens tells who came or went
        if not above or above[0] >= numbers[0] or numbers[0] not in above:
            return False  # not painted yet
        overlap = above.index(numbers[0])
        return above[overlap:] == numbers[: len(above) - overlap]

    while numbers[0] > 1:
        terminal.type(PAGE_UP)
        above = numbers_in(terminal.wait_until(goes_on, what=f"a screen that ends with {numbers[:3]}"))
        numbers[:0] = above[: above.index(numbers[0])] if numbers[0] in above else above
    return numbers


def prove(folder: Path, catalogues: Path, last: int, cuts: Sequence[tuple[int, float]], kill_at: int) -> None:
    """`cuts`: at which number for how many seconds the link is down; `kill_at`: the number at which the server dies."""
    scene = Scene(folder, catalogues, last)
    try:
        scene.terminal.wait("● painter at localhost")
        scene.wait(lambda: scene.present("follower"))
        scene.terminal.type(HALF_TYPED)
        scene.terminal.wait(HALF_TYPED)
        with scene.counting:
            for number, seconds in sorted([*cuts, (kill_at, 0.0)]):
                scene.wait_for_number(number)
                scene.catch_up()
                if seconds:
                    with scene.link.down():
                        end = time.monotonic() + seconds
                        scene.wait(lambda end=end: time.monotonic() > end, seconds + 5)  # type: ignore[misc]
                else:
                    scene.kill_and_restart()
                assert HALF_TYPED in scene.terminal.screen.text()
            scene.wait(lambda: scene.counting.done, 120)
        history = history_of(scene.server, "auditor")
        stored = [int(text) for _id, text in history]
        assert set(scene.counting.acknowledged) <= set(stored)
        assert len(stored) >= last - 1, "one number was on its way when the server died"
        scene.wait(lambda: scene.messages()[-1:] == history[-1:], CATCH_UP_SECONDS)
        assert scene.messages() == history
        assert read_by_scrolling(scene.terminal, stored[-1]) == stored
        assert HALF_TYPED in scene.terminal.screen.text()
        scene.terminal.type("\x11")
        assert scene.terminal.end() == 0
    finally:
        scene.close()


def test_a_short_cut_and_a_killed_server_lose_nothing(tmp_path: Path, catalogues: Path) -> None:
    prove(tmp_path, catalogues, 200, [(40, 0.5)], kill_at=120)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_two_thousand_lines_over_three_cuts(tmp_path: Path, catalogues: Path) -> None:
    prove(tmp_path, catalogues, 2000, [(100, 2.0), (500, 30.0)], kill_at=300)
