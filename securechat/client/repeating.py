"""Which commands may be sent again over a new link, when the old one was lost before the server answered.

Then nobody knows whether the command was done. What only asks, or leaves things as they are when it is done twice, is
sent again; everything else is not, and whoever waits for it is told. Messages are another matter: they are looked for
in the history (outbox.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Repeat:
    """When a command may be sent again."""

    most: int = 0
    """With at most so many parameters, as with more it changes something."""
    words: frozenset[str] = frozenset()
    """Or with one of these words."""
    place: int = 0
    """Where the word stands among the parameters."""

    def allows(self, params: Sequence[str]) -> bool:
        """Whether it may be sent again with these parameters."""
        return len(params) <= self.most or (len(params) > self.place and params[self.place].upper() in self.words)


ALWAYS: Final = Repeat(most=15)
NEVER: Final = Repeat(most=-1)


def _asking_by(*words: str, place: int = 0) -> Repeat:
    return Repeat(-1, frozenset(words), place)


REPEATS: Final[dict[str, Repeat]] = {
    "ADMIN": ALWAYS,
    "APPPASSWORD": _asking_by("LIST"),
    "AUTHENTICATE": NEVER,  # a step of a login on the link that is gone
    "AWAY": ALWAYS,
    "BAN": Repeat(most=1),
    "BATCH": NEVER,
    "CACERT": ALWAYS,
    "CAP": NEVER,  # of the link that is gone
    "CHATHISTORY": ALWAYS,
    "HELP": ALWAYS,
    "HELPOP": ALWAYS,
    "INFO": ALWAYS,
    "INVITE": NEVER,
    "INVITES": _asking_by("LIST"),
    "ISON": ALWAYS,
    "ISUPPORT": ALWAYS,
    "JOIN": ALWAYS,  # whoever is in the room already stays there; an invite is used once by an account
    "KICK": NEVER,
    "KILL": NEVER,
    "KIND": Repeat(most=1),
    "KNOCK": NEVER,
    "LINKS": ALWAYS,
    "LIST": ALWAYS,
    "LUSERS": ALWAYS,
    "MANAGE": NEVER,
    "MARKREAD": ALWAYS,
    "METADATA": _asking_by("GET", "LIST", "SUBS", "SYNC", place=1),
    "MODE": Repeat(most=1),
    "MONITOR": ALWAYS,
    "MOTD": ALWAYS,
    "MUTE": Repeat(most=1),
    "NAMES": ALWAYS,
    "NICK": ALWAYS,
    "NOTICE": NEVER,
    "OPER": NEVER,
    "PART": NEVER,  # whoever has left is refused the second time
    "PASS": NEVER,
    "PASSWD": NEVER,
    "PING": ALWAYS,
    "PONG": NEVER,
    "PRIVMSG": NEVER,
    "QUIT": NEVER,
    "REDACT": NEVER,
    "REGISTER": NEVER,
    "RENAME": NEVER,
    "REPORT": _asking_by("LIST"),
    "ROLE": Repeat(most=2),
    "SESSIONS": _asking_by("LIST", "NAME"),
    "SETNAME": ALWAYS,
    "SILENCE": ALWAYS,
    "STATS": ALWAYS,
    "TAGMSG": NEVER,
    "TIME": ALWAYS,
    "TOPIC": Repeat(most=1),
    "TOTP": _asking_by("STATUS"),
    "UNBAN": NEVER,
    "UNMUTE": NEVER,
    "USER": NEVER,
    "USERHOST": ALWAYS,
    "VERSION": ALWAYS,
    "WALLOPS": NEVER,
    "WHO": ALWAYS,
    "WHOIS": ALWAYS,
    "WHOWAS": ALWAYS,
}
"""Every command of the server; one that is not here is not sent again."""


def may_repeat(command: str, params: Sequence[str]) -> bool:
    """Whether a command that may have been done already may be sent once more."""
    return REPEATS.get(command.upper(), NEVER).allows(params)
