"""One conversation as a person sees it: its lines, what is unread, what is on its way. No I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from securechat.client.events import Kind, Message
from securechat.client.outbox import Delivery

MOST_ENTRIES = 10_000
"""So many lines of one conversation are kept; older ones are fetched from the server again when they are wanted.

While somebody looks at it, those that they have fetched are kept as well.
"""
PAGE = 100
"""So many lines of a conversation are fetched at once."""
_DROPPED_AT_ONCE = 1_000
PRIVATE_MODES = frozenset("is")
"""The modes that make a room one that not everybody may come into, or know of."""


class EntryKind(Enum):
    """What a line of a conversation is."""

    MESSAGE = auto()
    ACTION = auto()
    NOTICE = auto()
    PRESENCE = auto()  # who came and who left
    EVENT = auto()  # a topic, another name
    NOTE = auto()  # the client or the server itself says something
    PICTURE = auto()  # a text that the client shows as a QR code


class Status(Enum):
    """Where a line of one's own stands."""

    STORED = auto()  # it is on the server's disk, as every line of others is
    PENDING = auto()
    FAILED = auto()


KINDS = {Kind.MESSAGE: EntryKind.MESSAGE, Kind.ACTION: EntryKind.ACTION, Kind.NOTICE: EntryKind.NOTICE}
SAID = frozenset(KINDS.values())
"""The kinds that somebody said."""


@dataclass(slots=True, eq=False)
class Entry:
    """One line of a conversation, as it is to be drawn."""

    number: int
    """Grows from line to line of a conversation, and never changes; older lines that come later have smaller ones."""
    time: datetime
    kind: EntryKind
    sender: str = ""
    text: str = ""
    id: str = ""
    own: bool = False
    mention: bool = False
    """Whether it names the person."""
    status: Status = Status.STORED
    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    version: int = 0
    """Another one whenever something above has changed."""
    delivery: Delivery | None = None


