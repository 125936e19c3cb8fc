"""What administrators have decided for the whole server: who is banned from it, whether it takes new accounts."""

from dataclasses import asdict

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from securechat.domain.server_bans import ServerBan
from securechat.storage.models import REGISTRATION_CLOSED, ServerBanRow, SettingRow


class ServerRules:
    """Implements domain.ports.ServerRulesRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def bans(self) -> list[ServerBan]:
        """Every ban, oldest first, those that have ended as well."""
        row = ServerBanRow
        found = self._connection.execute(
            select(row.target, row.setter, row.time, row.expires, row.reason).order_by(row.time, row.target)
        )
        return [ServerBan(target, setter, time, expires, reason) for target, setter, time, expires, reason in found]

    def add_ban(self, ban: ServerBan) -> None:
        """Store a ban, in place of one of the same target."""
        values = asdict(ban)
        statement = insert(ServerBanRow).values(**values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["target"], set_=values))

    def remove_ban(self, target: str) -> bool:
        """Take a ban away; False when there is none."""
        return bool(self._connection.execute(delete(ServerBanRow).where(ServerBanRow.target == target)).rowcount)

    def registration_closed(self) -> bool:
        """Whether an administrator has closed registration for now."""
        found = self._connection.execute(select(SettingRow.value).where(SettingRow.key == REGISTRATION_CLOSED))
        return found.scalar_one_or_none() is not None

    def set_registration_closed(self, closed: bool) -> None:
        """Close registration, or leave it to the configuration again."""
        self._connection.execute(delete(SettingRow).where(SettingRow.key == REGISTRATION_CLOSED))
        if closed:
            self._connection.execute(insert(SettingRow).values(key=REGISTRATION_CLOSED, value="1"))
