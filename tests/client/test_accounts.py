"""A guest who makes an account, or logs in to one, with a real server: the link comes back with the account."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from securechat.client import Client, LoginRefused, known_servers
from securechat.client.commands import execute
from securechat.client.events import Connected
from securechat.client.whois import ask_who_is
from tests.process import OPEN, PASSWORD, ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path, OPEN)
    yield server
    server.kill()


class Desk:
    """Where somebody sits who answers these questions."""

    def __init__(self, client: Client, *answers: str) -> None:
        self.client = client
        self.target = ""
        self.notes: list[str] = []
        self.note = self.notes.append
        self.prompts: list[str] = []
        self._answers = iter(answers)

    def ask_hidden(self, prompt: str, about: Sequence[str] = ()) -> str:
        self.prompts.append(prompt)
        return next(self._answers)


def guest(server: ServerProcess, name: str) -> Client:
    return Client(f"127.0.0.1:{server.port}", name, ca=server.folder / "certs" / "ca.pem")


def run(client: Client, line: str, *answers: str) -> Desk:
    desk: Any = Desk(client, *answers)
    execute(desk, line)
    return desk  # type: ignore[no-any-return]


def remember(server: ServerProcess, name: str) -> None:
    """Let the client have been there as `name`."""
    path = known_servers.default_path()
    known_servers.KnownServers(path).remember(known_servers.KnownServer("127.0.0.1", server.port, name, "PEM"))


def remembered() -> list[tuple[str, bool]]:
    """Return under which names the client will start next, and whether it will ask for a code."""
    return [(one.name, one.second_factor) for one in known_servers.load(known_servers.default_path()).servers]


def come_back(client: Client) -> None:
    """Drop the link and wait for the next one."""
    client.reconnect()
    while not (isinstance(event := client.next_event(20), Connected) and event.again):
        assert event is not None


def test_a_guest_makes_an_account_and_comes_back_with_it(server: ServerProcess) -> None:
    remember(server, "somebody")
    with guest(server, "anna") as client:
        client.join("general")
        desk = run(client, "/register", "one password", "another", PASSWORD, PASSWORD)
        assert desk.notes == [
            "These were two different passwords.",
            "The account anna is made, and you are logged in to it.",
        ]
        assert ask_who_is(client, "anna").account == "anna"
        come_back(client)
        assert ask_who_is(client, "anna").account == "anna"
        assert client.rooms() == ["#general"]
    assert remembered() == [("anna", False)]
    with guest(server, "boris") as other:
        run(other, "/register", PASSWORD, PASSWORD)
        with pytest.raises(LoginRefused):
            run(other, "/register", PASSWORD, PASSWORD)


def test_a_guest_logs_in_and_goes_on_in_the_same_rooms(server: ServerProcess) -> None:
    with guest(server, "anna") as client:
        run(client, "/register", PASSWORD, PASSWORD)
    remember(server, "anna2")
    with guest(server, "anna2") as client:
        client.join("general")
        with pytest.raises(LoginRefused, match="Name or password is wrong"):
            run(client, "/login anna", "wrong password", "")
        desk = run(client, "/login anna", PASSWORD)
        assert desk.prompts == ["Password of anna: "]
        assert desk.notes == ["You are logged in as anna."]
        assert remembered() == [("anna", False)]
        come_back(client)
        assert ask_who_is(client, client.nick).account == "anna"
        assert "#general" in client.rooms()
