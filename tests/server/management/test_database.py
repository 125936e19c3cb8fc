"""`securechat-admin database new-epoch`: asked before, recorded, and only while no server runs."""

from pathlib import Path

import pytest

from securechat.cli import admin
from securechat.domain.audit import AuditRecord
from securechat.storage.engine import open_database
from tests.process import OPEN, ServerProcess

Capture = pytest.CaptureFixture[str]


def state() -> tuple[str, list[AuditRecord]]:
    database = open_database("sqlite:///securechat.db", create=False)
    try:
        return database.read(lambda unit: (unit.naming.epoch(), unit.audit.page(0, 10)))
    finally:
        database.close()


def test_a_new_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    with ServerProcess(tmp_path, OPEN) as server:
        refused = server.admin("database", "new-epoch", "--yes")
        sentence = "database new-epoch is possible only while no server runs; stop it first."
        assert (refused.returncode, refused.stderr) == (1, f"securechat-admin: {sentence}\n")
        assert server.admin("database", "new-epoch").stderr == refused.stderr
    before, nothing = state()
    assert nothing == []
    assert admin.main(["database", "new-epoch"]) == 2
    assert f"(they begin with {before}-) will be unknown for good" in capsys.readouterr().err
    assert state()[0] == before
    assert admin.main(["database", "new-epoch", "--yes", "--reason", "restored"]) == 0
    after, [record] = state()
    assert after != before
    assert capsys.readouterr().out == f"Message ids begin with {after}- from now on, no longer with {before}-.\n"
    assert (record.act, record.detail, record.reason) == ("database new-epoch", after, "restored")
    with ServerProcess(tmp_path, OPEN) as server:
        guest = server.guest("ann", "echo-message message-tags")
        guest.ask("JOIN #tea")
        assert f"msgid={after}-" in guest.ask("PRIVMSG #tea :hello")[0]
        assert server.admin("audit", "verify").returncode == 0
