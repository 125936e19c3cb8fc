"""Somebody who knows no IRC sets up a second factor and comes back with it, in both clients, with a real server."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.clock import wall_clock
from securechat.server.one_time_codes import STEP_SECONDS, code_at
from tests.client.terminal_harness import Terminal
from tests.process import OPEN, PASSWORD, ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    folder = tmp_path / "server"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as running:
        running.sign_up("anna")
        yield running


def code_of(screen: str) -> str:
    """What the authenticator app shows that has read this screen."""
    found = re.search(r"[A-Z2-7]{32}", screen)
    assert found is not None, screen
    return code_at(base64.b32decode(found[0]), wall_clock() // 1000 // STEP_SECONDS)


@pytest.mark.parametrize("full_screen", [None, (110, 50)], ids=["line", "screen"])
def test_from_setting_it_up_to_the_next_login(
    server: ServerProcess, catalogues: Path, tmp_path: Path, full_screen: tuple[int, int] | None
) -> None:
    arguments = ["--user", "anna", "--ca", str(server.folder / "certs" / "ca.pem"), f"localhost:{server.port}"]
    plain = [] if full_screen else ["--plain"]
    ready = "● anna at localhost" if full_screen else "general> $"
    with Terminal([*plain, *arguments], catalogues, tmp_path, full_screen=full_screen, NO_COLOR="1") as terminal:
        end = "\r" if full_screen else "\n"
        terminal.wait("Password of anna: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.wait(ready)
        terminal.type(f"/totp on{end}")
        terminal.wait("Your password: ")
        terminal.type(f"{PASSWORD}{end}")
        shown = terminal.wait(r"  [A-Z2-7]{32}[\s\S]*█{40}[\s\S]*█ ▀[\s\S]*█{40}")  # the QR code, to its lower edge
        assert "The code that the app shows now: " in terminal.wait("The code that the app shows now: ")
        terminal.type(f"{code_of(shown)}{end}")
        shown = terminal.wait("The second factor is in force")
        recovery = re.findall(r"\b[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}\b", shown)
        assert len(recovery) == 10
        terminal.type(f"exit{end}")
        assert terminal.end() == 0
        assert PASSWORD not in terminal.raw
    with Terminal([*plain, *arguments], catalogues, tmp_path, full_screen=full_screen, NO_COLOR="1") as terminal:
        terminal.wait("Password of anna: ")
        terminal.type(f"{PASSWORD}\n")
        terminal.wait("Code of the second factor")
        terminal.type(f"{recovery[0]}\n")
        terminal.wait(ready)
        terminal.type(f"/sessions{end}")
        terminal.wait(r"\(this one, securechat-client [\d.]+\): by the password")
        terminal.type(f"exit{end}")
        assert terminal.end() == 0
