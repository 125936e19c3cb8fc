"""Who may not say something in a room, and why: in words for those who are in it; others learn nothing of its rules."""

from securechat.clock import format_moment
from securechat.domain.events import Event, Kind
from securechat.domain.mask_lists import FOR_GOOD
from securechat.domain.permissions import Action, Subject, may
from securechat.protocol import standard_replies as replies
from securechat.server.context import Context
from securechat.server.repeats import Repeats
from securechat.server.throttle import Window
from securechat.server.users import LiveRoom
from securechat.server.waiting import seconds_of, try_again

MOST_SLOWED = 2_000
"""Of how many a room in slow mode remembers when they said something; who was silent for longest is forgotten."""
CANNOT_SEND = "Cannot send to channel"
_SLOWED_KINDS = frozenset({Kind.MESSAGE, Kind.NOTICE, Kind.ASIDE, Kind.ASIDE_NOTICE})
_COMMANDS = {Kind.MESSAGE: "PRIVMSG", Kind.ASIDE: "PRIVMSG"}


def why_silent(context: Context, live: LiveRoom, subject: Subject) -> str:
    """Say why somebody may not speak who may not."""
    rules = live.room.rules
    if not subject.in_room:
        return CANNOT_SEND
    if rules.locked:
        return "The room is locked for now: only those who look after it may speak"
    until = live.muted_until(context.user)
    if until:
        return "You are muted in this room" if until == FOR_GOOD else f"You are muted here until {format_moment(until)}"
    if rules.moderated and not may(subject, Action.SPEAK, context.hub.policy):
        return "Only those with a voice may speak in this room"
    return "Programs cannot be asked anything in this room (CTCP)"


def is_slowed(context: Context, live: LiveRoom, subject: Subject, event: Event) -> bool:
    """Whether slow mode holds back what somebody wants to say now, answered then; else it counts for the next."""
    hub, seconds = context.hub, live.room.rules.slow_seconds
    if event.kind not in _SLOWED_KINDS or may(subject, Action.SPEAK_UNSLOWED, hub.policy):
        return False
    key = Repeats.key(event.source.account_id, event.target, context.message.tags) if event.tags else None
    if key is not None and hub.repeats.find(key) is not None:
        return False  # it was said already, and the client has missed the answer
    window = live.slowed
    if window is None or window.seconds != seconds:
        window = live.slowed = Window(1, seconds, MOST_SLOWED)
    now, who = hub.monotonic(), context.counted_for
    wait = window.wait(who, now)
    if not wait:
        window.count(who, now)
        return False
    if event.kind in _COMMANDS:
        text = try_again(f"One message every {seconds} seconds in this room", wait)
        context.response.fail(
            context.message.command, replies.RATE_LIMITED, live.room.name, str(seconds_of(wait)), text=text
        )
    return True
