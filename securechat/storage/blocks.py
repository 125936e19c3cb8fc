"""Who blocks whom: read at start, written as events say."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from securechat.domain.events import Event
from securechat.storage.models import BlockRow


class Blocks:
    """Implements domain.ports.BlockRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[tuple[int, int]]:
        """Every (account id, id of the account that it blocks), oldest first."""
        row = BlockRow
        found = self._connection.execute(select(row.account_id, row.blocked_id).order_by(row.time, row.blocked_id))
        return [(account_id, blocked_id) for account_id, blocked_id in found]


def store_block(connection: Connection, event: Event) -> None:
    """Store or remove what a Kind.BLOCK says: its target is the id of the account that is blocked.

    Nothing is stored of guests, on either side.
    """
    account_id = event.source.account_id
    if not account_id or not event.target:
        return
    blocked_id = int(event.target)
    if event.text.startswith("+"):
        row = {"account_id": account_id, "blocked_id": blocked_id, "time": event.time}
        connection.execute(insert(BlockRow).values(row).on_conflict_do_nothing())
    else:
        connection.execute(delete(BlockRow).where(BlockRow.account_id == account_id, BlockRow.blocked_id == blocked_id))
