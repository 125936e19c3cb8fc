"""KICK and INVITE: who has to leave a room, and who may come (modern-irc, "KICK message", "INVITE message")."""

from collections.abc import Callable

from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import Action, may, require
from securechat.errors import DomainError, NoSuchRoom, NotInRoom
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import INVITE_NOTIFY
from securechat.protocol.numerics import (
    ERR_CHANOPRIVSNEEDED,
    ERR_NEEDMOREPARAMS,
    ERR_NOSUCHNICK,
    ERR_USERNOTINCHANNEL,
    ERR_USERONCHANNEL,
    RPL_INVITING,
)
from securechat.server.context import Context
from securechat.server.deeds import called, deed_of
from securechat.server.entries import Publication
from securechat.server.error_replies import answer_error
from securechat.server.hub import Hub
from securechat.server.limits import Limited, may_not_yet
from securechat.server.members import Member, find_member, is_known, name_of
from securechat.server.presence import MOST_TARGETS
from securechat.server.putting_out import may_put_out, put_out
from securechat.server.registry import command
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom, User, audience_of

MOST_INVITED = 200
"""How many invitations of one room may be open; the oldest gives way."""


def _room(context: Context, name: str) -> LiveRoom:
    """Return a room that the user is in. Raises NoSuchRoom, also for one that they may not see, and NotInRoom."""
    live = visible_room(context.hub, context.user, name)
    if live is None:
        raise NoSuchRoom(name)
    if live.room.id not in context.user.rooms:
        raise NotInRoom(live.room.name)
    return live


@command("KICK", params=2, help="KICK <room>{,<room>} <nick>{,<nick>} [:<reason>]: put people out of a room")
def kick(context: Context) -> None:
    """Put people out of one room, or each out of the room that stands in the same place (RFC 2812 section 3.2.8)."""
    rooms = context.params[0].split(",")
    nicks = [nick for nick in context.params[1].split(",") if nick]
    if not nicks:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="KICK")
        return
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
    """Put people out of one room; each is answered by themselves."""
    hub = context.hub
    live = _room(context, name)
    for nick in nicks:
        subject = context.user.subject(live)
        require(subject, Action.KICK, hub.policy, live.room.name)
        member = find_member(hub, live, nick)
        if member is not None:
            if not may_put_out(context, live, member):
                context.response.numeric(ERR_CHANOPRIVSNEEDED, room=live.room.name)
            elif not may_not_yet(context, Limited.KICKS, live.room.name, name_of(member)):
                put_out(context, live, member, context.param(2) or context.user.nick, context.param(2) or "")
        elif is_known(hub, nick):
            context.response.numeric(ERR_USERNOTINCHANNEL, nick=nick, room=live.room.name)
        else:
            context.response.numeric(ERR_NOSUCHNICK, nick=nick)


@command("INVITE", params=2, help="INVITE <nick> <room>: ask somebody into a room; they may come although it is closed")
def invite(context: Context) -> None:
    """Ask somebody into a room, once. An account need not be here, if it is let in and not only asked."""
    hub = context.hub
    live = _room(context, context.params[1])
    subject = context.user.subject(live)
    person = _person(hub, context.params[0], absent=may(subject, Action.LET_IN, hub.policy))
    if person is None:
        context.response.numeric(ERR_NOSUCHNICK, nick=context.params[0])
        return
    require(subject, Action.INVITE, hub.policy, live.room.name)
    if find_member(hub, live, name_of(person)) is not None:
        context.response.numeric(ERR_USERONCHANNEL, nick=name_of(person), room=live.room.name)
        return
    if not may_not_yet(context, Limited.INVITATIONS, name_of(person), live.room.name):
        _invite(context, live, person)


def _person(hub: Hub, name: str, *, absent: bool) -> Member | None:
    """Return who goes by a nick or has an account of that name; who is not here only if that does not matter."""
    account = hub.accounts.get(fold(name))
    user = hub.users.get(fold(name)) or (hub.users_of_account.get(account.id) if account is not None else None)
    return user or (account if absent else None)


def _open_door(context: Context, live: LiveRoom, person: Member) -> Callable[[], None]:
    """Let somebody in once; who is not here is told when they come. Return what undoes it."""
    hub = context.hub
    close = live.invite(person, MOST_INVITED)
    if isinstance(person, User):
        return close
    if person.id in context.user.blocked_by:
        return close
    forget = hub.awaited.note(person.id, live, context.user.source.mask)

    def undo() -> None:
        forget()
        close()

    return undo


def _invite(context: Context, live: LiveRoom, person: Member) -> None:
    """Ask somebody in; the doors are open to them at once, and closed again with all that came of it if that cannot be
    recorded.
    """
    hub, room = context.hub, live.room
    source = context.user.source
    opens = may(context.user.subject(live), Action.LET_IN, hub.policy)  # else it is a hint and nothing more
    event = Event(Kind.LET_IN if opens else Kind.INVITE, hub.now(), source, room.id, room.name, name_of(person))
    undo = None
    if opens:
        undo = _open_door(context, live, person)
        event.deeds = (deed_of(event.time, source, Act.ROOM_INVITE, room.name, target=called(person)),)
    # The room's own people learn of it if they want to (invite-notify); who invites knows it already.
    blockers = context.user.blocked_by
    listeners = live.audience_with(INVITE_NOTIFY.bit)
    if blockers:  # who blocks the one who invites learns of it neither as a guest nor as one of the room
        members = (one for one in live.members if one.key not in blockers)
        listeners = audience_of([one for member in members for one in member.sessions if one.has(INVITE_NOTIFY.bit)])
    if isinstance(person, User) and person.key not in blockers:
        listeners += audience_of(person.sessions)
    failure = context.failure(replies.NOT_STORED, room.name)
    publication = Publication(event, listeners, context.session, undo=undo, failure=failure)
    context.response.publish(publication)
    context.response.stands_or_falls_with(publication)
    context.response.numeric(RPL_INVITING, nick=name_of(person), room=room.name)
