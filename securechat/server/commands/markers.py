"""MARKREAD: up to when one has read a conversation (draft/read-marker)."""

from functools import partial

from securechat.clock import parse_time
from securechat.domain.events import Event, Kind, Source
from securechat.domain.room import parties
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import READ_MARKER
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.markers import wire_form
from securechat.server.registry import command
from securechat.server.targets import find_person, readable_room
from securechat.server.users import audience_of


@command("MARKREAD", help="MARKREAD <target> [timestamp=<time>]: up to when you have read a room or a person")
def markread(context: Context) -> None:
    """Tell or move a marker; it never goes back."""
    if not context.params or not context.params[0]:
        context.response.fail("MARKREAD", replies.NEED_MORE_PARAMS)
    elif len(context.params) == 1:
        _tell(context, context.params[0])
    else:
        _move(context, context.params[0], context.params[1])


def _tell(context: Context, target: str) -> None:
    """Answer with the marker; one for what is not there, or not to be seen, is none at all."""
    conversation, name = _room(context, target) or _direct(context, target) or (0, target)
    time = context.hub.markers.get(context.user, conversation)
    context.response.line("MARKREAD", (name, wire_form(time)))


def _move(context: Context, target: str, selector: str) -> None:
    """Move a marker forward, store it and tell all sessions of the user; an older time is answered with the newer."""
    hub = context.hub
    kind, _, value = selector.partition("=")
    try:
        asked = parse_time(value) if kind == "timestamp" else None
    except (ValueError, OverflowError):
        asked = None
    if asked is None:
        context.response.fail("MARKREAD", replies.INVALID_PARAMS, target, selector, text="Invalid timestamp")
        return
    found = _room(context, target) or _direct(context, target, openly=True)
    if found is None:
        context.response.fail("MARKREAD", replies.INVALID_PARAMS, target, text="You cannot read this")
        return
    conversation, name = found
    time = max(0, min(asked, hub.now()))  # nobody has read what is still to come
    before = hub.markers.get(context.user, conversation)
    if before is not None and time <= before:
        context.response.line("MARKREAD", (name, wire_form(before)))
        return
    _publish(context, conversation, name, time, before)


def _publish(context: Context, conversation: int, name: str, time: int, before: int | None) -> None:
    hub = context.hub
    user = context.user
    hub.markers.put(user, conversation, time)
    source = Source(hub.configuration.server.name, "", "", account_id=user.account.id if user.account else 0)
    event = Event(Kind.MARK, hub.now(), source, conversation, name, wire_form(time), marked=time)
    others = [one for one in user.sessions if one is not context.session and one.has(READ_MARKER.bit)]
    context.response.publish(
        Publication(
            event,
            audience_of(others),
            context.session,
            echo=True,
            failure=context.failure(replies.INTERNAL_ERROR, name),
            undo=partial(hub.markers.restore, user, conversation, before),
        )
    )


def _room(context: Context, target: str) -> tuple[int, str] | None:
    """Return the id and the name of a room that the user may read."""
    live = readable_room(context.hub, context.user, target)
    return None if live is None else (live.room.id, live.room.name)


def _direct(context: Context, target: str, *, openly: bool = False) -> tuple[int, str] | None:
    """Return the id and the name of the conversation with a person; `openly` makes it if there is none yet."""
    hub = context.hub
    found = find_person(hub, target)
    if found is None:
        return None
    party, name, _ = found
    pair = parties(context.user.party, party)
    known = hub.direct.get(pair)
    if known is None and openly:
        known, opened = hub.open_direct(pair)
        if opened is not None:
            hub.journal.submit(opened)
    return (known.id, name) if known is not None else None
