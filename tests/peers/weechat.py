"""A scripted WeeChat without a screen: told what to do by its fifo, watched by its log files."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.programs import Program, documented, follow
from tests.process import DEADLINE


class WeeChat:
    """WeeChat with one server, `chat`, added as docs/other-clients.md says."""

    def __init__(
        self, folder: Path, port: int, authority: Path, name: str, mechanism: str, more: Sequence[str] = ()
    ) -> None:
        """`more` commands are given before it connects."""
        self._folder = folder
        self._fifo = folder / "fifo"
        *settings, connect = documented("WeeChat", port, authority, name)
        assert any("scram-sha-256" in setting for setting in settings)
        commands = (
            "/set logger.file.flush_delay 0",
            "/set fifo.file.path ${weechat_data_dir}/fifo",
            "/set weechat.network.gnutls_ca_system off",
            *(setting.replace("scram-sha-256", mechanism) for setting in settings),
            "/set irc.server.chat.autoreconnect off",
            *more,
            connect,
        )
        folder.mkdir()
        self._logs: list[Program] = []
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC"}
        options = [word for command in commands for word in ("-r", command)]
        self._program = Program(["weechat-headless", "-d", str(folder), *options], folder, environment)
        self.server = self.log("irc.server.chat")
        self.room = self.log("irc.chat.#general")

    def log(self, buffer: str) -> Program:
        """The log of a buffer: `irc.server.chat`, `irc.chat.#general`, `irc.chat.anna`."""
        program = follow(self._folder / "logs" / f"{buffer}.weechatlog")
        self._logs.append(program)
        return program

    def command(self, text: str, buffer: str = "irc.chat.#general") -> None:
        """Type a text or a command into a buffer."""
        with self._fifo.open("w") as fifo:
            fifo.write(f"{buffer} *{text}\n")

    def everything(self) -> str:
        """All logs, the one of WeeChat itself included."""
        return "".join(path.read_text() for path in sorted((self._folder / "logs").iterdir()))

    def quit(self) -> None:
        """Leave, and wait for its end."""
        self.command("/quit", "core.weechat")
        assert self._program.wait_for_end(DEADLINE) == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for program in (*self._logs, self._program):
            program.__exit__(kind, error, traceback)
