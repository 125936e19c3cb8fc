"""What a room looks like from outside: its topic and who is in it."""

from collections.abc import Container

from securechat.domain.roles import LEADING, RoomRole
from securechat.protocol import capabilities
from securechat.protocol.modes import PREFIXES
from securechat.protocol.numerics import RPL_ENDOFNAMES, RPL_NAMREPLY, RPL_NOTOPIC, RPL_TOPIC, RPL_TOPICWHOTIME
from securechat.server import metadata_news
from securechat.server.entries import Publication, Reply
from securechat.server.hub import Hub
from securechat.server.response import Response
from securechat.server.sessions import Session
from securechat.server.users import LiveRoom, User


def prefix_of(roles: RoomRole, *, every: bool) -> str:
    """Return the signs in front of the nick of who is `roles`: the highest, or `every` one (multi-prefix)."""
    signs = (PREFIXES["o"] if roles & LEADING else "") + (PREFIXES["v"] if roles & RoomRole.VOICED else "")
    return signs if every else signs[:1]


def show_topic(response: Response, live: LiveRoom, *, even_none: bool) -> None:
    """Send 332 and 333, or 331 when there is no topic and `even_none` asks for that."""
    room = live.room
    if room.topic:
        response.numeric(RPL_TOPIC, room=room.name, topic=room.topic)
        response.numeric(RPL_TOPICWHOTIME, room=room.name, setter=room.topic_by, time=room.topic_time // 1000)
    elif even_none:
        response.numeric(RPL_NOTOPIC, room=room.name)


def show_names(response: Response, live: LiveRoom, shown: Container[User] | None = None) -> None:
    """Send 353 as often as needed, and 366 (modern-irc, "RPL_NAMREPLY"); only those in `shown`, if it is given."""
    symbol = "@" if live.room.rules.secret else "="
    every = response.has(capabilities.MULTI_PREFIX.bit)
    userhost = response.has(capabilities.USERHOST_IN_NAMES.bit)
    most = response.numeric_text_bytes(RPL_NAMREPLY, symbol=symbol, room=live.room.name, names="")
    line: list[str] = []
    size = 0
    for member, roles in live.members.items():
        if shown is not None and member not in shown:
            continue
        nick = prefix_of(roles, every=every) + (member.source.mask if userhost else member.nick)
        length = len(nick.encode()) + 1
        if line and size + length - 1 > most:
            response.numeric(RPL_NAMREPLY, symbol=symbol, room=live.room.name, names=" ".join(line))
            line, size = [], 0
        line.append(nick)
        size += length
    if line:
        response.numeric(RPL_NAMREPLY, symbol=symbol, room=live.room.name, names=" ".join(line))
    response.numeric(RPL_ENDOFNAMES, room=live.room.name)


def show_room(response: Response, live: LiveRoom) -> None:
    """Send what follows a JOIN: the topic if there is one, and the names unless they are asked for when needed."""
    show_topic(response, live, even_none=False)
    if not response.has(capabilities.NO_IMPLICIT_NAMES.bit):
        show_names(response, live)


def show_to_other_sessions(hub: Hub, session: Session, response: Response, live: LiveRoom, joined: Publication) -> None:
    """The other sessions of a user who has come in are in the room as well: their clients want its names, too."""
    user = session.user
    for other in user.sessions if user is not None else ():
        if user is not None and other is not session:
            shown = Response(other, hub.journal, hub.configuration.server.name)
            hub.markers.show(other, shown, user, live)
            show_room(shown, live)
            metadata_news.show_room(hub, other, shown, live)
            response.publish(Reply(other, shown.lines(), joined, counted=False))
