"""The one place that decides whether somebody has proved to be an account: every login and every act that asks again.

`verify` does the slow work on a worker and answers with a Credential, `admitted` has the last word under the hub lock:
no session gets an account, and nobody the powers of one, without both. Unknown name, wrong password, suspended, wrong
or missing code: the same work, and None.
"""

import logging
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum

from securechat.domain.account import Account, Credentials
from securechat.domain.ports import UnitOfWork
from securechat.domain.second_factor import Credential, Means, SecondFactor
from securechat.errors import NoSuchAccount
from securechat.names import fold
from securechat.server.admission import counted_as
from securechat.server.context import Context
from securechat.server.one_time_codes import NOBODYS, Use, digest_of, match
from securechat.server.passwords import (
    DamagedCredentialsError,
    Parameters,
    costs_of,
    dummy_credentials,
    hash_password,
    needs_rehash,
    stand_in,
    verify_password,
)

logger = logging.getLogger(__name__)

WRONG_LOGIN = "Wrong name or password; if the account has a second factor, give its code as well"
"""What everybody is told whose login failed."""


class Verdict(Enum):
    """What `verify` answers when it answers with no credential."""

    WRONG = "wrong"
    NOT_LOOKED_AT = "too many have failed meanwhile"


Result = Credential | Verdict


def parameters(context: Context) -> Parameters:
    """The costs of hashing that the configuration asks for."""
    accounts = context.hub.configuration.accounts
    return Parameters(accounts.argon2_memory_kib, accounts.argon2_iterations, accounts.scram_iterations)


@dataclass(slots=True, frozen=True)
class Material:
    """What a login is checked against."""

    credentials: Credentials
    factor: SecondFactor | None = None
    app_password: int = 0  # the number of the one that was given; 0: none was


def material(context: Context, name: str, account: Account | None, given: str = "") -> Material:
    """Read what a login is checked against; for nobody's name, something that nothing fits. On a worker.

    The same is done for both, whatever is needed of it: all of it takes time, and old credentials cost other than new
    ones.
    """
    hub = context.hub
    folded = fold(name)
    substitute = stand_in(hub.login_key, folded, len(hub.accounts_by_id))
    number = account.id if account is not None else substitute
    digest = digest_of(given)

    def read(unit: UnitOfWork) -> Material:
        factors = unit.second_factors
        return Material(
            unit.accounts.credentials(number), factors.of(number), factors.find_app_password(number, digest)
        )

    costs = parameters(context)
    stored = None
    try:
        stored = hub.reader.read(read)
        costs = costs_of(stored.credentials)
    except (NoSuchAccount, DamagedCredentialsError):
        if account is not None and stored is None:
            raise
    dummy = Material(dummy_credentials(hub.login_key, folded, costs))
    return dummy if account is None or stored is None else stored


def limit_reached(context: Context, name: str) -> bool:
    """Whether so many logins have failed that this one is not looked at. Without the hub lock, on any thread.

    It depends on what was asked from this address alone, and so tells nothing of the account.
    """
    hub = context.hub
    now = hub.monotonic()
    address = counted_as(context.session.outlet.address)
    if hub.limits.failed_logins.is_full(f"{address} {fold(name)}", now):
        return True
    return not hub.trusted.has(address) and hub.limits.failed_logins_of_address.is_full(address, now)


def verify(
    context: Context, name: str, account: Account | None, given: str, now: int, *, app_passwords: bool = False
) -> Result:
    """Check `<password>`, or `<password> <code>` where there is a second factor; on a worker, slowly.

    `account` None: `name` is nobody's. A right code is used up before this returns. `app_passwords`: one of those will
    do, without a code.
    """
    if limit_reached(context, name):
        return Verdict.NOT_LOOKED_AT
    hub = context.hub
    known = material(context, name, account, given if app_passwords else "")
    credentials, factor, number = known.credentials, known.factor, known.app_password
    password, _, code = given.rpartition(" ") if factor is not None else (given, "", "")
    right = verify_password(password, credentials)
    use = match(factor or NOBODYS, code, now)
    if account is None:
        return Verdict.WRONG
    if number:
        used = hub.journal.call(lambda unit: unit.second_factors.use_app_password(number, now)).result()
        return Credential(Means.APP_PASSWORD, str(number)) if used else Verdict.WRONG
    if not right or (factor is not None and not spent(context, account, use)):
        return Verdict.WRONG
    if needs_rehash(credentials, parameters(context)):
        _upgrade(context, account.id, password, credentials)
    return Credential(Means.PASSWORD, with_code=factor is not None)


def verify_code(context: Context, account: Account, code: str, now: int) -> Result:
    """Check a code by itself, of who is logged in, and use it up. On a worker."""
    if limit_reached(context, account.name):
        return Verdict.NOT_LOOKED_AT
    factor = context.hub.reader.read(lambda unit: unit.second_factors.of(account.id))
    use = match(factor or NOBODYS, code, now)
    if factor is None or not spent(context, account, use):
        return Verdict.WRONG
    return Credential(Means.PASSWORD, with_code=True)


def spent(context: Context, account: Account, use: Use | None) -> bool:
    """Use up a code; False when it is wrong, or was used meanwhile. On a worker."""
    return use is not None and context.hub.journal.call(lambda unit: use.spend(unit, account.id)).result()


def admitted(context: Context, account: Account | None, credential: Credential) -> Account | None:
    """Return the account if `credential` lets somebody in at this moment. Under the hub lock.

    It may have been suspended, a second factor set up, the app password or certificate revoked while the proof was
    looked at.
    """
    hub = context.hub
    if account is None or account.suspended:
        return None
    if credential.means is Means.PASSWORD and account.second_factor and not credential.with_code:
        return None
    if credential.means is Means.APP_PASSWORD and int(credential.value) not in hub.app_passwords:
        return None
    if credential.means is Means.CERTIFICATE and credential.value in hub.revoked_certificates:
        return None
    return hub.accounts_by_id.get(account.id)


def _upgrade(context: Context, account_id: int, password: str, checked: Credentials) -> None:
    """Hash the password again with today's parameters. On a worker; a failure is only logged."""
    _replace(context, account_id, password, checked).add_done_callback(_log_upgrade)


def replace_password(context: Context, account: Account, shown: str, password: str) -> bool:
    """Give the account another password in place of the one that was `shown`. On a worker, slowly.

    False when that is not the right one any more: an administrator may have given another one a moment ago. Raises
    StorageError.
    """
    # In its turn behind what was written before, such as the same password hashed anew.
    stored = context.hub.journal.call(lambda unit: unit.accounts.credentials(account.id)).result()
    return verify_password(shown, stored) and _replace(context, account.id, password, stored).result()


def _replace(context: Context, account_id: int, password: str, checked: Credentials) -> "Future[bool]":
    """Store a password, but only instead of those that were `checked`: they may have been changed since."""
    credentials = hash_password(password, parameters(context))

    def replace(unit: UnitOfWork) -> bool:
        if unit.accounts.credentials(account_id) != checked:
            return False
        unit.accounts.set_credentials(account_id, credentials)
        return True

    return context.hub.journal.call(replace)


def _log_upgrade(done: "Future[bool]") -> None:
    if done.exception() is not None:
        logger.warning("A password hash was not upgraded; the next login tries again", exc_info=done.exception())
