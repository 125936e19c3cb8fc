"""Second factors and app passwords in the database."""

import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, outerjoin, select, update

from securechat.domain.second_factor import AppPassword, SecondFactor
from securechat.names import fold
from securechat.storage.models import AppPasswordRow, CredentialsRow, SecondFactorRow

_APP_PASSWORDS = select(
    AppPasswordRow.id, AppPasswordRow.name, AppPasswordRow.created, AppPasswordRow.last_used
).order_by(AppPasswordRow.id)
"""Its rows are the arguments of AppPassword."""


_DIGEST_BYTES = 32
"""Length of the digest of a recovery code (SHA-256)."""
_NOBODYS_SECRET = secrets.token_bytes(20)
_NOBODYS_RECOVERY = secrets.token_bytes(10 * _DIGEST_BYTES)
"""What is read, and thrown away, where there is no second factor: as much as where there is one."""

_FACTOR = (
    select(
        SecondFactorRow.account_id.is_not(None),
        func.coalesce(SecondFactorRow.secret, _NOBODYS_SECRET),
        func.coalesce(SecondFactorRow.last_step, 0),
        func.coalesce(SecondFactorRow.recovery, _NOBODYS_RECOVERY),
    )
    .select_from(outerjoin(CredentialsRow, SecondFactorRow, SecondFactorRow.account_id == CredentialsRow.account_id))
    .where(CredentialsRow.account_id == bindparam("account_id", type_=Integer))
)
"""One row for every account, whether it has a second factor or not: reading it takes as long, which a login shows."""


class SecondFactors:
    """Implements domain.ports.SecondFactorRepository on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def accounts(self) -> list[int]:
        """The ids of the accounts that have a second factor."""
        return list(self._connection.execute(select(SecondFactorRow.account_id)).scalars())

    def of(self, account_id: int) -> SecondFactor | None:
        """The second factor of the account, or None."""
        row = self._connection.execute(_FACTOR, {"account_id": account_id}).first()
        if row is None:
            return None
        there, secret, last_step, digests = row
        factor = SecondFactor(secret, last_step, _separated(digests))  # made in any case: it takes time
        return factor if there else None

    def set(self, account_id: int, factor: SecondFactor) -> None:
        """Give the account this one, in place of any that it has."""
        self.remove(account_id)
        self._connection.execute(
            insert(SecondFactorRow).values(
                account_id=account_id,
                secret=factor.secret,
                last_step=factor.last_step,
                recovery=_joined(factor.recovery),
            )
        )

    def remove(self, account_id: int) -> bool:
        """Take it from the account; whether there was one."""
        removed = self._connection.execute(delete(SecondFactorRow).where(SecondFactorRow.account_id == account_id))
        return bool(removed.rowcount)

    def set_recovery(self, account_id: int, digests: Iterable[bytes]) -> None:
        """Let these be the recovery codes of the second factor, and no others."""
        where = SecondFactorRow.account_id == account_id
        self._connection.execute(update(SecondFactorRow).where(where).values(recovery=_joined(digests)))

    def use_step(self, account_id: int, secret: bytes, step: int) -> bool:
        """Use up the code of a step and all before; False when that has been done already, or the secret is another."""
        where = (SecondFactorRow.account_id == account_id, SecondFactorRow.secret == secret)
        changed = self._connection.execute(
            update(SecondFactorRow).where(*where, SecondFactorRow.last_step < step).values(last_step=step)
        )
        return bool(changed.rowcount)

    def use_recovery(self, account_id: int, digest: bytes) -> bool:
        """Use up a recovery code; False when there is no such one (any more)."""
        where = SecondFactorRow.account_id == account_id
        left = self._connection.execute(select(SecondFactorRow.recovery).where(where)).scalar()
        good = _separated(left or b"")
        if digest in good:
            self.set_recovery(account_id, good - {digest})
        return digest in good

    def app_passwords(self, account_id: int) -> list[AppPassword]:
        """Those of the account, oldest first."""
        rows = self._connection.execute(_APP_PASSWORDS.where(AppPasswordRow.account_id == account_id))
        return [AppPassword(*row) for row in rows]

    def app_password_ids(self) -> list[int]:
        """The numbers of all app passwords."""
        return list(self._connection.execute(select(AppPasswordRow.id)).scalars())

    def find_app_password(self, account_id: int, digest: bytes) -> int:
        """The number of the account's app password with that digest; 0: there is none."""
        where = (AppPasswordRow.account_id == account_id, AppPasswordRow.digest == digest)
        return self._connection.execute(select(AppPasswordRow.id).where(*where)).scalar() or 0

    def add_app_password(
        self, account_id: int, name: str, digest: bytes, *, time: int, most: int
    ) -> AppPassword | None:
        """Store one made at `time` (ms); None when the name is taken or there are `most` already."""
        others = self.app_passwords(account_id)
        if len(others) >= most or any(fold(one.name) == fold(name) for one in others):
            return None
        number = self._connection.execute(
            insert(AppPasswordRow)
            .values(account_id=account_id, name=name, digest=digest, created=time, last_used=None)
            .returning(AppPasswordRow.id)
        ).scalar_one()
        return AppPassword(number, name, time, None)

    def use_app_password(self, number: int, time: int) -> bool:
        """Note that it was used at `time` (ms); False when it is not there (any more)."""
        changed = self._connection.execute(
            update(AppPasswordRow).where(AppPasswordRow.id == number).values(last_used=time)
        )
        return bool(changed.rowcount)

    def remove_app_password(self, account_id: int, name: str) -> int:
        """Take away the account's app password of that name and return its number; 0: there is none."""
        number = next((one.id for one in self.app_passwords(account_id) if fold(one.name) == fold(name)), 0)
        self._connection.execute(delete(AppPasswordRow).where(AppPasswordRow.id == number))
        return number


def _joined(digests: Iterable[bytes]) -> bytes:
    """Digests one behind the other, in an order that tells nothing. Raises ValueError for what is no digest."""
    ordered = sorted(digests)
    if any(len(digest) != _DIGEST_BYTES for digest in ordered):
        raise ValueError(f"a digest has {_DIGEST_BYTES} bytes")
    return b"".join(ordered)


def _separated(digests: bytes) -> frozenset[bytes]:
    return frozenset(digests[start : start + _DIGEST_BYTES] for start in range(0, len(digests), _DIGEST_BYTES))
