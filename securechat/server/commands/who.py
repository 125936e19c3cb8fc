"""WHO and WHOX: lists of people (modern-irc, "WHO message"; https://ircv3.net/specs/extensions/whox)."""

from collections.abc import Callable, Iterator

from securechat.domain.masks import Mask, is_mask
from securechat.domain.permissions import Action
from securechat.domain.roles import OUTSIDER
from securechat.names import fold
from securechat.protocol.capabilities import MULTI_PREFIX
from securechat.protocol.modes import BOT_LETTER
from securechat.protocol.numerics import ERR_TOOMANYMATCHES, RPL_ENDOFWHO, RPL_WHOREPLY, RPL_WHOSPCRPL
from securechat.server.context import Context
from securechat.server.people import common_room, idle_seconds, may_find, may_see_in_room
from securechat.server.registry import command
from securechat.server.roster import prefix_of
from securechat.server.slices import Slices
from securechat.server.targets import room_for
from securechat.server.users import HOST, User

MOST_MATCHES = 1000
"""How many users one WHO shows: the answer is made at once, and has to fit into the outbox."""
TOKEN_DIGITS = 3
"""The longest token of WHOX."""

_EVERYBODY = frozenset({"", "*", "0"})

Match = tuple[str, User]
"""A user and the room by which they were found; `*`: none."""
Matches = Iterator[Match | None]
"""None stands for a pause (see Slices)."""


@command(
    "WHO",
    help="WHO <room, nick or mask> [o][%<fields>[,<token>]]: who is in a room or fits; with o: operators only",
)
def who(context: Context) -> None:
    """List the people in a room, one person, or everybody visible whom a mask fits."""
    mask = context.param(0) or ""
    flags, _, wanted = (context.param(1) or "").partition("%")
    fields, _, token = wanted.partition(",")
    slices = Slices(context)
    matches = _find(context, slices, mask)
    if "o" in flags:
        matches = (match for match in matches if match is None or match[1].operator)

    def show(room: str, user: User) -> None:
        if fields:
            _show_fields(context, room, user, fields, token)
        else:
            _show(context, room, user)

    slices.run(_answer(context, slices, matches, show))


def _answer(context: Context, slices: Slices, matches: Matches, show: Callable[[str, User], None]) -> Iterator[None]:
    """Show the matches, as many as an answer may hold."""
    shown = 0
    for match in matches:
        if match is None:
            yield
            continue
        if shown == MOST_MATCHES or slices.is_full:
            context.response.numeric(ERR_TOOMANYMATCHES, command="WHO", most=shown)
            break
        shown += 1
        show(*match)
    context.response.numeric(RPL_ENDOFWHO, mask=context.param(0) or "*")


def _find(context: Context, slices: Slices, mask: str) -> Matches:
    if mask.startswith("#"):
        return _in_room(context, slices, mask)
    if mask in _EVERYBODY:
        return _fitting(context, slices, "*")
    user = context.hub.users.get(fold(mask))
    if user is not None:
        return iter([(common_room(context.hub, context.user, user), user)])
    return _fitting(context, slices, fold(mask))


def _in_room(context: Context, slices: Slices, name: str) -> Matches:
    """Everybody in a room whom the asker may see there; nobody when the asker may not know the room."""
    hub = context.hub
    live = room_for(hub, context.user, name, Action.LIST_MEMBERS)
    if live is not None:
        for user in list(live.members):
            if slices.spend():
                yield None
            if user in live.members and may_see_in_room(hub, context.user, user, live):
                yield live.room.name, user


def _fitting(context: Context, slices: Slices, mask: str) -> Matches:
    """Everybody whom a mask may find and fits, each once; the people of the asker's own rooms come first."""
    hub = context.hub
    asker = context.user
    neighbours: dict[User, None] = {asker: None}
    for live in list(asker.rooms.values()):
        if slices.spend(len(live.members)):
            yield None
        neighbours.update(dict.fromkeys(live.members))
    fits, cost = _searcher(context, mask)
    for user in [*neighbours, *(user for user in hub.users.values() if user not in neighbours)]:
        if slices.spend(cost):
            yield None
        # They may have gone since the last slice.
        if user.sessions and (user in neighbours or may_find(asker, user)) and fits(user):
            slices.spend(len(user.rooms))
            yield common_room(hub, asker, user), user


def _searcher(context: Context, mask: str) -> tuple[Callable[[User], bool], int]:
    """Return what tells whether a folded mask fits a user: nick, user name, host, server, account or real name.

    Second, how many looks that takes.
    """
    made = Mask(mask)
    if any(made.fits(fold(text)) for text in (HOST, context.hub.configuration.server.name)):
        return (lambda _: True), 1
    if is_mask(mask):
        return (lambda user: any(made.fits(text) for text in user.searched)), 1 + 4 * made.cost
    return (lambda user: mask in user.searched), 1


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
