"""KICK and INVITE: who has to leave a room, and who may come (modern-irc, "KICK message", "INVITE message")."""

from functools import partial

from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may, require
from securechat.domain.roles import RoomChange
from securechat.errors import DomainError, NoSuchRoom, NotInRoom
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import INVITE_NOTIFY
from securechat.protocol.message import cut
from securechat.protocol.numerics import (
    ERR_NOSUCHNICK,
    ERR_USERNOTINCHANNEL,
    ERR_USERONCHANNEL,
    RPL_INVITING,
)
from securechat.server.context import Context
from securechat.server.entries import Publication
from securechat.server.error_replies import answer_error
from securechat.server.presence import MOST_TARGETS
from securechat.server.registry import command
from securechat.server.rendering import text_bytes
from securechat.server.users import LiveRoom, User, audience_of

MOST_INVITED = 200
"""How many invitations of one room may be open; the oldest gives way."""


def _room(context: Context, name: str) -> LiveRoom:
    """Return a room that the user is in. Raises NoSuchRoom, also for one that they may not see, and NotInRoom."""
    live = context.hub.find_room(name)
    if live is None or not may(context.user.subject(live), Action.SEE_ROOM, context.hub.policy):
        raise NoSuchRoom(name)
    if live.room.id not in context.user.rooms:
        raise NotInRoom(live.room.name)
    return live


@command("KICK", params=2, help="KICK <room>{,<room>} <nick>{,<nick>} [:<reason>]: put people out of a room")
def kick(context: Context) -> None:
    """Put people out of one room, or each out of the room that stands in the same place (RFC 2812 section 3.2.8)."""
    rooms = context.params[0].split(",")
    nicks = [nick for nick in context.params[1].split(",") if nick]
    for nick in nicks[MOST_TARGETS:]:
        context.response.fail("KICK", replies.TOO_MANY_TARGETS, nick)
    if len(rooms) == 1:
        _kick_from(context, rooms[0], list(dict.fromkeys(nicks[:MOST_TARGETS])))
        return
    for name, nick in zip(rooms, nicks[:MOST_TARGETS], strict=False):
        try:
            _kick_from(context, name, [nick])
        except DomainError as error:
            answer_error(context, error)


def _kick_from(context: Context, name: str, nicks: list[str]) -> None:
    live = _room(context, name)
    require(context.user.subject(live), Action.KICK, context.hub.policy, live.room.name)
    for nick in nicks:
        user = context.hub.users.get(fold(nick))
        if user is None:
            context.response.numeric(ERR_NOSUCHNICK, nick=nick)
        elif user not in live.members:
            context.response.numeric(ERR_USERNOTINCHANNEL, nick=user.nick, room=live.room.name)
        else:
            _kick(context, live, user, context.param(2) or context.user.nick)


def _kick(context: Context, live: LiveRoom, user: User, reason: str) -> None:
    """Put one out; nobody puts out an owner who could not take the room from them."""
    hub = context.hub
    if user is not context.user and may(user.subject(live), Action.DEMOTE_OWNER, hub.policy):
        require(context.user.subject(live), Action.DEMOTE_OWNER, hub.policy, live.room.name)
    source, room = context.user.source, live.room
    text = cut(f"{user.nick} {reason}", text_bytes(Kind.KICK, source.mask, room.name) - len(" :"))
    expelled = user.account.id if user.account is not None else 0
    event = Event(Kind.KICK, hub.now(), source, room.id, room.name, text, change=RoomChange(expelled=expelled))
    undo = partial(hub.return_to, user, user.source, live, live.members[user])
    failure = context.failure(replies.NOT_STORED, room.name)
    publication = hub.publication(event, live, context.session, undo, failure)
    hub.leave(user, live)
    context.response.publish(publication)


@command("INVITE", params=2, help="INVITE <nick> <room>: ask somebody into a room; they may come although it is closed")
def invite(context: Context) -> None:
    """Ask somebody into a room, once."""
    hub = context.hub
    user = hub.users.get(fold(context.params[0]))
    live = _room(context, context.params[1])
    if user is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=context.params[0])
        return
    require(context.user.subject(live), Action.INVITE, hub.policy, live.room.name)
    if user in live.members:
        context.response.numeric(ERR_USERONCHANNEL, nick=user.nick, room=live.room.name)
        return
    live.invited.pop(user.party, None)
    live.invited[user.party] = None
    if len(live.invited) > MOST_INVITED:
        del live.invited[next(iter(live.invited))]
    context.response.numeric(RPL_INVITING, nick=user.nick, room=live.room.name)
    # The room's own people learn of it if they want to (invite-notify); who invites knows it already.
    listeners = dict.fromkeys(user.sessions)
    for member in live.members:
        listeners.update(dict.fromkeys(one for one in member.sessions if one.has(INVITE_NOTIFY.bit)))
    listeners.pop(context.session, None)
    event = Event(Kind.INVITE, hub.now(), context.user.source, target=live.room.name, text=user.nick)
    context.response.publish(Publication(event, audience_of(list(listeners)), context.session))
