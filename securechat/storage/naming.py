"""The name of the database, which is part of every message id."""

from sqlalchemy import Connection, select, update

from securechat.storage.models import EPOCH, SettingRow


class Naming:
    """Implements domain.ports.NamingRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def epoch(self) -> str:
        """The short random name of the database."""
        name: str = self._connection.execute(select(SettingRow.value).where(SettingRow.key == EPOCH)).scalar_one()
        return name

    def set_epoch(self, name: str) -> None:
        """Give the database another name; ids that were made under the old one are of no message any more."""
        self._connection.execute(update(SettingRow).where(SettingRow.key == EPOCH).values(value=name))
