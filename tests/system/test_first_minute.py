"""Newcomers at a real server with nothing but what is on their screen, in a pseudo-terminal; pictures for docs/.

`SCREENSHOTS=docs/screenshots python -m pytest -n 0 tests/system/test_first_minute.py` keeps the pictures.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.client.conftest import catalogues
from tests.client.screen.test_in_a_terminal import coloured
from tests.client.terminal_harness import FullScreen, Terminal
from tests.process import OPEN, PASSWORD, RawClient, ServerProcess
from tests.screenshots import keep

__all__ = ["catalogues"]  # a fixture that is shared

FIRST_MINUTE = 60.0
KEYS = {
    "PageUp": "\x1b[5~",
    "Esc": "\x1b",
    "Ctrl+P": "\x10",
    "Ctrl+Q": "\x11",
    "Ctrl+R": "\x12",
    "F1": "\x1bOP",
    "F2": "\x1bOQ",
    "F3": "\x1bOR",
}
"""What a terminal sends for the keys that the screen names."""
TALK = (
    ("anna", "Good morning! The release notes are in the wiki."),
    ("carol", "Thanks, reading them now."),
    ("anna", "Two things are left: the certificate and the backup."),
    ("carol", "The backup runs since yesterday."),
    ("dave", "Certificate renewed, valid until March."),
    ("anna", "Then we release on Friday."),
)


class Scene(NamedTuple):
    """A server, and who talks on it."""

    server: ServerProcess
    people: dict[str, RawClient]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A server with a room in which something was said by three people."""
    folder = tmp_path / "server"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as server:
        people: dict[str, RawClient] = {}
        for name in ("anna", "carol", "dave"):
            server.sign_up(name)
            people[name] = server.member(name, "echo-message")
            people[name].ask("JOIN #general")
        for number in range(60):
            people["dave"].ask(f"PRIVMSG #general :build {number + 340} is green")
        people["anna"].ask("TOPIC #general :Release 0.2 on Friday")
        for name, text in TALK:
            people[name].ask(f"PRIVMSG #general :{text}")
        people["anna"].ask("JOIN #garden", "PRIVMSG #garden :The tomatoes are ripe.")
        yield Scene(server, people)


def picture(terminal: Terminal, name: str) -> None:
    assert isinstance(terminal.screen, FullScreen)
    terminal.settle()
    keep(terminal.screen.terminal, name)


def hinted(terminal: Terminal, what: str) -> None:
    """Press the key that the input line names for something."""
    found = re.search(rf"(F\d) {what}", terminal.screen.text())
    assert found is not None, terminal.screen.text()
    terminal.type(KEYS[found[1]])


def helped(terminal: Terminal, what: str, name: str = "") -> None:
    """Open the help, find the key for something, go back and press it; a picture of the help is called `name`."""
    hinted(terminal, "all keys")
    terminal.wait(r"Esc closes this page[\s\S]*╰")
    if name:
        picture(terminal, name)
    for _page in range(10):
        found = re.search(rf"(?m)^[ │▁-▟]*([A-Z][\w+]*)[ ,].*{what}", terminal.screen.text())
        if found is not None:
            break
        before = terminal.screen.text()
        terminal.type("\x1b[6~")  # as the first line of the page says
        terminal.wait_until(lambda screen, before=before: screen != before)  # type: ignore[misc]
    assert found is not None, terminal.screen.text()
    terminal.type(KEYS["Esc"])
    terminal.wait(r"\A(?![\s\S]*╰)[\s\S]*F1 all keys")  # the page is gone
    terminal.type(KEYS[found[1]])


def login(server: ServerProcess, name: str) -> list[str]:
    authority = str(server.folder / "certs" / "ca.pem")
    return ["--room", "general", "--user", name, "--ca", authority, f"localhost:{server.port}"]


def test_the_first_minute_from_the_link_to_the_first_answer(scene: Scene, catalogues: Path, tmp_path: Path) -> None:
    begin = time.monotonic()
    run = scene.server.admin("invite", "create", "--room", "general", "--host", "localhost")
    link = re.search(r"securechat://\S+?(?=')", run.stdout)
    assert link is not None, run.stdout + run.stderr
    with Terminal([link[0]], catalogues, tmp_path, full_screen=(80, 24), COLORTERM="truecolor") as terminal:
        terminal.wait("(?i)name")
        terminal.type("boris\r")
        terminal.wait("(?i)password")
        terminal.type(f"{PASSWORD}\r")
        terminal.wait("(?i)again")
        picture(terminal, "first-start")
        terminal.type(f"{PASSWORD}\r")
        terminal.wait(r"anna: Then we release on Friday\.")
        terminal.type("Hello, I am new here\r")
        terminal.wait("boris: Hello, I am new here *(│|$|\n)")
        scene.people["anna"].ask("PRIVMSG #general :Welcome, boris!")
        terminal.wait("anna: Welcome, boris!")
        assert time.monotonic() - begin < FIRST_MINUTE
        picture(terminal, "first-answer")
        terminal.type("exit\r")
        assert terminal.end() == 0


