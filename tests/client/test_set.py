"""The command /set: settings with where they come from, and other values for now; on lines and on the full screen."""

from pathlib import Path
from typing import Any

import pytest

from securechat.client.commands import execute
from securechat.client.desk import no_screen
from securechat.client.errors import UsageError
from securechat.client.settings import Effective, Settings, SettingsFile
from securechat.client.texts import use_language
from tests.client.screen.driver import Driver
from tests.client.screen.driver import run as on_the_screen
from tests.client.test_moderating import FakeDesk


class SettingsDesk(FakeDesk):
    """A desk whose settings come from a file, the environment and the defaults."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        path.write_text('[look]\ntheme = "light"\n[connection]\nserver = "chat.lan"\n')
        environment = {"SECURECHAT_BELL": "false"}
        self.effective: Effective = SettingsFile(path).effective({}, environment)
        self.taken: list[Settings] = []

    def take_settings(self, settings: Settings) -> None:
        """Keep them."""
        self.taken.append(settings)

    def take_theme(self, name: str) -> None:
        """There are themes."""

    def look_anew(self) -> None:
        """Nothing is shown."""


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    return SettingsDesk(tmp_path / "client.toml")


def test_all_are_shown_with_where_they_come_from(desk: Any, tmp_path: Path) -> None:
    execute(desk, "/set")
    assert f'look.theme = "light"  # {tmp_path / "client.toml"}' in desk.notes
    assert "notifications.bell = false  # SECURECHAT_BELL" in desk.notes
    assert "typing.paste_lines = 3  # default" in desk.notes
    assert len(desk.notes) == len(set(desk.notes)) > 15


@pytest.mark.parametrize("word", ["bell", "notifications.bell", "BELL"])
def test_one_is_shown(desk: Any, word: str) -> None:
    execute(desk, f"/set {word}")
    assert desk.notes == ["notifications.bell = false  # SECURECHAT_BELL"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/set bell true", "notifications.bell = true  # for now"),
        ("/set quiet_hours 22:00-07:00, 12:00-13:00", 'notifications.quiet_hours = ["22:00-07:00", "12:00-13:00"]'),
        ("/set look.members_width 30", "look.members_width = 30  # for now"),
        ("/set theme dark", 'look.theme = "dark"  # for now'),
    ],
)
def test_another_value_counts_for_now(desk: Any, line: str, told: str) -> None:
    execute(desk, line)
    assert desk.notes[-1].startswith(told)
    if "theme" not in line:
        assert desk.taken == [desk.effective.settings]


def test_the_language_is_another_one(desk: Any) -> None:
    try:
        execute(desk, "/set language ru")
        assert desk.notes[-1] == 'look.language = "ru"  # на время работы'
    finally:
        use_language("en")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/set bel", r"There is no setting bel; did you mean bell\?"),
        ("/set \x1b[2J x", r"There is no setting \[2J; known here: server, "),
        ("/set paste_lines many", 'typing.paste_lines = "many": must be a whole number from 1 to 1,000'),
        ("/set bell \x1b[2J", "must be true or false"),
        ("/set server elsewhere.lan", "connection.server counts from the start of the client on: write it into .*toml"),
        ("/set theme pink", "must be "),
        ("/set language xx", "The languages are: en, ru"),
    ],
)
def test_what_cannot_be_says_what_would_be_right(desk: Any, line: str, words: str) -> None:
    before = desk.effective
    with pytest.raises(UsageError, match=words) as refused:
        execute(desk, line)
    assert "\x1b" not in str(refused.value)
    assert desk.effective is before
    assert desk.taken == []


def test_what_needs_a_screen_stays_where_there_is_none(desk: Any) -> None:
    def refuse(_settings: Settings) -> None:
        raise no_screen()

    desk.take_settings = refuse
    before = desk.effective
    with pytest.raises(UsageError, match="full screen"):
        execute(desk, "/set timestamps off")
    assert desk.effective is before


def test_the_screen_heeds_it_at_once() -> None:
    async def script(driver: Driver) -> None:
        app = driver.app
        assert app._people.display
        for line in ("/set members false", "/set timestamps seconds", "/set join_part hidden", "/set bell false"):
            await driver.type(line)
            await driver.press("enter")
        await driver.until(lambda: not app._settings.notifications.bell)
        assert not app._people.display
        assert (app._lines.times, app.chat.presences) == ("seconds", "hidden")
        await driver.until(lambda: "notifications.bell = false  # for now" in driver.texts())

    on_the_screen(script)
