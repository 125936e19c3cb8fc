"""Changing what a room is about."""

from securechat.domain.audit import Deed
from securechat.domain.events import Event, Kind
from securechat.protocol import standard_replies as replies
from securechat.protocol.message import cut
from securechat.server.actors import Actor
from securechat.server.rendering import text_bytes
from securechat.server.users import LiveRoom


def set_topic(actor: Actor, live: LiveRoom, text: str, deeds: tuple[Deed, ...] = ()) -> None:
    """Let the topic be `text`, cut to what a line holds; `deeds` go on the record with it."""
    hub, room = actor.hub, live.room
    text = text[: hub.configuration.limits.topic_length or None]
    text = cut(text, text_bytes(Kind.TOPIC, actor.source.mask, room.name))
    before = (room.topic, room.topic_by, room.topic_time)

    def undo() -> None:
        room.topic, room.topic_by, room.topic_time = before

    event = Event(Kind.TOPIC, hub.now(), actor.source, room.id, room.name, text, deeds=deeds)
    room.topic, room.topic_by, room.topic_time = text, actor.source.mask, event.time
    failure = actor.failure(replies.NOT_STORED, room.name)
    actor.publish(hub.publication(event, live, actor.session, undo=undo, failure=failure))
