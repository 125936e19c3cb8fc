"""Which account an operation is about."""

from securechat.domain.account import Account
from securechat.domain.ports import UnitOfWork
from securechat.errors import NoSuchAccount


def account_named(unit: UnitOfWork, name: str) -> Account:
    """Return the account of that name. Raises NoSuchAccount."""
    # What does not print is in no name, and may not even be text that a database takes.
    account = unit.accounts.by_name(name) if name.isprintable() else None
    if account is None:
        raise NoSuchAccount(name)
    return account
