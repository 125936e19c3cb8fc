"""WebSocket transport: a real server, verified TLS, a real client."""

import contextlib
import http.client
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode

from tests.net.web_client import BINARY, TEXT, WebClient, tls_of, websocket_port
from tests.process import DEADLINE, ELSEWHERE, OPEN, RawClient, ServerProcess, run_server
from tests.protocol.test_websocket import masked, request

LISTED = "https://chat.example.org"
ON = f'[server]\nwebsocket_listen = ["127.0.0.1:0"]\nwebsocket_origins = ["{LISTED}:443"]\n{OPEN}'
LIMIT = 65_536
"""Bytes that may wait for a client that does not read."""
MANY = 400
"""Lines that leave in one write."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    configuration = ON.replace('["127.0.0.1:0"]\n', '["127.0.0.1:0"]\nmotd = "one\\n\\ntwo"\n')
    with ServerProcess(tmp_path_factory.mktemp("server"), f"{configuration}\n[log]\nlevel = 'debug'\n") as running:
        yield running


@contextlib.contextmanager
def raw(server: ServerProcess, receive_buffer: int = 0) -> Iterator[RawClient]:
    """A TLS connection to the port for WebSockets, on which nothing was said yet."""
    client = RawClient(websocket_port(server), server.folder / "certs" / "ca.pem", receive_buffer=receive_buffer)
    try:
        yield client
    finally:
        client.close()


def received(client: RawClient, pattern: bytes) -> bytes:
    """Return what comes up to `pattern`."""
    data = b""
    while not re.search(pattern, data):
        more = client.socket.recv(65536)
        assert more, data
        data += more
    return data


def all_of(client: RawClient) -> bytes:
    """Return what comes up to the end of the connection."""
    return b"".join(iter(lambda: client.socket.recv(65536), b""))


@pytest.mark.parametrize("offered", [(TEXT,), (BINARY,), (BINARY, TEXT), (TEXT, BINARY), (), ("chat",)])
def test_people_on_either_side_talk_to_each_other(server: ServerProcess, offered: tuple[str, ...]) -> None:
    with WebClient(server, offered) as web, server.client() as plain:
        assert web.connection.subprotocol == (offered[0] if offered and offered[0] != "chat" else None)
        welcome = web.register("web", "echo-message")
        assert [line for line in welcome if " 372 " in line] != []
        plain.register("plain")
        for client in (web, plain):
            client.ask("JOIN #room")
        web.send("PRIVMSG #room :hello, дом")
        assert plain.until(" PRIVMSG ")[-1].endswith(" PRIVMSG #room :hello, дом")
        assert web.until(" PRIVMSG ")[-1].endswith(" PRIVMSG #room :hello, дом")
        plain.send("PRIVMSG #room :und grüß dich", "PRIVMSG web :you alone")
        assert web.until("alone")[-2:] == [
            ":plain!plain@securechat PRIVMSG #room :und grüß dich",
            ":plain!plain@securechat PRIVMSG web :you alone",
        ]


@pytest.mark.parametrize("subprotocol", [TEXT, BINARY])
def test_many_lines_that_come_together_are_a_message_each(server: ServerProcess, subprotocol: str) -> None:
    with WebClient(server, (subprotocol,)) as web, server.client() as plain:
        for client, nick in ((web, "web"), (plain, "plain")):
            client.register(nick)
            client.ask("JOIN #many")
        with server.frozen():
            plain.send(*(f"PRIVMSG #many :number {number}" for number in range(MANY)))
        heard = web.until(f"number {MANY - 1}$")[-MANY:]
        assert heard == [f":plain!plain@securechat PRIVMSG #many :number {number}" for number in range(MANY)]


def test_everything_may_come_byte_by_byte(server: ServerProcess) -> None:
    said = "PRIVMSG bytes :дом".encode()
    data = b"".join(masked(Opcode.TEXT, line) for line in (b"NICK bytes", b"USER u 0 * :r"))
    data += masked(Opcode.PING, b"p") + masked(Opcode.TEXT, said[:17], fin=False) + masked(Opcode.CONT, said[17:])
    with raw(server) as client:
        for byte in request("Sec-WebSocket-Protocol: text.ircv3.net"):
            client.send_raw(bytes([byte]))
        assert received(client, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        for byte in data:
            client.send_raw(bytes([byte]))
        line = ":bytes!u@securechat PRIVMSG bytes :дом".encode()
        assert received(client, re.escape(line)).endswith(Frame(Opcode.TEXT, line).serialize(mask=False))


def test_messages_in_fragments_and_pings(server: ServerProcess) -> None:
    with WebClient(server) as web:
        web.register("web")
        web.connection.send(["PRIVMSG", " web ", ":in ", "", "pieces"])
        assert web.until(" PRIVMSG ")[-1].endswith(" PRIVMSG web :in pieces")
        assert web.connection.ping(b"here?").wait(DEADLINE)


@pytest.mark.parametrize("origin", ["https://evil.example", "https://localhost", "http://localhost:{port}", "null"])
def test_a_page_from_elsewhere_is_refused(server: ServerProcess, origin: str) -> None:
    origin = origin.format(port=websocket_port(server))
    with pytest.raises(InvalidStatus) as refused:
        WebClient(server, origin=origin)
    assert refused.value.response.status_code == 403
    server.wait_for_log(f"WebSocket refused: 403 Forbidden: a page of {re.escape(origin)}$")


@pytest.mark.parametrize("origin", ["https://localhost:{port}", LISTED])
def test_our_own_page_and_a_listed_one_may_connect(server: ServerProcess, origin: str) -> None:
    with WebClient(server, origin=origin.format(port=websocket_port(server))) as web:
        assert web.register("page")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 426), ("GET", "/chat", 404), ("POST", "/", 405), ("HEAD", "/", 405)]
)
def test_a_browser_that_is_pointed_there_gets_a_plain_answer(
    server: ServerProcess, method: str, path: str, status: int
) -> None:
    browser = http.client.HTTPSConnection("localhost", websocket_port(server), context=tls_of(server), timeout=DEADLINE)
    with contextlib.closing(browser):
        browser.request(method, path)
        answer = browser.getresponse()
        assert answer.status == status
        assert answer.getheader("Content-Type") == "text/plain; charset=utf-8"
        assert method == "HEAD" or answer.read().endswith(b".\n")


def test_an_irc_client_at_the_wrong_port_is_told_so(server: ServerProcess) -> None:
    with raw(server) as client:
        client.send("CAP LS 302", "NICK lost", "USER lost 0 * :lost")
        answer = all_of(client).decode()
        assert answer.startswith("HTTP/1.1 400 Bad Request\r\n")
        assert answer.endswith(f"or {BINARY}.\n")


def test_a_request_without_an_end_is_refused(server: ServerProcess) -> None:
    with raw(server) as client:
        client.send_raw(request()[:-2] + b"X-Filler: 1234567890\r\n" * 1000)
        assert all_of(client).startswith(b"HTTP/1.1 4")


def test_compression_is_not_used(server: ServerProcess) -> None:
    with WebClient(server) as web:
        assert web.connection.protocol.extensions == []


def test_bytes_that_are_not_utf_8_are_told_so_in_a_binary_message(server: ServerProcess) -> None:
    with WebClient(server) as web:  # of either subprotocol
        web.register("web")
        web.connection.send(b"PRIVMSG web :caf\xe9")
        assert " FAIL PRIVMSG INVALID_UTF8 " in web.ask()[-1]


def test_bytes_that_are_not_utf_8_never_reach_anybody(server: ServerProcess) -> None:
    with WebClient(server) as web, server.client() as plain:
        web.register("web")
        plain.register("plain")
        plain.send_raw(b"PRIVMSG web :caf\xe9\r\n")
        assert " FAIL PRIVMSG INVALID_UTF8 " in plain.ask()[-1]
        assert web.ask() == []


def test_a_text_message_that_is_not_utf_8_ends_it(server: ServerProcess) -> None:
    with WebClient(server) as web:
        web.register("web")
        web.connection.send(b"PRIVMSG web :caf\xe9", text=True)
        assert web.closed()[0] == 1007


def test_the_longest_line_passes_and_a_longer_one_is_told_so(server: ServerProcess) -> None:
    with WebClient(server) as web, server.client() as plain:
        web.register("web", "message-tags")
        plain.register("plain", "message-tags")
        tags = f"@+t={'t' * 4091} "
        web.send(f"{tags}TAGMSG plain", f"{tags}T".replace("@", "@t") + "AGMSG plain")
        assert f"+t={'t' * 4091} " in plain.until(" TAGMSG ")[-1]
        assert " 417 " in web.ask("PRIVMSG plain :".ljust(511, "x"))[-1]
        away = "AWAY :".ljust(510, "x")
        assert " 306 " in web.ask(away)[-1]


def test_a_message_that_is_far_too_long_ends_it_and_the_others_learn_why(server: ServerProcess) -> None:
    with WebClient(server) as web, server.client() as plain:
        for client, nick in ((web, "web"), (plain, "plain")):
            client.register(nick)
            client.ask("JOIN #big")
        with contextlib.suppress(ConnectionClosedError):
            web.connection.send("x" * 1_000_000)
        assert web.closed()[0] == 1009
        assert plain.until(" QUIT ")[-1].endswith(" QUIT :A WebSocket message was longer than 8192 bytes")


def test_frames_that_are_not_masked_end_it(server: ServerProcess) -> None:
    with raw(server) as client:
        client.send_raw(request())
        received(client, b"\r\n\r\n")
        client.send_raw(Frame(Opcode.TEXT, b"NICK web").serialize(mask=False))
        assert all_of(client)[2:].startswith((1002).to_bytes(2, "big"))


def test_a_flood_of_pings_ends_it(server: ServerProcess) -> None:
    with raw(server) as client:
        client.send_raw(request())
        received(client, b"\r\n\r\n")
        with contextlib.suppress(OSError):
            client.send_raw(masked(Opcode.PING, b"") * 100_000)
        assert (1008).to_bytes(2, "big") + b"too many frames" in all_of(client)


def test_lines_before_the_clients_goodbye_count(server: ServerProcess) -> None:
    with WebClient(server) as web, server.client() as plain:
        for client, nick in ((web, "web"), (plain, "plain")):
            client.register(nick)
            client.ask("JOIN #bye")
        with server.frozen():
            web.send("PRIVMSG #bye :last words")
            web.connection.protocol.send_close(1001, "the page is closed")
            web.connection.socket.sendall(b"".join(web.connection.protocol.data_to_send()))
        assert [line.partition(" ")[2] for line in plain.until(" QUIT ")[-2:]] == [
            "PRIVMSG #bye :last words",
            "QUIT :Connection closed by the client",
        ]
        assert web.closed()[0] == 1001


def test_the_servers_goodbye_follows_the_last_line(server: ServerProcess) -> None:
    with WebClient(server) as web:
        web.register("web")
        web.send("QUIT :enough")
        assert web.end()[-1] == "ERROR :Closing link: (Quit: enough)"
        assert web.closed() == (1000, "Quit: enough")


def test_one_who_only_vanishes_is_gone_for_the_others(server: ServerProcess) -> None:
    with raw(server) as web, server.client() as plain:
        plain.register("plain")
        plain.ask("MONITOR + vanishing")
        web.send_raw(request())
        received(web, b"\r\n\r\n")
        web.send_raw(masked(Opcode.TEXT, b"NICK vanishing") + masked(Opcode.TEXT, b"USER u 0 * :r"))
        received(web, b" 001 ")
        web.close()
        assert plain.until(" 731 ")


def test_nothing_that_was_said_is_in_the_log(server: ServerProcess) -> None:
    with WebClient(server) as web:
        web.register("web")
        web.ask("PRIVMSG web :a secret of two people")
        web.connection.send(b"PRIVMSG web :a secret \xff", text=True)
        assert web.closed()[0] == 1007
    server.wait_for_log("Closing: A WebSocket text message was not UTF-8")
    assert "secret" not in str(server.log)


def test_a_handshake_that_stops_halfway_is_given_up(tmp_path: Path) -> None:
    short = ON.replace("[limits]", "[limits]\nhandshake_seconds = 1")
    with ServerProcess(tmp_path, short) as server, raw(server) as half, raw(server) as silent:
        half.send_raw(request()[:40])
        assert all_of(half) == b""
        assert all_of(silent) == b""
        server.wait_for_log("Closing: No handshake within 1 seconds")


def test_a_reader_that_stops_is_cut_and_the_others_get_everything_meanwhile(tmp_path: Path) -> None:
    limited = ON.replace("[limits]", f"[limits]\nsend_queue_bytes = {LIMIT}")
    with ServerProcess(tmp_path, limited) as server, raw(server, receive_buffer=4096) as slow:
        slow.send_raw(request())
        received(slow, b"\r\n\r\n")
        for line in (b"NICK slow", b"USER s 0 * :s", b"JOIN #slow"):
            slow.send_raw(masked(Opcode.TEXT, line))
        received(slow, b" 366 ")
        plain = server.guest("plain", "echo-message")
        assert any(line.endswith(" #slow :@slow plain") for line in plain.ask("JOIN #slow"))
        quits: list[str] = []
        for number in range(400):
            said = plain.ask(*(f"PRIVMSG #slow :{number} {'x' * 380}" for _ in range(50)))
            assert sum(" PRIVMSG " in line for line in said) == 50
            quits += [line for line in said if " QUIT " in line]
            if quits:
                break
        assert quits == [":slow!s@securechat QUIT :It did not read what was sent to it"]
        server.wait_for_log(f"Closing: It did not read: over {LIMIT} bytes were waiting for it")
        assert plain.ask("NAMES #slow")[0].endswith(" #slow :plain")


def test_one_who_comes_back_is_shown_what_was_missed_and_may_ping_meanwhile(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, ON) as server, server.client() as plain:
        server.sign_up("anna")
        with WebClient(server, (BINARY,)) as web:
            web.register("anna", password="correct horse battery")
            web.ask("JOIN #past")
            web.send("QUIT")
            web.end()
        plain.register("plain")
        plain.ask("JOIN #past", *(f"PRIVMSG #past :missed {number}" for number in range(50)))
        with WebClient(server, (BINARY,)) as web:
            pong = web.connection.ping()
            lines = web.register("anna", password="correct horse battery")
            assert [line.rpartition(" ")[2] for line in lines if ":[" in line] == [str(number) for number in range(50)]
            assert pong.wait(DEADLINE)


def test_too_many_connections_of_an_address_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RawClient, "source", ELSEWHERE)
    limited = ON.replace("connections_per_address = 0", "connections_per_address = 1")
    with ServerProcess(tmp_path, limited) as server, server.client(), WebClient(server) as web:
        reason = "More than 1 connections from your address; close one first"
        assert web.end() == [f"ERROR :Closing link: ({reason})"]
        assert web.closed() == (1000, reason)


def test_everybody_is_told_when_the_server_stops(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, ON) as server, WebClient(server) as web:
        web.register("web")
        server.stop()
        assert web.end()[-1] == "ERROR :Closing link: (The server is stopping)"
        assert web.closed() == (1000, "The server is stopping")


def test_a_port_that_is_taken_is_told_with_where_to_choose_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = run_server(tmp_path, configuration=ON.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
    assert run.returncode == 1
    assert "choose another port in server.websocket_listen of the configuration" in run.stderr


def test_without_it_the_library_is_not_even_loaded() -> None:
    program = "import sys; from securechat.server.app import Server; print('websockets' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=DEADLINE)
    assert run.stdout == "False\n"
