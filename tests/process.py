"""A real securechat-server in a process of its own, and a raw IRC client over verified TLS to talk to it.

Every wait is on an event (a line, an exit) with a deadline; nothing sleeps.
"""

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from securechat.cli import admin as admin_command

DEADLINE = 20.0
"""Seconds that anything may take before a test fails."""

QUICK = """
[accounts]
argon2_memory_kib = 64
argon2_iterations = 1
scram_iterations = 4096
[limits]
connections_per_address = 0
connection_rate_per_address = 0
commands_per_second = 0
failed_logins_per_minute = 0
"""
"""Settings for tests: cheap passwords, no throttles."""


class ServerProcess:
    """One server in `folder`. Its standard error is read by a thread, as JSON log lines."""

    def __init__(self, folder: Path, configuration: str = QUICK, arguments: Sequence[str] = (), port: int = 0) -> None:
        self.folder = folder
        self.log: list[dict[str, Any]] = []
        self._news = threading.Condition()
        (folder / "securechat.toml").write_text(configuration)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "securechat.cli.server", "--listen", f"127.0.0.1:{port}", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
        self._readers = [
            threading.Thread(target=self._read_log, name="test-log"),
            threading.Thread(target=self._read_output, name="test-output"),
        ]
        self.output = ""
        for reader in self._readers:
            reader.start()
        self.port = self._wait_for_port()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"message": line.rstrip("\n")}
            with self._news:
                self.log.append(record)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.output += line
                self._news.notify_all()

    def wait_for_log(self, pattern: str, deadline: float = DEADLINE) -> re.Match[str]:
        """Return the match of `pattern` in the message of a log record, past or to come."""

        def found() -> "re.Match[str] | None":
            return next((m for record in self.log if (m := re.search(pattern, str(record.get("message"))))), None)

        with self._news:
            self._news.wait_for(lambda: found() or self.process.poll() is not None, deadline)
            match = found()
        assert match is not None, f"no log line {pattern!r}; there are: {self.log}"
        return match

    def _wait_for_port(self) -> int:
        return int(self.wait_for_log(r"Listening on .*:(\d+)$")[1])

    def bootstrap_link(self) -> str:
        """The link that makes the first account."""
        with self._news:
            assert self._news.wait_for(lambda: "securechat://" in self.output, DEADLINE), self.output
        match = re.search(r"'(securechat://[^']+)'", self.output)
        assert match is not None
        return match[1]

    def admin(self, *arguments: str) -> int:
        """Run a securechat-admin command on this server; return its exit code."""
        with contextlib.chdir(self.folder):
            return admin_command.main(list(arguments))

    def add_account(self, name: str, password: str = "correct horse") -> None:
        """Make an account beside the running server."""
        run = subprocess.run(
            [sys.executable, "-m", "securechat.cli.admin", "user", "add", name, "--password-stdin"],
            cwd=self.folder,
            input=f"{password}\n",
            text=True,
            capture_output=True,
            timeout=DEADLINE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
        assert run.returncode == 0, run.stderr

    def client(self, host: str = "localhost") -> "RawClient":
        """A connection, verified by the server's CA."""
        return RawClient(self.port, self.folder / "certs" / "ca.pem", host)

    def guest(self, nick: str, capabilities: str = "") -> "RawClient":
        """Somebody present without an account (needs guests = true)."""
        client = self.client()
        client.register(nick, capabilities)
        return client

    def kill(self) -> None:
        """SIGKILL: no chance to say goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE)

    def stop(self) -> float:
        """SIGTERM; return the seconds that it took to end."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE)
        return time.monotonic() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        for reader in self._readers:
            reader.join(DEADLINE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class RawClient:
    """Lines over verified TLS, with a deadline on every read."""

    def __init__(self, port: int, authority: Path, host: str = "localhost") -> None:
        context = ssl.create_default_context(cafile=str(authority))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        plain = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.socket = context.wrap_socket(plain, server_hostname=host)
        self.socket.settimeout(DEADLINE)
        self._rest = b""
        self._pings = 0

    def send(self, *lines: str) -> None:
        """Send lines in one write."""
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def lines(self) -> Iterator[str]:
        """Lines as they come; ends with the connection. The server's PINGs are answered and not shown."""
        while True:
            while b"\r\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\r\n")
                text = line.decode()
                if text.partition(" PING ")[1] and not text.startswith("@"):
                    self.send(f"PONG {text.rpartition(' ')[2]}")
                else:
                    yield text
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLEOFError):
                return
            if not data:
                return
            self._rest += data

    def until(self, pattern: str) -> list[str]:
        """Return the lines up to the first that matches `pattern`, that one included."""
        seen = []
        for line in self.lines():
            seen.append(line)
            if re.search(pattern, line):
                return seen
        raise AssertionError(f"the connection ended before {pattern!r} came: {seen}")

    def ask(self, *lines: str) -> list[str]:
        """Send lines; return everything that comes until they are all done (by PING)."""
        self._pings += 1
        token = f"done{self._pings}"
        self.send(*lines, f"PING {token}")
        return self.until(f" PONG .* :?{token}$")[:-1]

    def register(self, nick: str, capabilities: str = "", *, password: str = "") -> list[str]:
        """Become present; return what came."""
        lines = ["CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :{nick}"]
        if capabilities:
            lines.append(f"CAP REQ :{capabilities}")
        if password:
            import base64

            plain = base64.b64encode(f"\0{nick}\0{password}".encode()).decode()
            lines += ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}"]
        answer = self.ask(*lines, "CAP END")
        assert any(" 001 " in line for line in answer), answer
        return answer

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
