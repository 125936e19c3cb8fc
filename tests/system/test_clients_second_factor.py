"""securechat-client and a second factor, with a real server: asked for when needed, and again after a lost link."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat import __version__
from securechat.client.codes import TypedCode
from securechat.client.errors import LoginRefused, RoomRefused, UsageError
from securechat.client.events import CodeNeeded, Connected, Event
from securechat.client.known_servers import KnownServers, load
from securechat.client.library import Client
from securechat.client.start import Asker, Start, Wishes
from securechat.clock import wall_clock
from securechat.server.one_time_codes import STEP_SECONDS, code_at
from tests.process import DEADLINE, OPEN, PASSWORD, ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("client"), OPEN) as running:
        made = running.admin("user", "add", "root", "--administrator", "--password-stdin", answer=f"{PASSWORD}\n")
        assert made.returncode == 0, made.stderr
        yield running


class Factor:
    """An account with a second factor, and its authenticator app."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self.name = name
        server.sign_up(name)
        with server.member(name) as one:
            shown = one.ask(f"TOTP SETUP :{PASSWORD}")[-1]
            self.secret = secret_of(shown)
            self.step = self.now() - 1
            answer = one.ask(f"TOTP CONFIRM {code_at(self.secret, self.step)}")
            self.recovery = [line.rpartition(":")[2] for line in answer if " RECOVERY_CODE " in line]

    @staticmethod
    def now() -> int:
        return wall_clock() // 1000 // STEP_SECONDS


def secret_of(text: str) -> bytes:
    """The secret in a line that shows it."""
    import base64

    found = re.search(r"\b[A-Z2-7]{32}\b", text)
    assert found is not None, text
    return base64.b32decode(found[0])


def starting(
    server: ServerProcess, name: str, known: Path, answers: Callable[[str], str], hidden: str = PASSWORD
) -> tuple[Start, list[str]]:
    """Somebody at a terminal, and what they are asked."""
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return answers(prompt)

    wishes = Wishes(server=f"localhost:{server.port}", user=name, ca=server.folder / "certs" / "ca.pem")
    servers = load(known) if known.exists() else KnownServers(known)
    return Start(wishes, servers, Asker(True, ask, lambda _: hidden), {}), asked


def test_the_code_is_asked_for_when_it_is_needed_and_then_at_once(server: ServerProcess, tmp_path: Path) -> None:
    factor = Factor(server, "anna")
    known, codes = tmp_path / "known", list(factor.recovery)
    start, asked = starting(server, "anna", known, lambda _: codes.pop())
    start.connect().close()
    assert asked == ["Code of the second factor (Enter: there is none): "]
    start, asked = starting(server, "anna", known, lambda _: codes.pop())
    client = start.connect()
    assert asked == ["Code of the second factor: "]
    rows = [line.params for line in client.ask("SESSIONS", "LIST") if line.params[1:2] == ["SESSION"]]
    assert [row[6:8] for row in rows] == [["password+code", "this"]]
    assert rows[0][8].endswith(f"; securechat-client {__version__}")
    client.close()
    assert codes[0] not in known.read_text()


def test_nobody_is_asked_who_has_none(server: ServerProcess, tmp_path: Path) -> None:
    server.sign_up("bella")
    start, asked = starting(server, "bella", tmp_path / "known", lambda _: pytest.fail("asked"))
    start.connect().close()
    assert asked == []
    start, asked = starting(server, "bella", tmp_path / "other", lambda _: "", hidden="wrong password")
    with pytest.raises(LoginRefused, match="Name or password is wrong"):
        start.connect()
    assert len(asked) == 2  # each time but the last, they may say that it is the code that is missing


def waited(client: Client, kind: type[Event]) -> Event:
    """The next event of a kind."""
    while (event := client.next_event(DEADLINE)) is not None:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


def kill(server: ServerProcess, name: str) -> None:
    with server.member("root") as root:
        root.ask(f"KILL {name} :lost")


def test_after_a_lost_link_the_client_waits_for_another_code(server: ServerProcess) -> None:
    factor = Factor(server, "clara")
    code = TypedCode()
    code.put(factor.recovery[0])
    ca = server.folder / "certs" / "ca.pem"
    with Client(f"localhost:{server.port}", "clara", password=PASSWORD, code=code, ca=ca) as clara:
        with pytest.raises(UsageError, match="No login waits"):
            clara.give_code("123456")
        kill(server, "clara")
        assert waited(clara, CodeNeeded) == CodeNeeded(refused=False)
        clara.give_code("000000")
        assert waited(clara, CodeNeeded) == CodeNeeded(refused=True)
        clara.give_code(factor.recovery[1])
        assert waited(clara, Connected) == Connected("clara", again=True)


