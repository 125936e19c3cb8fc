"""The values that accounts and rooms carry (draft/metadata-3): read at start, written as events say."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from securechat.domain.events import Event
from securechat.storage.models import AccountMetadataRow, RoomMetadataRow


class Metadata:
    """Implements domain.ports.MetadataRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_accounts(self) -> list[tuple[int, str, str]]:
        """Every (account id, key, value)."""
        row = AccountMetadataRow
        found = self._connection.execute(select(row.account_id, row.key, row.value))
        return [(account_id, key, value) for account_id, key, value in found]

    def of_rooms(self) -> list[tuple[int, str, str]]:
        """Every (room id, key, value)."""
        row = RoomMetadataRow
        found = self._connection.execute(select(row.conversation_id, row.key, row.value))
        return [(room_id, key, value) for room_id, key, value in found]


def set_value(connection: Connection, event: Event) -> None:
    """Store or remove the value that a Kind.METADATA is about. Guests leave no trace."""
    key, found, value = event.text.partition(" ")
    if event.conversation:
        _set(connection, RoomMetadataRow, "conversation_id", event.conversation, key, value if found else None)
    elif event.source.account_id:
        _set(connection, AccountMetadataRow, "account_id", event.source.account_id, key, value if found else None)


def _set(
    connection: Connection,
    table: type[AccountMetadataRow] | type[RoomMetadataRow],
    column: str,
    owner: int,
    key: str,
    value: str | None,
) -> None:
    if value is None:
        connection.execute(delete(table).where(getattr(table, column) == owner, table.key == key))
    else:
        connection.execute(
            insert(table)
            .values({column: owner, "key": key, "value": value})
            .on_conflict_do_update(index_elements=[column, "key"], set_={"value": value})
        )
