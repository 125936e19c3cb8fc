"""Second factors and app passwords without a database, for tests.fakes."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from securechat.domain.second_factor import AppPassword, SecondFactor
from securechat.names import fold


@dataclass
class InMemorySecondFactors:
    """Implements SecondFactorRepository."""

    factors: dict[int, SecondFactor] = field(default_factory=dict)
    passwords: dict[int, tuple[int, bytes, AppPassword]] = field(default_factory=dict)

    def accounts(self) -> list[int]:
        return list(self.factors)

    def of(self, account_id: int) -> SecondFactor | None:
        return self.factors.get(account_id)

    def set(self, account_id: int, factor: SecondFactor) -> None:
        self.factors[account_id] = factor

    def remove(self, account_id: int) -> bool:
        return self.factors.pop(account_id, None) is not None

    def set_recovery(self, account_id: int, digests: Iterable[bytes]) -> None:
        self.factors[account_id] = replace(self.factors[account_id], recovery=frozenset(digests))

    def use_step(self, account_id: int, secret: bytes, step: int) -> bool:
        factor = self.factors.get(account_id)
        if factor is None or secret != factor.secret or step <= factor.last_step:
            return False
        self.factors[account_id] = replace(factor, last_step=step)
        return True

    def use_recovery(self, account_id: int, digest: bytes) -> bool:
        factor = self.factors.get(account_id)
        if factor is None or digest not in factor.recovery:
            return False
        self.factors[account_id] = replace(factor, recovery=factor.recovery - {digest})
        return True

    def app_passwords(self, account_id: int) -> list[AppPassword]:
        return [one for owner, _, one in self.passwords.values() if owner == account_id]

    def app_password_ids(self) -> list[int]:
        return list(self.passwords)

    def find_app_password(self, account_id: int, digest: bytes) -> int:
        return next((number for number, row in self.passwords.items() if row[:2] == (account_id, digest)), 0)

    def add_app_password(
        self, account_id: int, name: str, digest: bytes, *, time: int, most: int
    ) -> AppPassword | None:
        others = self.app_passwords(account_id)
        if len(others) >= most or any(fold(one.name) == fold(name) for one in others):
            return None
        made = AppPassword(max(self.passwords, default=0) + 1, name, time, None)
        self.passwords[made.id] = account_id, digest, made
        return made

    def use_app_password(self, number: int, time: int) -> bool:
        if number not in self.passwords:
            return False
        owner, digest, one = self.passwords[number]
        self.passwords[number] = owner, digest, replace(one, last_used=time)
        return True

    def remove_app_password(self, account_id: int, name: str) -> int:
        number = next((one.id for one in self.app_passwords(account_id) if fold(one.name) == fold(name)), 0)
        self.passwords.pop(number, None)
        return number
