"""JOIN, PART, TOPIC and NAMES (modern-irc, "Channel Operations")."""

from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may, require
from securechat.errors import DomainError, InviteRefused, NotInRoom, NotPermitted
from securechat.names import check_room_name, fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import CHATHISTORY
from securechat.protocol.message import cut
from securechat.protocol.numerics import (
    ERR_LINKCHANNEL,
    ERR_NEEDMOREPARAMS,
    ERR_NOSUCHCHANNEL,
    ERR_NOTONCHANNEL,
    ERR_TOOMANYCHANNELS,
    RPL_ENDOFNAMES,
)
from securechat.server import invites, metadata_news
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.error_replies import answer_error
from securechat.server.limits import Limited, may_not_yet
from securechat.server.members import return_to
from securechat.server.membership import ROOMS_PER_USER
from securechat.server.notices import absence
from securechat.server.people import seen_in_room
from securechat.server.presence import MOST_ROOMS
from securechat.server.registry import command
from securechat.server.rendering import text_bytes
from securechat.server.replay import replay_rooms
from securechat.server.room_topics import set_topic
from securechat.server.roster import show_names, show_room, show_to_other_sessions, show_topic
from securechat.server.targets import own_room, renamed_room, room_for, visible_room
from securechat.server.users import LiveRoom


@command(
    "JOIN",
    params=1,
    help="JOIN <room>{,<room>} [<key>{,<key>}]: go into rooms; one that does not exist is made. JOIN 0 leaves all",
)
def join(context: Context) -> None:
    """Go into rooms."""
    if context.params[0] == "0":
        for live in list(context.user.rooms.values()):
            _part(context, live, "")
        return
    keys = dict(zip(context.params[0].split(","), (context.param(1) or "").split(","), strict=False))
    joined = []
    names = _names(context)
    if not names:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="JOIN")
    for name in names:
        try:
            check_room_name(name, context.hub.configuration.limits.room_name_length)
            joined += _join(context, name, keys.get(name, ""))
        except DomainError as error:
            answer_error(context, error)
    if joined and not context.session.has(CHATHISTORY.bit):
        replay_rooms(context.hub, context.session, context.response, context.user, joined)


def _names(context: Context) -> list[str]:
    """The rooms that the first parameter names, each once; too many are refused one by one."""
    names = [name for name in dict.fromkeys(context.params[0].split(",")) if name]
    for name in names[MOST_ROOMS:]:
        context.response.fail(context.message.command, replies.TOO_MANY_TARGETS, name)
    return names[:MOST_ROOMS]


def _enter(context: Context, name: str, key: str) -> tuple[LiveRoom, list[Publication]] | None:
    """Join by what was said as the key: it may be the token of an invite. Raises NotPermitted and InviteRefused.

    Who is in the room already, by whatever name they ask, is told its name if it is another one, and gets nothing.

    With a token that is no good nobody learns whether there is a room that they may not know of.
    """
    hub, user = context.hub, context.user
    shown = invites.shown(hub, user.account, name, key)
    inside = own_room(hub, user, shown.name)
    if inside is None:
        former = renamed_room(hub, user, name)
        # Who may give a room another name may give the old one to a new room, by JOIN without anything else.
        inside = former if former and (key or not may(user.subject(former), Action.RENAME, hub.policy)) else None
    if inside is not None:  # silence (modern-irc, "JOIN message"), but for the name
        _tell_name(context, name, inside)
        return None
    if not shown.reason:
        makes = may(user.subject(), Action.CREATE_ROOM, hub.policy)
        if makes and hub.find_room(shown.name) is None and may_not_yet(context, Limited.ROOMS, name):
            return None
        return hub.join(user, context.session, shown.name, key, shown.known)
    live = visible_room(hub, user, name)
    try:
        if hub.find_room(name) is not None:
            return hub.join(user, context.session, name, key)
    except NotPermitted as error:
        if live is not None and error.action not in invites.OPENED:
            raise
    # That an account is wanted is told by a good invite only, whose holder may know where it leads.
    raise InviteRefused(shown.reason if live is not None or shown.reason == "guest" else "hidden", name)


