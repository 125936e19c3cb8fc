"""Taking away what was said: from the disk, and from the screens of those whose clients know of it."""

from dataclasses import dataclass

from securechat.clock import format_time
from securechat.domain.audit import Act, Deed, name_of
from securechat.domain.events import SAID, Event, Kind, Source
from securechat.domain.history import StoredEvent
from securechat.domain.permissions import keeps_history
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import MESSAGE_REDACTION
from securechat.protocol.message import cut
from securechat.server.actors import Actor
from securechat.server.entries import Publication
from securechat.server.hub import Hub
from securechat.server.past import too_late
from securechat.server.rendering import text_bytes
from securechat.server.users import Audience, LiveRoom, User, audience_of, without


@dataclass(slots=True, frozen=True)
class Place:
    """Where something is taken away: the conversation, its name on the wire, and who hears it."""

    conversation: int
    name: str
    room: LiveRoom | None
    hearers: list[User]  # of a direct conversation; of a room, its own people


def take_away(actor: Actor, place: Place, stored: StoredEvent, reason: str, *, others: bool) -> None:
    """Announce it and take it away; what somebody did to `others` goes on the record."""
    hub = actor.hub
    identifier = hub.message_ids.format(stored.sequence)
    fits = text_bytes(Kind.REDACT, actor.source.mask, place.name) - len(identifier) - 2
    shown = cut(reason, fits)
    text = f"{identifier} :{shown}" if shown else identifier
    knowing, unknowing = _audiences(hub, place, stored)
    deeds: tuple[Deed, ...] = ()
    if others:
        author = name_of(stored.account, stored.source.partition("!")[0])
        deeds = (actor.deed(Act.ROOM_REDACT, place.name, author, detail=identifier, reason=reason),)
    event = Event(
        Kind.REDACT,
        hub.now(),
        actor.source,
        place.conversation,
        place.name,
        text,
        redacts=stored.sequence,
        deeds=deeds,
    )
    hub.repeats.erase(stored.sequence)
    failure = actor.failure(replies.NOT_STORED, place.name)
    actor.publish(Publication(event, knowing, actor.session, echo=True, failure=failure))
    if unknowing and stored.kind in SAID:
        _announce(actor, place, stored, reason, unknowing)


def _audiences(hub: Hub, place: Place, stored: StoredEvent) -> tuple[Audience, Audience]:
    """Those whose clients know of messages that are taken away, and those whose do not.

    For who could never read it there is nothing that could be taken away.
    """
    bit, room = MESSAGE_REDACTION.bit, place.room
    if room is not None:
        late = too_late(hub, room, stored) if keeps_history(room.room.rules) else []
        return without(room.audience_with(bit), late), without(room.audience_without(bit), late)
    sessions = [one for hearer in place.hearers for one in hearer.sessions]
    knowing = [one for one in sessions if one.has(bit)]
    return audience_of(knowing), audience_of([one for one in sessions if not one.has(bit)])


def _announce(actor: Actor, place: Place, stored: StoredEvent, reason: str, audience: Audience) -> None:
    """Tell in words those whose clients still show what was taken away ("Fallback")."""
    hub = actor.hub
    author = stored.source.partition("!")[0]
    whose = "a message" if author == actor.source.nick else f"a message of {author}"
    text = f"{actor.source.nick} deleted {whose} of {format_time(stored.time)[11:19]} UTC"
    if reason:
        text += f": {reason}"
    source = Source(hub.configuration.server.name, "", "")
    text = cut(text, text_bytes(Kind.ANNOUNCE, source.mask, place.name))
    event = Event(Kind.ANNOUNCE, hub.now(), source, target=place.name, text=text)
    actor.publish(Publication(event, audience, None))
