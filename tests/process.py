"""A real securechat-server in a process of its own, and a raw IRC client over verified TLS to talk to it.

Every wait is on an event (a line, an exit) with a deadline; nothing sleeps.
"""

import base64
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
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

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
messages_per_minute = 0
rooms_per_hour = 0
invitations_per_minute = 0
knocks_per_hour = 0
kicks_per_minute = 0
failed_logins_per_minute = 0
"""
"""Settings for tests: cheap passwords, no throttles."""

OPEN = f"{QUICK}\n[access]\nregistration = 'open'\nguests = true\n"
"""As QUICK, and everybody may make an account or come as a guest."""

ELSEWHERE = "127.0.0.9"
"""An address of this machine that does not count as its own, as limits and bans see it."""

SERVER = (sys.executable, "-m", "securechat.cli.server")
"""The command under test."""
PASSWORD = "correct horse battery"
"""Of every account that a test makes."""

_ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def run_server(folder: Path, *arguments: str, configuration: str | None = QUICK) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected not to start; return how it ended. It is killed at the deadline."""
    if configuration is not None:
        (folder / "securechat.toml").write_text(configuration)
    return subprocess.run(
        [*SERVER, "--listen", "127.0.0.1:0", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=_ENVIRONMENT,
    )


class ServerProcess:
    """One server in `folder`. Its standard error is read by a thread, as JSON log lines."""

    def __init__(
        self,
        folder: Path,
        configuration: str = QUICK,
        arguments: Sequence[str] = (),
        port: int = 0,
        command: Sequence[str] = SERVER,
        host: str = "127.0.0.1",
    ) -> None:
        """Return once it listens on `host`. `command` may be a variant of the server.

        `start_seconds` says how long that took, without the time in which other programs had its processor.
        """
        self.folder = folder
        self.log: list[dict[str, Any]] = []
        self.output = ""
        self._log_ended = False
        self._clients: list[RawClient] = []
        self._news = threading.Condition()
        (folder / "securechat.toml").write_text(configuration)
        started = time.monotonic()
        self.process = subprocess.Popen(
            [*command, "--listen", f"{host}:{port}", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_ENVIRONMENT,
        )
        self._readers = [
            threading.Thread(target=self._read_log, name="test-log"),
            threading.Thread(target=self._read_output, name="test-output"),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.port = self._wait_for_port()
        except BaseException:
            self.kill()
            raise
        self.start_seconds = time.monotonic() - started - self._seconds_without_cpu()

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
            self._log_ended = True
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
            self._news.wait_for(lambda: found() or self._log_ended, deadline)
            match = found()
        assert match is not None, f"no log line {pattern!r}; there are: {self.log}"
        return match

    def _wait_for_port(self) -> int:
        return int(self.wait_for_log(r"Listening on .*:(\d+)$")[1])

    def _seconds_without_cpu(self) -> float:
        """How long the main thread could have run and was not let (Linux; 0 where that is not told)."""
        try:
            return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9
        except OSError:
            return 0.0

    def bootstrap_link(self) -> str:
        """The link that makes the first account."""
        with self._news:
            assert self._news.wait_for(lambda: "securechat://" in self.output, DEADLINE), self.output
        match = re.search(r"'(securechat://[^']+)'", self.output)
        assert match is not None
        return match[1]

    def admin(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        """Run a securechat-admin command beside the server; `answer` is its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "securechat.cli.admin", *arguments],
            cwd=self.folder,
            input=answer,
            text=True,
            capture_output=True,
            timeout=DEADLINE,
            env=_ENVIRONMENT,
        )

    def add_account(self, name: str, password: str = PASSWORD) -> None:
        """Make an account beside the running server."""
        run = self.admin("user", "add", name, "--password-stdin", answer=f"{password}\n")
        assert run.returncode == 0, run.stderr

    def sign_up(self, name: str, password: str = PASSWORD) -> None:
        """Make an account by REGISTER, as a client does (needs registration = 'open')."""
        with self.client() as client:
            client.send("CAP LS 302", "CAP REQ :draft/account-registration", f"NICK {name}", f"USER {name} 0 * :{name}")
            client.send(f"REGISTER * * :{password}")
            answer = client.until(" (REGISTER|FAIL REGISTER) ")[-1]
            assert " REGISTER SUCCESS " in answer, answer

    def client(
        self, host: str = "localhost", receive_buffer: int = 0, certificate: tuple[Path, Path] | None = None
    ) -> "RawClient":
        """A connection, verified by the server's CA; closed at the end of the `with` block of the server at last."""
        client = RawClient(self.port, self.folder / "certs" / "ca.pem", host, receive_buffer, certificate)
        self._clients.append(client)
        return client

    def member(self, name: str, capabilities: str = "", receive_buffer: int = 0) -> "RawClient":
        """Somebody present by an account that `sign_up` or `add_account` made."""
        client = self.client(receive_buffer=receive_buffer)
        client.register(name, capabilities, password=PASSWORD)
        return client

    def guest(self, nick: str, capabilities: str = "") -> "RawClient":
        """Somebody present without an account (needs guests = true)."""
        client = self.client()
        client.register(nick, capabilities)
        return client

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the process meanwhile (SIGSTOP): what comes then is found by it all at once."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """The processor time that the server has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL: no chance to say goodbye."""
        self.process.kill()
        self._finish()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal; return the seconds that it took to end."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(DEADLINE)
        seconds = time.monotonic() - started
        self._finish()
        return seconds

    def _finish(self) -> None:
        """Wait for the end of the process and of what it wrote."""
        self.process.wait(DEADLINE)
        for reader in self._readers:
            reader.join(DEADLINE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        try:
            self.stop()
        finally:
            self.kill()  # it has ended, unless the test or the server is at fault


class RawClient:
    """Lines over verified TLS, with a deadline on every read. One thread at a time may use it."""

    source: ClassVar = ""
    """The address to connect from; empty: the machine's own, which no limit for addresses stops."""

    def __init__(
        self,
        port: int,
        authority: Path,
        host: str = "localhost",
        receive_buffer: int = 0,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        """`receive_buffer` (bytes, 0: the system's choice) bounds what the kernel takes for a client that reads not.

        `certificate` is what the client shows, and its key.
        """
        context = ssl.create_default_context(cafile=str(authority))
        if certificate is not None:
            context.load_cert_chain(*certificate)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        plain = socket.socket()
        try:
            if receive_buffer:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            plain.settimeout(DEADLINE)
            if self.source:
                plain.bind((self.source, 0))
            plain.connect(("127.0.0.1", port))
            self.socket = context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        self._rest = b""
        self._ready: deque[bytes] = deque()
        self._pings = 0

    def send(self, *lines: str) -> None:
        """Send lines in one write."""
        self.send_raw("".join(f"{line}\r\n" for line in lines).encode())

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def lines(self) -> Iterator[str]:
        """Lines as they come; ends with the connection. The server's PINGs are answered and not shown."""
        while True:
            while self._ready:
                text = self._ready.popleft().decode()
                if re.match(r"(:\S+ )?PING ", text):
                    self.send(f"PONG {text.rpartition(' ')[2]}")
                else:
                    yield text
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, ssl.SSLEOFError):
                return
            if not data:
                return
            *whole, self._rest = (self._rest + data).split(b"\r\n")
            self._ready.extend(whole)

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
            plain = base64.b64encode(f"\0{nick}\0{password}".encode()).decode()
            lines += ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}"]
        answer = self.ask(*lines, "CAP END")
        assert any(" 001 " in line for line in answer), answer
        return answer

    def end(self) -> list[str]:
        """Return all lines up to the end of the connection."""
        return list(self.lines())

    def close(self) -> None:
        """Close the socket, without goodbye."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
