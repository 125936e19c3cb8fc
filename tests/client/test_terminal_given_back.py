"""However the client ends, the terminal is as it was: no mouse, one's own screen, a cursor, and what one types."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import Terminal

PASSWORD = "secret99"
UNTOUCHED = {"7", "25"}
"""The cursor and wrapping: the modes that are on in a terminal that nobody has changed."""
FULL = {"1000", "1006", "1049", "2004"}
"""Mouse reports, the other screen and marked pastes: what the full screen switches on, among others."""
BROKEN_SCREEN = """
from securechat.client.screen import app
def fail(*_arguments): raise RuntimeError("a bug of ours")
app.ChatApp._say = fail
"""
BROKEN_LINES = """
from securechat.client import interactive
def fail(*_arguments): raise RuntimeError("a bug of ours")
interactive.Conversation.handle = fail
"""
BROKEN_HOOK = """
from securechat.client import interactive
show = interactive.Conversation.show
def fail(self, message):
    if message.text == "boom": raise RuntimeError("a bug of ours")
    show(self, message)
interactive.Conversation.show = fail
"""
ENDS = [
    ("/quit\r", 0),
    ("exit\r", 0),
    (signal.SIGTERM, 143),
    (signal.SIGHUP, 129),
    (signal.SIGINT, 130),
]
NAMES = ["/quit", "exit", "SIGTERM", "SIGHUP", "SIGINT"]


@pytest.fixture
def server(authority: Authority) -> Iterator[ScriptedServer]:
    chat = FakeServer(authority=authority.der, passwords={"anna": PASSWORD})
    chat.members["#general"] = {"bob"}
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


@pytest.fixture
def arguments(server: ScriptedServer, authority: Authority) -> list[str]:
    return ["--room", "general", "--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]


def leave(terminal: Terminal, end: str | int) -> int:
    if isinstance(end, str):
        terminal.type(end)
    else:
        terminal.signal(end)
    return terminal.end()


@pytest.mark.parametrize(("end", "code"), [*ENDS, ("\x11", 0), ("\x03\x03", 0)], ids=[*NAMES, "Ctrl+Q", "Ctrl+C twice"])
def test_by_the_full_screen(end: str | int, code: int, arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    with Terminal(arguments, catalogues, tmp_path, full_screen=(80, 24), SECURECHAT_PASSWORD=PASSWORD) as terminal:
        before = terminal.settings()
        terminal.wait("● anna at localhost")
        assert terminal.modes() >= FULL
        assert terminal.settings() != before
        assert leave(terminal, end) == code
        assert terminal.settings() == before
        assert terminal.modes() == UNTOUCHED


def test_by_the_full_screen_after_an_error_of_ours(arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    with Terminal(
        arguments, catalogues, tmp_path, full_screen=(80, 24), prepare=BROKEN_SCREEN, SECURECHAT_PASSWORD=PASSWORD
    ) as terminal:
        before = terminal.settings()
        terminal.wait("● anna at localhost")
        assert leave(terminal, "hello\r") == 1
        assert terminal.settings() == before
        assert terminal.modes() == UNTOUCHED
    after = terminal.raw.rpartition("\x1b[?1049l")[2]
    assert "The client failed" in after
    assert "Traceback" not in after
    assert PASSWORD not in terminal.raw


@pytest.mark.parametrize(("end", "code"), [*ENDS, ("\x04", 0), ("\x03", 130)], ids=[*NAMES, "Ctrl+D", "Ctrl+C"])
def test_by_the_line_client(end: str | int, code: int, arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    with Terminal(arguments, catalogues, tmp_path, SECURECHAT_PASSWORD=PASSWORD) as terminal:
        before = terminal.settings()
        terminal.wait("general> $")
        terminal.type("half a li")
        terminal.wait("general> half a li$")
        if isinstance(end, str):
            terminal.type("\x15")  # what is typed goes
            terminal.wait("general> $")
        assert leave(terminal, end) == code
        assert terminal.settings() == before
        assert terminal.modes() == UNTOUCHED


@pytest.mark.parametrize("broken", [BROKEN_LINES, BROKEN_HOOK], ids=["a line", "showing"])
def test_by_the_line_client_after_an_error_of_ours(
    broken: str, server: ScriptedServer, arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(arguments, catalogues, tmp_path, prepare=broken, SECURECHAT_PASSWORD=PASSWORD) as terminal:
        before = terminal.settings()
        terminal.wait("general> $")
        terminal.type("boom\n")
        assert terminal.end() == 1
        assert terminal.settings() == before
        assert terminal.modes() == UNTOUCHED
    assert "a bug of ours" in terminal.raw


@pytest.mark.parametrize(
    ("end", "code"),
    [("\x03", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
    ids=["Ctrl+C", "SIGTERM", "SIGHUP", "SIGINT"],
)
def test_at_the_question_for_the_password(
    end: str | int, code: int, arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(arguments, catalogues, tmp_path) as terminal:
        before = terminal.settings()
        terminal.wait("Password of anna: ")
        terminal.wait_until(lambda _screen: terminal.settings() != before)
        assert leave(terminal, end) == code
        assert terminal.settings() == before
