"""A moderator with menus only, and what the menus keep from those who may not: dim at the end, below why."""

import pytest

from securechat.client.events import Redacted
from securechat.client.rights import Facts
from securechat.client.screen.dialogs import Question
from securechat.client.screen.forms import Form, Menu
from securechat.client.screen.menus import PERSON_MENU, ROOM_MENU, offered
from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import FakeClient, said
from tests.client.screen.test_menus import choose, fill

BANS = [
    ":s NOTE BAN BANNED #general a:carl :Until 2030-11-30 03:05:30 UTC",
    ":s 367 bob #general a:carl anna!a@h 1700000000",
    ":s 368 bob #general :End",
]


def moderator(**answers: list[str]) -> FakeClient:
    client = FakeClient()
    client.answers.update(answers)
    return client


async def agree(driver: Driver) -> None:
    await driver.until(lambda: isinstance(driver.app.screen, Question))
    await driver.press("y")
    await driver.until(lambda: not isinstance(driver.app.screen, Question))


def test_who_may_not_is_told_why_and_can_choose_the_rest() -> None:
    client = FakeClient()
    client.facts_here = Facts(rules=frozenset("t"))

    async def script(driver: Driver) -> None:
        await driver.until(lambda: driver.app.facts is not None)
        await driver.press("f2")
        await driver.until(
            lambda: isinstance(driver.app.screen, Menu) and "── only who looks after the room ──" in driver.screen
        )
        rows = driver.screen.splitlines()
        places = [
            next(i for i, row in enumerate(rows) if text in row) for text in ("leave this room", "only who", "topic")
        ]
        assert places == sorted(places)
        await driver.type("change the topic")
        await driver.until(lambda: "make a room" not in driver.screen)
        before = driver.app.screen
        await driver.press("enter")
        await driver.pause(0.1)
        assert driver.app.screen is before, "nothing is chosen that one may not do"
        await driver.press(*["backspace"] * len("change the topic"))
        await driver.resize(60, 15)
        await driver.press(*["pagedown"] * 4)
        await driver.until(lambda: "see and close what was reported" in driver.screen)
        await driver.press("enter")
        await driver.pause(0.1)
        assert driver.app.screen is before
        await driver.press("escape")
        await driver.press("ctrl+p")
        await driver.type("change the topic")
        await driver.until(lambda: "Nothing is called so." in driver.screen)

    run(script, client=client)


def test_one_is_offered_nothing_against_oneself() -> None:
    actions = {item.action for item, _reason in offered(PERSON_MENU, FakeBuffer(), Facts(signs="@"), own=True)}  # type: ignore[arg-type]
    assert "change_role" in actions
    assert not actions & {"put_out", "keep_out", "block", "report", "silence"}


class FakeBuffer:
    """A room that one is in."""

    name, joined, direct = "#general", True, False


@pytest.mark.parametrize(("rules", "offer"), [("", "lock_room"), ("L", "unlock_room")])
def test_a_room_is_locked_or_opened_as_it_is(rules: str, offer: str) -> None:
    facts = Facts(signs="@", rules=frozenset(rules))
    actions = {item.action for item, _reason in offered(ROOM_MENU, FakeBuffer(), facts)}  # type: ignore[arg-type]
    assert actions & {"lock_room", "unlock_room"} == {offer}


def test_a_message_is_chosen_and_taken_away() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(
            said(1, "buy\x1b[2J now", sender="boris"), said(2, "hello"), said(3, "buy more", sender="boris")
        )
        await choose(driver, "f3", "boris", "take away", "buy[2J")
        await agree(driver)
        await driver.until(lambda: ("REDACT", "#general", "e-1") in driver.client.asked)
        await driver.until(lambda: "Deleted, for everybody and for good: buy[2J now" in driver.texts())
        await driver.happens(Redacted("#general", "bob", "e-1"), Redacted("#general", "bob", "e-3"))
        await choose(driver, "f3", "boris", "take away")
        await driver.until(lambda: "There is no message of boris here." in driver.texts())

    run(script)


