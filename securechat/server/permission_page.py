"""docs/permissions.md: the permission table, asked for everybody in every circumstance that changes an answer."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from securechat.domain.permissions import HURDLES, Action, Policy, Role, Subject, may
from securechat.domain.roles import FOUNDER, MEMBER, OUTSIDER, RoomRole, RoomRules
from securechat.protocol.modes import ROOM_MODES, ModeKind

_HEAD = """\
# Who may do what

<!-- Generated: python -m securechat.server.reference permissions > docs/permissions.md -->

Every answer here was given by the one permission table (`securechat/domain/permissions.py`), which commands, pages and
`MANAGE` ask as well: *may this subject do this, in this room?* Nothing else decides. What an answer depends on stands
behind it: a mode of the room (see [modes.md](modes.md)), something that is true of who asks, or the configuration.

"""

_ROLES_HEAD = """\
## Roles

| on the server | is |
|---|---|
| stranger | connected, not logged in |
| guest | present by a name alone, where the configuration lets guests in |
| bot | a program, logged in to an account made by `securechat-admin user add NAME --bot`: always shown as a program, \
never an administrator |
| member | logged in to an account |
| administrator | logged in to an administrator's account (`MODE -o` lays the powers down); whoever has the powers by \
`OPER` has the same answers, but for what needs the account itself |

| in a room | is | shown as |
|---|---|---|
| outsider | not in it | |
| reader | in it, and silenced for good: `ROLE ROOM NAME reader`, which is `MODE ROOM +b m:a:NAME` | |
| member | in it | |
| voiced | in it, and heard where others are not | `+` |
| moderator | looks after it | `@` |
| owner | looks after it, makes others its owners, and only such a one or an administrator takes it away | `@` |

An administrator who is in a room looks after it. What it keeps from its members they read once that is on the record.