def test_with_nothing_but_what_the_screen_says(scene: Scene, catalogues: Path, tmp_path: Path) -> None:
    """Scroll back, search, go into a room, write to one person, leave."""
    scene.server.sign_up("boris")
    with Terminal(
        login(scene.server, "boris"),
        catalogues,
        tmp_path,
        full_screen=(100, 30),
        SECURECHAT_PASSWORD=PASSWORD,
        COLORTERM="truecolor",
    ) as terminal:
        terminal.wait(r"anna: Then we release on Friday\.")
        helped(terminal, "look at older lines", "help")
        for _page in range(10):
            before = terminal.wait_until(lambda screen: "Then we release" not in screen)
            if "build 340 is green" in before:
                break
            terminal.type(KEYS["PageUp"])
            terminal.wait_until(lambda screen, before=before: screen != before)  # type: ignore[misc]
        terminal.wait("build 340 is green")
        picture(terminal, "scrolled-back")
        helped(terminal, "look for a text in what was said here")
        terminal.type("backup")
        terminal.wait("The backup runs since yesterday")
        picture(terminal, "search")
        terminal.type(KEYS["Esc"])
        terminal.wait("F2 this room")
        hinted(terminal, "this room")
        terminal.wait("go into a room")
        terminal.type("\r")
        terminal.wait("garden +1 person")
        terminal.type("gard")
        terminal.wait("go to gard")
        picture(terminal, "join")
        terminal.type("\r")
        terminal.wait(r"anna: The tomatoes are ripe\.")
        hinted(terminal, "people")
        terminal.wait("Who\\?")
        terminal.type("anna\r")
        terminal.wait("talk to them alone")
        picture(terminal, "person")
        terminal.type("\r")
        terminal.wait(r"\A(?![\s\S]*talk to them alone)")
        terminal.wait("3 @anna")
        terminal.type("May I have some?\r")
        anna = scene.people["anna"]
        anna.until("PRIVMSG anna :May I have some")
        anna.ask("PRIVMSG boris :Of course, come over.")
        terminal.wait("anna: Of course, come over")
        picture(terminal, "direct")
        helped(terminal, "leave the chat")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("name", "size", "language", "colourless"),
    [
        ("wide", (120, 36), "en", False),
        ("80x24", (80, 24), "en", False),
        ("60x15", (60, 15), "en", False),
        ("russian", (80, 24), "ru", False),
        ("no-colour", (80, 24), "en", True),
        ("russian-60x15-no-colour", (60, 15), "ru", True),
    ],
)
def test_each_size_and_language_is_usable(
    scene: Scene,
    catalogues: Path,
    tmp_path: Path,
    name: str,
    size: tuple[int, int],
    language: str,
    colourless: bool,
) -> None:
    """One reads, finds the keys, writes, and sees that it is stored."""
    scene.server.sign_up("boris")
    environment = {"SECURECHAT_PASSWORD": PASSWORD, "PYTHONUTF8": "1", "COLORTERM": "truecolor"}
    with Terminal(
        ["--lang", language, *login(scene.server, "boris")],
        catalogues,
        tmp_path,
        full_screen=size,
        **(environment | ({"NO_COLOR": "1"} if colourless else {})),
    ) as terminal:
        terminal.wait("● boris")
        terminal.wait(r"anna: Then we release on Friday\.")
        screen = terminal.wait("F1 .*F2 .*F3 |F1 ")
        assert ("Write here" in screen) == (language == "en")
        terminal.type("Спасибо, уже читаю\r")
        terminal.wait("boris: Спасибо, уже читаю *(│|$|\n)")
        scene.people["carol"].ask("PRIVMSG #general :boris: good to have you here")
        terminal.wait("carol: boris: good")
        terminal.type("half a line")
        terminal.wait("half a line")
        picture(terminal, name)
        assert bool(coloured(terminal.raw)) != colourless
        terminal.type("\x11")
        assert terminal.end() == 0


@pytest.mark.parametrize("theme", ["light", "high-contrast"])
def test_each_theme_shows_what_matters(scene: Scene, catalogues: Path, tmp_path: Path, theme: str) -> None:
    """Who is named, what is unread, what one may not do: told apart in every theme, as the pictures show."""
    scene.server.sign_up("boris")
    anna, carol = scene.people["anna"], scene.people["carol"]
    with Terminal(
        ["--theme", theme, *login(scene.server, "boris")],
        catalogues,
        tmp_path,
        full_screen=(100, 30),
        SECURECHAT_PASSWORD=PASSWORD,
        COLORTERM="truecolor",
    ) as terminal:
        terminal.wait("● boris")
        terminal.wait(r"anna: Then we release on Friday\.")
        terminal.type("/join garden\r")
        terminal.wait("anna: The tomatoes are ripe")
        carol.ask("PRIVMSG #general :boris: do you see this?", "PRIVMSG #general :It is in the wiki.")
        anna.ask("PRIVMSG boris :Are you there?")
        terminal.wait("general 2!")
        terminal.wait("@anna 1!")
        terminal.type("\x1b1")
        terminal.wait("── unread")
        terminal.type("Yes, thanks!\r")
        terminal.wait("boris: Yes, thanks! *(│|\n)")
        picture(terminal, theme)
        hinted(terminal, "this room")
        terminal.wait("only who looks after the room ──")
        picture(terminal, f"{theme}-menu")
        terminal.type(KEYS["Esc"])
        terminal.wait(r"\A(?![\s\S]*only who looks)")
        terminal.type(KEYS["Ctrl+Q"])
        assert terminal.end() == 0
