"""RENAME: another name for a room, which stays what it is (draft/channel-rename)."""

from functools import partial

from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.domain.look_alikes import check_new_room_name
from securechat.domain.permissions import Action, require
from securechat.errors import InvalidRoomName, NoSuchRoom, NotInRoom
from securechat.names import check_room_name, fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import CHANNEL_RENAME, RENDER_MASK
from securechat.protocol.message import cut
from securechat.server import metadata_news
from securechat.server.context import Context
from securechat.server.deeds import deed_of
from securechat.server.entries import Publication, Reply
from securechat.server.membership import GENERAL
from securechat.server.registry import command
from securechat.server.rendering import text_bytes
from securechat.server.response import Response
from securechat.server.roster import SharedNames, show_topic
from securechat.server.sessions import Session
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom, User, audience_of
from securechat.server.waiting import try_again

MOST_NAMES = 20_000
"""To clients that know no RENAME everybody in the room is shown anew: so many nicks at most in all of their answers.

All of it is made at once, while everybody else waits; so many take some tens of milliseconds.
"""


@command(
    "RENAME", params=2, help="RENAME <room> <new name> [:<reason>]: give a room another name; it stays the same room"
)
def rename(context: Context) -> None:
    """Rename a room, for whoever looks after it."""
    hub, user = context.hub, context.user
    old, new = context.params[:2]
    live = visible_room(hub, user, old)
    if live is None:
        raise NoSuchRoom(old)
    if live.room.id not in user.rooms:
        raise NotInRoom(live.room.name)
    require(user.subject(live), Action.RENAME, hub.policy, live.room.name)
    old = live.room.name
    holder = hub.find_room(new)
    if holder is not None and holder is not live:
        context.response.fail("RENAME", replies.CHANNEL_NAME_IN_USE, old, new)
        return
    problem = _problem(context, live, new)
    if problem:
        context.response.fail("RENAME", replies.CANNOT_RENAME, old, new, text=problem)
    elif new != old:
        hub.limits.renames.count(str(live.room.id), hub.monotonic())
        _rename(context, live, new)


def _problem(context: Context, live: LiveRoom, new: str) -> str:
    """Return why the room cannot have that name, as a sentence; empty when it can."""
    hub = context.hub
    old = live.room.name
    if fold(old) == GENERAL:
        return f"{GENERAL} is always there"
    try:
        check_room_name(new, hub.configuration.limits.room_name_length)
        check_new_room_name(new, hub.names_of_rooms, but=(old,))
    except InvalidRoomName as error:
        return f"This cannot be its name: {error.reason}"
    if text_bytes(Kind.RENAME, context.user.source.mask, old) < len(new.encode()) + len(" :"):
        return "Both names together are too long"
    wait = hub.limits.renames.wait(str(live.room.id), hub.monotonic())
    if wait:
        return try_again("It has been renamed too often just now", wait)
    shown_anew = sum(not one.has(CHANNEL_RENAME.bit) for member in live.members for one in member.sessions)
    return "Too many people are in it" if shown_anew * len(live.members) > MOST_NAMES else ""


def _rename(context: Context, live: LiveRoom, new: str) -> None:
    """Do it, tell those who know RENAME, and show the others that they left one room and joined another."""
    hub, user, response = context.hub, context.user, context.response
    old, reason = live.room.name, context.param(2) or ""
    text = cut(f"{new} {reason}", text_bytes(Kind.RENAME, user.source.mask, old) - len(" :"))
    deed = deed_of(hub.now(), user.source, Act.ROOM_RENAME, old, detail=new, reason=reason)
    event = Event(Kind.RENAME, hub.now(), user.source, live.room.id, old, text, deeds=(deed,))
    sessions = [one for member in live.members for one in member.sessions]
    knowing = [one for one in sessions if one.has(CHANNEL_RENAME.bit)]
    publication = Publication(
        event,
        audience_of(knowing),
        context.session,
        echo=context.session in knowing,
        failure=context.failure(replies.NOT_STORED, old),
        undo=partial(hub.rename_room, live, old),
    )
    hub.rename_room(live, new)
    response.publish(publication)
    response.stands_or_falls_with(publication)
    if fold(old) == fold(new):
        return  # the same name to every client ("Fallback")
    _show_all_anew(context, live, old, reason, publication)


def _show_all_anew(context: Context, live: LiveRoom, old: str, reason: str, publication: Publication) -> None:
    """Show those who know no RENAME what has become of their room."""
    hub = context.hub
    others = [(member, one) for member in live.members for one in member.sessions if not one.has(CHANNEL_RENAME.bit)]
    if not others:
        return
    longest = max((one for _, one in others), key=lambda one: len(one.shown_nick.encode()))
    names = SharedNames(live, Response(longest, hub.journal, hub.configuration.server.name))
    for member, session in others:
        if session is context.session:
            _show_anew(context, session, context.response, member, live, old, reason, names)
        else:
            shown = Response(session, hub.journal, hub.configuration.server.name)
            _show_anew(context, session, shown, member, live, old, reason, names)
            context.response.publish(Reply(session, shown.lines(), publication, counted=False))


def _show_anew(
    context: Context,
    session: Session,
    response: Response,
    user: User,
    live: LiveRoom,
    old: str,
    reason: str,
    names: SharedNames,
) -> None:
    """Tell `session` that its user left the room under its `old` name and joined it under the new one.

    What people carry is not told again: they are the same. What the room carries is asked for (774).
    """
    hub, source = context.hub, user.source
    capabilities = session.capabilities & RENDER_MASK
    text = cut(reason, text_bytes(Kind.EVICT, source.mask, old))
    # Neither is an event of the room: they have no message id.
    for event in (
        Event(Kind.EVICT, hub.now(), source, live.room.id, old, text),
        Event(Kind.ARRIVE, hub.now(), source, live.room.id, live.room.name),
    ):
        response.tagged(partial(hub.renderer.line, event, capabilities))
    hub.markers.show(session, response, user, live)
    show_topic(response, live, even_none=False)
    names.show(response)
    metadata_news.hint(hub, session, response, live)
