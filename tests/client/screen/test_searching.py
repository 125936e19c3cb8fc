"""Looking for a text in what was said."""

from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import FakeClient, said


def test_each_letter_narrows_the_search_and_matches_are_counted() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(*(said(number, f"Line {number} of the Журнал") for number in range(1, 41)))
        await driver.press("ctrl+r")
        await driver.type("line 1")
        await driver.until(lambda: "11 of 11" in driver.screen)
        await driver.press("ctrl+r")
        await driver.until(lambda: "10 of 11" in driver.screen)
        await driver.press("enter", "down")
        await driver.until(lambda: "10 of 11" in driver.screen)
        await driver.press("5")
        await driver.until(lambda: "1 of 1" in driver.screen)
        assert "Line 15" in driver.screen
        await driver.press("escape")
        await driver.until(lambda: "1 of 1" not in driver.screen)
        await driver.type("/search ЖУРНАЛ")
        await driver.press("enter")
        await driver.until(lambda: "40 of 40" in driver.screen)
        await driver.type(" nowhere")
        await driver.until(lambda: "not in these 40 lines" in driver.screen)

    run(script)


def test_older_pages_are_looked_through_on_demand() -> None:
    client = FakeClient()
    client.old["#general"] = [
        said(number, "the needle" if number == 30 else f"line {number}", old=True) for number in range(600)
    ]

    async def script(driver: Driver) -> None:
        await driver.until(lambda: "line 599" in driver.screen)
        await driver.press("ctrl+r")
        await driver.type("needle")
        await driver.until(lambda: "not in these 100 lines" in driver.screen and "further back" in driver.screen)
        await driver.press("enter")
        await driver.until(lambda: "1 of 1" in driver.screen)
        assert "the needle" in driver.screen
        await driver.press("enter")
        await driver.until(lambda: "this is all there is" in driver.screen)
        await driver.press("escape", "escape")
        await driver.until(lambda: "line 599" in driver.screen)

    run(script, client=client)


def test_lines_are_taken_off_and_come_back_by_scrolling() -> None:
    client = FakeClient()
    client.old["#general"] = [said(number, f"line {number}", old=True) for number in range(5)]

    async def script(driver: Driver) -> None:
        await driver.until(lambda: "line 4" in driver.screen)
        await driver.type("/clear")
        await driver.press("enter")
        await driver.until(lambda: "line 4" not in driver.screen)
        await driver.press("pageup")
        await driver.until(lambda: "line 4" in driver.screen)

    run(script, client=client)
