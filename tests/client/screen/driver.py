"""A person at the keyboard of the full-screen client: keys pressed by a program, the server's part put in by hand."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from securechat.client.events import ServerText
from securechat.client.screen.app import ChatApp
from securechat.client.settings import Settings
from tests.client.screen.fake_client import FakeClient

DEADLINE = 30.0

Script = Callable[["Driver"], Awaitable[None]]


class Driver:
    """A person at the keyboard."""

    def __init__(self, app: ChatApp, client: FakeClient, pilot: "Pilot[int]") -> None:
        self.app = app
        self.client = client
        self.press = pilot.press
        self.pause = pilot.pause
        self._pilot = pilot

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await self.pause(0.01)

    async def type(self, text: str) -> None:
        """Type a text; spaces have a name of their own."""
        await self.press(*("space" if one == " " else "slash" if one == "/" else one for one in text))

    async def click(self, selector: str, offset: tuple[int, int]) -> None:
        """Click somewhere in a part of the screen."""
        await self._pilot.click(selector, offset=offset)

    async def resize(self, width: int, height: int) -> None:
        """Let the terminal have another size, once, as a tiling window manager does."""
        await self._pilot.resize_terminal(width, height)
        await self.until(lambda: self.app.screen.size == (width, height))
        await self.pause()

    async def happens(self, *events: object) -> None:
        """Let the client hear of something, and wait until it has been taken in."""
        done: list[bool] = []
        self.client.happens(*events)  # type: ignore[arg-type]
        self.client.happens(ServerText("mark"))
        before = len(self.app.chat.home.entries)
        await self.until(lambda: len(self.app.chat.home.entries) > before)
        self.app.to_screen(lambda: done.append(True))
        await self.until(lambda: done)
        await self.pause()

    @property
    def typed(self) -> str:
        return self.app._prompt.text

    @property
    def screen(self) -> str:
        """What the terminal shows."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        assert len(lines) == height
        return "\n".join(line.text[:width] for line in lines)

    def texts(self) -> list[str]:
        buffer = self.app.chat.active
        return [buffer[index].text for index in range(len(buffer))]


def run(
    script: Script,
    *,
    size: tuple[int, int] = (110, 30),
    rooms: tuple[str, ...] = ("#general",),
    client: FakeClient | None = None,
    settings: Settings | None = None,
) -> ChatApp:
    """Let a script work at a client that is in #general."""
    fake = client or FakeClient()
    app = ChatApp(fake.as_client, rooms, settings)

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, fake, pilot)
            if rooms and rooms[0] != "#closed":
                await driver.until(lambda: app.chat.active.name == rooms[0] and app._members)
            await script(driver)

    try:
        asyncio.run(main())
    finally:
        fake.end()
    return app
