"""What a person sees of the chat: rooms and people with their lines, what is unread, what is on its way. No I/O.

The events of the client go in by `apply`, what the person writes by `say`; a front end draws what stands here. Used by
one thread only.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from securechat.client.buffer import KINDS, PRIVATE_MODES, Buffer, Entry, EntryKind, Status
from securechat.client.events import (
    CodeNeeded,
    Connected,
    Disconnected,
    Event,
    Gap,
    Invited,
    Joined,
    Left,
    Message,
    ModeChanged,
    ReadUpTo,
    Redacted,
    Renamed,
    RoomRenamed,
    ServerText,
    TopicChanged,
)
from securechat.client.outbox import Delivery
from securechat.client.output import sentence
from securechat.names import fold

_FIRST_PENDING = 1 << 60
"""Own lines that are not stored have numbers of their own, above all others."""
_MOST_PRESENCES = 200
"""So many comings and goings are condensed into one line."""


class Chat:
    """All conversations of one person."""

    def __init__(
        self, nick: str, now: Callable[[], datetime] = lambda: datetime.now(UTC), *, presences: str = "condensed"
    ) -> None:
        """`presences`: how comings and goings are shown, as in the settings (`look.join_part`)."""
        self.nick = nick
        self.presences = presences
        self.connected = True
        self.trouble = ""  # why there is no link
        self.home = Buffer("")
        self.active = self.home
        self._buffers: dict[str, Buffer] = {"": self.home}
        self._now = now
        self._pending_number = _FIRST_PENDING

    def __iter__(self) -> Iterator[Buffer]:
        """The conversations in the order of the list: the server's own first, rooms and people as they came."""
        return iter(self._buffers.values())

    def find(self, name: str) -> Buffer | None:
        """Return the conversation of that name, or None."""
        return self._buffers.get(fold(name))

    def buffer(self, name: str) -> Buffer:
        """Return the conversation of that name; it is made if there is none."""
        buffer = self._buffers.get(fold(name))
        if buffer is None:
            buffer = self._buffers[fold(name)] = Buffer(name)
        return buffer

    def close(self, buffer: Buffer) -> None:
        """Take a conversation off the list; nothing of it is lost on the server."""
        if buffer is not self.home:
            self._buffers.pop(fold(buffer.name), None)
            if self.active is buffer:
                self.activate(self.home)

    def activate(self, buffer: Buffer) -> None:
        """Look at a conversation. A line shows where unread begins, for as long as one looks."""
        self.active.unread_line = None
        self.active.leave_alone()
        self.active = buffer
        first = buffer.first_unread()
        buffer.unread_line = first.number if first is not None else None

    def next_busy(self) -> Buffer | None:
        """Return the conversation to look at next; None if none needs it.

        First one with a line of one's own that was not sent, then one with mentions, then one with anything unread.
        """
        others = [buffer for buffer in self if buffer is not self.active and (buffer.unread or buffer.failed)]
        return max(others, key=lambda buffer: (bool(buffer.failed), buffer.mentions > 0), default=None)

    # --- what the person says ---

    def say(self, target: str, text: str, delivery: Delivery, *, action: bool = False) -> Entry:
        """Show a line of one's own as pending; `Buffer.settle` and `failed` decide it."""
        kind = EntryKind.ACTION if action else EntryKind.MESSAGE
        self._pending_number += 1
        entry = Entry(
            self._pending_number,
            self._now(),
            kind,
            sender=self.nick,
            text=text,
            own=True,
            status=Status.PENDING,
            delivery=delivery,
        )
        self.buffer(target).pending.append(entry)
        return entry

    def decided(self, delivery: Delivery) -> None:
        """A line of one's own is stored, or it is known that it is not."""
        # Not by the name that it was said to: the room may have another one by now.
        found = ((buffer, entry) for buffer in self for entry in buffer.pending if entry.delivery is delivery)
        buffer, entry = next(found, (None, None))
        if buffer is None or entry is None:
            return
        if delivery.error is None:
            buffer.settle(delivery.token)
        else:
            entry.status = Status.FAILED
            entry.version += 1

    def failed(self) -> list[Entry]:
        """The lines of the active conversation that were not sent."""
        return self.active.failed

    @property
    def lost_by_leaving(self) -> int:
        """How many own lines are lost if one leaves now: those that failed, and without a link those that wait."""
        return sum(len(buffer.failed) for buffer in self) + (0 if self.connected else self.waiting)

    @property
    def waiting(self) -> int:
        """How many own lines, of all conversations, are not decided yet."""
        return sum(entry.status is Status.PENDING for buffer in self for entry in buffer.pending)

    def forget(self, entry: Entry) -> None:
        """Take a line that was not sent away."""
        if entry in self.active.pending:
            self.active.pending.remove(entry)

    def note(self, text: str, buffer: Buffer | None = None, *, kind: EntryKind = EntryKind.NOTE) -> Entry:
        """Let the client say or show something, in the active conversation if no other is named."""
        return (buffer or self.active).append(kind, self._now(), text=text)

    # --- what happens ---

    def apply(self, event: Event) -> Buffer | None:
        """Take an event in; return the conversation that it changed."""
        change = _CHANGES.get(type(event))
        return change(self, event) if change is not None else None

    def take_history(self, name: str, messages: Sequence[Message], marker: datetime | None) -> Buffer:
        """Take what was said with a person before this client was there; what was never marked as read is unread."""
        buffer = self.buffer(name)
        buffer.prepend(messages, self.is_named)
        if marker is None and messages:
            marker = _just_before(messages[0].time)
        own = max((message.time for message in messages if message.own), default=None)
        for moment in (marker, own):
            if moment is not None and (buffer.read_up_to is None or buffer.read_up_to < moment):
                buffer.read_up_to = moment
        buffer.count()
        return buffer

    def is_mention(self, message: Message) -> bool:
        """Whether a message is for this person above all: a direct one, or one that names them."""
        return is_for(message, self.nick)

    def is_named(self, message: Message) -> bool:
        """Whether a message names this person, so that it is to stand out among the others."""
        return not message.own and names(message.text, self.nick)

    def _message(self, message: Message) -> Buffer:
        buffer = self.buffer(message.room)
        if message.own and message.token:
            buffer.settle(message.token)
        if buffer.has(message.id):
            return buffer
        mention = self.is_mention(message)
        entry = buffer.append(
            KINDS[message.kind],
            message.time,
            sender=message.sender,
            text=message.text,
            id=message.id,
            own=message.own,
            mention=self.is_named(message),
        )
        if message.own:
            if buffer.read_up_to is None or buffer.read_up_to < message.time:
                buffer.read_up_to = message.time
            buffer.unread = buffer.mentions = 0
        elif buffer.read_up_to is None and message.old:
            return buffer  # what was said before one's first visit is nobody's debt
        elif buffer.read_up_to is None or entry.time > buffer.read_up_to:
            if buffer.read_up_to is None:
                buffer.read_up_to = _just_before(entry.time)
            buffer.unread += 1
            buffer.mentions += mention
        return buffer

    def _joined(self, event: Joined) -> Buffer:
        buffer = self.buffer(event.room)
        if event.own:
            buffer.joined = True
        else:
            self._presence(buffer, event, came=event.nick)
        return buffer

    def _left(self, event: Left) -> Buffer | None:
        buffer = self.find(event.room) if event.own else self.buffer(event.room)
        if buffer is None:
            return None  # it was taken off the list already
        if event.own:
            buffer.joined = False
        if event.own or event.by:  # who was put out did not just leave
            buffer.append(EntryKind.EVENT, event.time, text=sentence(event))
        else:
            self._presence(buffer, event, went=event.nick)
        return buffer

    def _presence(self, buffer: Buffer, event: Joined | Left, came: str = "", went: str = "") -> None:
        """Condense comings and goings that follow each other; who came and went meanwhile is not worth a word."""
        time = event.time
        if self.presences != "condensed":
            if self.presences == "shown":
                buffer.append(EntryKind.EVENT, time, text=sentence(event))
            return
        entry = buffer.entries[-1] if buffer.entries else None
        if (
            entry is None
            or entry.kind is not EntryKind.PRESENCE
            or len(entry.joined) + len(entry.left) >= _MOST_PRESENCES
            or entry.time.astimezone().date() != time.astimezone().date()
        ):
            entry = buffer.append(EntryKind.PRESENCE, time)
        here, gone, nick = (entry.joined, entry.left, came) if came else (entry.left, entry.joined, went)
        if nick in gone:
            gone.remove(nick)
        elif nick not in here:
            here.append(nick)
        entry.version += 1

    def _topic(self, event: TopicChanged) -> Buffer:
        buffer = self.buffer(event.room)
        buffer.topic = event.topic
        buffer.append(EntryKind.EVENT, event.time, text=sentence(event))
        return buffer

    def _renamed(self, event: Renamed) -> Buffer:
        if fold(event.nick) == fold(self.nick):
            self.nick = event.new_nick
        buffer = self.buffer(event.room)
        buffer.append(EntryKind.EVENT, event.time, text=sentence(event))
        return buffer

    def _room_renamed(self, event: RoomRenamed) -> Buffer:
        """It stays the same room at the same place; what was begun under the new name meanwhile is added to it."""
        buffer, other = self.buffer(event.old), self.find(event.room)
        keys = [key for key in self._buffers if other is None or other is buffer or key != fold(event.room)]
        self._buffers = {fold(event.room) if self._buffers[key] is buffer else key: self._buffers[key] for key in keys}
        buffer.name = event.room
        if other is not None and other is not buffer:
            buffer.take_over(other)
            if self.active is other:
                self.activate(buffer)
        buffer.joined = True
        buffer.append(EntryKind.EVENT, event.time, text=sentence(event))
        return buffer

    def _mode(self, event: ModeChanged) -> Buffer:
        buffer = self.buffer(event.room)
        if event.mode[1:] in PRIVATE_MODES:
            buffer.private_modes = buffer.private_modes - {event.mode[1:]}
            if event.mode.startswith("+"):
                buffer.private_modes |= {event.mode[1:]}
        buffer.append(EntryKind.EVENT, event.time, text=sentence(event))
        return buffer

    def _invited(self, event: Invited) -> Buffer:
        self.note(sentence(event))
        return self.active

    def _gap(self, event: Gap) -> Buffer:
        buffer = self.buffer(event.room)
        self.note(sentence(event), buffer)
        return buffer

    def _server_text(self, event: ServerText) -> Buffer:
        self.note(sentence(event), self.home)
        return self.home

    def _code_needed(self, event: CodeNeeded) -> Buffer:
        self.note(sentence(event))
        return self.active

    def _redacted(self, event: Redacted) -> Buffer:
        buffer = self.buffer(event.room)
        entry = buffer.find(event.id)
        if entry is not None:
            entry.text = ""
            entry.version += 1
        return buffer

    def _read(self, event: ReadUpTo) -> Buffer | None:
        # What was read with a person with whom nothing is shown puts nobody on the list.
        buffer = self.buffer(event.room) if event.room.startswith("#") else self.find(event.room)
        if buffer is not None and (buffer.read_up_to is None or event.time > buffer.read_up_to):
            buffer.read_up_to = event.time
            buffer.count()
        return buffer

    def _connected(self, event: Connected) -> Buffer:
        self.nick = event.nick
        self.connected, self.trouble = True, ""
        return self.active

    def _disconnected(self, event: Disconnected) -> Buffer:
        self.connected, self.trouble = False, event.reason
        return self.active


