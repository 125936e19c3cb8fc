"""Giving a room another name, and showing that to those who know RENAME and to those who do not."""

from functools import partial

from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.domain.look_alikes import check_new_room_name
from securechat.errors import InvalidRoomName
from securechat.names import check_room_name, fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import CHANNEL_RENAME, RENDER_MASK
from securechat.protocol.message import cut
from securechat.server import metadata_news
from securechat.server.actors import Actor
from securechat.server.entries import Publication, Reply
from securechat.server.hub import Hub
from securechat.server.membership import GENERAL
from securechat.server.rendering import text_bytes
from securechat.server.response import Response
from securechat.server.roster import SharedNames, show_topic
from securechat.server.sessions import Session
from securechat.server.users import LiveRoom, User, audience_of
from securechat.server.waiting import try_again

MOST_NAMES = 20_000
"""To clients that know no RENAME everybody in the room is shown anew: so many nicks at most in all of their answers.

All of it is made at once, while everybody else waits; so many take some tens of milliseconds.
"""


def problem_of_name(actor: Actor, live: LiveRoom, new: str) -> str:
    """Return why the room cannot have that name, as a sentence; empty when it can."""
    hub = actor.hub
    old = live.room.name
    if fold(old) == GENERAL:
        return f"{GENERAL} is always there"
    try:
        check_room_name(new, hub.configuration.limits.room_name_length)
        check_new_room_name(new, hub.names_of_rooms, but=(old,))
    except InvalidRoomName as error:
        return f"This cannot be its name: {error.reason}"
    if text_bytes(Kind.RENAME, actor.source.mask, old) < len(new.encode()) + len(" :"):
        return "Both names together are too long"
    wait = hub.limits.renames.wait(str(live.room.id), hub.monotonic())
    if wait:
        return try_again("It has been renamed too often just now", wait)
    shown_anew = sum(not one.has(CHANNEL_RENAME.bit) for member in live.members for one in member.sessions)
    return "Too many people are in it" if shown_anew * len(live.members) > MOST_NAMES else ""


def rename_room(actor: Actor, live: LiveRoom, new: str, reason: str, response: Response | None = None) -> Publication:
    """Do it, tell those who know RENAME, and show the others that they left one room and joined another.

    `response` is the answer to the session of the actor, if there is one.
    """
    hub = actor.hub
    old = live.room.name
    hub.limits.renames.count(str(live.room.id), hub.monotonic())
    text = cut(f"{new} {reason}", text_bytes(Kind.RENAME, actor.source.mask, old) - len(" :"))
    deed = actor.deed(Act.ROOM_RENAME, old, detail=new, reason=reason)
    event = Event(Kind.RENAME, hub.now(), actor.source, live.room.id, old, text, deeds=(deed,))
    sessions = [one for member in live.members for one in member.sessions]
    knowing = [one for one in sessions if one.has(CHANNEL_RENAME.bit)]
    publication = Publication(
        event,
        audience_of(knowing),
        actor.session,
        echo=actor.session in knowing,
        failure=actor.failure(replies.NOT_STORED, old),
        undo=hub.rename_room(live, new),
    )
    actor.publish(publication)
    if response is not None:
        response.stands_or_falls_with(publication)
    if fold(old) != fold(new):  # else it is the same name to every client ("Fallback")
        _show_all_anew(actor, live, old, reason, publication, response)
    return publication


def _show_all_anew(
    actor: Actor, live: LiveRoom, old: str, reason: str, publication: Publication, response: Response | None
) -> None:
    """Show those who know no RENAME what has become of their room."""
    hub = actor.hub
    others = [(member, one) for member in live.members for one in member.sessions if not one.has(CHANNEL_RENAME.bit)]
    if not others:
        return
    longest = max((one for _, one in others), key=lambda one: len(one.shown_nick.encode()))
    names = SharedNames(live, Response(longest, hub.journal, hub.configuration.server.name))
    for member, session in others:
        if session is actor.session and response is not None:
            _show_anew(hub, session, response, member, live, old, reason, names)
        else:
            shown = Response(session, hub.journal, hub.configuration.server.name)
            _show_anew(hub, session, shown, member, live, old, reason, names)
            actor.publish(Reply(session, shown.lines(), publication, counted=False))


def _show_anew(
    hub: Hub,
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
    source = user.source
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
