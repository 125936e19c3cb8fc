"""WHO and USERHOST: who somebody is (modern-irc, "WHO message", "USERHOST message")."""

from collections.abc import Iterable, Iterator
from itertools import islice

from securechat.domain.permissions import Action, may
from securechat.names import fold
from securechat.protocol.numerics import (
    ERR_TOOMANYMATCHES,
    RPL_ENDOFWHO,
    RPL_USERHOST,
    RPL_WHOREPLY,
)
from securechat.server.context import Context
from securechat.server.registry import command
from securechat.server.users import HOST, User

MOST_MATCHES = 1000
"""How many users one WHO shows: the answer is made at once, and has to fit into the outbox."""
MOST_NICKS = 5
"""How many nicks USERHOST takes."""

_EVERYBODY = frozenset({"", "*", "0"})

Match = tuple[str, User]
"""A user and the room by which they were found; `*`: none."""


@command("WHO", help="WHO <room, nick or *> [o]: who is in a room or shares one with you; with o: administrators only")
def who(context: Context) -> None:
    """List the people in a room, one person, or everybody who shares a room with the asker."""
    mask = context.param(0) or ""
    matches: Iterable[Match]
    if mask.startswith("#"):
        matches = _in_room(context, mask)
    elif mask in _EVERYBODY:
        matches = _neighbours(context)
    else:
        matches = _by_nick(context, mask)
    if context.param(1) == "o":
        matches = (match for match in matches if _is_administrator(match[1]))
    found = list(islice(matches, MOST_MATCHES + 1))
    for room, user in found[:MOST_MATCHES]:
        _show(context, room, user)
    if len(found) > MOST_MATCHES:
        context.response.numeric(ERR_TOOMANYMATCHES, command="WHO", most=MOST_MATCHES)
    context.response.numeric(RPL_ENDOFWHO, mask=mask or "*")


def _in_room(context: Context, name: str) -> Iterator[Match]:
    """Everybody in a room; nobody when the asker may not know."""
    live = context.hub.find_room(name)
    if live is not None and may(context.user.subject(live), Action.LIST_MEMBERS, context.hub.policy):
        for user in live.members:
            yield live.room.name, user


def _neighbours(context: Context) -> Iterator[Match]:
    """The asker, and everybody who shares a room with them, each once."""
    asker = context.user
    seen = {asker}
    yield next((live.room.name for live in asker.rooms.values()), "*"), asker
    for live in asker.rooms.values():
        for room, user in _in_room(context, live.room.name):
            if user not in seen:
                seen.add(user)
                yield room, user


def _by_nick(context: Context, nick: str) -> Iterator[Match]:
    """The user of that nick, with a room that they share with the asker."""
    user = context.hub.users.get(fold(nick))
    if user is not None:
        yield _shared_room(context.user, user), user


def _shared_room(asker: User, user: User) -> str:
    return next((live.room.name for live in asker.rooms.values() if live.room.id in user.rooms), "*")


def _show(context: Context, room: str, user: User) -> None:
    context.response.numeric(
        RPL_WHOREPLY,
        room=room,
        username=user.username,
        host=HOST,
        server=context.hub.configuration.server.name,
        nick=user.nick,
        flags=("G" if user.away else "H") + ("*" if _is_administrator(user) else ""),
        realname=user.realname,
    )


def _is_administrator(user: User) -> bool:
    return user.account is not None and user.account.administrator


@command("USERHOST", params=1, help="USERHOST <nick>{ <nick>}: the user and host of up to 5 people who are present")
def userhost(context: Context) -> None:
    """Tell user and host of those nicks that are present."""
    users = (context.hub.users.get(fold(nick)) for nick in context.params[:MOST_NICKS])
    replies = [
        f"{user.nick}{'*' if _is_administrator(user) else ''}={'-' if user.away else '+'}{user.username}@{HOST}"
        for user in users
        if user is not None
    ]
    context.response.numeric(RPL_USERHOST, replies=" ".join(replies))
