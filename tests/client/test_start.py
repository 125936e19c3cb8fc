"""From a command line to a connected client, where a person answers the questions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from securechat.client.errors import LoginRefused
from securechat.client.known_servers import KnownServers
from securechat.client.start import Asker, Start, Wishes
from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer


@pytest.fixture
def server(authority: Authority) -> Iterator[ScriptedServer]:
    chat = FakeServer(authority=authority.der, passwords={"anna": "secret99"}, guests=True)
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


def starting(server: ScriptedServer, authority: Authority, tmp_path: Path, *hidden: str) -> tuple[Start, list[str]]:
    """Return what a person who answers with these passwords starts, and the prompts that are shown."""
    answers, prompts = iter(hidden), []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    wishes = Wishes(server=f"localhost:{server.port}", user="anna", ca=authority.path, timeout=10)
    return Start(wishes, KnownServers(tmp_path / "known"), Asker(True, ask_hidden=ask), {}), prompts


def test_no_password_is_no_guest(
    server: ScriptedServer, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, prompts = starting(server, authority, tmp_path, "", "secret99")
    start.connect().close()
    assert prompts == ["Password of anna: "] * 2
    assert capsys.readouterr().err == "The password is empty.\n"
    assert b"AUTHENTICATE SCRAM-SHA-256" in server.received


def test_a_wrong_password_is_asked_for_again_but_not_for_ever(
    server: ScriptedServer, authority: Authority, tmp_path: Path
) -> None:
    start, prompts = starting(server, authority, tmp_path, "wrong", "secret99")
    start.connect().close()
    assert len(prompts) == 2
    start, prompts = starting(server, authority, tmp_path, "wrong", "wrong", "wrong", "secret99")
    with pytest.raises(LoginRefused, match="Name or password is wrong"):
        start.connect()
    assert len(prompts) == 3


def test_who_was_a_guest_the_last_time_is_asked_for_no_password(
    server: ScriptedServer, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = KnownServers(tmp_path / "known")
    place = f"localhost:{server.port}"

    def starts(*hidden: str, **more: Any) -> Start:
        answers = iter(hidden)
        wishes = Wishes(server=place, ca=authority.path, timeout=10, **more)
        return Start(wishes, known, Asker(True, ask_hidden=lambda _prompt: next(answers)), {})

    starts(guest=True, user="carol").connect().close()
    starts().connect().close()
    assert [(one.name, one.guest) for one in known.servers] == [("carol", True)]
    starts("secret99", user="anna").connect().close()  # somebody else has a password
    assert [(one.name, one.guest) for one in known.servers] == [("anna", False)]
    starts(guest=True, user="carol").connect().close()
    server.chat.guests = False
    server.chat.passwords["carol"] = "another9"  # she has made an account elsewhere
    starts("another9").connect().close()
    assert [(one.name, one.guest) for one in known.servers] == [("carol", False)]
    assert "lets nobody in without an account" in capsys.readouterr().err
