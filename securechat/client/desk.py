"""Where a person or a script sits at the client, as the commands see it."""

from collections.abc import Sequence
from typing import Protocol

from securechat.client import known_servers
from securechat.client.errors import ClientError, UsageError
from securechat.client.events import Message
from securechat.client.library import Client
from securechat.client.settings import Effective, Settings
from securechat.client.texts import _


class Desk(Protocol):
    """Where a person or a script sits: what commands work on."""

    client: Client
    target: str
    """Room (`#general`) or nick that plain lines go to; empty when there is none."""
    effective: Effective
    """The settings that count, and where each comes from."""

    def say(self, target: str, text: str, *, action: bool = False, notice: bool = False) -> None:
        """Send a text of any length."""

    def note(self, text: str) -> None:
        """Show a line that is no message."""

    def show(self, message: Message) -> None:
        """Show a message."""

    def picture(self, text: str) -> None:
        """Show a text as a QR code, where there is a terminal with room for it."""

    def move(self, target: str) -> None:
        """Let plain lines go to `target` from now on."""

    def leave(self) -> None:
        """End after this command."""

    def ask_hidden(self, prompt: str, about: Sequence[str] = ()) -> str:
        """Ask for a secret, which is not shown; wait for the answer. Raises ClientError when there is none.

        `about` are lines that one has to see to be able to answer.
        """

    def enter(self, room: str) -> None:
        """Join a room and show what was said there."""

    def search(self, text: str) -> None:
        """Look for a text in the conversation that plain lines go to."""

    def clear(self) -> None:
        """Take the lines off the screen."""

    def take_theme(self, name: str) -> None:
        """Take a theme of the full screen. Raises UsageError where there is no such screen."""

    def take_settings(self, settings: Settings) -> None:
        """Let these settings count from now on. Raises UsageError where there is no full screen to heed them."""

    def look_anew(self) -> None:
        """Show everything once more, as the language is another one."""


def no_themes() -> UsageError:
    """Return what is said about a theme where lines are all there is."""
    return UsageError(_("Themes are for the full screen."))


def no_screen() -> UsageError:
    """Return what is said about a setting of the full screen where lines are all there is."""
    return UsageError(_("This setting is for the full screen."))


def learn(desk: Desk, **changes: str | bool) -> None:
    """Let the next start know something else of this server (see known_servers.learn)."""
    try:
        known_servers.learn(desk.client.address, **changes)
    except ClientError as error:
        desk.note(str(error))  # what was done is done all the same


def learn_room(desk: Desk) -> None:
    """Let the next start begin in the room where one is now."""
    if desk.target.startswith("#"):
        learn(desk, room=desk.target)


def present(desk: Desk) -> str:
    """Return the room or person that plain lines go to. Raises UsageError when there is none."""
    if not desk.target:
        raise UsageError(_("You are in no room: /join ROOM first."))
    return desk.target


def present_room(desk: Desk) -> str:
    """Return the room that plain lines go to. Raises UsageError when they go to none."""
    if not desk.target.startswith("#"):
        raise UsageError(_("You are in no room: /join ROOM first."))
    return desk.target
