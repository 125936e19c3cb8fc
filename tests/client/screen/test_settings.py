"""The full-screen client as the settings want it."""

from textual.events import Paste

from securechat.client.screen.dialogs import Question
from securechat.client.settings import Look, Settings, Typing
from tests.client.screen.driver import Driver, run


def test_the_list_of_members_has_its_width() -> None:
    async def script(driver: Driver) -> None:
        assert driver.app._people.display
        assert driver.app._people.outer_size.width == 33

    run(script, settings=Settings(look=Look(members_width=33)))


def test_the_list_of_members_may_be_away_until_it_is_wanted() -> None:
    async def script(driver: Driver) -> None:
        assert not driver.app._people.display
        await driver.press("alt+N")
        await driver.until(lambda: driver.app._people.display)

    run(script, settings=Settings(look=Look(members=False)))


def test_how_many_pasted_lines_are_asked_about() -> None:
    async def script(driver: Driver) -> None:
        driver.app._prompt.post_message(Paste("1\n2\n3"))
        await driver.until(lambda: driver.typed)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Question))
        assert driver.client.queued == []

    run(script, settings=Settings(typing=Typing(paste_lines=2)))
