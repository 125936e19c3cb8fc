"""The capabilities of IRCv3 that securechat speaks: one table, from which CAP LS, REQ and LIST follow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

CAP_VERSION_WITH_VALUES: Final = 302
"""CAP LS with this version or a later one gets values and several lines (capability-negotiation, "CAP LS Version")."""

LONGEST_LIST: Final = 400
"""Bytes of one list of capabilities, where names are of usual length: it stands behind `:server CAP nick LS * :`."""


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability: its bit in a session's mask, wire name, specification and what it is for."""

    bit: int
    name: str
    spec: str
    summary: str
    requires: "tuple[Capability, ...]" = ()
    """What it needs to be of use. The order of negotiation is free, so a REQ without these is still granted."""


_EXTENSIONS = "https://ircv3.net/specs/extensions/"

SASL = Capability(1 << 0, "sasl", f"{_EXTENSIONS}sasl-3.2", "Logging in to an account, at any time")
MESSAGE_TAGS = Capability(1 << 1, "message-tags", f"{_EXTENSIONS}message-tags", "Any tags, client-only tags and TAGMSG")
SERVER_TIME = Capability(1 << 2, "server-time", f"{_EXTENSIONS}server-time", "When a message was sent")
ACCOUNT_TAG = Capability(1 << 3, "account-tag", f"{_EXTENSIONS}account-tag", "The account of who sent a message")
ECHO_MESSAGE = Capability(
    1 << 4, "echo-message", f"{_EXTENSIONS}echo-message", "One's own messages come back once they are on disk"
)
BATCH = Capability(1 << 5, "batch", f"{_EXTENSIONS}batch", "Lines that belong together are grouped")
LABELED_RESPONSE = Capability(
    1 << 6, "labeled-response", f"{_EXTENSIONS}labeled-response", "Answers carry the label of their command", (BATCH,)
)
CHATHISTORY = Capability(
    1 << 7,
    "draft/chathistory",
    f"{_EXTENSIONS}chathistory",
    "What was said before, by the page",
    (BATCH, SERVER_TIME, MESSAGE_TAGS),
)
STANDARD_REPLIES = Capability(1 << 8, "standard-replies", f"{_EXTENSIONS}standard-replies", "FAIL, WARN and NOTE")
ACCOUNT_REGISTRATION = Capability(
    1 << 9,
    "draft/account-registration",
    f"{_EXTENSIONS}account-registration",
    "Making an account from the client",
    (STANDARD_REPLIES,),
)
CAP_NOTIFY = Capability(
    1 << 10, "cap-notify", f"{_EXTENSIONS}capability-negotiation", "News of capabilities that come and go"
)
READ_MARKER = Capability(
    1 << 11, "draft/read-marker", f"{_EXTENSIONS}read-marker", "Up to when oneself has read, on any of one's devices"
)
EVENT_PLAYBACK = Capability(
    1 << 12,
    "draft/event-playback",
    f"{_EXTENSIONS}chathistory",
    "Pages of history hold who came and went, topics and tags as well",
    (CHATHISTORY,),
)
MESSAGE_REDACTION = Capability(
    1 << 13,
    "draft/message-redaction",
    f"{_EXTENSIONS}message-redaction",
    "What was said can be taken away again",
    (MESSAGE_TAGS,),
)
EXTENDED_JOIN = Capability(
    1 << 15, "extended-join", f"{_EXTENSIONS}extended-join", "The account and real name of who enters a room"
)
AWAY_NOTIFY = Capability(1 << 32, "away-notify", f"{_EXTENSIONS}away-notify", "News of who is away")
ACCOUNT_NOTIFY = Capability(1 << 33, "account-notify", f"{_EXTENSIONS}account-notify", "News of who logs in")
SETNAME = Capability(1 << 34, "setname", f"{_EXTENSIONS}setname", "News of changed real names")
EXTENDED_MONITOR = Capability(
    1 << 35, "extended-monitor", f"{_EXTENSIONS}extended-monitor", "These news also of people who are watched"
)
USERHOST_IN_NAMES = Capability(
    1 << 36, "userhost-in-names", f"{_EXTENSIONS}userhost-in-names", "User and host of everybody in a room"
)
NO_IMPLICIT_NAMES = Capability(
    1 << 37, "no-implicit-names", f"{_EXTENSIONS}no-implicit-names", "No list of names on entering a room"
)
PRE_AWAY = Capability(1 << 38, "draft/pre-away", f"{_EXTENSIONS}pre-away", "Being away from before the login")
EXTENDED_ISUPPORT = Capability(
    1 << 39, "draft/extended-isupport", f"{_EXTENSIONS}extended-isupport", "The command ISUPPORT, also before the login"
)
MULTILINE = Capability(
    1 << 14, "draft/multiline", f"{_EXTENSIONS}multiline", "Messages of several lines are one message", (BATCH,)
)
MULTI_PREFIX = Capability(
    1 << 20, "multi-prefix", f"{_EXTENSIONS}multi-prefix", "All that somebody is in a room, not the highest alone"
)
INVITE_NOTIFY = Capability(
    1 << 21, "invite-notify", f"{_EXTENSIONS}invite-notify", "News of who is invited into one's rooms"
)
METADATA = Capability(
    1 << 45, "draft/metadata-3", f"{_EXTENSIONS}metadata", "Values that people and rooms carry, by key", (BATCH,)
)
STS = Capability(
    1 << 46,
    "sts",
    f"{_EXTENSIONS}sts",
    "No connection without TLS from now on; told, never requested (`tls.sts_names`)",
)
CHANNEL_RENAME = Capability(
    1 << 47, "draft/channel-rename", f"{_EXTENSIONS}channel-rename", "Rooms that get another name stay the same room"
)

