"""securechat-admin as it is called: offline on a real database, and beside a server's real control socket."""

import getpass
import io
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.cli import admin
from securechat.domain.account import Account, Credentials
from securechat.domain.events import Event, Kind, Source
from securechat.links import parse_link
from securechat.server.administration import Administration
from securechat.server.administration_ports import JournalStore, NoEffects, ServerAddress
from securechat.server.configuration import load
from securechat.server.control import ControlServer, socket_path
from securechat.server.passwords import verify_password
from securechat.storage.engine import open_database
from securechat.storage.journal import Journal
from securechat.tls import authority

PASSWORD = "correct horse"
SETTINGS = "[accounts]\nargon2_memory_kib = 8\nargon2_iterations = 1\nscram_iterations = 4096\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cheap configuration, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "securechat.toml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command; returns its exit code and what it printed."""

    def call(*arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
        code = admin.main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def add(run: Run, name: str, *more: str) -> tuple[int, str, str]:
    return run("user", "add", name, *more, "--password-stdin", stdin=f"{PASSWORD}\n")


def stored(name: str) -> tuple[Account, Credentials]:
    """What the database holds, read past everything else."""
    database = open_database(load().database.url, create=False)
    try:
        account = database.read(lambda unit: unit.accounts.by_name(name))
        assert account is not None
        return account, database.read(lambda unit: unit.accounts.credentials(account.id))
    finally:
        database.close()


def test_the_first_account_of_all_makes_the_database(run: Run, folder: Path) -> None:
    assert add(run, "ann", "--administrator") == (0, "Made the administrator ann.\n", "")
    account, credentials = stored("ann")
    assert account.administrator
    assert verify_password(PASSWORD, credentials)
    assert (folder / "securechat.db").stat().st_mode & 0o777 == 0o600


def test_a_configuration_somewhere_else(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    code, _, _ = run(
        "--config", str(folder / "securechat.toml"), "--database", "sqlite:///x.db",
        "user", "add", "ann", "--password-stdin", stdin=PASSWORD,
    )  # fmt: skip
    assert code == 0
    assert (other / "x.db").exists()
    assert run("--config", "../securechat.toml", "user", "list")[2].startswith("securechat-admin: there is no database")


def test_nothing_but_an_account_makes_a_database(run: Run, folder: Path) -> None:
    for words in (
        ["user", "list"],
        ["invite", "create"],
        ["invite", "list"],
        ["room", "list"],
        ["user", "suspend", "a"],
    ):
        code, out, err = run(*words)
        assert (code, out) == (1, "")
        assert "is this the right folder, or --config FILE missing?" in err
    assert not (folder / "securechat.db").exists()


def test_users(run: Run) -> None:
    add(run, "ann", "--administrator")
    add(run, "bob")
    assert run("user", "suspend", "BOB")[:2] == (0, "Suspended bob.\n")
    code, out, _ = run("user", "list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["NAME", "ROLE", "STATE", "SESSIONS", "CREATED", "(UTC)"]
    assert lines[1].split()[:4] == ["ann", "administrator", "active", "-"]
    assert lines[2].split()[:4] == ["bob", "member", "suspended", "-"]
    assert run("user", "unsuspend", "bob")[1] == "bob may log in again.\n"
    assert not stored("bob")[0].suspended
    code, out, _ = run("user", "passwd", "bob", "--password-stdin", stdin="another one\r\nrest")
    assert (code, out.startswith("Changed the password of bob;")) == (0, True)
    assert verify_password("another one", stored("bob")[1])


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (("user", "add", "ANN", "--password-stdin"), PASSWORD, "There is an account ANN already"),
        (("user", "add", "a b", "--password-stdin"), PASSWORD, "The name 'a b' is not possible: only letters"),
        (("user", "add", "bob", "--password-stdin"), "1234567\n", "The password is too short: it needs at least 8"),
        (("user", "add", "bob", "--password-stdin"), "", "The password is empty."),
        (("user", "suspend", "bob"), "", "There is no account bob. See: securechat-admin user list"),
        (("user", "suspend", "b\x1b[2Jb"), "", "There is no account b\\x1b[2Jb."),
        (("invite", "revoke", "7"), "", "There is no invite number 7."),
        (("invite", "create", "--expires", "soon"), "", "An invite expires after a time like 30m, 12h or 7d"),
        (("invite", "create", "--uses", "0"), "", "An invite can be used from 1 to 10,000 times."),
    ],
)
def test_refusals_are_one_sentence(run: Run, arguments: tuple[str, ...], stdin: str, sentence: str) -> None:
    add(run, "ann")
    code, out, err = run(*arguments, stdin=stdin)
    assert (code, out) == (1, "")
    assert err.startswith(f"securechat-admin: {sentence}")
    assert err.count("\n") == 1
    code, _, err = run("--json", *arguments, stdin=stdin)
    assert code == 1
    assert set(json.loads(err)) == {"code", "error"}


def test_what_is_so_already_ends_with_a_code_of_its_own(run: Run) -> None:
    add(run, "ann")
    told = "securechat-admin: ann is not suspended.\n"
    assert run("user", "unsuspend", "ann") == (3, "", told)
    assert run("user", "suspend", "ann")[0] == 0
    code, _, err = run("user", "suspend", "ann", "--json")
    assert (code, json.loads(err)) == (3, {"code": "nothing_to_do", "error": "ann is suspended already."})
    assert run("room", "lock", "general")[0] == 1  # no such room is something else


def test_invites(run: Run, folder: Path) -> None:
    add(run, "ann")
    code, out, err = run("invite", "create")
    assert (code, out) == (1, "")
    assert "certs/ca.pem" in err
    authority.create_authority(folder / "certs")
    code, out, _ = run(
        "invite", "create", "--host", "chat.lan", "--room", "ops", "--room", "tea", "--note", "for \u202eBob"
    )
    assert code == 1  # a note that does not print
    code, out, _ = run("invite", "create", "--host", "chat.lan", "--room", "ops", "--room", "tea", "--note", "for Bob")
    assert code == 0
    assert out.startswith("Invite 1 makes one account in ops, tea and is valid until ")
    link = parse_link(out.split("'")[1])
    fingerprint = authority.fingerprint(authority.certificate_der(folder / "certs" / "ca.pem"))
    assert (link.host, link.port, link.room, link.ca) == ("chat.lan", 6697, "ops", fingerprint)
    _, out, _ = run("invite", "create", "--json", "--uses", "3", "--expires", "never", "--administrator")
    made = json.loads(out)
    assert (made["invite"]["uses_left"], made["invite"]["expires"], made["invite"]["administrator"]) == (3, None, True)
    assert parse_link(made["link"]).host
    assert run("invite", "revoke", "1")[1] == "Revoked invite 1.\n"
    lines = run("invite", "list")[1].splitlines()
    assert lines[1].split()[:4] == ["2", "usable", "3", "never"]
    assert lines[2].startswith("1       revoked  1          2")
    assert lines[2].endswith("ops, tea  member         securechat-admin  for Bob")
    assert link.invite not in "".join(lines)


def test_an_invite_for_good_and_many_says_so(run: Run, folder: Path) -> None:
    add(run, "ann")
    authority.create_authority(folder / "certs")
    _, out, _ = run("invite", "create", "--uses", "3", "--expires", "never", "--administrator")
    assert out.startswith(
        "Invite 1 makes 3 accounts with the rights of an administrator in general and is valid for good."
    )


def test_empty_lists_say_so(run: Run) -> None:
    open_database("sqlite:///securechat.db").close()
    assert run("user", "list")[:2] == (0, "There are no accounts.\n")
    assert run("invite", "list")[1].startswith("There are no invites.")
    assert run("room", "list")[1] == "There are no rooms yet.\n"
    assert run("room", "list", "--json")[1] == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--config", "no.toml", "user", "list"), "no.toml: cannot be read"),
        (("--database", "postgresql://x", "user", "list"), "command line: database.url"),
        (("user", "add", "ann"), "there is no terminal to ask for the password on; give it with --password-stdin"),
    ],
)
def test_wrong_use(run: Run, arguments: tuple[str, ...], problem: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"securechat-admin: {problem}")


def test_all_problems_of_a_configuration_are_told(run: Run, folder: Path) -> None:
    (folder / "securechat.toml").write_text("[log]\nlevel = 1\n[limit]\n")
    code, _, err = run("user", "list")
    assert (code, err.count("\n")) == (2, 2)


@pytest.mark.parametrize(
    "arguments", [("user", "add"), ("invite", "revoke", "x"), ("user", "add", "a", "pw"), ("user", "ad"), ("usr",)]
)
def test_wrong_arguments(run: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_a_part_of_a_command_is_told_what_can_follow(run: Run) -> None:
    code, out, err = run()
    assert (code, out) == (2, "")
    assert re.search("^    registration +whether new accounts are made$", err, re.MULTILINE)
    code, out, err = run("registration")
    assert (code, out) == (2, "")
    assert re.search("^    close +Let nobody make an account for now", err, re.MULTILINE)


def test_a_password_that_is_no_text_is_refused_without_a_trace(run: Run) -> None:
    code, _, err = run("user", "add", "ann", "--password-stdin", stdin=b"gr\xfcn gr\xfcn\n")
    assert (code, err) == (2, "securechat-admin: the password on standard input is not UTF-8 text\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def type_in(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Type the answers at the prompts, which are returned; after the last one the terminal is closed."""
    prompts: list[str] = []
    left = list(answers)

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", ask)
    return prompts