def test_who_wrote_and_went_can_still_be_chosen() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "buy now", sender="carl"))
        await driver.press("f3")
        await driver.until(lambda: isinstance(driver.app.screen, Menu) and "carl  not here now" in driver.screen)
        await driver.type("carl")
        await driver.press("enter")
        await driver.until(lambda: "keep them out of this room" in driver.screen)

    run(script)


def test_a_message_of_ones_own_is_taken_back_and_one_of_others_reported() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "a mistake", sender="bob", own=True), said(2, "go away", sender="boris"))
        await choose(driver, "f2", "message of yours", "mistake")
        await agree(driver)
        await driver.until(lambda: ("REDACT", "#general", "e-1") in driver.client.asked)
        await choose(driver, "f3", "boris", "/report", "go away")
        await fill(driver, "rude")
        await driver.until(lambda: ("REPORT", "e-2", "rude") in driver.client.asked)

    run(script)


def test_a_report_is_read_and_closed() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "/reports", "about carl")
        await fill(driver, "warned him")
        await driver.until(lambda: ("REPORT", "CLOSE", "7", "warned him") in driver.client.asked)
        driver.client.answers["REPORT"] = []
        await choose(driver, "f2", "/reports")
        await driver.until(lambda: "There are no open reports for you." in driver.texts())

    run(script, client=moderator(REPORT=[":s NOTE REPORT OPEN_REPORT 7 #general x-2 :anna about carl: hi"]))


def test_who_is_kept_out_is_seen_with_until_when_and_by_whom_and_let_in() -> None:
    client = moderator(BAN=BANS[:1], MODE=BANS[1:], UNBAN=[":s NOTE UNBAN UNBANNED #general a:carl :ok"])

    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "kept out")
        await driver.until(
            lambda: isinstance(driver.app.screen, Menu) and "carl is kept out until 2030-1" in driver.screen
        )
        assert "(by anna, since 2023-11-1" in driver.screen
        await driver.press("enter")
        await agree(driver)
        await driver.until(lambda: ("UNBAN", "#general", "a:carl") in driver.client.asked)
        await driver.until(lambda: "carl may come back." in driver.texts())
        driver.client.answers.clear()
        await choose(driver, "f2", "kept out")
        await driver.until(lambda: "Nobody is kept out of this room, and nobody only reads." in driver.texts())

    run(script, client=client)


def test_a_reason_that_begins_like_a_time_stays_a_reason() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f3", "boris", "/ban")
        await fill(driver, "↓↓↓↓", "2h of spam")
        await driver.until(lambda: ("BAN", "#general", "boris", "2h of spam") in driver.client.asked)
        await driver.until(lambda: "boris is kept out for good: 2h of spam" in driver.texts())

    run(script, client=moderator(BAN=[":s NOTE BAN BANNED #general boris!*@* :Until it is taken back"]))


def test_slow_mode_and_locking() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "/slow", "30 seconds")
        await driver.until(lambda: ("MODE", "#general", "+f", "30") in driver.client.asked)
        await choose(driver, "f2", "/lock")
        await agree(driver)
        await driver.until(lambda: ("MODE", "#general", "+L") in driver.client.asked)

    run(script)


def test_the_role_of_now_is_shown_and_what_only_an_owner_gives_is_withheld() -> None:
    client = moderator(ROLE=[":s NOTE ROLE ROOM_ROLE #general boris moderator :boris is a moderator"])

    async def script(driver: Driver) -> None:
        await choose(driver, "f3", "boris", "/role")
        await driver.until(lambda: isinstance(driver.app.screen, Menu) and "moderator, as now" in driver.screen)
        assert "── only an owner of the room ──" in driver.screen
        await driver.type("owner")
        await driver.press("enter")
        await driver.pause(0.1)
        assert isinstance(driver.app.screen, Menu)
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, Menu | Form))
        assert not any(one[:1] == ("ROLE",) and len(one) > 3 for one in driver.client.asked)

    run(script, client=client)
