"""The control socket: how securechat-admin reaches a running server, as only one process may write to the database.

A Unix socket beside the database file, open to the user who runs the server and to root. A connection carries one
request and one answer, a JSON object on a line each:

    {"operation": "user suspend", "name": "ann"}
    {"ok": true, "result": {...}}  or  {"ok": false, "code": "no_such_account", "error": "There is no account ann. ..."}
"""

import contextlib
import json
import logging
import os
import selectors
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from securechat.errors import SecurechatError, StorageError
from securechat.server.administration import Administration
from securechat.server.machine_users import machine_user
from securechat.server.operations import perform

logger = logging.getLogger(__name__)

MAX_REQUEST: Final = 65_536
MAX_ANSWER: Final = 64 * 1024 * 1024
REQUEST_SECONDS: Final = 5.0
"""Time for a request to come whole, and for its answer to be taken."""
ANSWER_SECONDS: Final = 60.0
"""Time that securechat-admin waits for an answer."""

_BACKLOG: Final = 16
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid: struct ucred of Linux
_LONGEST_PATH: Final = 100  # of 108 or 104 bytes, by system


class NotRunning(SecurechatError):  # noqa: N818 - read as the sentence that it is
    """No server listens on the control socket."""


class ControlError(SecurechatError):
    """The control socket answers, but not as a server of ours; the text says what happened."""


def socket_path(database: Path) -> Path:
    """Return where the control socket of the server of `database` is."""
    return database.with_name(f"{database.name}.sock")


class ControlServer:
    """Answers requests, one after the other, on the thread `control`."""

    def __init__(self, path: Path, administration: Administration) -> None:
        self._path = path
        self._administration = administration
        self._listening: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="control")

    def start(self) -> None:
        """Listen. The caller holds the lock of the database: a socket that is there already is of a dead server.

        Raises StorageError when there can be no socket.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISSOCK(self._path.lstat().st_mode):
                    self._path.unlink()
            self._listening = _listen(self._path)
        except OSError as error:
            raise StorageError(f"cannot make the control socket {self._path}: {error.strerror or error}") from error
        self._wake_reading, self._wake_writing = socket.socketpair()
        self._thread.start()

    def stop(self) -> None:
        """Finish the request at work, close and remove the socket. To be called before the journal stops."""
        if self._listening is None:
            return
        self._wake_writing.send(b"x")
        self._thread.join()
        with contextlib.suppress(OSError):
            self._path.unlink()
        for one in (self._listening, self._wake_reading, self._wake_writing):
            one.close()
        self._listening = None

    def _run(self) -> None:
        """Entry of the thread. No request and no client of the socket ends it; bugs are logged."""
        assert self._listening is not None, "the thread starts after the socket"
        while self._readable(self._listening, None):
            try:
                connection, _ = self._listening.accept()
            except OSError as error:
                logger.warning("A control connection could not be accepted: %s", error)
                if self._readable(None, 1.0):
                    return
                continue
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        """Answer one connection."""
        try:
            if not _may_connect(connection):
                logger.warning("A control connection of another user of this machine was refused")
                return
            connection.settimeout(REQUEST_SECONDS)
            answer = self._answer(self._read_line(connection), _actor(connection))
            connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError as error:
            logger.info("A control connection broke: %s", error)
        except Exception:
            logger.exception("Bug in the control thread; it goes on")

    def _answer(self, line: bytes | None, actor: str) -> dict[str, Any]:
        if line is None:
            return _refusal("bad_request", "The request is too long, too slow or not complete.")
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return _refusal("bad_request", "The request is not a JSON object.")
        return perform(self._administration.on_behalf_of(actor), request)

    def _read_line(self, connection: socket.socket) -> bytes | None:
        """Return the request, or None when it does not come whole, in time and within bounds."""
        deadline = time.monotonic() + REQUEST_SECONDS
        data = bytearray()
        while b"\n" not in data:
            left = deadline - time.monotonic()
            if left <= 0 or len(data) > MAX_REQUEST or not self._readable(connection, left):
                return None
            chunk = connection.recv(65_536)
            if not chunk:
                return None
            data += chunk
        line = bytes(data.partition(b"\n")[0])
        return line if len(line) <= MAX_REQUEST else None

    def _readable(self, waited: socket.socket | None, seconds: float | None) -> bool:
        """Wait until `waited` can be read; False when `seconds` are over or the server stops."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_reading, selectors.EVENT_READ)
            if waited is not None:
                selector.register(waited, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(seconds)}
        return waited in ready and self._wake_reading not in ready