def test_the_password_is_asked_twice_until_both_are_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = type_in(monkeypatch, PASSWORD, "typo", PASSWORD, PASSWORD)
    assert admin.main(["user", "add", "ann"]) == 0
    assert prompts == ["Password for ann: ", "The same again: "] * 2
    assert capsys.readouterr().err == "These were two different passwords.\n"
    assert verify_password(PASSWORD, stored("ann")[1])


def test_a_closed_terminal_and_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch)
    assert admin.main(["user", "add", "ann"]) == 2
    assert capsys.readouterr().err == "securechat-admin: no password was given\n"

    def interrupt(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(getpass, "getpass", interrupt)
    assert admin.main(["user", "add", "ann"]) == 130


def test_a_database_in_use_is_left_alone(run: Run) -> None:
    """Somebody holds the lock, but no server answers on the control socket."""
    add(run, "ann")
    database = open_database("sqlite:///securechat.db")
    database.lock()
    try:
        code, _, err = run("user", "list")
    finally:
        database.close()
    assert code == 1
    assert f"is in use by process {os.getpid()}" in err


def test_root_does_not_take_the_database_of_another_user(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add(run, "ann")
    real = os.stat_result
    database = Path("securechat.db")
    values = list(database.stat())
    values[4] = 4242
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", lambda self, **_: real(values))
    code, _, err = run("user", "list")
    assert code == 1
    assert "belongs to #4242; run this as: sudo -u #4242 securechat-admin" in err


class Effects(NoEffects):
    """Implements LiveEffects: remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def account_added(self, account: Account) -> None:
        self.told.append(f"added {account.name}")

    def account_suspended(self, account_id: int) -> None:
        self.told.append(f"suspended {account_id}")


class Entry:
    """An entry of the journal."""

    def __init__(self, event: Event) -> None:
        self.event = event


@pytest.fixture
def live(folder: Path) -> Iterator[Effects]:
    """What a server runs of itself for administration: database, journal, control socket."""
    configuration = load()
    database = open_database(configuration.database.url)
    database.migrate()
    journal = Journal(database, lambda batch, error: None)
    journal.start()
    ann = Source("ann", "ann", "host")
    journal.submit(Entry(Event(Kind.ROOM, 1_800_000_000_000, ann, 1, "#tea")))
    effects = Effects()
    address = ServerAddress("live.lan", 7001, "cd" * 32)
    administration = Administration(configuration, JournalStore(journal, database), effects, lambda: address)
    control = ControlServer(socket_path(configuration.database_path), administration)
    control.start()
    yield effects
    control.stop()
    journal.stop()
    database.close()


def test_beside_a_running_server_it_takes_effect_there(run: Run, live: Effects) -> None:
    assert add(run, "ann")[:2] == (0, "Made the account ann.\n")
    assert run("user", "suspend", "ann")[0] == 0
    assert live.told == ["added ann", "suspended 1"]
    assert "suspended" in run("user", "list")[1]
    assert run("room", "list")[1].splitlines()[1].split()[:3] == ["tea", "open", "0"]
    assert parse_link(run("invite", "create")[1].split("'")[1]).host == "live.lan"
    code, _, err = add(run, "ann")
    assert (code, err.startswith("securechat-admin: There is an account ann already")) == (1, True)


def test_a_socket_that_a_killed_server_left_does_not_matter(run: Run) -> None:
    add(run, "ann")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind("securechat.db.sock")
    assert run("user", "list")[0] == 0


def test_a_link_is_shown_as_a_qr_code_on_a_terminal_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add(run, "ann", "--administrator")
    authority.ensure(load().tls.directory, ["localhost"], [])
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "50")
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert "▀" not in run("invite", "create", "--qr")[1]  # a pipe
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "▀" not in run("invite", "create")[1]
    assert "▀" not in run("invite", "create", "--qr", "--json")[1]
    shown = run("invite", "create", "--qr")[1]
    assert "securechat-client 'securechat://" in shown
    rows = [line for line in shown.splitlines() if line.startswith("\x1b[38;5;16;48;5;231m")]
    assert len(rows) > 20
    monkeypatch.setenv("COLUMNS", "40")
    code, out, err = run("invite", "create", "--qr")
    assert (code, "▀" in out) == (0, False)
    assert re.fullmatch(
        r"securechat-admin: the QR code needs \d+ columns and \d+ lines, and this terminal has 40 and 50; make it "
        r"larger, or its letters smaller\n",
        err,
    )


def test_a_warning_names_who_gives_it(run: Run, folder: Path) -> None:
    """In a process of its own: here the tests look after what is logged."""
    add(run, "anna")
    (folder / "securechat.db").chmod(0o644)
    command = [sys.executable, "-m", "securechat.cli.admin", "user", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert re.fullmatch(
        r"securechat-admin: the database can be read by other users of this machine; mend it with: chmod 600 \S+\n",
        done.stderr,
    )
