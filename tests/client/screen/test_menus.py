"""The menus of rooms and people: what is found by keys alone, and what the server is asked then."""

import pytest

from securechat.client.events import Invited, Left, ModeChanged
from securechat.client.screen.app import ChatApp
from securechat.client.screen.dialogs import Question
from securechat.client.screen.forms import Card, Form, Menu
from securechat.client.screen.menus import PERSON_MENU, ROOM_MENU, Where
from securechat.qr_code import qr_code
from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import START, FakeClient, said


async def choose(driver: Driver, key: str, *words: str) -> None:
    """Open a menu and choose rows by letters of theirs."""
    await driver.press(key)
    for word in words:
        await driver.until(lambda: isinstance(driver.app.screen, Menu))
        await driver.pause(0.05)
        await driver.type(word)
        before = driver.app.screen
        await driver.press("enter")
        await driver.until(lambda before=before: driver.app.screen is not before)  # type: ignore[misc]


async def fill(driver: Driver, *values: str) -> None:
    """Fill in the fields of a form, Enter behind each; `↓` goes down among choices."""
    await driver.until(lambda: isinstance(driver.app.screen, Form))
    form = driver.app.screen
    await driver.pause(0.05)
    for value in values:
        for character in value:
            await driver.press("down") if character == "↓" else await driver.type(character)
        await driver.press("enter")
    await driver.until(lambda: driver.app.screen is not form)


def test_every_item_is_an_action() -> None:
    for item in (*ROOM_MENU, *PERSON_MENU):
        assert callable(getattr(ChatApp, f"action_{item.action}", None)), item


def test_a_menu_takes_the_place_that_there_is() -> None:
    async def script(driver: Driver) -> None:
        await driver.press("f2")
        await driver.until(lambda: "Esc: back" in driver.screen)
        fitting = [item for item in ROOM_MENU if item.where is not Where.GONE]
        for item in fitting[:14]:
            assert item.summary in driver.screen
        await driver.resize(60, 15)
        await driver.until(lambda: "make a room" in driver.screen)
        assert "Esc: back" in driver.screen

    run(script, size=(80, 24))


def test_a_private_room_is_made_with_its_topic() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "make a room")
        await fill(driver, "garden", "↓", "roses")
        await driver.until(lambda: ("topic", "#garden", "roses") in driver.client.asked)
        assert ("KIND", "#garden", "private") in driver.client.asked
        await driver.until(lambda: driver.app.chat.active.name == "#garden")

    run(script)


def test_asking_to_be_let_in_and_what_newcomers_read() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "/knock")
        await fill(driver, "attic", "let me in")
        await driver.until(lambda: ("KNOCK", "#attic", "let me in") in driver.client.asked)
        await choose(driver, "f2", "/newcomers", "after they came")
        await driver.until(lambda: ("MODE", "#general", "+H", "joined") in driver.client.asked)

    run(script)


def test_a_room_gets_another_kind_and_another_name() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "/kind", "announcements")
        await driver.until(lambda: ("KIND", "#general", "announcement") in driver.client.asked)
        await choose(driver, "f2", "/links")
        await driver.until(lambda: ("INVITES", "LIST", "#general") in driver.client.asked)
        await choose(driver, "f2", "/reports")
        await driver.until(lambda: ("REPORT", "LIST") in driver.client.asked)
        await choose(driver, "f2", "/rename")
        await fill(driver, "s")
        await driver.until(lambda: ("RENAME", "#general", "#generals") in driver.client.asked)

    run(script)


def test_what_is_wrong_is_said_beside_the_field() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "make a room")
        await driver.until(lambda: isinstance(driver.app.screen, Form))
        await driver.pause(0.05)
        await driver.type("a,b")
        await driver.press("enter", "enter", "enter")
        await driver.until(lambda: "cannot be the name of a room" in driver.screen)
        assert isinstance(driver.app.screen, Form)
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, Form))
        assert not any(one[0] == "join" and "a,b" in one[1] for one in driver.client.asked)

    run(script)


def test_a_room_that_is_there_is_not_made_again() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "make a room")
        await fill(driver, "ops", "", "")
        await driver.until(lambda: any("There is a room ops already" in text for text in driver.texts()))

    run(script)


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("op", ("join", "#ops", "100")),
        ("attic", ("join", "#attic", "100")),
        ("securechat://chat.lan/cellar?invite=abcdef", ("JOIN", "#cellar", "abcdef")),
    ],
    ids=["of the list", "by its name", "by a link"],
)
def test_going_into_a_room(typed: str, asked: tuple[str, ...]) -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "go into")
        await driver.until(lambda: isinstance(driver.app.screen, Menu) and "on call" in driver.screen)
        await driver.type(typed)
        await driver.press("enter")
        await driver.until(lambda: asked in driver.client.asked)

    run(script)


def test_leaving_a_room_asks_first() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "leave")
        await driver.until(lambda: isinstance(driver.app.screen, Question))
        await driver.press("n")
        await driver.until(lambda: not isinstance(driver.app.screen, Question))
        assert ("part", "#general") not in driver.client.asked
        await choose(driver, "f2", "leave")
        await driver.until(lambda: isinstance(driver.app.screen, Question))
        await driver.press("y")
        await driver.until(lambda: driver.app.chat.find("#general") is None)
        assert ("part", "#general") in driver.client.asked
        await driver.until(lambda: driver.app.chat.active is driver.app.chat.home)

    run(script)