def _join(context: Context, name: str, key: str) -> list[LiveRoom]:
    """Go into one room and return it; nothing when there is no way in, or the user is in it already."""
    hub = context.hub
    session = context.session
    user = context.user
    if len(user.rooms) >= ROOMS_PER_USER:
        context.response.numeric(ERR_TOOMANYCHANNELS, room=name)
        return []
    joined = _enter(context, name, key)
    if joined is None:
        return []
    live, publications = joined
    _tell_name(context, name, live)
    for publication in publications:
        publication.failure = publication.failure or context.failure(replies.NOT_STORED, name)
        context.response.publish(publication)
    context.response.stands_or_falls_with(publications[-1])
    hub.markers.show(session, context.response, user, live)
    for publication in absence(hub, user, live) + metadata_news.brought_along(hub, user, live):
        context.response.publish(publication)
    show_room(context.response, live)
    metadata_news.show_room(hub, session, context.response, live)
    show_to_other_sessions(hub, session, context.response, live, publications[-1])
    return [live]


def _tell_name(context: Context, name: str, live: LiveRoom) -> None:
    """Tell somebody who is in a room how it is called, if they have asked for it by another name."""
    if fold(name) != fold(live.room.name):
        context.response.numeric(ERR_LINKCHANNEL, room=name, now=live.room.name)


@command("PART", params=1, help="PART <room>{,<room>} [<reason>]: leave rooms for good")
def part(context: Context) -> None:
    """Leave rooms."""
    reason = context.param(1) or ""
    names = _names(context)
    if not names:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="PART")
    for name in names:
        live = visible_room(context.hub, context.user, name)
        if live is None:
            context.response.numeric(ERR_NOSUCHCHANNEL, room=name)
        elif live.room.id not in context.user.rooms:
            context.response.numeric(ERR_NOTONCHANNEL, room=name)
        else:
            _part(context, live, reason)


def _part(context: Context, live: LiveRoom, reason: str) -> None:
    hub = context.hub
    user = context.user
    if not may(user.subject(live), Action.SPEAK, hub.policy):
        reason = ""  # it would be a way to speak
    text = cut(reason, text_bytes(Kind.PART, user.source.mask, live.room.name))
    event = Event(Kind.PART, hub.now(), user.source, live.room.id, live.room.name, text)
    roles, joined = live.members[user], live.joined.get(user.key)
    publication = hub.publication(
        event,
        live,
        context.session,
        undo=lambda: return_to(hub, user, event.source, live, roles, joined),
        failure=context.failure(replies.NOT_STORED, live.room.name),
    )
    hub.leave(user, live)
    context.response.publish(publication)


@command("TOPIC", params=1, help="TOPIC <room> [:<text>]: show or set what a room is about; an empty text clears it")
def topic(context: Context) -> None:
    """Show or set the topic of a room."""
    hub = context.hub
    user = context.user
    live = visible_room(hub, user, context.params[0])
    if live is None:
        context.response.numeric(ERR_NOSUCHCHANNEL, room=context.params[0])
        return
    text = context.param(1)
    if text is None:
        show_topic(context.response, live, even_none=True)
        return
    if live.room.id not in user.rooms:
        raise NotInRoom(live.room.name)
    require(user.subject(live), Action.SET_TOPIC, hub.policy, live.room.name)
    set_topic(context, live, text)


@command("NAMES", help="NAMES [<room>{,<room>}]: who is in a room")
def names(context: Context) -> None:
    """Say who is in rooms; without a parameter, nothing but the end (modern-irc, "NAMES message")."""
    wanted = _names(context) if context.params else []
    if not wanted:
        context.response.numeric(RPL_ENDOFNAMES, room="*")
        return
    for name in wanted:
        live = room_for(context.hub, context.user, name, Action.LIST_MEMBERS)
        if live is None:
            context.response.numeric(RPL_ENDOFNAMES, room=name)
        else:
            show_names(context.response, live, seen_in_room(context.hub, context.user, live))
