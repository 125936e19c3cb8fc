"""The tokens of 005 RPL_ISUPPORT, which tell a client the server's limits (modern-irc, "Feature Advertisement")."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from securechat.protocol.modes import (
    BOT_LETTER,
    MASK_LETTERS,
    PREFIXES,
    USER_MODES,
    ModeKind,
    chanmodes,
    letters,
    prefix,
)

MAX_TOKENS: Final = 13
"""Most tokens of one 005: with the recipient and the text they are the 15 parameters of a message."""

_LONGEST_LINE: Final = 350  # bytes of tokens in a line; leaves room for the server's name, the nick and the text
# What would end a token or a value stands as \xHH, and so does all that is not ASCII.
_ESCAPED_BYTES: Final = frozenset(b" =\\")

MEANINGS: Final[Mapping[str, str]] = {
    "ACCOUNTEXTBAN": "the letters of masks that stand for accounts",
    "AWAYLEN": "longest away message, in bytes",
    "BOT": "the user mode by which a program says that it is one",
    "CASEMAPPING": "ASCII letters are the same in both cases; the server folds other scripts as well",
    "CHANLIMIT": "how many rooms one user may be in",
    "CHANMODES": "the modes of rooms, by kind: lists, with a parameter, with one to set it, without",
    "CHANNELLEN": "longest name of a room, `#` included, in characters",
    "CHANTYPES": "what the name of a room starts with",
    "CHATHISTORY": "most messages of one answer to CHATHISTORY; 0 is no limit",
    "CLIENTTAGDENY": "client-only tags that are not relayed: none",
    "ELIST": "what LIST can filter by: age, masks, masks not to fit, age of the topic, number of users",
    "EXCEPTS": "the list of a room's exceptions from bans",
    "EXTBAN": "the letters of masks that match by something else than `nick!user@host`",
    "INVEX": "the list of a room's exceptions from invite-only",
    "KNOCK": "one may ask to be let into a room that is for the invited",
    "MAXLIST": "most masks in one list of a room",
    "MODES": "most changes with a parameter in one MODE",
    "MONITOR": "most nicks that one connection may watch",
    "MSGREFTYPES": "how CHATHISTORY refers to messages",
    "NAMELEN": "longest real name, in characters",
    "NETWORK": "the name of the network, for people",
    "NICKLEN": "longest nick, in characters",
    "PREFIX": "the modes that people have in a room, and the signs in front of their nicks",
    "SAFELIST": "LIST never floods anybody from the server",
    "SILENCE": "most people whom one may block",
    "STATUSMSG": "a message to a sign and a room goes to those with that sign only, and is not kept",
    "TARGMAX": "most targets of a command; nothing behind the colon is no limit",
    "TOPICLEN": "longest topic, in characters",
    "USERMODES": "the modes of users, by kind as in CHANMODES: none has a parameter",
    "UTF8ONLY": "everything is UTF-8",
    "WHOX": "WHO can be asked for chosen fields",
    "draft/ACCOUNTREQUIRED": "nobody is let in without an account",
}
"""What every token means, for docs/isupport.md; those that the configuration or the version leaves out too."""


@dataclass(frozen=True, slots=True)
class Isupport:
    """The values that the server announces. A limit of 0 is no limit, and its token is left out."""

    network: str
    """Name of the network, for people."""
    nick_length: int
    """Longest nick, in characters."""
    room_name_length: int
    """Longest room name, in characters, the `#` included."""
    topic_length: int
    """Longest topic, in characters."""
    history_page: int
    """Most messages of one CHATHISTORY; 0 is announced as such and means no limit (draft/chathistory)."""
    away_length: int = 0
    """Longest away message, in bytes."""
    realname_length: int = 0
    """Longest real name, in characters."""
    monitor_limit: int = 0
    """Most nicks that one session may watch."""
    most_blocked: int = 0
    """How many people one may block (SILENCE)."""
    most_rooms: int = 0
    """How many rooms one user may be in."""
    targets: Mapping[str, int] = field(default_factory=dict)
    """Most targets in one command, by command; 0 is no limit."""
    most_masks: int = 0
    """Most masks in one list of a room."""
    most_modes: int = 0
    """Most changes with a parameter in one MODE."""
    account_required: bool = False
    """Nobody gets in without an account (draft/account-registration, "ISUPPORT token")."""

    def tokens(self) -> list[str]:
        """Return every token in wire form, each with one `=` at most."""
        values: dict[str, str | None] = {
            "NETWORK": self.network,
            "CASEMAPPING": "ascii",
            "CHANTYPES": "#",
            "NICKLEN": _limit(self.nick_length),
            "CHANNELLEN": _limit(self.room_name_length),
            "TOPICLEN": _limit(self.topic_length),
            "CHANLIMIT": f"#:{self.most_rooms}" if self.most_rooms else None,
            "PREFIX": prefix(),
            "STATUSMSG": "".join(PREFIXES.values()),
            "CHANMODES": chanmodes(),
            "MODES": _limit(self.most_modes),
            "USERMODES": f",,,{''.join(mode.letter for mode in USER_MODES)}",
            "BOT": BOT_LETTER,
            "MAXLIST": f"{letters(ModeKind.LIST)}:{self.most_masks}" if self.most_masks else None,
            "EXCEPTS": "e",
            "INVEX": "I",
            "EXTBAN": f",{MASK_LETTERS}",
            "ACCOUNTEXTBAN": "a",
            "CHATHISTORY": str(self.history_page),
            "ELIST": "CMNTU",
            "AWAYLEN": _limit(self.away_length),
            "MONITOR": _limit(self.monitor_limit),
            "SILENCE": _limit(self.most_blocked),
            "NAMELEN": _limit(self.realname_length),
            "MSGREFTYPES": "msgid,timestamp",
            "TARGMAX": ",".join(f"{command}:{_limit(most) or ''}" for command, most in self.targets.items()) or None,
            "CLIENTTAGDENY": "",
        }
        tokens = [f"{name}={_escape(value)}" for name, value in values.items() if value is not None]
        tokens += ["KNOCK", "SAFELIST", "UTF8ONLY", "WHOX"]
        if self.account_required:
            tokens.append("draft/ACCOUNTREQUIRED")
        return tokens

    def lines(self) -> list[list[str]]:
        """Return the tokens of each 005, at most MAX_TOKENS and 350 bytes a line."""
        lines: list[list[str]] = [[]]
        for token in self.tokens():
            line = lines[-1]
            if len(line) == MAX_TOKENS or (line and len(" ".join((*line, token))) > _LONGEST_LINE):
                lines.append([token])
            else:
                line.append(token)
        return lines


def _limit(number: int) -> str | None:
    """Return a limit as text; None when there is none."""
    return str(number) if number else None


def _escape(value: str) -> str:
    """Return `value` in the ASCII form that a token may hold."""
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and byte not in _ESCAPED_BYTES else f"\\x{byte:02X}" for byte in value.encode()
    )
