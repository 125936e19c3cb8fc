"""Opening a link when one has an account already: from the computer that knows the server, and from another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.client.errors import LoginRefused, RoomRefused
from securechat.client.known_servers import load
from securechat.client.library import Client
from securechat.client.start import Asker, Start, Wishes
from tests.peers.programs import run_client
from tests.process import OPEN, PASSWORD, ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server with anna, and a room for the invited that she is not in."""
    folder = tmp_path / "server"
    folder.mkdir()
    with ServerProcess(folder, OPEN) as server:
        server.add_account("anna")
        bob = server.guest("bob")
        bob.ask("JOIN #tea", "MODE #tea +i")
        yield server


def link(server: ServerProcess, *more: str) -> str:
    made = server.admin("invite", "create", "--host", "127.0.0.1", *(more or ("--room", "tea")))
    assert made.returncode == 0, made.stderr
    return made.stdout.partition("'")[2].partition("'")[0]


class Person:
    """Answers questions in order; keeps what was asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        return next(self._answers)


def start(folder: Path, text: str, person: Person | None, **wishes: object) -> Start:
    asker = Asker(person is not None, person or Person(), person or Person())
    wanted = Wishes(server=text, timeout=20, **wishes)  # type: ignore[arg-type]
    return Start(wanted, load(folder / "known"), asker, {})


def rooms(started: Start) -> list[str]:
    """Which rooms the client is in, once it is connected; the one of the link is the one to enter."""
    with_client: Client = started.connect()
    try:
        assert set(started.rooms()) <= set(with_client.rooms())
        return sorted(with_client.rooms())
    finally:
        with_client.close()


def test_on_the_computer_that_knows_the_server(server: ServerProcess, tmp_path: Path) -> None:
    """The link opens its room, which may have another name by now, for the account that is there."""
    opened = link(server)
    # By a link into an open room; from now on the server is known.
    assert rooms(start(tmp_path, opened.replace("/tea?", "/general?"), Person(PASSWORD, PASSWORD, "y"), user="anna"))
    assert server.admin("room", "rename", "tea", "coffee").returncode == 0
    assert rooms(start(tmp_path, opened, Person(PASSWORD))) == ["#coffee", "#general"]


def test_on_another_computer(server: ServerProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who has an account says so when the name is taken, and is logged in with the password that was typed."""
    person = Person("anna", PASSWORD, PASSWORD, "y")
    assert rooms(start(tmp_path, link(server), person)) == ["#tea"]
    assert person.asked[-1] == "Is anna your account here already? Then you are logged in to it. [y/N] "
    assert "An account anna is there already." in capsys.readouterr().err


def test_whose_name_is_taken_by_somebody_else_chooses_another_one(server: ServerProcess, tmp_path: Path) -> None:
    person = Person("anna", PASSWORD, PASSWORD, "n", "carol", PASSWORD, PASSWORD)
    assert rooms(start(tmp_path, link(server), person)) == ["#tea"]
    with pytest.raises(LoginRefused, match="used already"):
        start(tmp_path / "another", link_used(server), Person("dora", PASSWORD, PASSWORD, "n")).connect()


def link_used(server: ServerProcess) -> str:
    """A link that has made an account already."""
    text = link(server)
    start(server.folder / "first", text, Person("first", PASSWORD, PASSWORD)).connect().close()
    return text


def test_a_wrong_password_is_asked_for_again(server: ServerProcess, tmp_path: Path) -> None:
    person = Person("anna", "something else", "something else", "y", "", PASSWORD)
    assert rooms(start(tmp_path, link(server), person)) == ["#tea"]
    assert person.asked[-1] == "Password of anna: "


def test_a_script_has_only_its_name_and_password(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    assert rooms(start(tmp_path, link(server), None, user="anna", password_file=file)) == ["#tea"]
    file.write_text("somebody else's\n")
    with pytest.raises(LoginRefused, match="An account anna is there already"):
        start(tmp_path / "other", link(server), None, user="anna", password_file=file).connect()


def test_an_invite_that_is_no_good_does_not_open_a_closed_room(server: ServerProcess, tmp_path: Path) -> None:
    text = link(server)
    assert server.admin("invite", "revoke", "2").returncode == 0
    with pytest.raises(RoomRefused, match="taken back"):
        start(tmp_path, text, Person("anna", PASSWORD, PASSWORD, "y")).connect()


def test_a_line_goes_to_the_room_that_is_meant_whatever_it_is_called_now(server: ServerProcess, tmp_path: Path) -> None:
    opened = link(server)
    assert server.admin("room", "rename", "tea", "coffee").returncode == 0
    run = run_client([opened, "--user", "anna"], tmp_path, "hello\n", SECURECHAT_PASSWORD=PASSWORD)
    assert run.returncode == 0, run.stderr
    assert server.admin("room", "rename", "coffee", "cocoa").returncode == 0
    for older in ("tea", "coffee"):  # the name that was remembered, and one that was typed
        again = run_client(["--user", "anna", "--room", older], tmp_path, "hello\n", SECURECHAT_PASSWORD=PASSWORD)
        assert again.returncode == 0, again.stderr
    again = run_client([opened, "--user", "anna"], tmp_path, "hello\n", SECURECHAT_PASSWORD=PASSWORD)
    assert again.returncode == 0, again.stderr
    read = run_client(["--user", "anna", "--room", "cocoa", "--tail", "9"], tmp_path, "", SECURECHAT_PASSWORD=PASSWORD)
    assert read.stdout.count("anna: hello\n") == 4
