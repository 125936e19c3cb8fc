"""Taking a room away: from everybody who is in it, and from the disk with all that was said there."""

from collections.abc import Callable

from securechat.domain.account import Account
from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.protocol.capabilities import RENDER_MASK
from securechat.protocol.message import cut
from securechat.server.actors import Actor
from securechat.server.entries import Publication, Reply
from securechat.server.hub import Hub
from securechat.server.members import Member, remove
from securechat.server.rendering import text_bytes
from securechat.server.users import NOBODY, LiveRoom, User


def members_of(hub: Hub, live: LiveRoom) -> list[Member]:
    """Who is in the room: those who are present, and then the accounts that are not here."""
    present = {user.account.id for user in live.members if user.account is not None}
    away: list[Account] = [
        hub.accounts_by_id[account_id]
        for account_id, rooms in hub.memberships.items()
        if live.room.id in rooms and account_id not in present
    ]
    return [*live.members, *away]


def delete_room(actor: Actor, live: LiveRoom, detail: str, reason: str) -> None:
    """Take the room away. Who is in it is shown that they left it; its name is free at once.

    `detail` says what it was, for the record.
    """
    hub, room = actor.hub, live.room
    deed = actor.deed(Act.ROOM_DELETE, room.name, detail=detail, reason=reason)
    event = Event(Kind.DELETE, hub.now(), actor.source, room.id, room.name, deeds=(deed,))
    publication = Publication(event, NOBODY, actor.session)
    farewells = _farewells(hub, live, reason, publication)
    undoing = [remove(hub, live, member) for member in members_of(hub, live)]
    undoing += [_withdraw_invitations(live), hub.remove_room(live)]

    def undo() -> None:
        for one in reversed(undoing):
            one()

    publication.undo = undo
    actor.publish(publication)
    for farewell in farewells:
        actor.publish(farewell)


def _withdraw_invitations(live: LiveRoom) -> Callable[[], None]:
    """Forget who may come in; return what undoes it, for those who are here still."""
    invited = live.invited
    live.invited = {}
    for one in invited:
        if isinstance(one, User):
            one.invited_to.pop(live, None)

    def undo() -> None:
        for one in invited:
            if isinstance(one, int):
                live.invited[one] = None
            elif one.sessions:
                live.invited[one] = one.invited_to[live] = None

    return undo


def _farewells(hub: Hub, live: LiveRoom, why: str, publication: Publication) -> list[Reply]:
    """What is shown to everybody in the room once it is gone: that they themselves have left it, and why.

    Nobody is told of the others: in a room of thousands that would be millions of lines.
    """
    text = f"The room was deleted: {why}" if why else "The room was deleted"
    shown = []
    for user in live.members:
        reason = cut(text, text_bytes(Kind.EVICT, user.source.mask, live.room.name))
        left = Event(Kind.EVICT, hub.now(), user.source, live.room.id, live.room.name, reason)
        for session in user.sessions:
            line = hub.renderer.line(left, session.capabilities & RENDER_MASK)
            shown.append(Reply(session, line, publication, counted=False))
    return shown