CAPABILITIES: Final = (
    SASL,
    MESSAGE_TAGS,
    SERVER_TIME,
    ACCOUNT_TAG,
    ECHO_MESSAGE,
    BATCH,
    LABELED_RESPONSE,
    CHATHISTORY,
    STANDARD_REPLIES,
    ACCOUNT_REGISTRATION,
    CAP_NOTIFY,
    EXTENDED_JOIN,
    AWAY_NOTIFY,
    ACCOUNT_NOTIFY,
    SETNAME,
    EXTENDED_MONITOR,
    USERHOST_IN_NAMES,
    NO_IMPLICIT_NAMES,
    PRE_AWAY,
    EXTENDED_ISUPPORT,
    READ_MARKER,
    EVENT_PLAYBACK,
    MESSAGE_REDACTION,
    MULTILINE,
    MULTI_PREFIX,
    INVITE_NOTIFY,
    METADATA,
    STS,
    CHANNEL_RENAME,
)
"""Every capability, in the order in which CAP LS names them."""

ALL_MASK: Final = sum(capability.bit for capability in CAPABILITIES)
"""The bits of all of them."""

RENDER_MASK: Final = MESSAGE_TAGS.bit | SERVER_TIME.bit | ACCOUNT_TAG.bit | MULTILINE.bit | EXTENDED_JOIN.bit
"""The bits that change how a relayed line looks: a line is rendered once for each combination of these."""

by_name: dict[str, Capability] = {capability.name: capability for capability in CAPABILITIES}
"""Every capability by its wire name."""


def names_of(mask: int) -> list[str]:
    """Return the wire names of the capabilities in `mask`, in the order of the table."""
    return [capability.name for capability in CAPABILITIES if capability.bit & mask]


def parse_request(request: str, offered: int = ALL_MASK) -> tuple[int, int] | None:
    """Return the bits that the list of a CAP REQ turns on and off; None, for a NAK, when one of them is not offered.

    Words are handled from left to right; of a capability that stands twice the last one counts.
    """
    add = remove = 0
    for word in request.split(" "):
        if not word:
            continue
        name = word.removeprefix("-")
        capability = by_name.get(name)
        if capability is None or not capability.bit & offered & ~STS.bit:
            return None
        if name == word:
            add |= capability.bit
            remove &= ~capability.bit
        else:
            remove |= capability.bit
            add &= ~capability.bit
    return add, remove


def ls_lines(
    values: Mapping[str, str | None], version_302: bool, offered: int = ALL_MASK, most: int = LONGEST_LIST
) -> list[str]:
    """Return the lists of a reply to CAP LS, each at most `most` bytes; one empty list when nothing is offered.

    `values` holds the value of each capability that has one, by wire name. A client that did not ask for version 302
    gets no values and one list of what fits, drafts last. All lists but the last go out behind a `*` parameter.
    """
    if not version_302:
        return _split(sorted(names_of(offered), key=lambda name: name.startswith("draft/")), most)[:1]
    words = []
    for name in names_of(offered):
        value = values.get(name)
        words.append(f"{name}={value}" if value else name)
    return _split(words, most)


def list_lines(mask: int, version_302: bool, most: int = LONGEST_LIST) -> list[str]:
    """Return the lists of a reply to CAP LIST, split like those of `ls_lines`."""
    names = names_of(mask)
    lists = _split(names, most)
    return lists if version_302 else lists[:1]


def _split(words: Iterable[str], most: int) -> list[str]:
    """Join words to lists of at most `most` bytes (a longer word stands alone)."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and len(longer.encode()) > most:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
