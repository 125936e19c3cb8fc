"""Rooms, membership and direct conversations in the database. The journal's recorder writes them, event by event."""

from sqlalchemy import Connection, select

from securechat.domain.events import RECORDED
from securechat.domain.room import DirectConversation, Room
from securechat.storage.models import ConversationRow, MembershipRow, ReadMarkerRow
from securechat.storage.timeline import newest_of_conversations

_KINDS = sorted(int(kind) for kind in RECORDED)


class Rooms:
    """Implements domain.ports.RoomRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Room]:
        """Every room with its newest sequence number, by name."""
        newest = newest_of_conversations(self._connection, _KINDS)
        rows = self._connection.execute(
            select(
                ConversationRow.id,
                ConversationRow.name,
                ConversationRow.created,
                ConversationRow.topic,
                ConversationRow.topic_by,
                ConversationRow.topic_time,
            )
            .where(ConversationRow.name.is_not(None))
            .order_by(ConversationRow.folded)
        )
        return [
            Room(room_id, name or "", created, topic, topic_by, topic_time, newest.get(room_id, 0))
            for room_id, name, created, topic, topic_by, topic_time in rows
        ]

    def memberships(self) -> list[tuple[int, int]]:
        """Every (account id, room id)."""
        rows = self._connection.execute(select(MembershipRow.account_id, MembershipRow.conversation_id))
        return [(account_id, room_id) for account_id, room_id in rows]

    def read_markers(self) -> list[tuple[int, int, int]]:
        """Every (account id, conversation id, time in ms up to which it is read)."""
        rows = self._connection.execute(
            select(ReadMarkerRow.account_id, ReadMarkerRow.conversation_id, ReadMarkerRow.time)
        )
        return [(account_id, conversation, time) for account_id, conversation, time in rows]

    def direct_conversations(self) -> list[DirectConversation]:
        """Every direct conversation with its newest sequence number."""
        newest = newest_of_conversations(self._connection, _KINDS)
        rows = self._connection.execute(
            select(ConversationRow.id, ConversationRow.first_party, ConversationRow.second_party)
            .where(ConversationRow.first_party.is_not(None))
            .order_by(ConversationRow.id)
        )
        return [
            DirectConversation(direct_id, (first or "", second or ""), newest.get(direct_id, 0))
            for direct_id, first, second in rows
        ]