def test_a_room_from_which_one_was_put_out_can_be_taken_off_the_list() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(Left("#general", "bob", START, own=True, by="anna"))
        await choose(driver, "f2", "off the list")
        await driver.until(lambda: driver.app.chat.find("#general") is None)
        assert not any(asked[0] == "part" for asked in driver.client.asked)

    run(script)


def test_a_link_is_made_and_shown_whole() -> None:
    link = "securechat://chat.lan:6697/general?invite=abc"
    client = FakeClient()
    client.answers["INVITES"] = [f":s NOTE INVITES INVITE_CREATED 7 :{link}"]

    async def script(driver: Driver) -> None:
        await choose(driver, "f2", "link")
        await fill(driver, "0", "↓")
        await driver.until(lambda: isinstance(driver.app.screen, Card))
        await driver.until(lambda: link in driver.screen)
        assert qr_code(link).rows[3] in driver.screen
        assert ("INVITES", "CREATE", "#general", "10", "30d") in driver.client.asked

    run(script, client=client)


@pytest.mark.parametrize(
    ("word", "values", "asked"),
    [
        ("/kick", ("too loud",), ("KICK", "#general", "boris", "too loud")),
        ("/ban", ("", "spam"), ("BAN", "#general", "boris", "1h", "spam")),
        ("/mute", ("↓↓↓↓", ""), ("MUTE", "#general", "boris")),
        ("/unban", (), ("UNBAN", "#general", "boris")),
        ("/unmute", (), ("UNMUTE", "#general", "boris")),
        ("/block", (), ("SILENCE", "+boris")),
        ("/unblock", (), ("SILENCE", "-boris")),
    ],
)
def test_what_is_done_to_a_person(word: str, values: tuple[str, ...], asked: tuple[str, ...]) -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f3", "boris", word)
        if values:
            await fill(driver, *values)
        await driver.until(lambda: asked in driver.client.asked)

    run(script)


def test_a_role_is_chosen() -> None:
    async def script(driver: Driver) -> None:
        await choose(driver, "f3", "boris", "/role", "moderator")
        await driver.until(lambda: ("ROLE", "#general", "boris", "moderator") in driver.client.asked)

    run(script)


def test_who_somebody_is_and_talking_to_them_alone() -> None:
    client = FakeClient()
    client.answers["WHOIS"] = [
        ":s 311 bob anna anna h * :Anna \x1b[31mSmith",
        ":s 319 bob anna :@#general #ops",
        ":s 301 bob anna :lunch",
        ":s 313 bob anna :is an administrator",
        ":s 330 bob anna anna :is logged in as",
        ":s 317 bob anna 7200 1795334400 :seconds idle, signon time",
        ":s 318 bob anna :End",
    ]

    async def script(driver: Driver) -> None:
        await choose(driver, "f3", "anna", "/whois")
        await driver.until(lambda: isinstance(driver.app.screen, Card))
        for text in ("Anna [31mSmith", "#ops, @#general", "lunch", "2 hours", "an administrator of this server"):
            await driver.until(lambda text=text: text in driver.screen)  # type: ignore[misc]
        await driver.press("escape")
        await choose(driver, "f3", "anna", "/query")
        await driver.until(lambda: driver.app.chat.active.name == "anna")
        await choose(driver, "f2", "take this")
        await driver.until(lambda: driver.app.chat.find("anna") is None)
        assert driver.app.chat.active.name == "#general"

    run(script, client=client)


def test_a_click_on_a_person_opens_their_menu() -> None:
    async def script(driver: Driver) -> None:
        await driver.click("#people", (3, 0))
        await driver.until(lambda: isinstance(driver.app.screen, Menu))
        await driver.until(lambda: "talk to them alone" in driver.screen)

    run(script)


def test_private_rooms_are_marked_and_rules_are_told() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(ModeChanged("#general", "anna", "+i", "", START))
        await driver.until(lambda: "◇general" in driver.screen)
        assert "anna lets only the invited come in" in driver.screen
        await driver.happens(ModeChanged("#general", "anna", "-i", "", START), Invited("#ops", "anna"))
        await driver.until(lambda: "◇" not in driver.screen)
        assert "anna invites you to #ops" in driver.screen
        driver.client.there = [("@", "anna"), ("", "bob"), ("@", "boris")]
        await driver.happens(ModeChanged("#general", "anna", "+o", "boris", START))
        await driver.until(lambda: "@boris" in driver.screen)

    run(script)


def test_who_is_asked_into_a_room_may_be_anybody_with_whom_one_is_in_another() -> None:
    async def script(driver: Driver) -> None:
        driver.client.there = [("@", "bob")]
        await driver.type("/join ops")
        await driver.press("enter")
        await driver.until(lambda: driver.app.chat.active.name == "#ops" and driver.app._members)
        driver.client.there = [("@", "anna"), ("", "bob"), ("", "silent")]
        await driver.press("f2")
        await driver.until(lambda: isinstance(driver.app.screen, Menu))
        await driver.type("/invite")
        await driver.press("enter")
        await driver.until(lambda: "silent" in driver.screen)
        assert "bob" not in [choice.value for choice in driver.app.screen._choices]  # type: ignore[attr-defined]
        await driver.type("sil")
        await driver.press("enter")
        await driver.until(lambda: ("INVITE", "silent", "#ops") in driver.client.asked)

    run(script)


def test_who_is_asked_into_a_room_may_be_anybody_who_spoke() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, room="zoe", sender="zoe"))
        await choose(driver, "f2", "/invite", "zo")
        await driver.until(lambda: ("INVITE", "zoe", "#general") in driver.client.asked)

    run(script)
