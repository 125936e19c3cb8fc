"""The first start: a link or an address, a name and a password, and what is wrong said where it is wrong."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from securechat.client.known_servers import KnownServers
from securechat.client.screen.dialogs import Question
from securechat.client.screen.first_start import Entrance, FirstStart
from securechat.client.screen.forms import Card
from securechat.client.settings import Look
from securechat.client.start import Wishes
from securechat.links import Link, format_link
from tests.client.certificates import Authority
from tests.client.fake_server import FakeServer
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import Terminal

DEADLINE = 20.0


@pytest.fixture
def server(authority: Authority) -> Iterator[ScriptedServer]:
    chat = FakeServer(authority=authority.der, passwords={"anna": "secret99"}, invites={"token"}, guests=False)
    with ScriptedServer(chat, authority.issue()) as server:
        yield server


class Newcomer:
    """A person in front of the dialog."""

    def __init__(self, app: FirstStart, press: Callable[..., Awaitable[None]]) -> None:
        self.app = app
        self.press = press

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await asyncio.sleep(0.01)

    async def fill(self, **values: str) -> None:
        """Put values into fields by their names, and send them."""
        for name, value in values.items():
            field = self.app._form._inputs[name]
            assert isinstance(field, Input)
            field.value = value
            await self.press()
        self.app._form.send()

    @property
    def screen(self) -> str:
        return "\n".join(line.text for line in self.app.screen._compositor.render_strips())


def begin(
    script: Callable[[Newcomer], Awaitable[None]],
    known: KnownServers,
    *,
    user: str = "",
    size: tuple[int, int] = (80, 30),
) -> Entrance | None:
    app = FirstStart(Wishes(timeout=10, user=user), known, Look())

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await script(Newcomer(app, pilot.press))

    asyncio.run(main())
    return app.return_value


def fingerprint(authority: Authority) -> str:
    return hashlib.sha256(authority.der).hexdigest()


@pytest.fixture
def link(server: ScriptedServer, authority: Authority) -> str:
    return format_link(Link("localhost", server.port, "general", "token", fingerprint(authority)))


def test_a_link_a_name_and_a_password_are_enough(link: str, tmp_path: Path) -> None:
    known = KnownServers(tmp_path / "known")

    async def script(newcomer: Newcomer) -> None:
        assert "The same password again" not in newcomer.screen
        await newcomer.fill(server=link, name="zoe", password="secret99", again="secret99")
        await newcomer.until(lambda: newcomer.app._exit)

    entrance = begin(script, known)
    assert entrance is not None
    assert entrance.rooms == ["#general"]
    assert entrance.client.nick == "zoe"
    entrance.client.close()
    last = known.last()
    assert last is not None
    assert last.name == "zoe"


def test_a_name_that_was_given_stands_there_already(link: str, tmp_path: Path) -> None:
    async def script(newcomer: Newcomer) -> None:
        await newcomer.until(lambda: "zoe" in newcomer.screen)
        await newcomer.fill(server=link, password="secret99", again="secret99")
        await newcomer.until(lambda: newcomer.app._exit)

    entrance = begin(script, KnownServers(tmp_path / "known"), user="zoe")
    assert entrance is not None
    assert entrance.client.nick == "zoe"
    entrance.client.close()


def test_on_a_low_terminal_one_sees_what_a_field_is_for(tmp_path: Path) -> None:
    async def script(newcomer: Newcomer) -> None:
        await newcomer.until(lambda: "▌securechat://…" in newcomer.screen)
        assert "Welcome to securechat" in newcomer.screen
        assert "Link, or address of the server" in newcomer.screen
        for label in ("Invite", "Your name there", "Password"):
            await newcomer.press("tab")
            await newcomer.until(lambda label=label: label in newcomer.screen)  # type: ignore[misc]
        await newcomer.until(lambda: "Welcome to securechat" not in newcomer.screen)
        await newcomer.press("shift+tab", "shift+tab", "shift+tab")
        await newcomer.until(lambda: "Welcome to securechat" in newcomer.screen)
        await newcomer.press("escape")

    assert begin(script, KnownServers(tmp_path / "known"), size=(60, 15)) is None


def test_what_is_wrong_is_said_beside_the_field_before_anything_is_sent(
    server: ScriptedServer, link: str, tmp_path: Path
) -> None:
    async def script(newcomer: Newcomer) -> None:
        await newcomer.fill(server="foo/bar", name="1a", password="")
        for text in ("is not the address of a server", "cannot be a name", "The password is empty."):
            await newcomer.until(lambda text=text: text in newcomer.screen)  # type: ignore[misc]
        await newcomer.fill(server=link, name="zoe", password="secret99", again="secret98")
        await newcomer.until(lambda: "These were two different passwords." in newcomer.screen)
        assert "is not the address" not in newcomer.screen
        assert "Esc: leave" in newcomer.screen
        await newcomer.press("escape")
        await newcomer.until(lambda: newcomer.app._exit)

    assert begin(script, KnownServers(tmp_path / "known")) is None
    assert not server.received


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"name": "anna", "password": "secret99", "again": "secret99"}, "An account anna is there already"),
        ({"name": "zoe", "password": "secret99", "again": "secret99", "invite": "old"}, "This invite was used already"),
        ({"name": "anna", "password": "wrong", "invite": ""}, "Name or password is wrong"),
    ],
    ids=["name", "invite", "password"],
)
def test_what_the_server_refuses_is_said_and_one_may_try_again(
    values: dict[str, str], told: str, server: ScriptedServer, authority: Authority, tmp_path: Path
) -> None:
    invite = values.pop("invite", "token")
    link = format_link(Link("localhost", server.port, "general", invite, fingerprint(authority)))

    async def script(newcomer: Newcomer) -> None:
        await newcomer.fill(server=link, **values)
        if "again" in values:  # a link, by which no account could be made, may have been opened by who has one
            await newcomer.until(lambda: isinstance(newcomer.app.screen, Question))
            await newcomer.until(lambda: "your account here already?" in newcomer.screen)
            await newcomer.press("n")
        await newcomer.until(lambda: told in newcomer.screen)
        assert "Connecting" not in newcomer.screen
        good = format_link(Link("localhost", server.port, "general", ca=fingerprint(authority)))
        await newcomer.fill(server=good, name="anna", password="secret99")
        await newcomer.until(lambda: newcomer.app._exit)

    entrance = begin(script, KnownServers(tmp_path / "known"))
    assert entrance is not None
    entrance.client.close()


def test_who_has_an_account_already_comes_in_by_a_link_for_newcomers(link: str, tmp_path: Path) -> None:
    async def script(newcomer: Newcomer) -> None:
        await newcomer.fill(server=link, name="anna", password="secret99", again="secret99")
        await newcomer.until(lambda: isinstance(newcomer.app.screen, Question))
        await newcomer.press("y")
        await newcomer.until(lambda: newcomer.app._exit)

    entrance = begin(script, KnownServers(tmp_path / "known"))
    assert entrance is not None
    assert entrance.client.nick == "anna"
    entrance.client.close()


def test_a_server_that_is_not_trusted_is_explained_on_a_page(
    server: ScriptedServer, stranger: Authority, tmp_path: Path
) -> None:
    link = format_link(Link("localhost", server.port, "general", "token", fingerprint(stranger)))

    async def script(newcomer: Newcomer) -> None:
        await newcomer.fill(server=link, name="zoe", password="secret99", again="secret99")
        await newcomer.until(lambda: isinstance(newcomer.app.screen, Card))
        for text in ("localhost", "This server cannot be trusted", "no name, no password, no invite", "What to do"):
            await newcomer.until(lambda text=text: text in newcomer.screen)  # type: ignore[misc]
        await newcomer.press("escape")
        await newcomer.until(lambda: newcomer.app.screen is newcomer.app._form)
        assert "nothing was sent to it" in newcomer.screen
        await newcomer.press("ctrl+q")

    assert begin(script, KnownServers(tmp_path / "known")) is None
    assert b"secret99" not in server.received
    assert b"zoe" not in server.received


def test_in_a_terminal_the_dialog_leads_into_the_chat(
    server: ScriptedServer, link: str, catalogues: Path, tmp_path: Path
) -> None:
    with Terminal([], catalogues, tmp_path, full_screen=(80, 24)) as terminal:
        terminal.wait("Welcome to securechat")
        terminal.type(f"\x1b[200~{link}\x1b[201~\r")
        terminal.wait("The same password again")
        for text in ("zoe", "secret99", "secret99"):
            terminal.type(f"{text}\r")
        terminal.wait("│general")
        terminal.type("hello\r")
        terminal.wait("zoe: hello")
        terminal.type("\x11")
        assert terminal.end() == 0
    assert "secret99" not in terminal.raw
    (tmp_path / "other").mkdir()
    with Terminal([], catalogues, tmp_path / "other", full_screen=(60, 15)) as terminal:
        terminal.wait("Welcome to securechat")
        terminal.type("\x1b")
        assert terminal.end() == 130
