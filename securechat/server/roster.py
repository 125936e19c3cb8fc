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


def role_letters(roles: RoomRole) -> str:
    """Return the modes that roles are shown as, the highest first."""
    return ("o" if roles & LEADING else "") + ("v" if roles & RoomRole.VOICED else "")


def prefix_of(roles: RoomRole, *, every: bool) -> str:
    """Return the signs in front of the nick of who is `roles`: the highest, or `every` one (multi-prefix)."""
    signs = "".join(PREFIXES[letter] for letter in role_letters(roles))
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
    _send_names(response, live, _names(live, _room_for_names(response, live), *_look(response), shown))


class SharedNames:
    """The names of a room for many sessions, whose nicks are no longer than that of `longest`'s.

    They are put together once for each look that capabilities ask for.
    """

    __slots__ = ("_live", "_made", "_most")

    def __init__(self, live: LiveRoom, longest: Response) -> None:
        self._live = live
        self._most = _room_for_names(longest, live)
        self._made: dict[tuple[bool, bool], list[str]] = {}

    def show(self, response: Response) -> None:
        """Send what `show_names` sends; nothing to a client that asks for names when it needs them."""
        if response.has(capabilities.NO_IMPLICIT_NAMES.bit):
            return
        look = _look(response)
        names = self._made.get(look)
        if names is None:
            names = self._made[look] = _names(self._live, self._most, *look)
        _send_names(response, self._live, names)


def _look(response: Response) -> tuple[bool, bool]:
    """Whether every sign is shown, and whether user and host are."""
    return response.has(capabilities.MULTI_PREFIX.bit), response.has(capabilities.USERHOST_IN_NAMES.bit)


def _symbol(live: LiveRoom) -> str:
    return "@" if live.room.rules.secret else "="


def _room_for_names(response: Response, live: LiveRoom) -> int:
    """How many bytes of names fit into one 353."""
    return response.numeric_text_bytes(RPL_NAMREPLY, symbol=_symbol(live), room=live.room.name, names="")


def _names(live: LiveRoom, most: int, every: bool, userhost: bool, shown: Container[User] | None = None) -> list[str]:
    """Return the names of a room in texts of at most `most` bytes."""
    texts: list[str] = []
    line: list[str] = []
    size = 0
    for member, roles in live.members.items():
        if shown is not None and member not in shown:
            continue
        nick = prefix_of(roles, every=every) + (member.source.mask if userhost else member.nick)
        length = len(nick.encode()) + 1
        if line and size + length - 1 > most:
            texts.append(" ".join(line))
            line, size = [], 0
        line.append(nick)
        size += length
    if line:
        texts.append(" ".join(line))
    return texts


def _send_names(response: Response, live: LiveRoom, texts: list[str]) -> None:
    for names in texts:
        response.numeric(RPL_NAMREPLY, symbol=_symbol(live), room=live.room.name, names=names)
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
