"""Limnoria, a bot from PyPI: it logs in by SASL over TLS verified by our CA, answers in a room and to a person."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.client.certificates import Authority
from tests.client.conftest import stranger
from tests.peers.programs import ROOT, Program, refusals_in
from tests.process import OPEN, PASSWORD, ServerProcess

__all__ = ["stranger"]  # a fixture that is shared

LIMNORIA = shutil.which(
    "limnoria", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
)
"""As the group `peers` of pyproject.toml installs it."""

pytestmark = [pytest.mark.peers, pytest.mark.skipif(LIMNORIA is None, reason="not installed: limnoria")]

MORE_SETTINGS = """
supybot.log.stdout.colorized: False
supybot.log.stdout.level: DEBUG
supybot.reply.whenAddressedBy.chars: !
"""


def limnoria(folder: Path, port: int, authority: Path) -> Program:
    """Start the bot in `folder`. It writes down every line that it is sent."""
    assert LIMNORIA is not None
    folder.mkdir()
    chapter = (ROOT / "docs" / "other-clients.md").read_text().partition("Limnoria, in its configuration file:\n\n")[2]
    settings = chapter.partition("\n\n")[0].replace("    ", "") + MORE_SETTINGS
    for old, new in {
        "chat.lan:6697": f"localhost:{port}", "/path/ca.pem": str(authority), "PASSWORD": PASSWORD, "anna": "robo",
    }.items():  # fmt: skip
        settings = settings.replace(old, new)
    plugins = ("Admin", "Channel", "Config", "Misc", "Owner", "User", "Utilities")
    settings += "".join(f"supybot.plugins.{name}: True\n" for name in plugins)
    (folder / "bot.conf").write_text(settings)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    return Program([LIMNORIA, "--allow-root", "bot.conf"], folder, environment)


def test_limnoria_answers_in_a_room_and_to_a_person(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.sign_up("robo")
        server.sign_up("anna")
        anna = server.member("anna", "message-tags account-tag")
        anna.ask("JOIN #general")
        with limnoria(tmp_path / "bot", server.port, tmp_path / "certs" / "ca.pem") as bot:
            anna.until(r":robo!\S+ JOIN #general")
            anna.send("PRIVMSG #general :!echo hello, привет")
            answer = anna.until(r":robo!\S+ PRIVMSG #general :hello, привет$")[-1]
            assert ";account=robo" in answer
            anna.send("PRIVMSG robo :echo only you")
            anna.until(r":robo!\S+ (PRIVMSG|NOTICE) anna :only you$")
            bot.wait(r"Join to #general on chat synced")
            anna.send("PRIVMSG #general :robo: echo by its name")
            anna.until(r":robo!\S+ PRIVMSG #general :by its name$")
        anna.until(r":robo!\S+ QUIT ")
    assert refusals_in(bot.text) == [line for line in bot.text.splitlines() if " 422 " in line]
    assert "Uncaught" not in bot.text


def test_limnoria_refuses_a_server_of_another_authority(tmp_path: Path, stranger: Authority) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.sign_up("robo")
        logged_in = sum(record["message"] == "Logged in" for record in server.log)
        with limnoria(tmp_path / "bot", server.port, stranger.path) as bot:
            bot.wait("certificate verify failed")
        assert sum(record["message"] in {"Logged in", "Login failed"} for record in server.log) == logged_in
