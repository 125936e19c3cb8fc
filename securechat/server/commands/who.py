"""WHO and WHOX: lists of people (modern-irc, "WHO message"; https://ircv3.net/specs/extensions/whox)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from securechat.domain.masks import is_mask, matches
from securechat.domain.permissions import Action, may
from securechat.domain.roles import OUTSIDER
from securechat.names import fold
from securechat.protocol.capabilities import MULTI_PREFIX
from securechat.protocol.modes import BOT_LETTER
from securechat.protocol.numerics import ERR_TOOMANYMATCHES, RPL_ENDOFWHO, RPL_WHOREPLY, RPL_WHOSPCRPL
from securechat.server.context import Context
from securechat.server.people import common_room, idle_seconds, may_find
from securechat.server.registry import command
from securechat.server.roster import prefix_of
from securechat.server.users import HOST, User

MOST_MATCHES = 1000
"""How many users one WHO shows: the answer is made at once, and has to fit into the outbox."""
TOKEN_DIGITS = 3
"""The longest token of WHOX."""

_EVERYBODY = frozenset({"", "*", "0"})

Match = tuple[str, User]
"""A user and the room by which they were found; `*`: none."""


@command(
    "WHO",
    help="WHO <room, nick or mask> [o][%<fields>[,<token>]]: who is in a room or fits; with o: operators only",
)
def who(context: Context) -> None:
    """List the people in a room, one person, or everybody visible whom a mask fits."""
    mask = context.param(0) or ""
    flags, _, wanted = (context.param(1) or "").partition("%")
    fields, _, token = wanted.partition(",")
    matching = _find(context, mask)
    if "o" in flags:
        matching = (match for match in matching if match[1].operator)
    found = list(islice(matching, MOST_MATCHES + 1))
    for room, user in found[:MOST_MATCHES]:
        if fields:
            _show_fields(context, room, user, fields, token)
        else:
            _show(context, room, user)
    if len(found) > MOST_MATCHES:
        context.response.numeric(ERR_TOOMANYMATCHES, command="WHO", most=MOST_MATCHES)
    context.response.numeric(RPL_ENDOFWHO, mask=mask or "*")


def _find(context: Context, mask: str) -> Iterable[Match]:
    if mask.startswith("#"):
        return _in_room(context, mask)
    if mask in _EVERYBODY:
        return _fitting(context, "*")
    user = context.hub.users.get(fold(mask))
    if user is not None:
        return [(common_room(context.hub, context.user, user), user)]
    return _fitting(context, fold(mask))


def _in_room(context: Context, name: str) -> Iterator[Match]:
    """Everybody in a room whom the asker may see there; nobody when the asker may not know the room."""
    live = context.hub.find_room(name)
    if live is not None and may(context.user.subject(live), Action.LIST_MEMBERS, context.hub.policy):
        for user in live.members:
            yield live.room.name, user


def _fitting(context: Context, mask: str) -> Iterator[Match]:
    """Everybody whom a mask may find and fits, each once; the people of the asker's own rooms come first."""
    hub = context.hub
    asker = context.user
    neighbours: dict[User, None] = {asker: None}
    for live in asker.rooms.values():
        neighbours.update(dict.fromkeys(live.members))
    for user in neighbours:
        if _fits(context, mask, user):
            yield common_room(hub, asker, user), user
    for user in hub.users.values():
        if user not in neighbours and may_find(asker, user) and _fits(context, mask, user):
            yield common_room(hub, asker, user), user


def _fits(context: Context, mask: str, user: User) -> bool:
    """Whether a folded mask fits the nick, the user name, the host, the server, the account or the real name."""
    if mask == "*":
        return True
    account = user.account.name if user.account else ""
    texts = (user.nick, user.username, HOST, context.hub.configuration.server.name, account, user.realname)
    if is_mask(mask):
        return any(matches(mask, fold(text)) for text in texts if text)
    return any(mask == fold(text) for text in texts if text)


def _flags(context: Context, room: str, user: User) -> str:
    live = context.hub.find_room(room)
    roles = live.members.get(user, OUTSIDER) if live is not None else OUTSIDER
    signs = prefix_of(roles, every=context.session.has(MULTI_PREFIX.bit))
    return ("G" if user.away else "H") + ("*" if user.operator else "") + signs + (BOT_LETTER if user.bot else "")


def _show(context: Context, room: str, user: User) -> None:
    context.response.numeric(
        RPL_WHOREPLY,
        room=room,
        username=user.username,
        host=HOST,
        server=context.hub.configuration.server.name,
        nick=user.nick,
        flags=_flags(context, room, user),
        realname=user.realname,
    )


_FIELDS: dict[str, Callable[[Context, str, User], str]] = {
    "c": lambda _context, room, _user: room,
    "u": lambda _context, _room, user: user.username,
    "i": lambda _context, _room, _user: "255.255.255.255",  # no address is ever disclosed
    "h": lambda _context, _room, _user: HOST,
    "s": lambda context, _room, _user: context.hub.configuration.server.name,
    "n": lambda _context, _room, user: user.nick,
    "f": _flags,
    "d": lambda _context, _room, _user: "0",
    "l": lambda context, _room, user: str(idle_seconds(context.hub, user)),
    "a": lambda _context, _room, user: user.account.name if user.account else "0",
    "o": lambda _context, _room, _user: "n/a",
    "r": lambda _context, _room, user: user.realname,
}
"""The fields of WHOX in the order in which they are sent, behind the token `t`."""


def _show_fields(context: Context, room: str, user: User, fields: str, token: str) -> None:
    """Send 354 with the fields that were asked for."""
    values = []
    if "t" in fields:
        values.append(token if token.isascii() and token.isdigit() and len(token) <= TOKEN_DIGITS else "0")
    values += [make(context, room, user) for letter, make in _FIELDS.items() if letter in fields]
    if values:
        context.response.numeric(RPL_WHOSPCRPL, fields=values[:-1], last=values[-1])