def call(path: Path, request: Mapping[str, object], seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
    """Send a request to the server whose control socket is at `path`, and return its answer.

    Raises NotRunning when nobody listens there, ControlError when there is no sensible answer in time.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            with _short(path) as reachable:
                connection.connect(reachable)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning(f"no server listens on {path}") from None
        except PermissionError:
            raise ControlError(f"the server at {path} belongs to another user; run this as that user or root") from None
        except OSError as error:
            raise ControlError(f"cannot reach the server at {path}: {error}") from error
        if not _may_be_trusted(connection, path):
            raise ControlError(f"{path} is served by another user than the owner of the database; nothing was sent")
        try:
            connection.sendall(json.dumps(request).encode() + b"\n")
            return _read_answer(connection, path)
        except TimeoutError:
            raise ControlError(f"the server at {path} does not answer; what was asked may be done or not") from None
        except OSError as error:
            raise ControlError(f"the link to the server at {path} broke: {error}") from error


def _read_answer(connection: socket.socket, path: Path) -> dict[str, Any]:
    data = bytearray()
    while not data.endswith(b"\n"):
        chunk = connection.recv(65_536)
        if not chunk or len(data) > MAX_ANSWER:
            raise ControlError(f"the server at {path} ended without an answer; what was asked may be done or not")
        data += chunk
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise ControlError(f"what answers at {path} is no server of ours")
    return answer


def _refusal(code: str, text: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "error": text}


def _listen(path: Path) -> socket.socket:
    """Return a socket that listens at `path`, which nobody else could open at any moment. Raises OSError."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as reachable:
            if sys.platform == "linux":
                os.fchmod(listening.fileno(), 0o600)  # the file that bind makes takes the mode of the socket
                listening.bind(reachable)
            else:
                before = os.umask(0o177)
                try:
                    listening.bind(reachable)
                finally:
                    os.umask(before)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Give `path` in a form that fits the address of a Unix socket, however deep the folder is."""
    if len(os.fsencode(path)) <= _LONGEST_PATH or sys.platform != "linux":
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _peer(connection: socket.socket) -> tuple[int, int] | None:
    """Return the process and the user of the other side as the kernel knows them; None where it does not tell."""
    if sys.platform != "linux":
        return None
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(credentials)
    return pid, uid


def _peer_uid(connection: socket.socket) -> int | None:
    peer = _peer(connection)
    return None if peer is None else peer[1]


def _actor(connection: socket.socket) -> str:
    """Return who gives the order, for the record; where the kernel does not tell, it is the user of the server."""
    peer = _peer(connection)
    return machine_user(os.geteuid(), None) if peer is None else machine_user(peer[1], peer[0])


def _may_connect(connection: socket.socket) -> bool:
    """Whether the client may give orders: the mode of the socket says no to others too, where it counts."""
    uid = _peer_uid(connection)
    return uid is None or uid in (0, os.geteuid())


def _may_be_trusted(connection: socket.socket, path: Path) -> bool:
    """Whether the server may hear a password: in a folder that others write to, anybody could have made the socket."""
    uid = _peer_uid(connection)
    if uid is None or uid in (0, os.geteuid()):
        return True
    with contextlib.suppress(OSError):
        return path.with_name(path.name.removesuffix(".sock")).stat().st_uid == uid
    return False
