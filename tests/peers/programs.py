"""Other programs in processes of their own: say something to them, wait for what they write. Nothing sleeps."""

import base64
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from securechat.protocol.numerics import NUMERICS
from tests.process import DEADLINE, PASSWORD

ROOT = Path(__file__).resolve().parents[2]
CLIENT = (sys.executable, "-m", "securechat.cli.client")
"""Our own line client."""


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip a test, and say why, where one of these programs is not installed."""
    missing = [name for name in names if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make network namespaces")


def client_environment(home: Path, **more: str) -> dict[str, str]:
    """What our client runs with: a state folder of its own, English, the password of all test accounts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SECURECHAT_")}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(home / "state"),
        "SECURECHAT_LANG": "en",
        "SECURECHAT_PASSWORD": PASSWORD,
        **more,
    }


def run_client(
    arguments: Sequence[str], home: Path, text: str = "", prefix: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run our line client with `text` on its standard input until it ends."""
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [*prefix, *CLIENT, *arguments],
        input=text,
        text=True,
        capture_output=True,
        cwd=home,
        env=client_environment(home, **environment),
        timeout=3 * DEADLINE,
    )


class Program:
    """A running program. What it writes is read by a thread, standard error included, and kept in `text`."""

    def __init__(
        self, command: Sequence[str], folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.text = ""
        self._news = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=None if environment is None else dict(environment),
        )
        self._reader = threading.Thread(target=self._read, name=f"test-{command[0]}")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        data = b""
        while piece := os.read(self._process.stdout.fileno(), 65536):
            data += piece
            with self._news:
                self.text = data.decode(errors="replace")
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def say(self, *lines: str) -> None:
        """Write lines to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self._process.stdin.flush()

    def wait_until(self, condition: Callable[[], bool], seconds: float = DEADLINE) -> None:
        """Return when `condition` holds; it is asked again each time that something was written."""
        with self._news:
            self._news.wait_for(lambda: self._ended or condition(), seconds)
        assert condition(), self.text

    def wait(self, pattern: str, seconds: float = DEADLINE) -> str:
        """Return all that was written, once `pattern` (a regular expression) is in it."""
        self.wait_until(lambda: re.search(pattern, self.text) is not None, seconds)
        return self.text

    def end(self, seconds: float = DEADLINE) -> int:
        """Close its input and wait for its end; return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.wait_for_end(seconds)

    def wait_for_end(self, seconds: float = DEADLINE) -> int:
        """Wait for its end; return its exit code."""
        code = self._process.wait(seconds)
        self._reader.join(seconds)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.wait_for_end()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # what was not written any more belongs to nobody


def refusals_in(text: str) -> list[str]:
    """The lines that hold the text of a numeric that says no."""
    errors = (numeric.text or "" for numeric in NUMERICS.values() if numeric.name.startswith("ERR_"))
    beginnings = [error.partition("{")[0] for error in errors if error and not error.startswith("{")]
    return [line for line in text.splitlines() if any(beginning in line for beginning in beginnings)]


def documented(program: str, port: int, authority: Path, name: str) -> list[str]:
    """What docs/other-clients.md says to type into a program, for our server and account."""
    chapter = (ROOT / "docs" / "other-clients.md").read_text().partition(f"\n## {program}\n\n")[2]
    lines = [line.strip() for line in chapter.partition("\n\n")[0].splitlines()]
    values = {"PASSWORD": PASSWORD, "/path/ca.pem": str(authority), "anna": name, "chat.lan": "localhost"}
    for old, new in {**values, "localhost/6697": f"localhost/{port}", "localhost 6697": f"localhost {port}"}.items():
        lines = [line.replace(old, new) for line in lines]
    assert lines
    return lines


def follow(path: Path) -> Program:
    """A file as it grows, from its beginning; it need not be there yet."""
    return Program(["tail", "-q", "-n", "+1", "-F", str(path)])


def openssl(port: int, authority: Path) -> list[str]:
    """The command of `openssl s_client`, which ends when the certificate is not as it must be."""
    verify = ["-verify_return_error", "-verify_hostname", "localhost", "-CAfile", str(authority)]
    return [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{port}",
        "-servername",
        "localhost",
        *verify,
        "-quiet",
        "-crlf",
    ]


def gnutls(port: int, authority: Path) -> list[str]:
    """The command of `gnutls-cli`, which always verifies. It ends lines by LF alone: its --crlf garbles quick ones."""
    return ["gnutls-cli", "--x509cafile", str(authority), "--port", str(port), "localhost"]


def log_in_by_hand(program: Program, name: str) -> None:
    """Type what IRC wants: SASL PLAIN, and into the room."""
    plain = base64.b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
    program.say("CAP REQ :sasl", f"NICK {name}", f"USER {name} 0 * :{name}", "AUTHENTICATE PLAIN")
    program.wait("AUTHENTICATE [+]")
    program.say(f"AUTHENTICATE {plain}")
    program.wait(" 903 ")
    program.say("CAP END", "JOIN #general")
    program.wait(" 366 .*#general")
