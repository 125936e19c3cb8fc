"""LIST with the filters of ELIST (modern-irc, "LIST message", "ELIST parameter")."""

from collections.abc import Callable

from securechat.domain.masks import is_mask, matches
from securechat.domain.permissions import Action, may
from securechat.names import fold
from securechat.protocol.numerics import RPL_LIST, RPL_LISTEND, RPL_LISTSTART
from securechat.server.context import Context
from securechat.server.registry import command
from securechat.server.users import LiveRoom

ELIST = "CMNTU"
"""The filters that LIST knows: age, masks, masks that must not fit, age of the topic, number of users."""
MOST_FILTERS = 20
"""How many filters one LIST takes; each is tried on every room."""

_MINUTE = 60_000

Filter = Callable[[LiveRoom], bool]


@command(
    "LIST",
    help="LIST [<filter>{,<filter>}]: which rooms there are; filters: room, mask, !mask, >users, C>minutes, T<minutes",
)
def list_rooms(context: Context) -> None:
    """List the rooms that the asker may see; all conditions hold for each, and one of the names if there are any."""
    hub = context.hub
    subject = context.user.subject
    words = [word for word in (context.param(0) or "").split(",") if word]
    names = {fold(word) for word in words if word.startswith("#") and not is_mask(word)}
    now = hub.now()
    filters = [_filter(word, now) for word in words if fold(word) not in names][:MOST_FILTERS]
    context.response.numeric(RPL_LISTSTART)
    if names and not filters:
        rooms = [hub.rooms[name] for name in dict.fromkeys(names) if name in hub.rooms]
    else:
        rooms = [live for name, live in hub.rooms.items() if not names or name in names]
    for live in rooms:
        if all(fits(live) for fits in filters) and may(subject(live), Action.SEE_ROOM, hub.policy):
            context.response.numeric(RPL_LIST, room=live.room.name, members=len(live.members), topic=live.room.topic)
    context.response.numeric(RPL_LISTEND)


def _filter(word: str, now: int) -> Filter:
    """Return what one word asks of a room; `now` is milliseconds. What is no condition is a mask."""
    number = word.lstrip("CTct")[1:]
    kind = word[:1].upper()
    if word[:1] in "<>" or (kind in "CT" and word[1:2] in ("<", ">")):
        if not (number.isascii() and number.isdigit()):
            return lambda _: False
        sign = word[0] if word[0] in "<>" else word[1]
        return _comparison(kind if kind in "CT" else "U", sign, int(number[:9]), now)
    if word.startswith("!"):
        unwanted = fold(word[1:])
        return lambda live: not matches(unwanted, fold(live.room.name))
    mask = fold(word)
    return lambda live: matches(mask, fold(live.room.name))


def _comparison(kind: str, sign: str, number: int, now: int) -> Filter:
    """Return the filter `kind` (C, T or U) with `>` or `<`: `C>60` is made more than 60 minutes ago."""
    measures: dict[str, Callable[[LiveRoom], float]] = {
        "C": lambda live: (now - live.room.created) / _MINUTE,
        "T": lambda live: (now - live.room.topic_time) / _MINUTE,
        "U": lambda live: len(live.members),
    }
    measure = measures[kind]

    def fits(live: LiveRoom) -> bool:
        if kind == "T" and not live.room.topic_time:
            return False  # it never had a topic
        value = measure(live)
        return value > number if sign == ">" else value < number

    return fits