def is_for(message: Message, nick: str) -> bool:
    """Whether a message is for the person of that nick above all: a direct one, or one that names them."""
    return not message.own and (message.direct or names(message.text, nick))


def names(text: str, nick: str) -> bool:
    """Whether a text names somebody: their nick as a word of its own, in any case."""
    if not nick:
        return False
    text, nick = text.casefold(), nick.casefold()
    place = text.find(nick)
    while place >= 0:
        before, after = text[place - 1 : place], text[place + len(nick) : place + len(nick) + 1]
        if not (_in_word(before) or _in_word(after)):
            return True
        place = text.find(nick, place + 1)
    return False


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _just_before(time: datetime) -> datetime:
    return time - timedelta(milliseconds=1)


_CHANGES: dict[type, Callable[..., Buffer | None]] = {
    Message: Chat._message,  # noqa: SLF001 - the table of this class
    Joined: Chat._joined,  # noqa: SLF001
    Left: Chat._left,  # noqa: SLF001
    TopicChanged: Chat._topic,  # noqa: SLF001
    Renamed: Chat._renamed,  # noqa: SLF001
    RoomRenamed: Chat._room_renamed,  # noqa: SLF001
    ModeChanged: Chat._mode,  # noqa: SLF001
    Invited: Chat._invited,  # noqa: SLF001
    Redacted: Chat._redacted,  # noqa: SLF001
    ReadUpTo: Chat._read,  # noqa: SLF001
    Gap: Chat._gap,  # noqa: SLF001
    CodeNeeded: Chat._code_needed,  # noqa: SLF001
    ServerText: Chat._server_text,  # noqa: SLF001
    Connected: Chat._connected,  # noqa: SLF001
    Disconnected: Chat._disconnected,  # noqa: SLF001
}
