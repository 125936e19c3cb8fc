"""Events: what happened, in the one order in which the journal stores and publishes it."""

from dataclasses import dataclass, field
from enum import IntEnum, unique

from securechat.domain.audit import Deed
from securechat.domain.roles import RoomChange


@unique
class Kind(IntEnum):
    """What happened. The numbers are stored; they never change their meaning."""

    MESSAGE = 1
    NOTICE = 2
    TAGS = 3  # a message of client-only tags without text (TAGMSG)
    JOIN = 4
    PART = 5
    TOPIC = 6
    QUIT = 7
    NICK = 8
    AWAY = 9
    ROOM = 10  # a room was created
    DIRECT = 11  # a direct conversation was opened
    ARRIVE = 12  # a member of a room came online in it; shown as a JOIN, but membership did not change
    TYPING = 13  # tags that say only that somebody is typing: of no use a moment later
    EVICT = 14  # somebody is out of a room that could not be stored; shown as a PART
    ACCOUNT = 40  # somebody logged in to an account; the text is its name
    SETNAME = 41  # somebody changed their real name; the text is the new one
    ASIDE = 70  # a message to some in a room: in no history, as nobody could say later who may read it there
    ASIDE_NOTICE = 71
    USER_MODE = 50  # somebody's own modes changed; told to their own sessions alone
    WALLOPS = 51  # an operator tells something to everybody who wants to hear it
    KILL = 52  # an operator ends all connections of somebody; told to these alone
    MODE = 15  # roles, rules or lists of a room changed
    INVITE = 17  # somebody was asked into a room; the text is their nick
    KICK = 16  # somebody was put out of a room; the text is their nick, a space, and why
    MARK = 30  # somebody has read a conversation up to a moment; told to their own sessions alone
    REDACT = 31  # what was said was taken away; the text is its message id and why
    REDACTED = 32  # what is left of an event that was taken away: its place, without text and tags
    ANNOUNCE = 33  # the server tells what a client could not know otherwise
    RENAME = 62  # a room has another name; the text is that name, a space, and why
    DELETE = 63  # a room is gone, with all that was said in it; shown to nobody, as who was in it is told by themselves
    METADATA = 60  # a user or room carries another value; the text is the key and, unless it is gone, a space and it
    CARRIED = 61  # what somebody carries who has just come: shown as METADATA, but nothing changes
    BLOCK = 80  # somebody blocks a person from now on (`+nick`), or does not any more; told to their own sessions
    REPORT = 81  # a report was made or closed; the text is domain.reports.encode of it; shown to nobody
    LET_IN = 83  # the same as INVITE, by somebody who opens the door with it: that is known in memory alone
    INSPECT = 82  # an administrator is about to read what a room keeps from its members; shown to nobody
    SETTLED = 34  # what was changed in a conversation after a failure is undone: the journal may store changes again


SAID = frozenset({Kind.MESSAGE, Kind.NOTICE})
"""What history shows to everybody who may read it."""

REDACTABLE = frozenset({Kind.MESSAGE, Kind.NOTICE, Kind.TAGS})
"""What can be taken away again (draft/message-redaction)."""

RECORDED = frozenset({Kind.MESSAGE, Kind.NOTICE, Kind.TAGS, Kind.JOIN, Kind.PART, Kind.TOPIC, Kind.MODE, Kind.KICK})
"""The kinds that get a row of their own in the `events` table."""

CHANGES = frozenset(
    {Kind.ROOM, Kind.DIRECT, Kind.JOIN, Kind.PART, Kind.TOPIC, Kind.MODE, Kind.KICK, Kind.MARK, Kind.METADATA}
) | frozenset({Kind.RENAME, Kind.BLOCK, Kind.REPORT, Kind.DELETE, Kind.INSPECT, Kind.LET_IN})
"""The kinds that change what is known of a conversation: when one cannot be stored, those after it are undone too."""

ONLY_SHOWN = frozenset(
    {Kind.QUIT, Kind.NICK, Kind.AWAY, Kind.ARRIVE, Kind.TYPING, Kind.EVICT, Kind.INVITE, Kind.KILL}
) | frozenset({Kind.ACCOUNT, Kind.SETNAME, Kind.USER_MODE, Kind.CARRIED, Kind.ASIDE, Kind.ASIDE_NOTICE, Kind.WALLOPS})
"""The kinds that leave no trace in the database, but for what is recorded of an act of power (Event.deeds)."""


BOT_TAG = "bot"
"""The tag of what a program does (extensions/bot-mode). In the database it stands among the tags of the event."""


@dataclass(slots=True, frozen=True)
class Source:
    """Who did it, as it was at that moment."""

    nick: str
    user: str
    host: str
    account: str = ""  # the account's name; empty for a guest
    account_id: int = 0  # 0 for a guest
    realname: str = ""
    bot: bool = False  # says of itself that it is a program
    mask: str = field(init=False)  # `nick!user@host`, the prefix of a relayed line (modern-irc, section "Source")
    # A source without a user is the server: its mask is its name alone.

    def __post_init__(self) -> None:
        # Made once: a source says many things, and each line begins with its mask.
        object.__setattr__(self, "mask", f"{self.nick}!{self.user}@{self.host}" if self.user else self.nick)


@dataclass(slots=True, eq=False)
class Event:
    """One thing that happened. Treat as immutable once it was given to the journal, which sets `sequence`."""

    kind: Kind
    time: int  # milliseconds since the epoch; never smaller than that of an earlier event
    source: Source
    conversation: int = 0  # id of the room or direct conversation; 0 when it belongs to none
    target: str = ""  # on the wire: `#general`, or the nick that a direct message was sent to; see also storage.blocks
    text: str = ""
    tags: str = ""  # client-only tags in wire form without `@`: `+a=b;+c`; empty when there are none
    sequence: int = 0  # set by the journal: the one order of everything; > 0 once it is on disk
    parties: tuple[str, str] | None = None  # for Kind.DIRECT only: the sorted pair of party keys
    change: RoomChange | None = None  # for Kind.JOIN, MODE, KICK and INSPECT
    marked: int = 0  # for Kind.MARK only: the time in ms up to which is read
    redacts: int = 0  # for Kind.REDACT only: the sequence of what is taken away
    deeds: tuple[Deed, ...] = ()  # what goes into the record of acts of power with it; never for Kind.MESSAGE
