"""What somebody has lost that proves their account: `securechat-admin user second-factor-reset` and app passwords."""

import logging
from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.account import Account
from securechat.domain.audit import Act, Origin
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.names import fold
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.management.accounts import account_named
from securechat.server.management.rows import REASON, Argument, Operation
from securechat.server.management.tables import table, time

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reset:
    """Whose second factor was taken away."""

    name: str


@dataclass(frozen=True, slots=True)
class AppPasswordSummary:
    """An app password as it is listed."""

    number: int
    name: str
    created: str
    last_used: str  # empty: never


@dataclass(frozen=True, slots=True)
class RevokedAppPassword:
    """An app password that is good no more."""

    account: str
    number: int
    name: str


def second_factor_reset(administration: Administration, name: str, *, reason: str = "") -> Reset:
    """Take away the second factor of who has lost it, recovery codes included; the account's sessions are told."""
    check_reason(reason)
    _check_is_of_another(administration, name)

    def store(unit: UnitOfWork) -> Account:
        account = account_named(unit, name)
        if not unit.second_factors.remove(account.id):
            raise _there_is_none(account)
        unit.audit.append(administration.deed(Act.USER_SECOND_FACTOR_RESET, account.name, reason=reason))
        return account

    account = administration.store.write(store)
    administration.effects.second_factor_removed(account.id)
    logger.info("Second factor reset", extra={"account": account.name, "by": administration.made_by})
    return Reset(account.name)


def _question(administration: Administration, name: str, *, reason: str = "") -> str:
    check_reason(reason)
    _check_is_of_another(administration, name)

    def read(unit: UnitOfWork) -> Account:
        account = account_named(unit, name)
        if unit.second_factors.of(account.id) is None:
            raise _there_is_none(account)
        return account

    account = administration.store.read(read)
    return (
        f"The second factor of {account.name} goes, and the recovery codes: the password alone lets in until another "
        "one is set up. Be sure that it is really they who ask for it."
    )


def _check_is_of_another(administration: Administration, name: str) -> None:
    """Raise AdministrationError for one's own over IRC: who finds an open session has no code, and needs one."""
    if administration.origin is Origin.IRC and fold(name) == fold(administration.actor):
        text = "Your own second factor goes by TOTP REMOVE, with a code; if you have none, ask another administrator."
        raise AdministrationError("own_second_factor", text)


def _there_is_none(account: Account) -> AdministrationError:
    return nothing_to_do(f"{account.name} has no second factor: the password alone lets in.")


def app_passwords(administration: Administration, name: str) -> list[AppPasswordSummary]:
    """The app passwords of an account, oldest first; none of them can be shown."""
    rows = administration.store.read(lambda unit: unit.second_factors.app_passwords(account_named(unit, name).id))
    return [
        AppPasswordSummary(
            one.id, one.name, format_time(one.created), "" if one.last_used is None else format_time(one.last_used)
        )
        for one in rows
    ]


def app_password_revoke(
    administration: Administration, name: str, number: int, *, reason: str = ""
) -> RevokedAppPassword:
    """Let nobody in by an app password any more; the sessions that it opened end."""
    check_reason(reason)

    def store(unit: UnitOfWork) -> RevokedAppPassword:
        account = account_named(unit, name)
        found = next((one for one in unit.second_factors.app_passwords(account.id) if one.id == number), None)
        if found is None:
            text = f"{account.name} has no app password {number}. See: securechat-admin user app-passwords {name}"
            raise AdministrationError("no_such_app_password", text)
        unit.second_factors.remove_app_password(account.id, found.name)
        detail = f"{number} {found.name}"
        unit.audit.append(administration.deed(Act.USER_APP_PASSWORD_REVOKE, account.name, detail=detail, reason=reason))
        return RevokedAppPassword(account.name, number, found.name)

    revoked = administration.store.write(store)
    administration.effects.app_password_revoked(number)
    extra = {"account": revoked.account, "app_password": number, "by": administration.made_by}
    logger.info("App password revoked", extra=extra)
    return revoked


def _app_passwords_text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "The account has no app passwords."
    cells = [
        (str(one["number"]), one["name"], time(one["created"]), time(one["last_used"]) if one["last_used"] else "never")
        for one in rows
    ]
    return table(("NUMBER", "NAME", "MADE (UTC)", "LAST USED (UTC)"), cells)


_NAME = Argument("name", "name of the account", needed=True, metavar="NAME")

OPERATIONS = (
    Operation(
        "user second-factor-reset",
        second_factor_reset,
        lambda done: (
            f"{done['name']} has no second factor any more; where the configuration asks for one, "
            "it has to be set up at the next login."
        ),
        "Take away the second factor of who has lost it.",
        (_NAME, REASON),
        question=_question,
        over_irc=Action.MANAGE,
    ),
    Operation(
        "user app-passwords",
        app_passwords,
        _app_passwords_text,
        "Show the app passwords of an account: names and times, not what they are.",
        (_NAME,),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "user app-password-revoke",
        app_password_revoke,
        lambda done: f"Revoked the app password {done['name']} of {done['account']}; what came in by it has ended.",
        "Let nobody in by an app password any more; the sessions that it opened end.",
        (
            _NAME,
            Argument("number", "as `user app-passwords` shows it", type=int, needed=True, metavar="NUMBER"),
            REASON,
        ),
        over_irc=Action.MANAGE,
    ),
)
"""Those of the family `user` that are about more than the password."""
