"""The programs of docs/bots.md run as they stand there, but for the place of the server."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.programs import client_environment
from tests.process import DEADLINE, OPEN, PASSWORD, ServerProcess

PAGE = Path(__file__).parents[2] / "docs" / "bots.md"
FIRST, LASTING = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    folder = tmp_path / "server"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as server:
        server.sign_up("anna")
        made = server.admin("user", "add", "robo", "--bot", "--password-stdin", answer=f"{PASSWORD}\n")
        assert made.stdout == "Made the bot robo.\n"
        yield server


def start(program: str, server: ServerProcess, folder: Path) -> subprocess.Popen[str]:
    program = program.replace("chat.lan", f"localhost:{server.port}")
    program = program.replace("ca.pem", str(server.folder / "certs" / "ca.pem"))
    environment = client_environment(folder, ROBO_PASSWORD=PASSWORD)
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    )


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    _output, told = process.communicate(timeout=DEADLINE)
    assert told == ""


def test_the_first_one_answers_in_the_room_and_alone(server: ServerProcess, tmp_path: Path) -> None:
    with server.member("anna") as anna:
        anna.socket.settimeout(3 * DEADLINE)  # a program has to start meanwhile, perhaps on a busy machine
        anna.ask("JOIN #ops")
        process = start(FIRST, server, tmp_path)
        try:
            anna.until("PRIVMSG #ops :I am here; say !time.")
            anna.send("PRIVMSG #ops !time")
            anna.until(r"PRIVMSG #ops :\d\d:\d\d UTC")
            anna.send("PRIVMSG robo !time")
            anna.until(r":robo!\S+ PRIVMSG anna :\d\d:\d\d UTC")
        finally:
            stop(process)


def test_the_lasting_one_sees_to_what_was_said_while_it_was_away(server: ServerProcess, tmp_path: Path) -> None:
    with server.member("anna") as anna:
        anna.socket.settimeout(3 * DEADLINE)  # a program has to start meanwhile, perhaps on a busy machine
        anna.ask("JOIN #ops")
        process = start(LASTING, server, tmp_path)
        try:
            anna.until("JOIN #ops")
            anna.send("PRIVMSG #ops :!count one two three")
            anna.until("NOTICE #ops :anna: 3 words")
            anna.send("PRIVMSG #ops :!count one two")
            anna.until("NOTICE #ops :anna: 2 words")  # now it has written down that the first one was seen to
        finally:
            stop(process)
        anna.send("PRIVMSG #ops :!count one two three four")
        process = start(LASTING, server, tmp_path)
        try:
            anna.until("NOTICE #ops :anna: 4 words")
        finally:
            stop(process)
        refused = start(LASTING.replace("ROBO_PASSWORD", "HOME"), server, tmp_path)
        _output, told = refused.communicate(timeout=DEADLINE)
        assert (refused.returncode, told) == (5, "Name or password is wrong.\n")
