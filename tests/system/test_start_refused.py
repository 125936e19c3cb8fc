"""What keeps a server from starting: one clear message each on standard error, the exit code, and no traceback."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.process import DEADLINE, PASSWORD, QUICK, SERVER, ServerProcess, run_server

CONFIGURATION = 2
OTHER = 1


def refusal(
    folder: Path, *arguments: str, code: int = OTHER, configuration: str | None = QUICK, quiet: bool = True
) -> list[str]:
    """Start a server that must not start; return the lines that say why. `quiet`: the log has no error."""
    run = run_server(folder, *arguments, configuration=configuration)
    assert "Traceback" not in run.stderr
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    said = [line for line in run.stderr.splitlines() if not line.startswith("{")]  # the rest is the log
    assert said
    assert all(line.startswith("securechat-server: ") for line in said), said
    logged = [line for line in run.stderr.splitlines() if '"level": "error"' in line or '"critical"' in line]
    assert not (quiet and logged)
    return [line.removeprefix("securechat-server: ") for line in said]


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The folder of a server that has run and was stopped."""
    with ServerProcess(tmp_path):
        pass
    return tmp_path


def test_a_port_in_use(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        (said,) = refusal(tmp_path, "--listen", f"127.0.0.1:{port}")
    assert said == (
        f"cannot listen on 127.0.0.1:{port}: another program uses port {port} already "
        "(is a securechat-server running? choose another port with --listen)"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["securechat.toml"]


def test_the_journal_of_systemd_is_told_that_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        command = [*SERVER, "--listen", "192.0.2.1:6697"]
        assert subprocess.run(command, cwd=tmp_path, stderr=stream, timeout=DEADLINE).returncode == OTHER
        said = (tmp_path / "journal").read_text().splitlines()
    assert said[-1].startswith("<3>securechat-server: cannot listen on 192.0.2.1:6697: ")


def test_an_address_that_is_not_ours(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, "--listen", "192.0.2.1:6697")
    assert said == "cannot listen on 192.0.2.1:6697: this machine has no such address"


def test_a_database_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    (said,) = refusal(tmp_path, "--database", "sqlite:///data/chat.db")
    assert str(tmp_path / "data") in said


def test_a_database_folder_that_is_missing(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, "--database", "sqlite:///missing/chat.db")
    assert said == f"there is no folder {tmp_path / 'missing'}"


def test_a_certificate_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "certs").write_text("a file where a folder should be")
    (said,) = refusal(tmp_path)
    assert "certs" in said


def test_three_errors_of_the_configuration_are_told_at_once(tmp_path: Path) -> None:
    configuration = "[server]\nlisten = 6697\n[limits]\nnick_lenght = 20\nregistration_seconds = -1\n"
    said = refusal(tmp_path, code=CONFIGURATION, configuration=configuration)
    assert len(said) == 3
    assert ["listen" in said[0], "nick_length" in said[1], "registration_seconds" in said[2]] == [True] * 3


def test_a_configuration_that_is_no_toml(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, code=CONFIGURATION, configuration="[server\n")
    assert "securechat.toml" in said


def test_a_configuration_that_is_missing(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, "--config", "nowhere.toml", code=CONFIGURATION)
    assert "nowhere.toml" in said


def test_a_newer_database(stopped: Path) -> None:
    with closing(sqlite3.connect(stopped / "securechat.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    (said,) = refusal(stopped)
    assert said.startswith(f"{stopped}/securechat.db was made by a newer securechat (its schema is revision 9999")


def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "securechat.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE events (recipe TEXT)")
        database.execute("INSERT INTO events VALUES ('apple pie')")
        database.commit()
    path.chmod(0o600)
    (said,) = refusal(tmp_path)
    assert str(path) in said
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("events",)]
        assert database.execute("SELECT * FROM events").fetchall() == [("apple pie",)]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "securechat.db"
    path.write_text("Dear diary, " * 1000)
    path.chmod(0o600)
    (said,) = refusal(tmp_path)
    assert str(path) in said
    assert path.read_text() == "Dear diary, " * 1000


def test_a_key_that_others_can_read(stopped: Path) -> None:
    key = stopped / "certs" / "server.key"
    key.chmod(0o644)
    (said,) = refusal(stopped)
    assert f"chmod 600 {key.relative_to(stopped)}" in said or f"chmod 600 {key}" in said


def test_a_database_whose_authority_is_gone(stopped: Path) -> None:
    """Another authority would lock out every client; the one of before may only have been forgotten."""
    (stopped / "certs").rename(stopped / "elsewhere")
    (said,) = refusal(stopped)
    assert said == (
        "there are no certificates in certs, but this database was served before, by an authority that its clients "
        "trust: put certs back, or make another authority with: securechat-gencert --dir certs (clients must then be "
        "given the new ca.pem)"
    )
    (stopped / "elsewhere").rename(stopped / "certs")
    with ServerProcess(stopped):
        pass


def test_an_account_that_was_made_before_the_first_start_needs_no_certificates(tmp_path: Path) -> None:
    (tmp_path / "securechat.toml").write_text(QUICK)
    words = ["user", "add", "anna", "--administrator", "--password-stdin"]
    command = [sys.executable, "-m", "securechat.cli.admin", *words]
    assert subprocess.run(command, cwd=tmp_path, input=PASSWORD, text=True, timeout=DEADLINE).returncode == 0
    with ServerProcess(tmp_path) as server:
        assert server.member("anna")


def test_a_certificate_that_is_none(stopped: Path) -> None:
    """What the program says mends it."""
    certificate = stopped / "certs" / "server.pem"
    certificate.write_text("garbage")
    (said,) = refusal(stopped, quiet=False)
    problem, command = said.split("; put the right one back, or make another with: ")
    assert problem == "certs/server.pem is not a certificate in PEM form"
    _, *words = command.split()
    made = [sys.executable, "-m", "securechat.cli.gencert", *words]
    assert subprocess.run(made, cwd=stopped, capture_output=True, timeout=DEADLINE).returncode == 0
    with ServerProcess(stopped):
        pass


def test_a_key_of_another_certificate(stopped: Path) -> None:
    (stopped / "certs" / "server.key").write_bytes((stopped / "certs" / "ca.key").read_bytes())
    (said,) = refusal(stopped)
    assert "server.key" in said


def test_a_folder_that_another_server_uses(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        (said,) = refusal(tmp_path)
        in_use = f"{tmp_path}/securechat.db is in use by process {server.process.pid}"
        assert said == f"{in_use}; stop that one first, or give another database"
        server.client().close()  # it was not disturbed