def test_one_that_was_set_up_meanwhile_is_asked_for_as_well(server: ServerProcess) -> None:
    server.sign_up("dora")
    ca = server.folder / "certs" / "ca.pem"
    with Client(f"localhost:{server.port}", "dora", password=PASSWORD, code=TypedCode(), ca=ca) as dora:
        with server.member("dora") as other:
            secret = secret_of(other.ask(f"TOTP SETUP :{PASSWORD}")[-1])
            answer = other.ask(f"TOTP CONFIRM {code_at(secret, Factor.now())}")
        kill(server, "dora")
        assert waited(dora, CodeNeeded) == CodeNeeded(refused=True)
        dora.give_code(next(line.rpartition(":")[2] for line in answer if " RECOVERY_CODE " in line))
        waited(dora, Connected)


def test_a_session_that_was_ended_on_purpose_does_not_come_back(server: ServerProcess) -> None:
    server.sign_up("elsa")
    ca = server.folder / "certs" / "ca.pem"
    with Client(f"localhost:{server.port}", "elsa", password=PASSWORD, ca=ca) as elsa:
        with server.member("elsa") as other:
            other.ask("SESSIONS REVOKE others")
        waited(elsa, Connected)
        with pytest.raises(LoginRefused, match="ended from another device"):
            waited(elsa, Connected)


def test_an_app_password_needs_no_code_and_comes_back_by_itself(server: ServerProcess) -> None:
    Factor(server, "flora")
    server.sign_up("gerda")
    with server.member("gerda") as gerda:
        app_password = gerda.ask(f"APPPASSWORD ADD bot :{PASSWORD}")[-1].rpartition(":")[2]
    ca = server.folder / "certs" / "ca.pem"
    with Client(f"localhost:{server.port}", "gerda", password=app_password, ca=ca) as bot:
        waited(bot, Connected)
        kill(server, "gerda")
        assert waited(bot, Connected) == Connected("gerda", again=True)


def test_a_password_is_changed_and_the_link_comes_back_by_the_new_one(server: ServerProcess) -> None:
    factor = Factor(server, "irma")
    code, new = TypedCode(), "quite another  one"
    code.put(factor.recovery[0])
    ca = server.folder / "certs" / "ca.pem"
    with Client(f"localhost:{server.port}", "irma", password=PASSWORD, code=code, ca=ca) as irma:
        waited(irma, Connected)
        with pytest.raises(RoomRefused, match="Wrong password"):
            irma.change_password(PASSWORD, new)
        with pytest.raises(RoomRefused, match="too short"):
            irma.change_password(PASSWORD, "short", code=factor.recovery[1])
        irma.take_new_password(PASSWORD, new)
        kill(server, "irma")
        waited(irma, CodeNeeded)
        irma.give_code(factor.recovery[2])
        assert waited(irma, Connected) == Connected("irma", again=True)
        with pytest.raises(RoomRefused, match="Show the password"):
            irma.take_new_password(new, PASSWORD)


def test_a_program_by_an_app_password_keeps_it(server: ServerProcess) -> None:
    server.sign_up("jana")
    with server.member("jana") as jana:
        app_password = jana.ask(f"APPPASSWORD ADD bot :{PASSWORD}")[-1].rpartition(":")[2]
    ca = server.folder / "certs" / "ca.pem"
    with Client(f"localhost:{server.port}", "jana", password=app_password, ca=ca) as bot:
        waited(bot, Connected)
        bot.change_password(PASSWORD, "quite another one")
        kill(server, "jana")
        assert waited(bot, Connected) == Connected("jana", again=True)


def test_where_everybody_needs_one_it_is_set_up_at_the_first_login(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everybody = OPEN.replace("[accounts]", "[accounts]\nsecond_factor = 'everybody'")
    with ServerProcess(tmp_path, everybody) as server:
        server.add_account("hanna")
        shown: list[str] = []

        def answer(prompt: str) -> str:
            assert prompt == "The code that the app shows now: "
            shown.append(capsys.readouterr().err)
            return "000 000" if len(shown) == 1 else code_at(secret_of(shown[0]), Factor.now())

        start, _ = starting(server, "hanna", tmp_path / "known", answer)
        client = start.connect()
        assert client.nick == "hanna"
        client.close()
        told = capsys.readouterr().err
        assert "This server wants a second factor of everybody; it is set up now." in shown[0]
        assert "This code is wrong; take the next one." in shown[1]
        assert "Recovery codes: each replaces a code once" in told
        start, asked = starting(server, "hanna", tmp_path / "known", lambda _: re.findall(r"(?m)^  (\S{19})$", told)[0])
        start.connect().close()
        assert asked == ["Code of the second factor: "]
