"""What a run of entries becomes in the database: rows of `events`, what they change, and what goes on the record."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from securechat.domain.events import BOT_TAG, CHANGES, RECORDED, REDACTABLE, Event, Kind
from securechat.domain.ports import Entry
from securechat.domain.roles import RoomRole
from securechat.errors import StorageError
from securechat.names import fold
from securechat.storage.audit import Audit
from securechat.storage.blocks import store_block
from securechat.storage.faults import ROW_FAULTS, is_general
from securechat.storage.invites import bind_room, use_by_account
from securechat.storage.metadata import set_value
from securechat.storage.models import (
    ConversationRow,
    EventRow,
    MembershipRow,
    ReadMarkerRow,
    RoomMaskRow,
    RoomRulesRow,
    TimelineRow,
)
from securechat.storage.reports import store_report
from securechat.storage.room_deletion import delete_room, departing, purge

_COLUMNS = ("sequence", "time", "kind", "conversation_id", "source", "account", "target", "text", "tags")
_WIDTH = len(_COLUMNS)

# One statement stores many rows, as `executemany` gives the GIL up and takes it back for every row. Only powers of two,
# so that the driver's cache keeps all of them prepared: 100 rows are 64 + 32 + 4. (bench/journal.py compares.)
_CHUNKS = tuple(
    (
        1 << exponent,
        f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 - constants
        + ", ".join([f"({', '.join('?' * _WIDTH)})"] * (1 << exponent)),
    )
    for exponent in range(8, -1, -1)
)

MOST_UNMADE = 20_000
"""How many failed conversations are remembered: as many as events may be queued."""
_MAKING = frozenset({Kind.ROOM, Kind.DIRECT})

Failure = tuple[Entry, Exception]
"""An entry that could not be stored although the database is well, and why."""


class Recorder:
    """Stores entries through one connection and hands out sequence numbers."""

    def __init__(self, connection: Connection) -> None:
        """Reads the newest sequence number: needs a transaction."""
        self._connection = connection
        self._unmade: dict[int, None] = {}  # conversations whose making failed, oldest first
        self._unsettled: dict[int, None] = {}  # where a change failed, and whoever submits has not taken it back yet
        self.erased = False  # something was taken away: set here, unset by who sees to it that no copy stays
        self.departing = bool(departing(connection))  # whether of rooms that are gone some messages may be left
        self.newest: int = connection.execute(select(func.coalesce(func.max(EventRow.sequence), 0))).scalar_one()

    def record(self, entries: Sequence[Entry]) -> list[Failure]:
        """Store a run of entries in the caller's transaction; return those that could not be, which changed nothing.

        Sets `sequence` of the events of RECORDED kinds. Raises what concerns the whole database (faults.is_general).
        """
        newest = self.newest
        if (self._unmade or self._unsettled) and any(self._needs_care(entry) for entry in entries):
            return self._record_singly(entries)
        try:
            self._record_together(entries)
        except ROW_FAULTS as error:
            if is_general(error):
                raise
            self.newest = newest
            return self._record_singly(entries)
        return []

    def purge(self) -> int:
        """Take away a part of what was said in rooms that are gone; return how many events. Needs a transaction."""
        gone = purge(self._connection)
        if gone is None:
            self.departing, self.erased = False, True
        return gone or 0

    def note_failed(self, entries: Iterable[Entry]) -> None:
        """Remember what must not be stored after these failures, in order.

        Whoever submitted them has not heard of the failure yet, so such events may be in the queue already: any in a
        conversation that is not there after all, and changes of one that is, until they are taken back (SETTLED).
        """
        for entry in entries:
            event = entry.event
            if event is None:
                continue
            if event.kind in _MAKING:
                _add(self._unmade, event.conversation)
            if event.kind in CHANGES:
                _add(self._unsettled, event.conversation)
            elif event.kind is Kind.SETTLED:
                self._unsettled.pop(event.conversation, None)

    def _needs_care(self, entry: Entry) -> bool:
        event = entry.event
        return event is not None and (event.kind is Kind.SETTLED or self._is_refused(event))

    def _is_refused(self, event: Event) -> bool:
        if event.conversation in self._unmade and event.kind not in _MAKING:
            return True
        return event.conversation in self._unsettled and event.kind in CHANGES

    def _record_together(self, entries: Sequence[Entry]) -> None:
        first = self.newest
        values, effects = self._number(entries)
        if effects:
            with self._connection.begin_nested():
                self._insert(values)
                for event in effects:
                    self._take_effect(event)
        elif values:
            try:
                self._insert(values)
            except ROW_FAULTS as error:
                # No SAVEPOINT here, as it would cost every batch; earlier chunks of this run are taken back by hand.
                if not is_general(error):
                    self._connection.execute(delete(EventRow).where(EventRow.sequence > first))
                raise

    def _take_effect(self, event: Event) -> None:
        """Change what the event changes, and record the acts of power that it is: neither stands without the other."""
        effect = _EFFECTS.get(event.kind)
        if effect is not None:
            effect(self._connection, event)
        if event.deeds:
            Audit(self._connection).append_all(event.deeds)
        self.erased |= event.kind is Kind.REDACT
        self.departing |= event.kind is Kind.DELETE

    def _number(self, entries: Sequence[Entry]) -> tuple[list[object], list[Event]]:
        """Give the events their numbers; return the rows to store, as one flat list, and the events with effects."""
        values: list[object] = []
        effects: list[Event] = []
        sequence = self.newest
        message = Kind.MESSAGE
        extend = values.extend
        for entry in entries:
            event = entry.event
            if event is None:
                continue
            kind = event.kind
            if kind is not message:
                if kind in _EFFECTS or event.deeds:
                    effects.append(event)
                if kind not in RECORDED:
                    continue
            sequence += 1
            event.sequence = sequence
            source = event.source
            extend(
                (
                    sequence,
                    event.time,
                    kind | 0,  # a plain int: the driver would look for an adapter for anything else
                    event.conversation,
                    source.mask,
                    source.account,
                    event.target,
                    event.text,
                    _stored_tags(event) if source.bot else event.tags or None,
                )
            )
        self.newest = sequence
        return values, effects

    def _insert(self, values: list[object]) -> None:
        """Insert rows, given as one flat list, with as few statements as the chunk sizes allow."""
        position = 0
        rows = len(values) // _WIDTH
        for size, statement in _CHUNKS:
            while rows >= size:
                end = position + size * _WIDTH
                self._connection.exec_driver_sql(statement, tuple(values[position:end]))
                position = end
                rows -= size

    def _record_singly(self, entries: Sequence[Entry]) -> list[Failure]:
        """Find out which entries are at fault; the others are stored, with consecutive numbers."""
        failures: list[Failure] = []
        for entry in entries:
            newest = self.newest
            event = entry.event
            if event is not None and event.kind is Kind.SETTLED:
                self._unsettled.pop(event.conversation, None)
                continue
            if event is not None and self._is_refused(event):
                failures.append((entry, StorageError("what it stands on could not be stored")))
                continue
            try:
                with self._connection.begin_nested():
                    self._record_together((entry,))
            except ROW_FAULTS as error:
                if is_general(error):
                    raise
                self.newest = newest
                forget_sequence(entry)
                failures.append((entry, error))
                self.note_failed((entry,))
        return failures


def _stored_tags(event: Event) -> str:
    """The tags of what a program did, as history shows them again."""
    return f"{BOT_TAG};{event.tags}" if event.tags else BOT_TAG


def _add(conversations: dict[int, None], conversation: int) -> None:
    if len(conversations) >= MOST_UNMADE:
        del conversations[next(iter(conversations))]
    conversations[conversation] = None


def forget_sequence(entry: Entry) -> None:
    """Take back the number of an event that is not on disk."""
    if entry.event is not None:
        entry.event.sequence = 0


# Made once: whoever connects may make a room, and building the statement costs more than running it.
_INSERT_CONVERSATION = insert(ConversationRow)
_NO_TOPIC = {"topic": "", "topic_by": "", "topic_time": 0}


def _make_room(connection: Connection, event: Event) -> None:
    named = {"name": event.target, "folded": fold(event.target)}
    connection.execute(_INSERT_CONVERSATION, {"id": event.conversation, "created": event.time, **named, **_NO_TOPIC})
    bind_room(connection, event.target, event.conversation)


def _open_direct(connection: Connection, event: Event) -> None:
    if event.parties is None:
        raise ValueError("a direct conversation needs its parties")
    first, second = event.parties
    between = {"first_party": first, "second_party": second}
    connection.execute(_INSERT_CONVERSATION, {"id": event.conversation, "created": event.time, **between, **_NO_TOPIC})


def _join(connection: Connection, event: Event) -> None:
    """Membership starts with the first JOIN; another one meanwhile changes nothing. Guests leave no trace."""
    account_id = event.source.account_id
    if event.change is not None and event.change.invite:
        use_by_account(connection, event.change.invite, account_id, event.time)
    if account_id:
        roles = dict(event.change.roles).get(account_id, RoomRole.MEMBER) if event.change else RoomRole.MEMBER
        connection.execute(
            sqlite_insert(MembershipRow)
            .values(
                account_id=account_id,
                conversation_id=event.conversation,
                joined_sequence=(event.change.joined if event.change else 0) or event.sequence,
                roles=int(roles),
            )
            .on_conflict_do_nothing()
        )


def _part(connection: Connection, event: Event) -> None:
    _end_membership(connection, event.source.account_id, event.conversation)


def _end_membership(connection: Connection, account_id: int, room_id: int) -> None:
    """Guests (account id 0) have no row."""
    if account_id:
        connection.execute(
            delete(MembershipRow).where(
                MembershipRow.account_id == account_id, MembershipRow.conversation_id == room_id
            )
        )


def _kick(connection: Connection, event: Event) -> None:
    if event.change is not None:
        _end_membership(connection, event.change.expelled, event.conversation)


def _change_room(connection: Connection, event: Event) -> None:
    change = event.change
    if change is None:
        return
    room_id = event.conversation
    for account_id, roles in change.roles:
        connection.execute(
            update(MembershipRow)
            .where(MembershipRow.account_id == account_id, MembershipRow.conversation_id == room_id)
            .values(roles=int(roles))
        )
    if change.rules is not None:
        values = dataclasses.asdict(change.rules)
        connection.execute(
            sqlite_insert(RoomRulesRow)
            .values(conversation_id=room_id, **values)
            .on_conflict_do_update(index_elements=["conversation_id"], set_=values)
        )
    for letter, mask in change.removed:
        connection.execute(
            delete(RoomMaskRow).where(
                RoomMaskRow.conversation_id == room_id, RoomMaskRow.list == letter, RoomMaskRow.mask == mask
            )
        )
    for letter, entry in change.added:
        values = dataclasses.asdict(entry)
        connection.execute(
            sqlite_insert(RoomMaskRow)
            .values(conversation_id=room_id, list=letter, **values)
            .on_conflict_do_update(index_elements=["conversation_id", "list", "mask"], set_=values)
        )


def _set_topic(connection: Connection, event: Event) -> None:
    connection.execute(
        update(ConversationRow)
        .where(ConversationRow.id == event.conversation)
        .values(topic=event.text, topic_by=event.source.mask, topic_time=event.time)
    )


def _rename(connection: Connection, event: Event) -> None:
    name = event.text.partition(" ")[0]
    connection.execute(
        update(ConversationRow).where(ConversationRow.id == event.conversation).values(name=name, folded=fold(name))
    )


def _mark(connection: Connection, event: Event) -> None:
    """A marker never goes back, in whatever order its sessions set it. Guests leave no trace."""
    if event.source.account_id:
        statement = sqlite_insert(ReadMarkerRow).values(
            account_id=event.source.account_id, conversation_id=event.conversation, time=event.marked
        )
        newer = func.max(ReadMarkerRow.time, statement.excluded.time)
        connection.execute(statement.on_conflict_do_update(set_={"time": newer}))


def _redact(connection: Connection, event: Event) -> None:
    """Nothing is left but the place; SQLite overwrites what it frees (PRAGMA secure_delete)."""
    connection.execute(
        update(EventRow)
        .where(EventRow.sequence == event.redacts, EventRow.conversation_id == event.conversation)
        .values(kind=int(Kind.REDACTED), text="", tags=None)
    )
    connection.execute(
        delete(TimelineRow).where(
            TimelineRow.conversation_id == event.conversation,
            TimelineRow.kind.in_(sorted(int(kind) for kind in REDACTABLE)),
            TimelineRow.sequence == event.redacts,
        )
    )


_EFFECTS: dict[Kind, Callable[[Connection, Event], None]] = {
    Kind.ROOM: _make_room,
    Kind.DIRECT: _open_direct,
    Kind.JOIN: _join,
    Kind.PART: _part,
    Kind.TOPIC: _set_topic,
    Kind.MODE: _change_room,
    Kind.KICK: _kick,
    Kind.MARK: _mark,
    Kind.REDACT: _redact,
    Kind.METADATA: set_value,
    Kind.RENAME: _rename,
    Kind.DELETE: delete_room,
    Kind.BLOCK: store_block,
    Kind.REPORT: store_report,
    Kind.INSPECT: _change_room,
}
"""What an event changes beside being recorded."""
