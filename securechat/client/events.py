"""What a client hears: one immutable object for each thing that happened, in the order of the server."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from securechat.errors import SecurechatError


class Kind(Enum):
    """How something was said."""

    MESSAGE = "message"
    NOTICE = "notice"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Message:
    """Something that somebody said, in a room or to one person."""

    room: str
    """The room (`#general`); for a direct message the nick of the other person."""
    sender: str
    """The nick of who said it."""
    text: str
    """As it was sent: any character but NUL, CR and LF may be in it. `securechat.client.sanitize` is for terminals."""
    kind: Kind
    id: str
    """The message id: the same for everybody and for ever. Empty only if the server gave none."""
    time: datetime
    """When the server took it, in UTC."""
    account: str = ""
    """The account of the sender at that moment; empty for a guest."""
    own: bool = False
    """Whether the own user said it, in this session or another one."""
    old: bool = False
    """Whether it came from history: said before this client was there, or while it had no link."""
    token: str = field(default="", repr=False)
    """What the sending client marked it with (`+securechat/id`), to find it again after a lost link."""

    @property
    def direct(self) -> bool:
        """Whether it was said to one person and not to a room."""
        return not self.room.startswith("#")


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came into a room."""

    room: str
    nick: str
    time: datetime
    account: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody left a room; `quit` tells that the person left the chat altogether."""

    room: str
    nick: str
    time: datetime
    account: str = ""
    reason: str = ""
    own: bool = False
    quit: bool = False
    by: str = ""
    """Who put the person out of the room; empty when they went by themselves."""


@dataclass(frozen=True, slots=True)
class TopicChanged:
    """The topic of a room was set."""

    room: str
    nick: str
    topic: str
    time: datetime
    account: str = ""


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody has another nick now."""

    room: str
    nick: str
    new_nick: str
    time: datetime


@dataclass(frozen=True, slots=True)
class RoomRenamed:
    """A room has another name now; it is the same room, with all that was said in it."""

    room: str
    """The name that it has from now on."""
    old: str
    """The name that it had."""
    time: datetime
    nick: str = ""
    """Who gave it the other name; empty when it was done while there was no link."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """A rule of a room, or what somebody is in it, was changed: one mode of a MODE line."""

    room: str
    nick: str
    """Who changed it."""
    mode: str
    """With its sign: `+m`, `-o`."""
    value: str
    """The nick, the mask or the number that belongs to the mode; empty for a mode without one."""
    time: datetime


@dataclass(frozen=True, slots=True)
class Redacted:
    """Something that was said was taken away."""

    room: str
    nick: str
    """Who took it away."""
    id: str
    """The id of the message."""


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """What was said in a conversation up to a moment was read, here or on another device."""

    room: str
    """The room, or the nick of the other person."""
    time: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody asks the own user into a room."""

    room: str
    nick: str


@dataclass(frozen=True, slots=True)
class Knocked:
    """Somebody asks to be let into a room that the own user looks after."""

    room: str
    nick: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Connected:
    """The link to the server works; `again` after it had been lost."""

    nick: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link was lost; another attempt follows by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """The server could not say what was missed in `room`: some messages may be missing."""

    room: str


@dataclass(frozen=True, slots=True)
class ServerText:
    """The server has something to say that is no answer to a request."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The link was lost, and logging in again needs a code of the second factor: `Client.give_code`.

    `refused`: the server did not accept what was given.
    """

    refused: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come; `error` says why, if it was not asked for."""

    error: SecurechatError | None = None


Event = (
    Message
    | Joined
    | Left
    | TopicChanged
    | Renamed
    | RoomRenamed
    | ModeChanged
    | Invited
    | Knocked
    | Redacted
    | ReadUpTo
    | Connected
    | Disconnected
    | Gap
    | ServerText
    | CodeNeeded
    | Ended
)
RoomEvent = Message | Joined | Left | TopicChanged | Renamed | ModeChanged
"""What belongs to one conversation, and keeps its place among its messages."""
