"""Taking a room away, with all that was said in it."""

from sqlalchemy import Connection, delete, func, select, update

from securechat.domain.events import Event, Kind
from securechat.storage import timeline
from securechat.storage.models import ConversationRow, EventRow, ReportRow, TimelineRow


def delete_room(connection: Connection, event: Event) -> None:
    """Leave nothing of a room; SQLite overwrites what it frees (PRAGMA secure_delete).

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
    of_room = EventRow.conversation_id == room_id
    covered = timeline.covered(connection)
    known = select(TimelineRow.sequence).where(TimelineRow.conversation_id == room_id)
    connection.execute(delete(EventRow).where(EventRow.sequence.in_(known), of_room))
    connection.execute(delete(EventRow).where(EventRow.sequence > covered, of_room))
    connection.execute(delete(TimelineRow).where(TimelineRow.conversation_id == room_id))
    connection.execute(delete(ReportRow).where(ReportRow.conversation == room_id))
    connection.execute(delete(ConversationRow).where(ConversationRow.id == room_id))
