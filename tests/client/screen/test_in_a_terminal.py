"""The full-screen client as a program in a real pseudo-terminal, over real TLS."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import Terminal

PASSWORD = "secret99"


@pytest.fixture
def chat(authority: Authority) -> FakeServer:
    chat = FakeServer(authority=authority.der, passwords={"anna": PASSWORD}, invites={"token"})
    chat.members["#general"] = {"bob"}
    chat.say("bob!b@h", "PRIVMSG", "#general", "what was said before")
    return chat


@pytest.fixture
def server(chat: FakeServer, authority: Authority) -> Iterator[ScriptedServer]:
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


@pytest.fixture
def arguments(server: ScriptedServer, authority: Authority) -> list[str]:
    return ["--room", "general", "--user", "anna", "--ca", str(authority.path), f"localhost:{server.port}"]


def coloured(raw: str) -> list[str]:
    """What of the written text sets a colour (ECMA-48, SGR 30 to 49, and the bright ones)."""
    sequences = re.findall(r"\x1b\[([\d;]*)m", raw)
    wanted = {"38", "48", *map(str, [*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)])}
    return [one for one in sequences if wanted & set(one.split(";"))]


def test_talking(server: ScriptedServer, arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    with Terminal(arguments, catalogues, tmp_path, full_screen=(100, 30), SECURECHAT_PASSWORD=PASSWORD) as terminal:
        terminal.wait("bob: what was said before")
        terminal.wait("● anna at localhost")
        terminal.type("hello all\r")
        terminal.wait("anna: hello all")
        terminal.type("\x1b0")
        terminal.wait("Welcome to the chat, anna!")
        terminal.type("\x1b1")
        terminal.wait("anna: hello all")
        terminal.type("\x1bOP")
        terminal.wait("find a room, a person or a command")
        terminal.type("\x1b")
        terminal.wait(r"\A(?![\s\S]*find a room, a person)")
        terminal.type("exit\r")
        assert terminal.end() == 0
    assert server.chat.history[-1].text == "hello all"


def test_a_refusal_before_the_screen_opens_is_a_plain_line(
    arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(arguments, catalogues, tmp_path, full_screen=(80, 24), SECURECHAT_PASSWORD="wrong") as terminal:
        terminal.wait("Name or password is wrong")
        assert terminal.end() == 5
    assert "1049h" not in terminal.raw


def test_a_lost_link_is_told_and_what_was_typed_meanwhile_is_sent_once(
    server: ScriptedServer, arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(arguments, catalogues, tmp_path, full_screen=(100, 30), SECURECHAT_PASSWORD=PASSWORD) as terminal:
        terminal.wait("bob: what was said before")
        server.cut()
        terminal.type("written meanwhile\rhalf a li")
        terminal.wait(r"anna: written meanwhile +│")
        assert "half a li" in terminal.screen.text()
        terminal.type("\x11")
        assert terminal.end() == 0
    assert [one.text for one in server.chat.history].count("written meanwhile") == 1


def test_russian_on_a_small_screen_without_colours(arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    with Terminal(
        ["--lang", "ru", *arguments],
        catalogues,
        tmp_path,
        full_screen=(60, 15),
        SECURECHAT_PASSWORD=PASSWORD,
        NO_COLOR="1",
        PYTHONUTF8="1",
    ) as terminal:
        terminal.wait("bob: what was said before")
        terminal.wait("● anna на localhost")
        terminal.type("\x1bOP")
        terminal.wait("Клавиши")
        assert not coloured(terminal.raw)
        terminal.signal(signal.SIGTERM)
        terminal.end()


def test_without_a_terminal_of_its_own_it_is_the_line_client(
    arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(
        arguments, catalogues, tmp_path, full_screen=(80, 24), SECURECHAT_PASSWORD=PASSWORD, TERM="dumb"
    ) as terminal:
        terminal.wait("Type 'exit' to leave")
        terminal.type("exit\n")
        assert terminal.end() == 0
    assert "1049h" not in terminal.raw
    assert os.environ.get("NO_COLOR") is None
