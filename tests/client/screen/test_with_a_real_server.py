"""The full-screen client with a real server: what is read is read everywhere, counts last, what waits is sent once."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.client import Client
from tests.client.terminal_harness import Terminal
from tests.process import OPEN, PASSWORD, ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    folder = tmp_path / "server"
    folder.mkdir()
    server = ServerProcess(folder, OPEN)
    yield server
    server.kill()


def client(server: ServerProcess, name: str, *, register: bool = True) -> Client:
    """Return a client of the library."""
    ca = server.folder / "certs" / "ca.pem"
    return Client(f"127.0.0.1:{server.port}", name, password=PASSWORD, ca=ca, register=register)


def screen(server: ServerProcess, catalogues: Path, home: Path, name: str = "anna", room: str = "general") -> Terminal:
    """Return the full-screen client of an account that is there."""
    home.mkdir(exist_ok=True)
    arguments = ["--user", name, "--room", room, "--ca", str(server.folder / "certs" / "ca.pem")]
    arguments.append(f"127.0.0.1:{server.port}")
    return Terminal(arguments, catalogues, home, full_screen=(100, 24), SECURECHAT_PASSWORD=PASSWORD)


def test_seen_here_is_read_on_the_other_device_within_two_seconds(
    server: ServerProcess, catalogues: Path, tmp_path: Path
) -> None:
    with client(server, "anna") as anna, client(server, "boris") as boris:
        anna.join("general")
        boris.join("general")
        with (
            screen(server, catalogues, tmp_path / "desk") as desk,
            screen(server, catalogues, tmp_path / "laptop") as laptop,
        ):
            desk.wait("│general")
            laptop.wait("│general")
            laptop.type("\x1b0")
            laptop.wait("│server")
            waits = []
            for number in range(3):  # a busy machine may make one of them wait
                desk.type("\x1b0")  # neither of them looks at the room now
                desk.wait("│server")
                boris.send("#general", f"anna: look {number}")
                boris.send("#general", "anna: once more")
                desk.wait(r"general 2!")
                laptop.wait(r"general 2!")
                desk.type("\x1b1")
                desk.wait(rf"look {number}")
                seen = time.monotonic()
                laptop.wait(r"1 general +│")
                waits.append(time.monotonic() - seen)
            assert min(waits) < 2.0


def test_counts_are_right_after_a_restart(server: ServerProcess, catalogues: Path, tmp_path: Path) -> None:
    with client(server, "anna") as anna, client(server, "boris") as boris:
        for room in ("general", "ops"):
            anna.join(room)
            boris.join(room)
        boris.send("#general", "seen")
        anna.mark_read("#general", boris.history("#general", 1)[-1].time)
        anna.history("#general", 1)  # its answer comes behind that of the marker
        anna.close()
        for number in range(3):
            boris.send("#general", f"news {number}")
        for number in range(2):
            boris.send("anna", f"psst {number}")
        with screen(server, catalogues, tmp_path / "desk", room="ops") as desk:
            desk.wait(r"general 3 ")
            desk.wait(r"@boris 2!")
            desk.type("\x1ba")
            desk.wait("psst 1")
            desk.wait(r"@boris +│")
            desk.type("\x1ba")
            desk.wait("news 2")
            desk.wait(r"── unread ─")
            shown = desk.wait(r"general +│")
            assert shown.index("seen") < shown.index("── unread ─") < shown.index("news 0")
            desk.type("\x11")
            assert desk.end() == 0


def test_what_was_typed_without_a_link_is_sent_once_and_in_order(
    server: ServerProcess, catalogues: Path, tmp_path: Path
) -> None:
    with client(server, "anna") as anna:
        anna.join("general")
    with screen(server, catalogues, tmp_path / "desk") as desk:
        desk.wait("Nobody else is here yet")  # in the room, to which a line goes
        desk.type("before\r")
        desk.wait("anna: before +│")
        server.kill()
        desk.wait("○ no link|◌ connecting")
        for number in range(5):
            desk.type(f"meanwhile {number}\r")
        desk.type("half a li")
        desk.wait("5 lines wait to be sent")
        desk.wait("meanwhile 4  …")
        again = ServerProcess(server.folder, OPEN, port=server.port)
        try:
            desk.type("\x1b[D")  # a key that changes nothing
            desk.wait(r"anna: meanwhile 4 +│", 40)
            desk.wait("● anna")
            assert "half a li" in desk.screen.text()
            with client(again, "anna", register=False) as anna:
                said = [one.text for one in anna.history("#general", 100)]
            desk.type("\x11")
            assert desk.end() == 0
        finally:
            again.kill()
    assert said == ["before", *(f"meanwhile {number}" for number in range(5))]
    assert not re.search("not sent", desk.screen.text())


def test_a_room_that_is_renamed_keeps_its_history_and_what_is_typed(
    server: ServerProcess, catalogues: Path, tmp_path: Path
) -> None:
    with client(server, "anna") as anna, client(server, "boris") as boris:
        boris.join("tea")  # and owns it
        boris.send("#tea", "what was said before")
        anna.join("tea")
        with screen(server, catalogues, tmp_path / "desk", room="tea") as desk:
            desk.wait("boris: what was said before")
            desk.type("half a li")
            desk.wait("half a li")
            boris.ask("RENAME", "#tea", "#coffee", "tea is out")
            shown = desk.wait("boris renamed #tea to #coffee: tea is out")
            assert "what was said before" in shown
            assert not re.search(r"(?m)^ *[0-9] tea ", shown)
            desk.type("ne\r")
            desk.wait("anna: half a line +│")
            assert boris.history("#coffee", 1)[-1].text == "half a line"
            desk.type("\x11")
            assert desk.end() == 0
