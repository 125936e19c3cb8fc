"""MARKREAD: up to when one has read a conversation (draft/read-marker)."""

from dataclasses import dataclass

from securechat.clock import parse_time
from securechat.domain.room import parties
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import READ_MARKER
from securechat.protocol.message import format_message
from securechat.server.context import Context
from securechat.server.entries import Reply
from securechat.server.markers import move, wire_form
from securechat.server.registry import command
from securechat.server.targets import find_person, readable_room


@dataclass(slots=True, frozen=True)
class _Place:
    """What a marker is in."""

    name: str
    conversation: int  # 0: between people who have not said anything to each other yet
    party: str = ""  # the key of the other one; empty for a room


@command("MARKREAD", help="MARKREAD <target> [timestamp=<time>]: up to when you have read a room or a person")
def markread(context: Context) -> None:
    """Tell or move a marker; it never goes back."""
    if not context.params or not context.params[0]:
        context.response.fail("MARKREAD", replies.NEED_MORE_PARAMS)
    elif " " in context.params[0] or context.params[0].startswith(":"):
        context.response.fail(
            "MARKREAD", replies.INVALID_PARAMS, context.params[0], text="A target is a room or a nick"
        )
    elif len(context.params) == 1:
        _tell(context, context.params[0])
    else:
        _move(context, context.params[0], context.params[1])


def _tell(context: Context, target: str) -> None:
    """Answer with the marker; one for what is not there, or not to be seen, is none at all."""
    found = _find(context, target)
    name = target if found is None else found.name
    context.response.line("MARKREAD", (name, wire_form(None if found is None else _marker(context, found))))


def _move(context: Context, target: str, selector: str) -> None:
    """Move a marker forward, store it and tell all sessions of the user; an older time is answered with the newer."""
    hub = context.hub
    kind, _, value = selector.partition("=")
    try:
        asked = parse_time(value) if kind == "timestamp" else None
    except (ValueError, OverflowError):
        asked = None
    if asked is None:
        context.response.fail(
            "MARKREAD",
            replies.INVALID_PARAMS,
            target,
            selector,
            text="A time is written as timestamp=2026-11-22T08:00:00.000Z",
        )
        return
    found = _find(context, target)
    if found is None:
        context.response.fail("MARKREAD", replies.INVALID_PARAMS, target, text="You cannot read this")
        return
    time = max(0, min(asked, hub.now()))  # nobody has read what is still to come
    before = _marker(context, found)
    if before is not None and time <= before:
        context.response.line("MARKREAD", (found.name, wire_form(before)))
    elif found.conversation:
        failure = context.failure(replies.INTERNAL_ERROR, found.name)
        context.response.publish(
            move(hub, context.user, found.conversation, found.name, time, context.session, failure)
        )
    else:
        hub.markers.put_unspoken(context.user, found.party, time)
        _show_unspoken(context, found.name, time)


def _show_unspoken(context: Context, name: str, time: int) -> None:
    """Tell all sessions of the user of a marker that is not stored."""
    line = format_message("MARKREAD", (name, wire_form(time)), source=context.hub.configuration.server.name)
    context.response.raw(line)
    for one in context.user.sessions:
        if one is not context.session and one.has(READ_MARKER.bit):
            context.hub.journal.submit(Reply(one, line, counted=False))


def _find(context: Context, target: str) -> _Place | None:
    """Return the room that the user may read, or the person, of that name."""
    hub = context.hub
    live = readable_room(hub, context.user, target)
    if live is not None:
        return _Place(live.room.name, live.room.id)
    found = find_person(hub, target)
    if found is None:
        return None
    party, name, _ = found
    known = hub.direct.get(parties(context.user.party, party))
    return _Place(name, known.id if known is not None else 0, party)


def _marker(context: Context, place: _Place) -> int | None:
    """The marker in ms; the one that was put before anything was said counts until there is another."""
    markers = context.hub.markers
    time = markers.get(context.user, place.conversation) if place.conversation else None
    return markers.get_unspoken(context.user, place.party) if time is None and place.party else time
