"""A real securechat-server in a process and a folder of its own, for the measurements beside this file."""

import os
import platform
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
NO_THROTTLES = """
[limits]
connections_per_address = 0
connection_rate_per_address = 0
messages_per_minute = 0
rooms_per_hour = 0
commands_per_second = 0
failed_logins_per_minute = 0
"""
"""One address plays everybody here."""
DEADLINE = 60.0
"""Seconds that anything may take."""


class RunningServer:
    """`securechat-server` in `folder`, on a free port of 127.0.0.1, ready when this returns."""

    def __init__(self, folder: Path, configuration: str = NO_THROTTLES) -> None:
        self.folder = folder
        (folder / "securechat.toml").write_text(configuration)
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "securechat.cli.server", "--listen", "127.0.0.1:0"],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = self._wait_for_port()
        self.start_seconds = time.perf_counter() - begin
        # A pipe that nobody empties would stop the server at the line that no longer fits.
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()

    def _wait_for_port(self) -> int:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            found = re.search(r"Listening on .*:(\d+)\"", line)
            if found:
                return int(found[1])
        raise SystemExit(f"the server ended with {self.process.wait()}")

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for _ in self.process.stderr:
            pass

    def cpu_seconds(self) -> float:
        """CPU time of the process so far, all threads, kernel included; in steps of 10 ms."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Resident memory of the process now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def admin(self, *arguments: str, answer: str = "") -> None:
        """Run a securechat-admin command beside it."""
        subprocess.run(
            [sys.executable, "-m", "securechat.cli.admin", *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            input=answer,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def tls_context(self) -> ssl.SSLContext:
        """What verifies it."""
        context = ssl.create_default_context(cafile=str(self.folder / "certs" / "ca.pem"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


class Line:
    """A connection that sends lines and waits for lines."""

    def __init__(self, server: RunningServer, context: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", server.port), DEADLINE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname="localhost")
        self._rest = b""

    def send(self, *lines: str) -> None:
        """Send lines in one write."""
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def until(self, wanted: str, failures: Sequence[str] = (" FAIL ", "ERROR ", " 904 ")) -> list[str]:
        """Return the lines up to the first with `wanted` in it."""
        seen: list[str] = []
        while True:
            *whole, self._rest = self._rest.split(b"\r\n")
            for position, raw in enumerate(whole):
                line = raw.decode()
                seen.append(line)
                if wanted in line:
                    self._rest = b"\r\n".join((*whole[position + 1 :], self._rest))
                    return seen
                if any(failure in f" {line}" for failure in failures):
                    raise SystemExit(f"while waiting for {wanted!r}: {line}")
            data = self._socket.recv(65536)
            if not data:
                raise SystemExit(f"the connection ended before {wanted!r} came: {seen}")
            self._rest += data

    def quit(self) -> None:
        """Leave and close."""
        self.send("QUIT")
        while self._socket.recv(65536):
            pass
        self._socket.close()


def machine() -> str:
    """What is measured on, in a line."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal: *(\d+)", Path("/proc/meminfo").read_text())
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), "
        f"{int(memory[1]) / 2**20 if memory else 0:.0f} GiB, {_system()}, Python {platform.python_version()}, "
        f"{ssl.OPENSSL_VERSION}, load {os.getloadavg()[0]:.1f}"
    )


def _system() -> str:
    release = platform.freedesktop_os_release()
    version = Path("/etc/debian_version")
    return f"{release['NAME']} {version.read_text().strip() if version.exists() else release.get('VERSION_ID', '')}"
