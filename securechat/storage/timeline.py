"""The index of conversations over the events: brought up to date in bulk, off the way of a message.

Readers take what it covers from `timeline`, and look through the few thousand events after that themselves.
"""

from collections.abc import Collection

from sqlalchemy import Connection, Integer, cast, func, insert, select, update

from securechat.storage.models import TIMELINE_THROUGH, ConversationRow, EventRow, SettingRow, TimelineRow

_MOST_PARAMETERS = 10_000  # of one statement; SQLite takes 32,766


COVERED = select(cast(SettingRow.value, Integer)).where(SettingRow.key == TIMELINE_THROUGH)
"""Selects the newest sequence number that `timeline` covers."""


def covered(connection: Connection) -> int:
    """Return the newest sequence number that `timeline` covers."""
    return connection.execute(COVERED).scalar_one()


def advance(connection: Connection) -> int:
    """Cover every event there is, in the caller's transaction; return the newest sequence number covered."""
    newest = connection.execute(select(func.coalesce(func.max(EventRow.sequence), 0))).scalar_one()
    # In the order of the index: neighbours in a conversation then share a page, however many conversations there are.
    connection.execute(
        insert(TimelineRow).from_select(
            ["conversation_id", "kind", "sequence"],
            select(EventRow.conversation_id, EventRow.kind, EventRow.sequence)
            .where(EventRow.sequence > covered(connection))
            .order_by(EventRow.conversation_id, EventRow.kind, EventRow.sequence),
        )
    )
    connection.execute(update(SettingRow).where(SettingRow.key == TIMELINE_THROUGH).values(value=str(newest)))
    return newest


def newest_of_conversations(
    connection: Connection, kinds: list[int], conversations: Collection[int] | None = None
) -> dict[int, int]:
    """Return the newest sequence number of `kinds` for each conversation (or each of `conversations`) that has one."""
    asked = select(ConversationRow.id)
    if conversations is not None and len(conversations) <= _MOST_PARAMETERS:
        asked = asked.where(ConversationRow.id.in_(conversations))
    newest: dict[int, int] = {}
    for kind in kinds:
        last = (
            select(func.max(TimelineRow.sequence))
            .where(TimelineRow.conversation_id == ConversationRow.id, TimelineRow.kind == kind)
            .scalar_subquery()
        )
        for conversation, sequence in connection.execute(asked.add_columns(last)):
            if sequence is not None and sequence > newest.get(conversation, 0):
                newest[conversation] = sequence
    tail = (
        select(EventRow.conversation_id, func.max(EventRow.sequence))
        .where(EventRow.sequence > covered(connection), EventRow.kind.in_(kinds))
        .group_by(EventRow.conversation_id)
    )
    newest.update((conversation, sequence) for conversation, sequence in connection.execute(tail))
    if conversations is None:
        return newest
    return {conversation: sequence for conversation, sequence in newest.items() if conversation in conversations}
