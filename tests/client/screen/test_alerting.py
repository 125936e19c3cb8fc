"""Notices in the full-screen client: what the screen's focus and the other devices have to do with them."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.events import AppBlur, AppFocus

from securechat.client import notifying
from securechat.client.events import Disconnected, ReadUpTo
from securechat.client.notifying import Notice
from securechat.client.ways_out import WaysOut
from tests.client.screen.driver import Driver, run
from tests.client.screen.fake_client import said
from tests.client.screen.test_in_a_terminal import PASSWORD, arguments, chat, server
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import Terminal

__all__ = ["arguments", "chat", "server"]  # fixtures that are shared


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    """What the person is told, at once."""
    told: list[Notice] = []
    monkeypatch.setattr(WaysOut, "tell", lambda _self, notice: told.append(notice))
    monkeypatch.setattr(notifying, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(notifying, "PAUSE_SECONDS", 0.05)
    return told


async def looks_away(driver: Driver) -> None:
    driver.app.post_message(AppBlur())
    await driver.until(lambda: not driver.app.app_focus)


def test_only_what_is_not_looked_at_is_told(told: list[Notice]) -> None:
    async def script(driver: Driver) -> None:
        await driver.happens(said(1, "bob: in front of you"))
        await driver.happens(said(2, "bob: elsewhere", room="#other"))
        await driver.until(lambda: told == [Notice("anna in other", "bob: elsewhere")])
        await looks_away(driver)
        await driver.happens(said(3, "hello all"), said(4, "bob: behind your back"))
        await driver.until(lambda: len(told) == 2)
        assert told[1] == Notice("anna in general", "bob: behind your back")

    run(script)


def test_what_is_read_in_time_is_not_told(told: list[Notice], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "GRACE_SECONDS", 3600.0)

    async def script(driver: Driver) -> None:
        notifier = driver.app._alerting._notifier
        await looks_away(driver)
        await driver.happens(said(1, "bob: one"))
        assert notifier.wait() is not None
        driver.app.post_message(AppFocus())
        await driver.until(lambda: notifier.wait() is None)
        await looks_away(driver)
        await driver.happens(said(2, "hi", room="anna"))
        assert notifier.wait() is not None
        await driver.happens(ReadUpTo("anna", said(2).time))
        assert notifier.wait() is None
        assert told == []

    run(script)


def test_old_lines_at_the_start_are_not_told_but_those_that_a_lost_link_kept_away(told: list[Notice]) -> None:
    async def script(driver: Driver) -> None:
        await looks_away(driver)
        await driver.happens(said(1, "bob: long ago", old=True))
        await driver.happens(Disconnected("gone"), said(2, "bob: meanwhile", old=True))
        await driver.until(lambda: told)
        assert told == [Notice("anna in general", "bob: meanwhile")]

    run(script)


def outside(raw: str) -> str:
    """What was written besides control strings, which end with the character of the bell."""
    return re.sub(r"\x1b\][^\x07]*\x07", "", raw)


def until(terminal: Terminal, condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert terminal._read(deadline), f"{what!r} did not come: {terminal.raw!r}"


def test_a_real_terminal_gets_the_bell_and_its_control_string(
    server: ScriptedServer, arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    for number in range(8):  # the next line is of another millisecond
        server.chat.say("bob!b@h", "PRIVMSG", "#general", f"old {number}, anna")
    with Terminal(
        arguments,
        catalogues,
        tmp_path,
        full_screen=(100, 30),
        SECURECHAT_PASSWORD=PASSWORD,
        TERM_PROGRAM="iTerm.app",
        SECURECHAT_SHOW_TEXT="no",
    ) as terminal:
        terminal.wait("bob: what was said before")
        terminal.wait("● anna at localhost")
        assert "\x07" not in outside(terminal.raw), "nothing old is told"
        terminal.type("x")
        terminal.wait("▌x ")
        before = len(terminal.raw)
        terminal.type("\x1b[O")  # the terminal tells that it is not looked at any more
        until(terminal, lambda: len(terminal.raw) > before, "the cursor goes")
        server.chat.say("bob!b@h", "PRIVMSG", "#general", "anna: the secret \x1b]0;owned\x07")
        terminal.wait("anna: the secret")
        wanted = "\x1b]9;securechat: securechat: bob names you in general\x07"
        until(terminal, lambda: wanted in terminal.raw, wanted)
        assert "\x07" in outside(terminal.raw), "the bell"
        assert terminal.raw.count("the secret") == 1, "on the screen and nowhere else"
        terminal.type("\x11")
        assert terminal.end() == 0
