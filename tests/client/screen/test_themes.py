"""The themes: complete, readable, the same everywhere, and without colours where none are wanted."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.screen import ModalScreen

from securechat.client import settings
from securechat.client.buffer import EntryKind, Status
from securechat.client.errors import NotDelivered
from securechat.client.events import Joined, TopicChanged
from securechat.client.screen.dialogs import Help, Question
from securechat.client.screen.forms import Card, Choice, Field, Form, Menu
from securechat.client.screen.secret import Secret
from securechat.client.screen.themes import EDGE, ROLES, THEMES, Roles, WithoutColours
from securechat.client.settings import Look, Settings
from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import START, said

LEAST = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0}
"""WCAG 2.2, success criteria 1.4.3 (AA) and 1.4.6 (AAA)."""
GROUNDS = {theme.name: Color.parse(theme.background or "") for theme in THEMES}
FORE = {theme.name: Color.parse(theme.foreground or "") for theme in THEMES}


def luminance(colour: Color) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: Color, other: Color) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def roles_of(roles: Roles) -> dict[str, Style]:
    single = {one.name: getattr(roles, one.name) for one in dataclasses.fields(roles) if one.name != "nicks"}
    return single | {f"nick {number}": style for number, style in enumerate(roles.nicks)}


def test_the_measure_is_right() -> None:
    assert contrast(Color.parse("#fff"), Color.parse("#000")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.01)


def test_the_settings_name_each_theme() -> None:
    assert set(ROLES) == set(settings.THEMES) == {theme.name for theme in THEMES}


@pytest.mark.parametrize("name", settings.THEMES)
def test_every_role_is_there_and_none_dims_a_colour(name: str) -> None:
    for role, style in roles_of(ROLES[name]).items():
        assert isinstance(style, Style), role
        assert not (style.dim and style.color), role  # nobody could tell how readable that is
        assert style.color is None or name != "no-color", role


def with_256_colours(colour: Color) -> Color:
    """What a terminal without true colours makes of one."""
    number = colour.rich_color.downgrade(ColorSystem.EIGHT_BIT)
    return Color.from_rich_color(RichColor.from_triplet(number.get_truecolor()))


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("made", [lambda colour: colour, with_256_colours], ids=["true", "256"])
def test_every_role_can_be_read(name: str, made: Callable[[Color], Color]) -> None:
    bad = {}
    for role, style in roles_of(ROLES[name]).items():
        text = Color.from_rich_color(style.color) if style.color else FORE[name]
        ground = Color.from_rich_color(style.bgcolor) if style.bgcolor else GROUNDS[name]
        found = contrast(made(text), made(ground))
        if found < LEAST[name]:
            bad[role] = round(found, 2)
    assert bad == {}


@pytest.mark.parametrize("name", settings.THEMES)
def test_what_matters_looks_different(name: str) -> None:
    roles = ROLES[name]
    assert len({roles.said, roles.pending, roles.failed, roles.mention, roles.system}) == 5
    assert len({roles.here, roles.elsewhere, roles.unread, roles.called}) == 4


def test_a_nick_has_the_same_colour_everywhere() -> None:
    dark, light = ROLES["dark"], ROLES["light"]
    assert dark.nick("Anna") == dark.nick("anna")
    assert [dark.nicks.index(dark.nick(nick)) for nick in ("anna", "bob", "Борис")] == NICKS
    assert len({light.nick(f"n{number}") for number in range(100)}) == len(light.nicks) == len(dark.nicks)


NICKS = [7, 0, 1]
"""By the CRC-32 of the folded nick, so the same at every start and on every machine."""


async def fill(driver: Driver) -> None:
    """Let every kind of line stand there."""
    await driver.happens(
        said(1, "good morning"),
        said(2, "bob: look here"),
        said(3, "mine", sender="bob", own=True),
        Joined("#general", "zoe", START),
        TopicChanged("#general", "anna", "tea", START),
        said(4, "elsewhere", room="#other"),
        said(5, "bob!", room="#third"),
    )
    await driver.type("on its way")
    await driver.press("enter")
    await driver.type("refused")
    await driver.press("enter")
    await driver.until(lambda: len(driver.client.queued) == 2)
    driver.client.refuse(driver.client.queued[1])
    await driver.until(lambda: list(driver.app.chat.failed()))
    await driver.type("half a li")


def segments(driver: Driver, within: str = "") -> list[Segment]:
    """What is painted, filtered as it goes to the terminal; `within` a dialog, behind which the chat fades."""
    app = driver.app
    region = app.screen.query_one(within).region if within else app.screen.region
    painted = []
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        part = list(strip.crop(region.x, region.right))
        for one in app.get_line_filters():
            part = one.apply(part, app.screen.background_colors[1])
        painted += part
    return [one for one in painted if one.text.strip(BORDERS)]


def drawn(driver: Driver, text: str) -> bool:
    """Whether a text is painted; a screen that has just opened has no rows yet."""
    return any(text in strip.text for strip in driver.app.screen._compositor.render_strips())


BORDERS = " ▁▂▃▄▅▆▇█▔▕▏▊▎│─╭╮╰╯┃┌┐└┘╴╶╷╵▌▐"


def hard_to_read(driver: Driver, least: float, within: str = "") -> list[tuple[str, float]]:
    found = []
    for text, style, _control in segments(driver, within):
        assert style is not None
        assert style.color is not None, text
        assert style.bgcolor is not None, text
        pair = [Color.from_rich_color(one) for one in (style.color, style.bgcolor)]
        if contrast(*pair) < least:
            found.append((text, round(contrast(*pair), 2)))
    return found


@pytest.mark.parametrize("name", LEAST)
def test_everything_on_the_screen_can_be_read(name: str) -> None:
    async def script(driver: Driver) -> None:
        await fill(driver)
        assert hard_to_read(driver, LEAST[name]) == []
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, Help) and drawn(driver, "F1"))
        assert hard_to_read(driver, LEAST[name], ".dialog") == []
        await driver.press("escape")
        driver.app.push_screen(Question("Sure?"))
        await driver.until(lambda: isinstance(driver.app.screen, Question) and drawn(driver, "Sure?"))
        assert hard_to_read(driver, LEAST[name], ".dialog") == []
        await driver.press("escape")
        await driver.press("ctrl+p")
        await driver.until(lambda: drawn(driver, "go there"))
        assert hard_to_read(driver, LEAST[name], "#--container") == []

    run(script, settings=Settings(look=Look(theme=name)))


ROWS = (Choice("one", "One", "about it"), Choice("two", "Two"))
FIELDS = (
    Field("wrong", "Something", value="x", check=lambda _value: "It is wrong."),
    Field("empty", "Something else", hint="an example", secret=True),
    Field("choice", "Which?", choices=ROWS),
)
DIALOGS: dict[str, Callable[[], ModalScreen[Any]]] = {
    "question": lambda: Question("Sure?"),
    "menu": lambda: Menu("A menu", ROWS),
    "form": lambda: Form("A form", FIELDS, about="What for"),
    "card": lambda: Card("A card", [("label", "value")]),
    "secret": lambda: Secret("A secret", ["a line"]),
}
"""One of each kind, with every kind of text in it."""


def opened(driver: Driver, dialog: ModalScreen[Any]) -> bool:
    return driver.app.screen is dialog and drawn(driver, "Esc")


@pytest.mark.parametrize("name", LEAST)
def test_every_dialog_can_be_read(name: str) -> None:
    async def script(driver: Driver) -> None:
        for kind, make in DIALOGS.items():
            dialog = make()
            driver.app.push_screen(dialog)
            await driver.until(partial(opened, driver, dialog))
            if isinstance(dialog, Form):
                dialog.go_on()
                await driver.until(lambda: drawn(driver, "It is wrong."))
            await driver.pause()
            assert hard_to_read(driver, LEAST[name], ".dialog") == [], kind
            driver.app.pop_screen()

    run(script, settings=Settings(look=Look(theme=name)))


@pytest.mark.parametrize("name", LEAST)
def test_what_is_sought_can_be_read(name: str) -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "good morning"), said(2, "bob: good evening"))
        await driver.type("/search good")
        await driver.press("enter")
        await driver.until(lambda: driver.app._search.display)
        await driver.pause()
        assert hard_to_read(driver, LEAST[name]) == []
        roles = ROLES[name]
        assert {roles.sought.underline, roles.found.reverse} == {True}

    run(script, settings=Settings(look=Look(theme=name)))


@pytest.mark.parametrize("look", [Look(theme="no-color"), Look(color="never", theme="light")])
def test_without_colours_nothing_is_coloured_and_the_cursor_is_seen(look: Look) -> None:
    async def script(driver: Driver) -> None:
        await fill(driver)
        await driver.pause()
        painted = segments(driver)
        assert [one for one in painted if one.style and (one.style.color or one.style.bgcolor)] == []
        looks = {str(one.style) for one in painted}
        assert len(looks) > 4
        strips = driver.app._prompt.render_line(0)
        cells = WithoutColours().apply(list(strips), Color.parse("black"))
        assert any(one.style and one.style.reverse for one in cells), "the cursor"

    run(script, settings=Settings(look=look))


def test_another_theme_while_it_runs() -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "good morning"))
        await driver.type("/theme light")
        await driver.press("enter")
        await driver.until(lambda: driver.app.theme == "light")
        await driver.pause()
        assert driver.app._lines.roles is ROLES["light"]
        (nick,) = {one.style for one in segments(driver) if one.text == "anna" and one.style and one.style.bold}
        assert nick is not None
        assert nick.color == ROLES["light"].nick("anna").color
        await driver.type("/theme pink")
        await driver.press("enter")
        await driver.until(lambda: any("dark, light, high-contrast, no-color" in text for text in driver.texts()))
        assert driver.app.theme == "light"

    run(script)


def test_failed_and_pending_lines_are_kinds_of_their_own() -> None:
    """What the fixture above leans on."""

    async def script(driver: Driver) -> None:
        await fill(driver)
        pending, failed = driver.app.chat.active.pending
        assert (pending.status, failed.status) == (Status.PENDING, Status.FAILED)
        assert failed.delivery is not None
        assert isinstance(failed.delivery.error, NotDelivered)
        assert {entry.kind for entry in driver.app.chat.active.entries} >= {EntryKind.PRESENCE, EntryKind.EVENT}

    run(script)


def test_the_lines_between_the_lists_are_seen_where_contrast_matters() -> None:
    edges = {theme.name: Color.parse(theme.variables[EDGE]) for theme in THEMES}
    assert contrast(edges["high-contrast"], GROUNDS["high-contrast"]) > 3.0  # WCAG 2.2, 1.4.11
    for name in ("dark", "light"):
        assert contrast(edges[name], GROUNDS[name]) > 1.5