class Buffer:
    """A room, the direct messages with one person, or (without a name) what the server and the client say."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.pending: list[Entry] = []  # one's own lines that are not stored: they stand at the end
        self.topic = ""
        self.joined = not name.startswith("#")
        self.private_modes: frozenset[str] = frozenset()
        self.unread = 0
        self.mentions = 0
        self.unread_line: int | None = None  # the number of the entry above which unread begins
        self.read_up_to: datetime | None = None
        self.complete = False  # whether the very first line is here
        self.draft = ""  # what is typed and not sent
        self._next = 1
        self._kept = MOST_ENTRIES
        self._ids: set[str] = set()

    @property
    def direct(self) -> bool:
        """Whether this is a conversation with one person."""
        return bool(self.name) and not self.name.startswith("#")

    @property
    def failed(self) -> list[Entry]:
        """The own lines that were not sent."""
        return [entry for entry in self.pending if entry.status is Status.FAILED]

    @property
    def private(self) -> bool:
        """Whether this is a room for the invited, or one that others do not know of."""
        return bool(self.private_modes)

    @property
    def all_counted(self) -> bool:
        """Whether everything unread is here, so that its number is true and not the least that it can be."""
        if self.complete or self.read_up_to is None or self.unread < PAGE:
            return True
        oldest = next((entry for entry in self.entries if entry.kind in SAID), None)
        return oldest is None or oldest.time <= self.read_up_to

    @property
    def oldest_id(self) -> str:
        """The id of the oldest message that is here; empty when there is none."""
        return next((entry.id for entry in self.entries if entry.id), "")

    def __len__(self) -> int:
        return len(self.entries) + len(self.pending)

    def __getitem__(self, index: int) -> Entry:
        split = len(self.entries)
        return self.entries[index] if index < split else self.pending[index - split]

    def index_of(self, entry: Entry) -> int:
        """Return where an entry stands now; when it is gone, where it would stand."""
        if entry in self.pending:
            return len(self.entries) + self.pending.index(entry)
        low, high = 0, len(self.entries)
        while low < high:
            middle = (low + high) // 2
            if self.entries[middle].number < entry.number:
                low = middle + 1
            else:
                high = middle
        return min(low, max(0, len(self) - 1))

    def append(self, kind: EntryKind, time: datetime, **fields: object) -> Entry:
        """Add a line at the end."""
        entry = Entry(self._next, time, kind, **fields)  # type: ignore[arg-type]
        self._next += 1
        self.entries.append(entry)
        self._ids.add(entry.id)
        if len(self.entries) > self._kept:
            count = len(self.entries) - self._kept - 1 + _DROPPED_AT_ONCE
            for gone in self.entries[:count]:
                self._ids.discard(gone.id)
            del self.entries[:count]
            self.complete = False
        return entry

    def prepend(self, messages: Sequence[Message], is_named: Callable[[Message], bool]) -> int:
        """Add older messages, oldest first, before everything else; return how many were new."""
        new = [message for message in messages if not message.id or message.id not in self._ids]
        first = self.entries[0].number if self.entries else self._next
        made = [
            _entry_of(message, first - len(new) + place, mention=is_named(message)) for place, message in enumerate(new)
        ]
        self.entries[:0] = made
        self._ids.update(entry.id for entry in made)
        # What comes meanwhile must not take away what is read.
        self._kept = max(self._kept, len(self.entries) + _DROPPED_AT_ONCE)
        return len(made)

    def leave_alone(self) -> None:
        """Nobody looks at it any more: what was fetched to be read need not stay."""
        self._kept = MOST_ENTRIES

    def take_over(self, other: "Buffer") -> None:
        """Add the lines of another buffer, which is that of the same room and came later."""
        for entry in other.entries:
            if not self.has(entry.id):
                fields = {name: getattr(entry, name) for name in ("sender", "text", "id", "own", "mention")}
                self.append(entry.kind, entry.time, joined=entry.joined, left=entry.left, **fields)
        self.pending += other.pending
        self.draft = self.draft or other.draft
        self.topic = other.topic or self.topic
        self.count()

    def clear(self) -> None:
        """Let no line be here; they are fetched again when they are wanted. What is on its way stays."""
        self.entries.clear()
        self._ids.clear()
        self.complete = False

    def has(self, message_id: str) -> bool:
        """Whether the message of that id is here."""
        return bool(message_id) and message_id in self._ids

    def find(self, message_id: str) -> Entry | None:
        """Return the message of that id, or None."""
        if not self.has(message_id):
            return None
        return next((entry for entry in reversed(self.entries) if entry.id == message_id), None)

    def settle(self, token: str) -> None:
        """The own line of that token is stored: it stands among the others now."""
        self.pending = [entry for entry in self.pending if entry.delivery is None or entry.delivery.token != token]

    def read(self) -> datetime | None:
        """Everything here was seen; return up to when, if that is news."""
        self.unread = self.mentions = 0
        newest = next((entry for entry in reversed(self.entries) if entry.kind in SAID), None)
        if newest is None or (self.read_up_to is not None and newest.time <= self.read_up_to):
            return None
        self.read_up_to = newest.time
        return newest.time

    def count(self) -> None:
        """Count what is unread anew."""
        self.unread = self.mentions = 0
        marker = self.read_up_to
        if marker is None:
            return
        for entry in reversed(self.entries):
            if entry.kind in SAID and entry.time <= marker:
                break
            if entry.kind in SAID and not entry.own:
                self.unread += 1
                self.mentions += entry.mention or self.direct

    def first_unread(self) -> Entry | None:
        """Return the first message that was not seen, or None."""
        marker = self.read_up_to
        if marker is None:
            return None
        found = None
        for entry in reversed(self.entries):
            if entry.kind in SAID:
                if entry.time <= marker:
                    break
                if not entry.own:
                    found = entry
        return found


def _entry_of(message: Message, number: int, *, mention: bool) -> Entry:
    return Entry(
        number,
        message.time,
        KINDS[message.kind],
        sender=message.sender,
        text=message.text,
        id=message.id,
        own=message.own,
        mention=mention,
    )
