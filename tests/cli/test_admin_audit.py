"""`securechat-admin audit` as it is called: beside a real server and without one."""

import contextlib
import json
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from securechat.cli import admin
from tests.process import OPEN, PASSWORD, ServerProcess

DOCUMENT = Path(__file__).parents[2] / "docs" / "audit.md"
HEADING = ["TIME (UTC)", "NUMBER", "WHO", "FROM", "WHAT", "ON WHOM", "ROOM", "DETAIL", "WHY"]

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = admin.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a server's files, where ann was suspended twice; no server runs any more."""
    monkeypatch.chdir(tmp_path)
    with ServerProcess(tmp_path, OPEN) as server:
        server.add_account("ann")
        for action in ("suspend", "unsuspend"):
            assert server.admin("user", action, "ann", "--reason", "holiday \u2600").returncode == 0
    return tmp_path


def meddle(folder: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "securechat.db")) as database, database:
        database.execute("DROP TRIGGER audit_no_update")
        database.execute("DROP TRIGGER audit_no_delete")
        database.execute(statement)


def test_beside_a_running_server(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, OPEN) as server:
        server.add_account("ann")
        ann, bob = server.member("ann"), server.guest("bob")
        ann.ask("JOIN #tea")
        bob.ask("JOIN #tea")
        ann.ask("KICK #tea bob :\x02go\x02 away")
        listed = server.admin("audit", "list")
        assert listed.returncode == 0, listed.stderr
        heading, added, kicked = listed.stdout.splitlines()
        assert re.split(r" {2,}", heading) == HEADING
        assert re.search(r"  1 +\S.* +console +user add +ann$", added)
        assert re.search(r"  2 +ann +irc +room kick +bob \(guest\) +#tea +\\x02go\\x02 away$", kicked)
        as_json = json.loads(server.admin("audit", "list", "--room", "tea", "--json").stdout)
        assert [one["reason"] for one in as_json] == ["\x02go\x02 away"]
        assert server.admin("audit", "list", "--account", "nobody").stdout == "Nothing of that kind is on the record.\n"
        verified = server.admin("audit", "verify")
        assert verified.returncode == 0
        assert verified.stdout.startswith("The record is in order: 2 rows are there.\nHead: 2:")
        exported = server.admin("audit", "export")
        assert [json.loads(line)["act"] for line in exported.stdout.splitlines()] == ["user add", "room kick"]
        head = exported.stderr.partition("Head: ")[2].partition("\n")[0]
        assert server.admin("audit", "verify", "--head", head).returncode == 0
        assert PASSWORD not in exported.stdout


def test_without_a_server(folder: Path, capsys: Capture) -> None:
    code, out, _ = run(capsys, "audit", "list", "--since", "1h", "--limit", "1")
    assert code == 0
    assert re.search(r" user unsuspend +ann +holiday \u2600$", out.splitlines()[1])
    assert run(capsys, "audit", "verify")[:2][1].startswith("The record is in order: 3 rows are there.")


def test_what_was_done_to_the_file_is_told_with_exit_code_1(folder: Path, capsys: Capture) -> None:
    head = json.loads(run(capsys, "audit", "verify", "--json")[1])["head"]
    meddle(folder, "UPDATE audit SET reason = 'nothing' WHERE number = 2")
    code, out, _ = run(capsys, "audit", "verify")
    assert (code, out) == (1, "Row 2 was altered.\nUp to row 1 the record is in order.\n")
    code, out, _ = run(capsys, "audit", "verify", "--json", "--head", head)
    found = json.loads(out)
    assert (code, found["intact"], found["row"], found["rows"]) == (1, False, 2, 1)


def test_a_missing_row_is_told(folder: Path, capsys: Capture) -> None:
    meddle(folder, "DELETE FROM audit WHERE number = 3")
    assert run(capsys, "audit", "verify")[:2] == (1, "Row 3 is missing.\nUp to row 2 the record is in order.\n")
    meddle_again = "UPDATE settings SET value = 'gone' WHERE key = 'audit_head'"
    with contextlib.closing(sqlite3.connect(folder / "securechat.db")) as database, database:
        database.execute(meddle_again)
    assert run(capsys, "audit", "verify")[0] == 1


def test_export_to_a_file(folder: Path, capsys: Capture) -> None:
    code, out, err = run(capsys, "audit", "export", "--output", "record.jsonl")
    assert (code, err) == (0, "")
    lines = (folder / "record.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    head = f"3:{last['hash']}"
    assert (len(lines), last["reason"]) == (3, "holiday \u2600")
    assert out.splitlines()[0] == f"Wrote 3 rows. Head: {head}"
    assert out.splitlines()[-2:] == [f"    securechat-admin audit verify --head {head}", ""]
    assert (folder / "record.jsonl").stat().st_mode & 0o777 == 0o600
    code, out, err = run(capsys, "audit", "export", "--output", "record.jsonl")
    assert (code, out, err) == (1, "", "securechat-admin: cannot write record.jsonl: File exists\n")
    code, out, _ = run(capsys, "audit", "export", "--json", "--output", "again.jsonl")
    assert (code, json.loads(out)) == (0, {"rows": 3, "head": head})


def test_export_comes_in_parts(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("securechat.server.management.audit.EXPORT_ROWS", 2)
    code, out, err = run(capsys, "audit", "export")
    assert [json.loads(line)["number"] for line in out.splitlines()] == [1, 2, 3]
    assert (code, err.partition(".")[0]) == (0, "Wrote 3 rows")


def test_an_empty_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    with ServerProcess(tmp_path, OPEN):
        pass
    assert run(capsys, "audit", "list")[1] == "Nothing of that kind is on the record.\n"
    assert run(capsys, "audit", "verify")[0] == 0
    code, out, err = run(capsys, "audit", "export")
    assert (code, out) == (0, "")
    head = re.search(r"--head (\S+)", err)
    assert head is not None
    assert run(capsys, "audit", "verify", "--head", head[1])[0] == 0


def test_refusals(folder: Path, capsys: Capture) -> None:
    for arguments, sentence in (
        (("list", "--since", "soon"), "A time is one like 30m"),
        (("list", "--limit", "0"), "From 1 to 2,000 rows can be listed"),
        (("verify", "--head", "17"), "A head is a number, a colon"),
    ):
        code, out, err = run(capsys, "audit", *arguments)
        assert (code, out) == (1, "")
        assert err.startswith(f"securechat-admin: {sentence}")


def test_the_program_in_the_document_checks_an_export(folder: Path, capsys: Capture) -> None:
    """It uses nothing of ours, so it is also the proof that the document tells the encoding as it is."""
    program = DOCUMENT.read_text().partition("```python\n")[2].partition("```")[0]
    head = json.loads(run(capsys, "audit", "export", "--json", "--output", "record.jsonl")[1])["head"]
    (folder / "check.py").write_text(program)
    record = folder / "record.jsonl"

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/usr/bin/env", "python3", "check.py", str(record)], capture_output=True, text=True, cwd=folder, timeout=20
        )

    assert check().stdout == f"in order up to {head}\n"
    record.write_text(record.read_text().replace("ann", "eve", 1))
    assert check().stdout == "row 1 is wrong\n"
