"""What the own user may not do, as far as the client knows: menus say so instead of letting somebody run into it.

The server decides, by a table of its own (docs/permissions.md). Here stands what follows of it from what a client is
told: its own signs, modes and account, and the modes of the room. Where something is not known, nothing is kept from
anybody. A test compares every row with the server's, for everybody and every room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from securechat.client.texts import N_, _

LEADING_SIGNS: Final = frozenset("~&@%")
"""The signs of those who look after a room (ISUPPORT PREFIX)."""
OPERATOR_LETTER: Final = "o"
"""The user mode of who has an administrator's powers."""
PROGRAM_LETTER: Final = "B"
"""The user mode of a program."""


class Right(Enum):
    """Something that not everybody may do; the names are those of the server's table."""

    CHANGE_MODES = auto()
    SET_TOPIC = auto()
    RENAME = auto()
    KICK = auto()
    INVITE = auto()
    INVITE_BY_LINK = auto()
    REDACT_OTHERS = auto()
    HANDLE_REPORTS = auto()
    MAKE_OWNER = auto()
    DEMOTE_OWNER = auto()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a client knows of its own user and of one room."""

    account: bool = True
    """Whether the user is logged in to an account."""
    modes: frozenset[str] = frozenset()
    """The letters of the user's own modes (221)."""
    signs: str = ""
    """What the user is in the room: `@` looks after it, `+` is heard where others are not."""
    rules: frozenset[str] = frozenset()
    """The letters of the room's modes (324)."""
    role: str = ""
    """What the server calls the user in the room (ROLE); empty: it was not asked."""
    leads_elsewhere: bool = False
    """Whether the user looks after another room."""

    @property
    def operates(self) -> bool:
        """Whether the user has an administrator's powers."""
        return OPERATOR_LETTER in self.modes

    @property
    def leads(self) -> bool:
        """Whether the user looks after the room."""
        return self.operates or not LEADING_SIGNS.isdisjoint(self.signs)


ONLY_LEADING: Final = N_("only who looks after the room")
_ONLY_OWNER: Final = N_("only an owner of the room")


def _leading(facts: Facts) -> str:
    return "" if facts.leads else ONLY_LEADING


def _owning(facts: Facts) -> str:
    known_not_to = facts.role not in ("", "owner") and not facts.operates
    return _leading(facts) or (_ONLY_OWNER if known_not_to else "")


def _setting_topic(facts: Facts) -> str:
    if facts.leads:
        return ""
    return ONLY_LEADING if facts.rules & frozenset("tL") else ""


def _inviting(facts: Facts) -> str:
    closed = "i" in facts.rules and not facts.leads
    return N_("only who looks after the room, as it is for the invited") if closed else ""


def _inviting_by_link(facts: Facts) -> str:
    if not facts.leads:
        return ONLY_LEADING
    if PROGRAM_LETTER in facts.modes and not facts.operates:
        return N_("no program")
    return "" if facts.account else N_("only who has an account")


def _handling_reports(facts: Facts) -> str:
    return "" if facts.leads or facts.leads_elsewhere else N_("only who looks after a room")


RULES: Final[dict[Right, Callable[[Facts], str]]] = {
    Right.CHANGE_MODES: _leading,
    Right.SET_TOPIC: _setting_topic,
    Right.RENAME: _leading,
    Right.KICK: _leading,
    Right.INVITE: _inviting,
    Right.INVITE_BY_LINK: _inviting_by_link,
    Right.REDACT_OTHERS: _leading,
    Right.HANDLE_REPORTS: _handling_reports,
    Right.MAKE_OWNER: _owning,
    Right.DEMOTE_OWNER: _owning,
}
"""For each right why the user does not have it (not translated); empty: they have it, or it is not known."""


def why_not(facts: Facts | None, right: Right | None) -> str:
    """Return why the user may not do something; empty when they may, or when it is not known."""
    reason = "" if facts is None or right is None else RULES[right](facts)
    return _(reason) if reason else ""
