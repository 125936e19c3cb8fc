"""Notices of the line client: the bell and the like, never among the records, and not of what is read anyway."""

import sys
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from securechat.client import interactive, notifying
from securechat.client.errors import UsageError
from securechat.client.events import Disconnected, Event, ReadUpTo
from securechat.client.interactive import Conversation
from securechat.client.library import Client
from securechat.client.notifying import Notice
from securechat.client.output import Formatter
from securechat.client.ways_out import WaysOut
from tests.client.screen.fake_client import said
from tests.client.screen.test_alerting import outside, until
from tests.client.screen.test_in_a_terminal import PASSWORD, arguments, chat, server
from tests.client.scripted_server import ScriptedServer
from tests.client.terminal_harness import Terminal

__all__ = ["arguments", "chat", "server"]  # fixtures that are shared


class Heard:
    """A client whose events a test gives."""

    nick = "bob"

    def __init__(self) -> None:
        self.events: deque[Event] = deque()

    def next_event(self, _timeout: float) -> Event | None:
        return self.events.popleft() if self.events else None


class Scene:
    """A person at the line client, and what they were told."""

    def __init__(self) -> None:
        self.client = Heard()
        self.conversation = Conversation(cast("Client", self.client), Formatter(), json=True)
        self.conversation.move("#general")
        self.told: list[Notice] = []

    def happens(self, *events: Event) -> list[tuple[bool, str]]:
        """Let the client hear of something; return the lines that are shown."""
        self.client.events.extend(events)
        return self.conversation.pump()


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene()
    monkeypatch.setattr(WaysOut, "tell", lambda _self, notice: scene.told.append(notice))
    monkeypatch.setattr(notifying, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(notifying, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    return scene


def test_who_is_named_or_written_to_is_told_and_the_lines_are_the_same(scene: Scene) -> None:
    lines = scene.happens(said(1, "nothing for you"), said(2, "bob: look"))
    assert [is_record for is_record, _text in lines] == [True, True]
    scene.happens(said(3, "hi", room="anna"))
    assert scene.told == [Notice("anna in general", "bob: look"), Notice("anna", "hi")]


def test_who_has_just_typed_there_reads_it_anyway(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.conversation.handle("")  # a key was pressed, nothing was said
    scene.happens(said(1, "bob: in front of you"), said(2, "bob: elsewhere", room="#other"))
    assert scene.told == [Notice("anna in other", "bob: elsewhere")]
    monkeypatch.setattr(interactive, "_PRESENT_SECONDS", 0.0)
    scene.happens(said(3, "bob: much later"))
    assert scene.told[1:] == [Notice("anna in general", "bob: much later")]


def test_what_was_read_elsewhere_or_is_old_is_not_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.happens(said(1, "bob: long ago", old=True))
    monkeypatch.setattr(notifying, "GRACE_SECONDS", 3600.0)
    scene.happens(said(2, "hi", room="anna"), ReadUpTo("anna", datetime.now(UTC) + timedelta(days=365)))
    monkeypatch.setattr(notifying, "GRACE_SECONDS", 0.0)
    scene.happens()
    assert scene.told == []
    scene.happens(Disconnected("gone"), said(3, "bob: meanwhile", old=True))
    assert scene.told == [Notice("anna in general", "bob: meanwhile")]


def test_where_there_is_no_terminal_nothing_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    scene.happens(said(1, "bob: look"))
    assert scene.told == []


def test_notices_can_be_set_for_now_and_what_needs_a_screen_cannot(scene: Scene) -> None:
    scene.conversation.handle("/set quiet_hours 00:00-12:00, 12:00-00:00")
    scene.happens(said(1, "bob: look", room="#other"))
    assert scene.told == []
    with pytest.raises(UsageError, match="full screen"):
        scene.conversation.handle("/set timestamps off")


def test_a_real_terminal_gets_the_bell(
    server: ScriptedServer, arguments: list[str], catalogues: Path, tmp_path: Path
) -> None:
    with Terminal(
        ["--plain", *arguments],
        catalogues,
        tmp_path,
        SECURECHAT_PASSWORD=PASSWORD,
        TERM_PROGRAM="iTerm.app",
        NO_COLOR="1",
    ) as terminal:
        terminal.wait("bob: what was said before")
        terminal.wait("general> $")
        assert "\x07" not in outside(terminal.raw), "nothing old is told"
        terminal.type("half a li")
        terminal.wait("general> half a li$")
        server.chat.say("bob!b@h", "PRIVMSG", "#general", "anna: come \x1b]0;owned\x07")
        terminal.wait("anna: come .*\ngeneral> half a li$")
        wanted = "\x1b]9;securechat: bob in general: anna: come "
        until(terminal, lambda: wanted in terminal.raw, wanted)
        until(terminal, lambda: "\x07" in outside(terminal.raw), "the bell")
        terminal.type("ne\n")
        terminal.wait("anna: half a line")
        terminal.type("\x04")
        assert terminal.end() == 0
