"""`securechat-admin room` and `message` as they are called: without a server, and beside one that runs."""

import json
from pathlib import Path

import pytest

from securechat.cli import admin
from securechat.storage.engine import open_database
from tests.process import OPEN, ServerProcess

Capture = pytest.CaptureFixture[str]


def test_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """What was changed beside no server is so in the next one; nothing is left of a room that was deleted."""
    monkeypatch.chdir(tmp_path)
    with ServerProcess(tmp_path, OPEN) as server:
        server.add_account("bob")
        bob = server.member("bob", "echo-message message-tags")
        bob.ask("JOIN #tea", "JOIN #loud")
        (said,) = bob.ask("PRIVMSG #loud :something rude")
        bob.ask("PRIVMSG #tea :a secret word")
    identifier = said.partition("msgid=")[2].partition(";")[0].partition(" ")[0]

    def run(*words: str) -> str:
        assert admin.main(list(words)) == 0
        return capsys.readouterr().out

    assert "Said     1 message, the oldest of " in run("room", "show", "tea")
    assert json.loads(run("room", "members", "tea", "--json")) == [
        {"name": "bob", "guest": False, "roles": ["owner"], "present": None}
    ]
    assert run("room", "lock", "loud") == (
        "loud is locked: only those speak who look after it, and only administrators come in.\n"
    )
    assert run("room", "ban", "loud", "bob", "--for", "2h", "--reason", "noise").startswith("bob is banned from loud ")
    assert run("message", "delete", identifier, "--yes") == "Deleted a message of bob in loud.\n"
    assert admin.main(["room", "delete", "tea"]) == 2
    assert "tea has 1 member and 1 message since " in capsys.readouterr().err
    assert run("room", "delete", "tea", "--yes") == "Deleted tea, with 1 message. The name is free.\n"
    for text in ("a secret word", "something rude"):
        assert [one.name for one in tmp_path.glob("securechat.db*") if text.encode() in one.read_bytes()] == []
    with ServerProcess(tmp_path, OPEN) as server:
        bob = server.member("bob")
        (answer,) = bob.ask("JOIN #loud")
        assert " 474 " in answer
        assert any("353 bob = #tea :@bob" in line for line in bob.ask("JOIN #tea"))
        assert server.admin("audit", "verify").returncode == 0
    database = open_database("sqlite:///securechat.db", create=False)
    try:
        rows = database.read(lambda unit: unit.audit.page(0, 50))
    finally:
        database.close()
    assert [one.act for one in rows] == [
        "user add",
        "room rule",
        "room mask",
        "room kick",
        "room redact",
        "room delete",
    ]


def test_beside_a_server(tmp_path: Path) -> None:
    """Who is there sees it at once."""
    with ServerProcess(tmp_path, OPEN) as server:
        guest = server.guest("guest")
        guest.ask("JOIN #tea")
        assert server.admin("room", "slow", "tea", "5").stdout == (
            "In tea everybody waits 5 seconds after each message.\n"
        )
        assert guest.until(" MODE #tea ")[-1].endswith(" MODE #tea +f 5")
        assert "guest (guest)  owner  yes" in server.admin("room", "members", "tea").stdout
        server.admin("room", "delete", "tea", "--yes", "--reason", "over")
        assert guest.until(" PART #tea ")[-1] == ":guest!guest@securechat PART #tea :The room was deleted: over"
        refused = server.admin("room", "show", "tea")
        sentence = "securechat-admin: There is no room tea. See: securechat-admin room list\n"
        assert (refused.returncode, refused.stderr) == (1, sentence)