"""

_RULES: Final = {mode.changes: mode for mode in ROOM_MODES if mode.changes and mode.kind is not ModeKind.ROLE}
_INSIDE_FACTS: Final = {"muted": "muted", "banned": "banned"}
_OUTSIDE_FACTS: Final = {
    **_INSIDE_FACTS,
    "invited": "invited",
    "has_key": "with the key",
    "has_link": "by a link",
    "full": "full",
    "abandoned": "without members",
}
"""What may be true of who asks about a room, in words for the page."""
_LIFTING: Final = ("invited", "has_key", "has_link")
"""Of these, what opens a door."""
_POLICIES: Final[dict[str, dict[str, bool | str]]] = {
    "guests are let in": {"guests": True},
    "registration is open": {"registration": "open"},
    "registration is closed": {"registration": "closed"},
    "only administrators make rooms": {"room_creation": "administrators"},
}


@dataclasses.dataclass(slots=True, frozen=True)
class _Change:
    """A circumstance that is not as it usually is."""

    words: str
    rules: dict[str, bool | int | str] = dataclasses.field(default_factory=dict)
    facts: dict[str, bool] = dataclasses.field(default_factory=dict)
    policy: dict[str, bool | str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True, frozen=True)
class _Column:
    """Somebody, and what else can be true of them."""

    title: str
    role: Role
    roles: RoomRole = OUTSIDER
    facts: dict[str, bool] = dataclasses.field(default_factory=dict)  # that are always true of them
    possible: dict[str, str] = dataclasses.field(default_factory=dict)  # facts that may be true of them, in words

    def may(self, action: Action, changes: Iterable[_Change]) -> bool:
        """Ask the table."""
        rules: dict[str, bool | int | str] = {}
        facts = dict(self.facts)
        policy: dict[str, bool | str] = {}
        for change in changes:
            rules |= change.rules
            facts |= change.facts
            policy |= change.policy
        administers = self.role is Role.ADMINISTRATOR
        subject = Subject(self.role, self.roles, RoomRules(**rules), operator=administers, **facts)  # type: ignore[arg-type]
        return may(subject, action, Policy(**policy))  # type: ignore[arg-type]

    def changes(self) -> list[_Change]:
        """Everything that can be otherwise for them."""
        usual = RoomRules()
        found = []
        for name, mode in _RULES.items():
            value = getattr(usual, name)
            sign = "-" if value is True else "+"
            found += [_Change(f"`{sign}{mode.letter} {word}`", rules={name: word}) for word in mode.words[1:]]
            if not mode.words:
                other: bool | int | str = not value if isinstance(value, bool) else type(value)(1)
                found.append(_Change(f"`{sign}{mode.letter}`", rules={name: other}))
        found += [_Change(words, facts={name: True}) for name, words in self.possible.items() if name not in self.facts]
        return found + [_Change(words, policy=values) for words, values in _POLICIES.items()]


_PLAIN: Final = {role: role.name.lower() for role in Role}
_ON_SERVER: Final = tuple(_Column(_PLAIN[role], role) for role in Role)
_AT_DOOR: Final = tuple(
    _Column(_PLAIN[role], role, possible=_OUTSIDE_FACTS) for role in Role if role is not Role.STRANGER
)
_IN_ROOM: Final = (
    _Column("outsider", Role.MEMBER),
    _Column("reader", Role.MEMBER, MEMBER, {"muted": True}, _INSIDE_FACTS),
    _Column("member", Role.MEMBER, MEMBER, possible=_INSIDE_FACTS),
    _Column("voiced", Role.MEMBER, MEMBER | RoomRole.VOICED, possible=_INSIDE_FACTS),
    _Column("moderator", Role.MEMBER, MEMBER | RoomRole.MODERATOR, possible=_INSIDE_FACTS),
    _Column("owner", Role.MEMBER, FOUNDER, possible=_INSIDE_FACTS),
    _Column("administrator", Role.ADMINISTRATOR, MEMBER, possible=_INSIDE_FACTS),
)
_ENTERING: Final = (Action.JOIN_ROOM, *HURDLES)


def _flips(column: _Column, action: Action) -> Iterator[tuple[_Change, ...]]:
    """The smallest sets of circumstances, of two at most, that change the answer."""
    usual = column.may(action, ())
    changes = column.changes()
    alone = [one for one in changes if column.may(action, (one,)) is not usual]
    yield from ((one,) for one in alone)
    for pair in itertools.combinations([one for one in changes if one not in alone], 2):
        if column.may(action, pair) is not usual:
            yield pair


def _circumstance(column: _Column, action: Action, flip: Sequence[_Change]) -> str:
    """Say what changes the answer, and what makes it as it was again."""
    usual = column.may(action, ())
    lifting = [one for one in column.changes() if set(one.facts) & set(_LIFTING) and one not in flip]
    lifts = [one.words for one in lifting if column.may(action, (*flip, one)) is usual]
    words = " and ".join(one.words for one in flip)
    return f"{words} (but {' or '.join(lifts)})" if lifts and usual else words


def answer(column: _Column, action: Action) -> str:
    """Return what a cell says: "yes", "no", or one of them with what it depends on."""
    usual = column.may(action, ())
    depends = ", ".join(_circumstance(column, action, flip) for flip in _flips(column, action))
    if not depends:
        return "yes" if usual else "no"
    return f"yes, unless {depends}" if usual else f"only if {depends}"


def _table(columns: Sequence[_Column], actions: Iterable[Action], title: str) -> str:
    lines = [f"| {title} | " + " | ".join(one.title for one in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {one.value} | " + " | ".join(answer(column, one) for column in columns) + " |" for one in actions]
    return "\n".join(lines) + "\n"


def _depends_on_room(action: Action) -> bool:
    """Whether it makes a difference what somebody is in a room, or what its rules are."""
    outside = answer(_IN_ROOM[0], action)
    return "`" in outside or any(answer(one, action) != outside for one in _IN_ROOM[1:-1])


def _differences(role: Role, actions: Iterable[Action]) -> str:
    """Say what somebody of another role on the server may do otherwise than a member in the same place."""
    members = _IN_ROOM[:-1]
    theirs = [dataclasses.replace(one, role=role) for one in members]
    found = []
    for action in actions:
        answers = [answer(one, action) for one in theirs]
        if answers != [answer(one, action) for one in members]:
            found.append(f"{action.value} ({', '.join(sorted(set(answers)))})")
    return "; ".join(found) or "nothing"


def permissions() -> str:
    """Return docs/permissions.md."""
    rest = [one for one in Action if one not in _ENTERING]
    of_room = [one for one in rest if _depends_on_room(one)]
    of_server = [one for one in rest if one not in of_room]
    differing = "".join(
        f"- A {_PLAIN[role]} in the same place has other answers to: {_differences(role, of_room)}.\n"
        for role in (Role.GUEST, Role.BOT)
    )
    return (
        f"{_HEAD}{_ROLES_HEAD}## On the server\n\n{_table(_ON_SERVER, of_server, 'may')}\n"
        f"## Coming into a room\n\nThe first row is all others together.\n\n{_table(_AT_DOOR, _ENTERING, 'may')}\n"
        '## In a room\n\nOf members of the server. "Outsider" is of a room that has not been entered; the last column '
        f"is of an\nadministrator who is in it.\n\n{_table(_IN_ROOM, of_room, 'may')}\n{differing}"
    )
