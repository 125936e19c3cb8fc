"""Peers that do not speak the protocol: each costs only itself and gets one clear answer."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process import DEADLINE, OPEN, ServerProcess
from tests.system.load import ROOM

HALF_OPEN = 200
WORKER_DESCRIPTORS = 6
"""Two workers open their connections to the database when they are first needed: three files each."""
PROMPT_SECONDS = 2.0
"""A good client has logged in by then, whatever others do (machines with other work are slow at times)."""
SHORT = OPEN.replace("[limits]", "[limits]\nregistration_seconds = 1\nhandshake_seconds = 1")
# The first part of a ClientHello: record header for 512 bytes of handshake, of which nearly all are missing.
HALF_HELLO = bytes.fromhex("1603010200010001fc0303") + b"\x00" * 16


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all; each test leaves it as it was, and none of them shows a bug of ours."""
    with ServerProcess(tmp_path_factory.mktemp("server"), OPEN) as running:
        yield running
        assert_serves(running)
    assert not [record for record in running.log if record.get("level") in ("error", "critical")]


def connect(server: ServerProcess) -> socket.socket:
    """A connection without TLS."""
    return socket.create_connection(("127.0.0.1", server.port), DEADLINE)


def all_bytes(plain: socket.socket) -> bytes:
    """Everything up to the end of the connection, however it ends."""
    data = b""
    try:
        while piece := plain.recv(4096):
            data += piece
    except ConnectionResetError:
        pass
    return data


def assert_serves(server: ServerProcess) -> None:
    """A good client gets in promptly and talks."""
    started = time.monotonic()
    with server.guest("good", "echo-message") as good:
        assert good.ask(f"JOIN {ROOM}", f"PRIVMSG {ROOM} :all is well")[-1].endswith(" :all is well")
        assert time.monotonic() - started < PROMPT_SECONDS
        good.send("QUIT")
        good.end()


def test_plain_http_gets_no_answer_in_the_clear(server: ServerProcess) -> None:
    with connect(server) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = all_bytes(plain)
    assert not answer or answer[0] == 0x15  # at most a TLS alert
    server.wait_for_log("^Closing: TLS error: HTTP_REQUEST$")
    assert_serves(server)


def test_plain_irc_gets_no_answer_in_the_clear(server: ServerProcess) -> None:
    with connect(server) as plain:
        plain.sendall(b"NICK eve\r\nUSER eve 0 * :eve\r\nPRIVMSG #general :hello\r\n")
        answer = all_bytes(plain)
    assert not answer or answer[0] == 0x15
    assert_serves(server)


def test_who_goes_in_the_middle_of_the_handshake_is_forgotten(server: ServerProcess) -> None:
    before = open_descriptors(server) + WORKER_DESCRIPTORS
    for data in (b"", b"\x16", HALF_HELLO) * 10:
        with connect(server) as plain:
            plain.sendall(data)
    assert_serves(server)
    deadline = time.monotonic() + DEADLINE
    while open_descriptors(server) > before and time.monotonic() < deadline:
        assert_serves(server)
    assert open_descriptors(server) <= before


def open_descriptors(server: ServerProcess) -> int:
    """How many files and sockets the server has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def test_half_open_handshakes_delay_nobody(server: ServerProcess) -> None:
    half_open = [connect(server) for _ in range(HALF_OPEN)]
    for plain in half_open:
        plain.sendall(HALF_HELLO)
    assert_serves(server)
    for plain in half_open:
        plain.close()


def test_handshakes_and_logins_have_an_end(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, SHORT) as server:
        with connect(server) as plain, server.client() as silent, server.client() as half:
            plain.sendall(HALF_HELLO)
            half.send("CAP LS 302", "NICK half")
            present = server.guest("present")
            for client in (silent, half):
                assert client.end()[-1] == "ERROR :Closing link: (You did not log in within 1 seconds)"
            assert all_bytes(plain) == b""
            server.wait_for_log("Closing: No handshake within 1 seconds")
            assert present.ask("LUSERS")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"PRIVMSG #general :a\0b", r" FAIL \* MALFORMED_LINE "),
        (b"PRIVMSG #general :a\rQUIT", r" FAIL \* MALFORMED_LINE "),
        (b"PRIVMSG #general :caf\xe9", r" FAIL PRIVMSG INVALID_UTF8 "),
        (b"PRIVMSG #general :\xed\xa0\x80", r" FAIL PRIVMSG INVALID_UTF8 "),
        (b"\xff\xfe", r" FAIL \* INVALID_UTF8 "),
        (b":", r" FAIL \* MALFORMED_LINE "),
        (b"PRIVMSG #general :" + b"x" * 600, " 417 "),
        (b"@+tag=" + b"x" * 4100 + b" PRIVMSG #general :x", " 417 "),
        (b"PRIVMSG #general :" + b"x" * 490, " 417 "),  # it would be too long with its source
        (b"NONSENSE", " 421 "),
        (b"PRIVMSG", " (411|461) "),
    ],
)
def test_a_bad_line_is_answered_and_passed_on_to_nobody(server: ServerProcess, line: bytes, answer: str) -> None:
    with server.guest("sender", "echo-message message-tags") as sender, server.guest("witness") as witness:
        for client in (witness, sender):
            client.ask(f"JOIN {ROOM}")
        sender.send_raw(line + b"\r\n")
        answers = sender.ask()
        assert len(answers) == 1, answers
        assert re.search(answer, answers[0])
        sender.ask(f"PRIVMSG {ROOM} :still here")  # the connection goes on, with the next line whole
        said = [heard for heard in witness.until(" :still here$") if " PRIVMSG " in heard]
        assert len(said) == 1


def test_a_bad_line_before_login_is_answered_too(server: ServerProcess) -> None:
    with server.client() as client:
        client.send_raw(b"NICK a\0b\r\nNICK \xff\r\nPRIVMSG #general :hello\r\nNICK " + b"x" * 600 + b"\r\n")
        answers = client.ask()
    assert [re.search(r" (FAIL \S+ \S+|\d{3}) ", line)[1] for line in answers] == [  # type: ignore[index]
        "FAIL * MALFORMED_LINE",
        "FAIL NICK INVALID_UTF8",
        "451",
        "417",
    ]
