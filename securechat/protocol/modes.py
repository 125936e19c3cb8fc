"""The modes of rooms and of users: tables, from which MODE, the tokens and the documentation follow (modern-irc).

A mode is a view of a fact: `changes` names the fact, which is kept under that name.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class ModeKind(Enum):
    """What a mode's parameter is; the values are the types of CHANMODES (modern-irc, "CHANMODES Parameter")."""

    LIST = "A"  # a mask of a list; without a parameter the list is shown
    KEY = "B"  # a parameter to set and to unset
    LIMIT = "C"  # a parameter to set only
    FLAG = "D"  # no parameter
    ROLE = "prefix"  # the nick of a member


@dataclass(frozen=True, slots=True)
class RoomMode:
    """One row."""

    letter: str
    kind: ModeKind
    parameter: str  # what it is, for people; empty: there is none
    changes: str  # the field of domain.roles.RoomRules, or the name of the role; empty for lists, kept by their letter
    summary: str
    words: tuple[str, ...] = ()  # what the parameter may be, after what it is without the mode; none: a number


ROOM_MODES: Final = (
    RoomMode("b", ModeKind.LIST, "mask", "", "May not enter; with `m:` in front of the mask, may not speak"),
    RoomMode("e", ModeKind.LIST, "mask", "", "Excepted from bans; with `m:` in front, from bans on speaking"),
    RoomMode("I", ModeKind.LIST, "mask", "", "Needs no invitation"),
    RoomMode("k", ModeKind.KEY, "key", "key", "Who enters must say the key"),
    RoomMode("l", ModeKind.LIMIT, "number", "member_limit", "No more than so many may be present"),
    RoomMode("f", ModeKind.LIMIT, "seconds", "slow_seconds", "So long a member waits before the next message"),
    RoomMode(
        "H",
        ModeKind.LIMIT,
        "`joined` or `none`",
        "history",
        "What was said before is not for newcomers: members read what was said since they joined, or of that only what "
        "they may have missed. Who looks after the room reads everything",
        ("all", "joined", "none"),
    ),
    RoomMode("C", ModeKind.FLAG, "", "plain_only", "No CTCP but actions"),
    RoomMode("L", ModeKind.FLAG, "", "locked", "Locked for now: nobody speaks or comes in but who looks after it"),
    RoomMode("i", ModeKind.FLAG, "", "invite_only", "Who enters must be invited"),
    RoomMode("m", ModeKind.FLAG, "", "moderated", "Nobody speaks without a voice"),
    RoomMode("n", ModeKind.FLAG, "", "members_only", "Nobody speaks without being in the room"),
    RoomMode("s", ModeKind.FLAG, "", "secret", "Unknown to those who are not in it"),
    RoomMode("t", ModeKind.FLAG, "", "topic_locked", "Only who looks after the room sets the topic"),
    RoomMode("o", ModeKind.ROLE, "nick", "MODERATOR", "Looks after the room, as its owner does"),
    RoomMode("v", ModeKind.ROLE, "nick", "VOICED", "Is heard when the room is moderated"),
)
"""Every mode of rooms."""

BY_LETTER: Final = {mode.letter: mode for mode in ROOM_MODES}
"""Every mode by its letter."""


@dataclass(frozen=True, slots=True)
class UserMode:
    """One row; the modes of users never have a parameter."""

    letter: str
    shows: str  # the attribute of server.users.User
    initial: bool  # whether everybody has it who comes in
    summary: str


BOT_LETTER: Final = "B"
"""The mode by which a program says that it is one, and its sign in WHO (extensions/bot-mode)."""

USER_MODES: Final = (
    UserMode(BOT_LETTER, "bot", False, "Is a program"),
    UserMode("i", "invisible", True, "Masks, and the rooms in WHOIS, show them only to people in the same rooms"),
    UserMode("o", "operator", False, "Has the powers of an administrator; MODE can only give them up"),
    UserMode("w", "hears_wallops", False, "Hears what operators tell by WALLOPS"),
)
"""Every mode of users."""

USER_MODE_BY_LETTER: Final = {mode.letter: mode for mode in USER_MODES}
"""Every mode of users by its letter."""

PREFIXES: Final = {"o": "@", "v": "+"}
"""The sign in front of the nick of who has such a role, highest first."""

MASK_LETTERS: Final = "am"
"""The letters of extended masks: `a:` means accounts, `m:` speaking alone (EXTBAN)."""


def without_key(changes: str) -> str:
    """Return the parameters of a MODE, as they are announced, with `*` in place of a key: for who was not there."""
    signs, *parameters = changes.split(" ")
    sign, position = "+", 0
    for letter in signs:
        row = BY_LETTER.get(letter)
        if letter in "+-":
            sign = letter
        elif row is not None and row.parameter and (sign == "+" or row.kind is not ModeKind.LIMIT):
            if row.kind is ModeKind.KEY and position < len(parameters):
                parameters[position] = "*"
            position += 1
    return " ".join((signs, *parameters))


def letters(*kinds: ModeKind) -> str:
    """Return the letters of the modes of these kinds, in the order of the table."""
    return "".join(mode.letter for mode in ROOM_MODES if mode.kind in kinds)


def chanmodes() -> str:
    """Return the value of CHANMODES."""
    return ",".join(letters(kind) for kind in (ModeKind.LIST, ModeKind.KEY, ModeKind.LIMIT, ModeKind.FLAG))


def prefix() -> str:
    """Return the value of PREFIX."""
    return f"({''.join(PREFIXES)}){''.join(PREFIXES.values())}"
