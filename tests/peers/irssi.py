"""irssi in tmux: type, and look at the screen each time that something was drawn."""

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.programs import Program, documented, follow
from tests.process import DEADLINE


class Irssi:
    """irssi with one server, `chat`, added as docs/other-clients.md says."""

    def __init__(self, folder: Path, port: int, authority: Path, name: str) -> None:
        folder.mkdir()
        self._tmux_socket = folder / "tmux"
        drawn = folder / "drawn"
        self._drawn: Program = follow(drawn)
        # The pane begins with a shell that waits until what it draws is recorded.
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "50",
            f"tmux wait-for recorded; exec irssi --home={folder}",
            environment={"TERM": "xterm-256color", "LANG": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)},
        )  # fmt: skip
        self._tmux("pipe-pane", "-O", f"cat >> '{drawn}'")
        self._tmux("wait-for", "-S", "recorded")
        self.wait("[(status)]")
        for command in documented("irssi", port, authority, name):
            self.enter(command)

    def _tmux(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self._tmux_socket), *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            env={"PATH": os.environ["PATH"], **(environment or {"LANG": "C.UTF-8"})},
        ).stdout

    def screen(self) -> str:
        """What is to be seen now."""
        return self._tmux("capture-pane", "-p")

    def wait(self, *texts: str) -> str:
        """Return the screen once all of `texts` are on it."""
        try:
            self._drawn.wait_until(lambda: all(text in self.screen() for text in texts), 2 * DEADLINE)
        except AssertionError:
            raise AssertionError(f"{texts} did not come:\n{self.screen()}") from None
        return self.screen()

    def enter(self, line: str) -> None:
        """Type a line and press Enter."""
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        subprocess.run(["tmux", "-S", str(self._tmux_socket), "kill-server"], check=False, capture_output=True)
        self._drawn.__exit__(kind, error, traceback)
