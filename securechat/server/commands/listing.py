"""LIST with the filters of ELIST (modern-irc, "LIST message", "ELIST parameter")."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from securechat.domain.masks import Mask, is_mask
from securechat.domain.permissions import Action, may
from securechat.names import fold
from securechat.protocol.numerics import ERR_TOOMANYMATCHES, ERR_TOOMANYTARGETS, RPL_LIST, RPL_LISTEND, RPL_LISTSTART
from securechat.server.context import Context
from securechat.server.registry import command
from securechat.server.slices import Slices
from securechat.server.users import LiveRoom

MOST_FILTERS = 20
"""How many masks and conditions one LIST takes; each is tried on every room."""

_MINUTE = 60_000

Condition = Callable[[LiveRoom], bool]
Row = tuple[str, LiveRoom]
"""A room, with its folded name in front."""


@dataclass(slots=True)
class _Wanted:
    """What one LIST asks for: a room by one of the names or masks, if there are any, that all conditions hold for."""

    names: set[str] = field(default_factory=set)
    masks: list[Mask] = field(default_factory=list)
    unwanted: list[Mask] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.masks) + len(self.unwanted) + len(self.conditions)

    def add(self, word: str, now: int) -> None:
        """Take a word of the command."""
        kind = word[:1].upper()
        if kind in "<>" or (kind in "CT" and word[1:2] in ("<", ">")):
            self.conditions.append(_condition(word, now))
        elif kind == "!":
            self.unwanted.append(Mask(fold(word[1:])))
        elif is_mask(word):
            self.masks.append(Mask(fold(word)))
        else:
            self.names.add(fold(word))

    def fits(self, name: str, live: LiveRoom) -> bool:
        """Whether a room of that folded name is wanted."""
        if (self.names or self.masks) and name not in self.names and not any(mask.fits(name) for mask in self.masks):
            return False
        return all(holds(live) for holds in self.conditions) and not any(mask.fits(name) for mask in self.unwanted)

    def cost(self) -> int:
        """How many looks one room costs."""
        return 1 + len(self.conditions) + sum(mask.cost for mask in (*self.masks, *self.unwanted))


@command(
    "LIST",
    help="LIST [<room or mask>{,…}] [<condition>{,…}]: which rooms there are; conditions: >users !mask C>minutes T<…",
)
def list_rooms(context: Context) -> None:
    """List the rooms that the asker may see and has asked for; names and conditions may stand in either parameter."""
    hub = context.hub
    wanted = _Wanted()
    for word in ",".join(context.params[:2]).split(","):
        if word:
            wanted.add(word, hub.now())
        if len(wanted) > MOST_FILTERS:
            context.response.numeric(ERR_TOOMANYTARGETS, target=word)
            context.response.numeric(RPL_LISTEND)
            return
    rows: Iterable[Row] = hub.rooms.items()
    if wanted.names and not wanted.masks:
        rows = [(name, hub.rooms[name]) for name in wanted.names if name in hub.rooms]
    slices = Slices(context)
    slices.run(_answer(context, slices, wanted, list(rows)))


def _answer(context: Context, slices: Slices, wanted: _Wanted, rows: list[Row]) -> Iterator[None]:
    """Send the rows that are wanted, as many as an answer may hold."""
    hub = context.hub
    response = context.response
    cost = wanted.cost()
    response.numeric(RPL_LISTSTART)
    shown = 0
    for name, live in rows:
        if slices.spend(cost):
            yield
        # It may be gone since the last slice.
        if hub.rooms.get(name) is not live or not wanted.fits(name, live):
            continue
        if not may(context.user.subject(live), Action.SEE_ROOM, hub.policy):
            continue
        if slices.is_full:
            response.numeric(ERR_TOOMANYMATCHES, command="LIST", most=shown)
            break
        shown += 1
        response.numeric(RPL_LIST, room=live.room.name, members=len(live.members), topic=live.room.topic)
    response.numeric(RPL_LISTEND)


def _condition(word: str, now: int) -> Condition:
    """Return what a word such as `>5` or `C<60` asks of a room; `now` is milliseconds."""
    kind, rest = (word[0].upper(), word[1:]) if word[0] not in "<>" else ("U", word)
    sign, number = rest[0], rest[1:]
    if not (number.isascii() and number.isdigit()):
        return lambda _: False
    return _comparison(kind, sign, int(number[:9]), now)


def _comparison(kind: str, sign: str, number: int, now: int) -> Condition:
    """Return the condition `kind` (C, T or U) with `>` or `<`: `C>60` is made more than 60 minutes ago."""
    measures: dict[str, Callable[[LiveRoom], float]] = {
        "C": lambda live: (now - live.room.created) / _MINUTE,
        "T": lambda live: (now - live.room.topic_time) / _MINUTE,
        "U": lambda live: len(live.members),
    }
    measure = measures[kind]

    def holds(live: LiveRoom) -> bool:
        if kind == "T" and not live.room.topic_time:
            return False  # it never had a topic
        value = measure(live)
        return value > number if sign == ">" else value < number

    return holds
