"""Taking a room away, with all that was said in it.

The room itself is gone with one transaction, and from then on nobody reads anything of it. What was said in it goes
after that, in slices, as nothing else can be stored meanwhile; who stops in the midst goes on at the next start.
"""

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from securechat.domain.events import Event, Kind
from securechat.storage import timeline
from securechat.storage.models import ConversationRow, DepartingRow, EventRow, ReportRow, TimelineRow

SLICE = 2000
"""How many events go at a time: some ten milliseconds."""

_IS_DEPARTING = select(DepartingRow.conversation_id)


def delete_room(connection: Connection, event: Event) -> None:
    """Let there be no such room; what was said there is left to `purge`.

    Members, rules, lists, values, read markers and the way of invites into it go with the row of the conversation.
    The newest event of all keeps its place, as an empty one: its number must not be given out again.
    """
    room_id = event.conversation
    newest = select(func.max(EventRow.sequence)).scalar_subquery()
    connection.execute(
        update(EventRow)
        .where(EventRow.sequence == newest, EventRow.conversation_id == room_id)
        .values(kind=int(Kind.REDACTED), conversation_id=0, source="", account="", target="", text="", tags=None)
    )
    connection.execute(delete(ReportRow).where(ReportRow.conversation == room_id))
    connection.execute(delete(ConversationRow).where(ConversationRow.id == room_id))
    connection.execute(insert(DepartingRow).values(conversation_id=room_id).on_conflict_do_nothing())


def departing(connection: Connection) -> list[int]:
    """The ids of the rooms of which something that was said is left."""
    return list(connection.execute(_IS_DEPARTING.order_by(DepartingRow.conversation_id)).scalars())


def is_departing(connection: Connection, conversation: int) -> bool:
    """Whether a conversation is that of a room that is gone."""
    return connection.execute(_IS_DEPARTING.where(DepartingRow.conversation_id == conversation)).first() is not None


def purge(connection: Connection) -> int | None:
    """Take away at most SLICE events of a room that is gone; return how many there were, or None: nothing is left.

    SQLite overwrites what it frees (PRAGMA secure_delete).
    """
    room_id = connection.execute(_IS_DEPARTING.limit(1)).scalar()
    if room_id is None:
        return None
    gone = _purge_indexed(connection, room_id)
    if gone < SLICE:
        gone += _purge_newest(connection, room_id, SLICE - gone)
    if gone < SLICE:
        connection.execute(delete(DepartingRow).where(DepartingRow.conversation_id == room_id))
    return gone


def _purge_indexed(connection: Connection, room_id: int) -> int:
    """Take away at most SLICE of what the index of conversations has of the room; it costs the same whatever is left.

    In the order of the index: first one kind of events, then the next.
    """
    indexed = TimelineRow.conversation_id == room_id
    all_of_it = select(TimelineRow.kind, TimelineRow.sequence).where(indexed)
    found = connection.execute(all_of_it.order_by(TimelineRow.kind, TimelineRow.sequence).limit(SLICE)).all()
    for kind, last in {row.kind: row.sequence for row in found}.items():
        taken = (indexed, TimelineRow.kind == kind, TimelineRow.sequence <= last)
        of_kind = select(TimelineRow.sequence).where(*taken)
        connection.execute(delete(EventRow).where(EventRow.sequence.in_(of_kind), EventRow.conversation_id == room_id))
        connection.execute(delete(TimelineRow).where(*taken))
    return len(found)


def _purge_newest(connection: Connection, room_id: int, most: int) -> int:
    """Take away at most so many of what the index does not cover: it is among the newest few thousand of all events."""
    rest = select(EventRow.sequence).where(
        EventRow.sequence > timeline.covered(connection), EventRow.conversation_id == room_id
    )
    sequences = list(connection.execute(rest.order_by(EventRow.sequence).limit(most)).scalars())
    if sequences:
        connection.execute(delete(EventRow).where(EventRow.sequence.in_(sequences)))
    return len(sequences)
