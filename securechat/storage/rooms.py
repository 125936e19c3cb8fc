"""Rooms, membership and direct conversations in the database. The journal's recorder writes them, event by event."""

import dataclasses
from collections.abc import Iterable

from sqlalchemy import Connection, select

from securechat.domain.events import RECORDED
from securechat.domain.roles import ListEntry, RoomRole, RoomRules
from securechat.domain.room import DirectConversation, Room
from securechat.names import fold
from securechat.storage.models import ConversationRow, MembershipRow, ReadMarkerRow, RoomMaskRow, RoomRulesRow
from securechat.storage.room_deletion import departing
from securechat.storage.timeline import newest_of_conversations

_KINDS = sorted(int(kind) for kind in RECORDED)
_RULES = [getattr(RoomRulesRow, field.name) for field in dataclasses.fields(RoomRules)]


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
        rules, lists = self._rules(), self._lists()
        return [
            Room(
                room_id,
                name or "",
                created,
                topic,
                topic_by,
                topic_time,
                newest.get(room_id, 0),
                rules.get(room_id, RoomRules()),
                lists.get(room_id, {}),
            )
            for room_id, name, created, topic, topic_by, topic_time in rows
        ]

    def ids(self, names: Iterable[str]) -> list[int]:
        """The id of the room of each name, 0 where there is none, in the order of `names`."""
        folded = [fold(name) for name in names]
        rows = self._connection.execute(
            select(ConversationRow.folded, ConversationRow.id).where(ConversationRow.folded.in_(folded))
        )
        known = {row.folded: row.id for row in rows}
        return [known.get(name, 0) for name in folded]

    def _rules(self) -> dict[int, RoomRules]:
        """The rules of every room whose rules were ever changed."""
        rows = self._connection.execute(select(RoomRulesRow.conversation_id, *_RULES))
        return {room_id: RoomRules(*values) for room_id, *values in rows}

    def _lists(self) -> dict[int, dict[str, list[ListEntry]]]:
        """The lists of masks of every room that has any, oldest row first."""
        found: dict[int, dict[str, list[ListEntry]]] = {}
        rows = self._connection.execute(
            select(
                RoomMaskRow.conversation_id,
                RoomMaskRow.list,
                RoomMaskRow.mask,
                RoomMaskRow.setter,
                RoomMaskRow.time,
                RoomMaskRow.expires,
            ).order_by(RoomMaskRow.time, RoomMaskRow.mask)
        )
        for room_id, letter, mask, setter, time, expires in rows:
            found.setdefault(room_id, {}).setdefault(letter, []).append(ListEntry(mask, setter, time, expires))
        return found

    def memberships(self) -> list[tuple[int, int, RoomRole]]:
        """Every (account id, room id, what the account is in the room)."""
        rows = self._connection.execute(
            select(MembershipRow.account_id, MembershipRow.conversation_id, MembershipRow.roles)
        )
        return [(account_id, room_id, RoomRole(roles)) for account_id, room_id, roles in rows]

    def joined(self) -> list[tuple[int, int, int]]:
        """Every (account id, room id, sequence number of the event by which the account became a member)."""
        rows = self._connection.execute(
            select(MembershipRow.account_id, MembershipRow.conversation_id, MembershipRow.joined_sequence)
        )
        return [(account_id, room_id, sequence) for account_id, room_id, sequence in rows]

    def read_markers(self) -> list[tuple[int, int, int]]:
        """Every (account id, conversation id, time in ms up to which it is read)."""
        rows = self._connection.execute(
            select(ReadMarkerRow.account_id, ReadMarkerRow.conversation_id, ReadMarkerRow.time)
        )
        return [(account_id, conversation, time) for account_id, conversation, time in rows]

    def departing(self) -> list[int]:
        """The ids of the rooms that are gone, but for what was said in them."""
        return departing(self._connection)

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
