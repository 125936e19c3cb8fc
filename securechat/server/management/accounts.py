"""Which account an operation is about, and what must not become of all of them."""

from securechat.domain.account import Account
from securechat.domain.audit import Origin
from securechat.domain.permissions import Role, role_of
from securechat.domain.ports import UnitOfWork
from securechat.errors import NoSuchAccount
from securechat.server.administration import Administration, AdministrationError
from securechat.server.management.rows import Argument

EVEN_THE_LAST = Argument(
    "last_administrator",
    "even if nobody but this machine's own users administers the server then; at the console only",
    type=bool,
)


def account_named(unit: UnitOfWork, name: str) -> Account:
    """Return the account of that name. Raises NoSuchAccount."""
    # What does not print is in no name, and may not even be text that a database takes.
    account = unit.accounts.by_name(name) if name.isprintable() else None
    if account is None:
        raise NoSuchAccount(name)
    return account


def require_another_administrator(
    administration: Administration, unit: UnitOfWork, account: Account, *, even_last: bool
) -> None:
    """Raise AdministrationError unless somebody else administers the server, too, and may log in.

    `even_last`: it is meant so; that counts at the console, which can always make another one.
    """
    if not _administers(account) or (even_last and administration.origin is Origin.CONSOLE):
        return
    if any(_administers(one) for one in unit.accounts.all() if one.id != account.id):
        return
    text = (
        f"{account.name} is the only administrator who can log in, and without one nobody could look after the server. "
        "Make somebody else one first: user role NAME administrator"
    )
    if administration.origin is Origin.CONSOLE:
        text += " (or say --last-administrator, if it is to be looked after from this console alone)"
    raise AdministrationError("last_administrator", f"{text}.")


def _administers(account: Account) -> bool:
    return role_of(account) is Role.ADMINISTRATOR and not account.suspended
