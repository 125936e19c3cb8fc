"""Accounts and their credentials in the database."""

from sqlalchemy import Connection, delete, insert, select, update

from securechat.domain.account import Account, Credentials
from securechat.errors import AccountExists, NoSuchAccount
from securechat.names import fold
from securechat.storage.models import AccountRow, CredentialsRow

_ACCOUNTS = select(
    AccountRow.id,
    AccountRow.name,
    AccountRow.administrator,
    AccountRow.suspended,
    AccountRow.created,
    AccountRow.replay_sequence,
    AccountRow.bot,
    AccountRow.seen_sequence,
)
"""Its rows are the arguments of Account."""


class Accounts:
    """Implements domain.ports.AccountRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, name: str, credentials: Credentials, *, administrator: bool, time: int, bot: bool = False) -> Account:
        """Store a new account made at `time` (ms). Raises AccountExists when one with the same fold is there."""
        if self.by_name(name) is not None:
            raise AccountExists(name)
        account_id = self._connection.execute(
            insert(AccountRow)
            .values(
                name=name,
                folded=fold(name),
                administrator=administrator,
                suspended=False,
                created=time,
                replay_sequence=0,
                bot=bot,
            )
            .returning(AccountRow.id)
        ).scalar_one()
        self._insert_credentials(account_id, credentials)
        return Account(account_id, name, administrator, suspended=False, created=time, bot=bot)

    def all(self) -> list[Account]:
        """Every account, by name."""
        return [Account(*row) for row in self._connection.execute(_ACCOUNTS.order_by(AccountRow.folded))]

    def by_name(self, name: str) -> Account | None:
        """The account whose name folds like `name`."""
        row = self._connection.execute(_ACCOUNTS.where(AccountRow.folded == fold(name))).first()
        return None if row is None else Account(*row)

    def credentials(self, account_id: int) -> Credentials:
        """What is stored to check the account's password. Raises NoSuchAccount."""
        row = self._connection.execute(
            select(
                CredentialsRow.argon2,
                CredentialsRow.scram_salt,
                CredentialsRow.scram_iterations,
                CredentialsRow.scram_stored_key,
                CredentialsRow.scram_server_key,
            ).where(CredentialsRow.account_id == account_id)
        ).first()
        if row is None:
            raise NoSuchAccount(f"#{account_id}")
        return Credentials(*row)

    def set_credentials(self, account_id: int, credentials: Credentials) -> None:
        """Replace them. Raises NoSuchAccount."""
        removed = self._connection.execute(delete(CredentialsRow).where(CredentialsRow.account_id == account_id))
        if removed.rowcount == 0:
            raise NoSuchAccount(f"#{account_id}")
        self._insert_credentials(account_id, credentials)

    def set_suspended(self, account_id: int, suspended: bool) -> None:
        """Suspend or unsuspend the account. Raises NoSuchAccount."""
        self._set(account_id, suspended=suspended)

    def set_administrator(self, account_id: int, administrator: bool) -> None:
        """Let the account be an administrator's, or one no more. Raises NoSuchAccount."""
        self._set(account_id, administrator=administrator)

    def set_replay_sequence(self, account_id: int, sequence: int) -> None:
        """Remember how far the account's clients without chathistory have received everything. Raises NoSuchAccount."""
        self._set(account_id, replay_sequence=sequence)

    def set_seen_sequence(self, account_id: int, sequence: int) -> None:
        """Remember since when the account has been here, or was the last time. Raises NoSuchAccount."""
        self._set(account_id, seen_sequence=sequence)

    def _set(self, account_id: int, **values: int) -> None:
        changed = self._connection.execute(update(AccountRow).where(AccountRow.id == account_id).values(**values))
        if changed.rowcount == 0:
            raise NoSuchAccount(f"#{account_id}")

    def _insert_credentials(self, account_id: int, credentials: Credentials) -> None:
        self._connection.execute(
            insert(CredentialsRow).values(
                account_id=account_id,
                argon2=credentials.argon2,
                scram_salt=credentials.scram_salt,
                scram_iterations=credentials.scram_iterations,
                scram_stored_key=credentials.scram_stored_key,
                scram_server_key=credentials.scram_server_key,
            )
        )
