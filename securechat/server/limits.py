"""The table of what somebody may do only so often, whatever else they may; and the one way in which it is refused.

What is counted is that of an account over all of its sessions, and of guests by their address (server.actors).
"""

from enum import Enum
from typing import TYPE_CHECKING

from securechat.protocol import standard_replies as replies
from securechat.server import configuration
from securechat.server.throttle import Budgets, Window
from securechat.server.waiting import seconds_of, try_again

if TYPE_CHECKING:
    from securechat.server.context import Context


MODE_CHANGES_PER_MINUTE = 60
"""How many changes of rooms by MODE somebody may make: each stays on the record."""
RENAMES_PER_MINUTE = 3
"""How often a room may be renamed: each time may show everybody in it to everybody anew."""


class Limited(Enum):
    """What is limited: the setting that says how often, within how many seconds, and what a refusal calls it."""

    ROOMS = "rooms_per_hour", 3600, "Too many new rooms"
    INVITATIONS = "invitations_per_minute", 60, "Too many invitations into rooms"
    KNOCKS = "knocks_per_hour", 3600, "Too many rooms that you ask to be let into"
    KICKS = "kicks_per_minute", 60, "Too many people put out of rooms"

    def __init__(self, setting: str, seconds: int, words: str) -> None:
        self.setting = setting
        self.seconds = seconds
        self.words = words


class Limits:
    """Counts what is limited. Guarded by the hub lock; bounded, as windows are."""

    def __init__(self, settings: configuration.Limits) -> None:
        failures = settings.failed_logins_per_minute
        self.failed_logins = Window(failures, 60)  # of an address and a name
        self.failed_logins_of_address = Window(failures * 5, 60)
        self.renames = Window(RENAMES_PER_MINUTE, 60)  # of a room
        self.mode_changes = Window(MODE_CHANGES_PER_MINUTE, 60)
        messages = settings.messages_per_minute
        self.speech = Budgets(messages / 60, messages / 5)
        """What may be said now."""
        self._windows = {one: Window(getattr(settings, one.setting), one.seconds) for one in Limited}

    def wait(self, limited: Limited, who: str, now: float) -> float:
        """Return 0 if `who` may do it at `now` (monotonic seconds), or the seconds until they may."""
        return self._windows[limited].wait(who, now)

    def count(self, limited: Limited, who: str, now: float) -> None:
        """Note that `who` does it."""
        self._windows[limited].count(who, now)


def may_not_yet(context: "Context", limited: Limited, *about: str) -> bool:
    """Whether it is too soon for who runs a command, who is told so then; else it is counted."""
    hub, who = context.hub, context.counted_for
    now = hub.monotonic()
    wait = hub.limits.wait(limited, who, now)
    if not wait:
        hub.limits.count(limited, who, now)
        return False
    tell_to_wait(context, limited.words, wait, *about)
    return True


def tell_to_wait(context: "Context", what: str, wait: float, *about: str) -> None:
    """Refuse a command: `what` was too much; the seconds to wait are in the text, and behind what it is `about`."""
    text = try_again(what, wait)
    context.response.fail(context.message.command, replies.RATE_LIMITED, *about, str(seconds_of(wait)), text=text)
