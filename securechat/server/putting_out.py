"""Putting somebody out of a room: whether one may, and how it is announced, stored and recorded."""

from securechat.domain.audit import Act
from securechat.domain.events import Event, Kind
from securechat.domain.permissions import kicking, may
from securechat.domain.roles import RoomChange
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.server.actors import Actor
from securechat.server.context import Context
from securechat.server.deeds import called
from securechat.server.members import Member, account_of, name_of, remove, subject_of
from securechat.server.rendering import text_bytes
from securechat.server.users import LiveRoom


def may_put_out(context: Context, live: LiveRoom, member: Member) -> bool:
    """Whether the one who asks may put out this member."""
    hub = context.hub
    needed = kicking(subject_of(hub, live, member), hub.policy, own=member is context.user)
    return may(context.user.subject(live), needed, hub.policy)


def put_out(actor: Actor, live: LiveRoom, member: Member, shown: str, reason: str) -> None:
    """Put one out, who need not be here; `shown` is what the room reads, `reason` what goes on the record."""
    hub = actor.hub
    source, room = actor.source, live.room
    text = cut(f"{name_of(member)} {shown}", text_bytes(Kind.KICK, source.mask, room.name) - len(" :"))
    account = account_of(member)
    change = RoomChange(expelled=account.id if account is not None else 0)
    deed = actor.deed(Act.ROOM_KICK, room.name, target=called(member), reason=reason)
    event = Event(Kind.KICK, hub.now(), source, room.id, room.name, text, change=change, deeds=(deed,))
    failure = actor.failure(replies.NOT_STORED, room.name)
    publication = hub.publication(event, live, actor.session, failure=failure)
    publication.undo = remove(hub, live, member)
    actor.publish(publication)
