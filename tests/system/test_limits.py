"""Limits of one peer: connections by address, and commands that are slowed but never lost."""

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process import DEADLINE, ELSEWHERE, OPEN, SERVER, RawClient, ServerProcess
from tests.system.load import ROOM

CPU_SECONDS = 1.0
"""More than a few answers cost, and less than a thread that never sleeps."""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients connect from an address that limits hold up; the machine's own they do not."""
    monkeypatch.setattr(RawClient, "source", ELSEWHERE)


def limited(setting: str) -> str:
    """The usual settings of tests with one limit changed."""
    key = setting.partition(" ")[0]
    kept = [line for line in OPEN.splitlines() if not line.startswith(f"{key} ")]
    kept.insert(kept.index("[limits]") + 1, setting)
    return "\n".join(kept)


def is_admitted_again(server: ServerProcess) -> bool:
    """Whether the server lets somebody in before the deadline, once it has noticed that others went."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        with suppress(ConnectionResetError):  # closed before TLS, when the server has no file for it
            with server.client() as client:
                client.send("CAP LS 302")
                if " CAP " in client.until("^ERROR | CAP ")[-1]:
                    return True
    return False


def test_an_address_may_have_only_so_many_connections(tmp_path: Path, elsewhere: None) -> None:
    with ServerProcess(tmp_path, limited("connections_per_address = 3")) as server:
        first, *_ = [server.guest(f"guest{number}") for number in range(3)]
        with server.client() as refused:
            assert refused.end() == [
                "ERROR :Closing link: (More than 3 connections from your address; close one first)"
            ]
        first.close()
        assert is_admitted_again(server)


def test_connections_that_never_shake_hands_count_too(tmp_path: Path, elsewhere: None) -> None:
    with ServerProcess(tmp_path, limited("connections_per_address = 3")) as server:
        half_open = [
            socket.create_connection(("127.0.0.1", server.port), source_address=(ELSEWHERE, 0)) for _ in range(3)
        ]
        with server.client() as refused:
            assert "More than 3 connections" in refused.end()[-1]
        for one in half_open:
            one.close()
        assert is_admitted_again(server)


def test_new_connections_within_ten_minutes_are_counted(tmp_path: Path, elsewhere: None) -> None:
    with ServerProcess(tmp_path, limited("connection_rate_per_address = 2")) as server:
        for number in range(2):
            server.guest(f"guest{number}").close()
        with server.client() as refused:
            assert "More than 2 new connections from your address in 10 minutes" in refused.end()[-1]


def test_nobody_on_the_machine_itself_is_held_up(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, limited("connections_per_address = 1")) as server:
        assert [server.guest(f"guest{number}").ask("PING x") != [] for number in range(3)] == [True] * 3


def test_the_address_of_an_administrator_is_not_locked_out(tmp_path: Path, elsewhere: None) -> None:
    with ServerProcess(tmp_path, limited("connections_per_address = 1")) as server:
        server.admin("user", "add", "root", "--administrator", "--password-stdin", answer="correct horse battery\n")
        with server.client() as root:
            root.register("root", password="correct horse battery")
            server.guest("friend")
            root.send("QUIT")
            root.end()
        with server.client() as refused:
            assert "More than 1 connections" in refused.end()[-1]


def test_a_fast_talker_is_slowed_and_loses_nothing(tmp_path: Path) -> None:
    rate, burst, count = 50, 10, 110
    settings = limited(f"command_burst = {burst}").replace("commands_per_second = 0", f"commands_per_second = {rate}")
    with ServerProcess(tmp_path, settings) as server:
        reader, talker, quick = server.guest("reader"), server.guest("talker", "echo-message"), server.guest("quick")
        for client in (reader, talker, quick):
            client.ask(f"JOIN {ROOM}")
        started = time.monotonic()
        talker.send(*(f"PRIVMSG {ROOM} :number {number}" for number in range(count)))
        quick.ask(f"PRIVMSG {ROOM} :in between")
        assert time.monotonic() - started < (count - burst) / rate / 2  # the others are not slowed
        for client in (talker, reader):
            said = [line for line in client.until(f":number {count - 1}$") if ":number " in line]
            assert [line.rpartition(":")[2] for line in said] == [f"number {number}" for number in range(count)]
        assert time.monotonic() - started > (count - 2 * burst) / rate


def test_an_unfinished_line_does_not_grow_without_bound(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server, server.guest("flood") as client:
        before = _resident_bytes(server)
        for _ in range(64):
            client.send_raw(b"x" * 1_048_576)
        client.send("")
        assert client.until(" 417 ")
        assert client.ask() == []
        assert _resident_bytes(server) - before < 16 * 1_048_576


def _resident_bytes(server: ServerProcess) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def test_when_no_more_files_can_be_open_those_who_are_there_go_on(tmp_path: Path) -> None:
    few_files = ("sh", "-c", 'ulimit -n 120 && exec "$0" "$@"', *SERVER)
    with ServerProcess(tmp_path, OPEN, command=few_files) as server:
        present = server.guest("present", "echo-message draft/chathistory batch")
        present.ask(f"JOIN {ROOM}")
        crowd = [
            socket.create_connection(("127.0.0.1", server.port), source_address=(ELSEWHERE, 0)) for _ in range(150)
        ]
        server.wait_for_log("No more connections: the limit of open files")
        before = server.cpu_seconds()
        assert present.ask(f"PRIVMSG {ROOM} :is there room?")[-1].endswith(" :is there room?")
        assert len(present.ask(f"CHATHISTORY LATEST {ROOM} * 10")) == 3  # a batch: reading needs files, too
        refused = [plain for plain in crowd if _is_closed(plain)]
        assert len(refused) >= 150 - 120
        assert server.cpu_seconds() - before < CPU_SECONDS
        for plain in crowd:
            plain.close()
        assert is_admitted_again(server)
        complaints = [record for record in server.log if "No more connections" in str(record["message"])]
        assert len(complaints) == 1


def _is_closed(plain: socket.socket) -> bool:
    """Whether the other side has closed it already."""
    plain.setblocking(False)
    try:
        return not plain.recv(1)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
