"""What the settings do to a real pseudo-terminal."""

from pathlib import Path

import pytest

from tests.client.screen.test_in_a_terminal import PASSWORD, arguments, chat, coloured, server
from tests.client.terminal_harness import Terminal

__all__ = ["arguments", "chat", "server"]  # fixtures that are shared
MOUSE = {"1000", "1002", "1003", "1006"}


def settings(home: Path, text: str) -> None:
    folder = home / ".config" / "securechat"
    folder.mkdir(parents=True)
    (folder / "client.toml").write_text(text)


def test_a_file_says_what_the_terminal_looks_like(arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    settings(tmp_path, '[look]\ntheme = "light"\ntimestamps = "seconds"\nlanguage = "ru"\n[typing]\nmouse = false\n')
    with Terminal(arguments, catalogues, tmp_path, full_screen=(100, 30), SECURECHAT_PASSWORD=PASSWORD) as terminal:
        terminal.wait(r"\d\d:\d\d:\d\d bob: what was said before")
        terminal.wait("● anna на localhost")
        assert "48;5;231" in terminal.raw, "white, of the 256 colours that this terminal has"
        terminal.type("/lang en\r")
        terminal.wait("● anna at localhost")
        terminal.type("exit\r")
        assert terminal.end() == 0
        assert not any(f"\x1b[?{mode}h" in terminal.raw for mode in MOUSE)


@pytest.mark.parametrize(("flags", "environment"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colour_ever_reaches_the_terminal(
    flags: list[str], environment: dict[str, str], arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(
        [*flags, *arguments], catalogues, tmp_path, full_screen=(100, 30), SECURECHAT_PASSWORD=PASSWORD, **environment
    ) as terminal:
        terminal.wait("bob: what was said before")
        terminal.type("hello\r\x1bOP")
        terminal.wait("find a room, a person or a command")
        terminal.type("\x1b")
        terminal.wait(r"\A(?![\s\S]*find a room, a person)")
        terminal.type("\x10")
        terminal.wait("go there")
        assert coloured(terminal.raw) == []
        assert "\x1b[7" in terminal.raw or ";7" in terminal.raw, "the present room is reversed"
        terminal.type("\x1b")
        terminal.wait(r"\A(?![\s\S]*go there)")
        terminal.type("\x11")
        assert terminal.end() == 0
    assert not terminal.modes() & MOUSE


def test_the_flag_beats_no_color(arguments: list[str], catalogues: Path, tmp_path: Path) -> None:
    with Terminal(
        ["--color", "always", "--theme", "dark", *arguments],
        catalogues,
        tmp_path,
        full_screen=(100, 30),
        SECURECHAT_PASSWORD=PASSWORD,
        NO_COLOR="1",
    ) as terminal:
        terminal.wait("bob: what was said before")
        assert coloured(terminal.raw)
        terminal.type("\x11")
        assert terminal.end() == 0
