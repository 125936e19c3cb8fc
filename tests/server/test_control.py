"""The control socket with real sockets: answers, bounds, rights, and what is left behind."""

import contextlib
import json
import os
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.errors import StorageError
from securechat.server import control
from securechat.server.administration import Administration
from securechat.server.administration_ports import NoEffects, ServerAddress
from securechat.server.configuration import Accounts, Configuration
from securechat.server.control import ControlError, ControlServer, NotRunning, call, socket_path
from tests.fakes import InMemoryStore

CONFIGURATION = Configuration(accounts=Accounts(argon2_memory_kib=8, argon2_iterations=1, scram_iterations=4096))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return socket_path(tmp_path / "securechat.db")


def administration() -> Administration:
    return Administration(CONFIGURATION, InMemoryStore(), NoEffects(), lambda: ServerAddress("h", 1, ""))


@contextlib.contextmanager
def serving(path: Path) -> Iterator[ControlServer]:
    server = ControlServer(path, administration())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(path: Path) -> Iterator[ControlServer]:
    with serving(path) as made:
        yield made


@contextlib.contextmanager
def raw(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        yield connection


def answer_to(path: Path, data: bytes, *, end: bool = False) -> dict[str, object]:
    with raw(path) as connection:
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
        answer: dict[str, object] = json.loads(connection.makefile("rb").readline())
        return answer


@pytest.mark.usefixtures("server")
def test_an_operation_and_a_refusal(path: Path) -> None:
    added = call(path, {"operation": "user add", "name": "ann", "password": "correct horse"})
    assert added["ok"] is True
    assert added["result"]["name"] == "ann"
    refused = call(path, {"operation": "user suspend", "name": "bob"})
    assert (refused["ok"], refused["code"]) == (False, "no_such_account")


@pytest.mark.usefixtures("server")
def test_only_the_user_of_the_server_may_open_the_socket(path: Path) -> None:
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.usefixtures("server")
def test_a_client_of_another_user_gets_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_peer_uid", lambda connection: os.geteuid() + 1)
    with raw(path) as connection:
        # The server may have closed already when we begin to speak.
        with contextlib.suppress(ConnectionError):
            connection.sendall(b'{"operation": "user list"}\n')
            assert connection.recv(100) == b""


@pytest.mark.usefixtures("server")
def test_nothing_is_told_to_a_server_of_another_user(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_may_be_trusted", lambda connection, path: False)
    with pytest.raises(ControlError, match="served by another user"):
        call(path, {"operation": "user list"})


def test_root_trusts_the_owner_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "securechat.db"
    database.touch()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
        for peer, expected in ((database.stat().st_uid or 0, True), (4242, True), (0, True), (4243, False)):
            monkeypatch.setattr(control, "_peer_uid", lambda connection, peer=peer: peer)
            assert control._may_be_trusted(ours, socket_path(database)) is expected


def test_the_kernel_names_the_peer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert control._peer_uid(ours) == os.geteuid()
        assert control._may_connect(ours)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"not json\n",
        b"[1]\n",
        b'"text"\n',
        b"\xff\xfe\n",
        b"[" * 50_000 + b"\n",
        b"{" + b" " * (control.MAX_REQUEST + 10) + b"}\n",
        b"x" * (control.MAX_REQUEST * 3),
    ],
)
def test_bad_requests_are_answered_and_cost_nothing(path: Path, data: bytes) -> None:
    assert answer_to(path, data)["code"] == "bad_request"
    assert call(path, {"operation": "user list"}) == {"ok": True, "result": []}


@pytest.mark.usefixtures("server")
def test_half_a_request_is_not_run(path: Path) -> None:
    assert answer_to(path, b'{"operation": "user list"}', end=True)["code"] == "bad_request"


@pytest.mark.usefixtures("server")
def test_a_request_in_pieces(path: Path) -> None:
    with raw(path) as connection:
        for piece in (b'{"operation": ', b'"user', b' list"}', b"\n"):
            connection.sendall(piece)
        assert json.loads(connection.makefile("rb").readline()) == {"ok": True, "result": []}


def test_a_silent_client_is_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "REQUEST_SECONDS", 0.05)
    with serving(path), raw(path) as silent:
        assert call(path, {"operation": "user list"})["ok"] is True
        assert json.loads(silent.makefile("rb").readline())["code"] == "bad_request"


def test_stopping_does_not_wait_for_a_silent_client(path: Path) -> None:
    server = ControlServer(path, administration())
    server.start()
    with raw(path):
        stopper = threading.Thread(target=server.stop, daemon=True)
        stopper.start()
        stopper.join(control.REQUEST_SECONDS - 1)
        assert not stopper.is_alive()
    assert not path.exists()


def test_nobody_listens(path: Path) -> None:
    with pytest.raises(NotRunning):
        call(path, {"operation": "user list"})
    with serving(path):
        pass
    with pytest.raises(NotRunning):
        call(path, {"operation": "user list"})


def test_the_socket_of_a_killed_server_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with pytest.raises(NotRunning):
        call(path, {"operation": "user list"})
    with serving(path):
        assert call(path, {"operation": "user list"})["ok"] is True


def test_a_file_in_the_way_is_left_alone(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(StorageError, match="cannot make the control socket"):
        ControlServer(path, administration()).start()
    assert path.read_text() == "precious"


def test_stopping_again_or_before_the_start_does_nothing(path: Path) -> None:
    ControlServer(path, administration()).stop()
    with serving(path) as server:
        server.stop()
    assert not path.exists()


def test_deep_folders_are_no_obstacle() -> None:
    root = Path(tempfile.mkdtemp())
    try:
        folder = root / ("d" * 100) / ("e" * 100)
        folder.mkdir(parents=True)
        path = socket_path(folder / "securechat.db")
        with serving(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert call(path, {"operation": "user list"})["ok"] is True
        assert not path.exists()
    finally:
        shutil.rmtree(root)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "ended without an answer"),
        (b'{"ok": true', "ended without an answer"),
        (b"hello\n", "no server of ours"),
        (b'{"ok": 1}\n', "no server of ours"),
    ],
)
def test_strange_answers_are_told(path: Path, answer: bytes, expected: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as strange:
        strange.bind(str(path))
        strange.listen()

        def reply() -> None:
            connection, _ = strange.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        with pytest.raises(ControlError, match=expected):
            call(path, {"operation": "user list"})
        thread.join(20)


def test_no_answer_in_time_is_told(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as mute:
        mute.bind(str(path))
        mute.listen()
        with pytest.raises(ControlError, match="does not answer"):
            call(path, {"operation": "user list"}, seconds=0.05)
