"""Accounts: `securechat-admin user`."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.account import Account, Credentials
from securechat.domain.audit import Act
from securechat.domain.look_alikes import TakenNames, check_person_name
from securechat.domain.permissions import Action
from securechat.domain.ports import UnitOfWork
from securechat.errors import AccountExists, InvalidName
from securechat.names import fold
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.management import second_factors, user_details
from securechat.server.management.accounts import EVEN_THE_LAST, account_named, require_another_administrator
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.management.tables import or_dash, table, time

logger = logging.getLogger(__name__)

_ADMINISTRATOR = "administrator"
_MEMBER = "member"
_ROLES = (_ADMINISTRATOR, _MEMBER)


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account as it is listed."""

    name: str
    administrator: bool
    suspended: bool
    created: str
    sessions: int | None  # None: no server runs
    bot: bool


@dataclass(frozen=True, slots=True)
class ChangedAccount(AccountSummary):
    """An account as it is after a change of its rights."""

    leaves_nobody: bool  # it was the last one by which the server could be administered


def user_add(
    administration: Administration,
    name: str,
    password: str,
    *,
    administrator: bool = False,
    bot: bool = False,
    reason: str = "",
) -> AccountSummary:
    """Make an account. The one-time link for a first administrator ends when this one is an administrator."""
    if administrator and bot:
        text = "An account is an administrator's or a program's (--bot), not both: no program administers a server."
        raise AdministrationError("administrator_or_bot", text)
    check_person_name(name, administration.configuration.limits.nick_length)
    check_reason(reason)
    taken = TakenNames()
    for one in administration.store.read(lambda unit: unit.accounts.all()):
        if fold(one.name) == fold(name):
            raise AccountExists(name)  # before the slow hash; `add` decides in the transaction
        taken.add(one.name)
    if taken.has_alike(name):
        raise InvalidName(name, "it looks like the name of another account")
    with administration.effects.name_reserved(name):
        kind = "administrator" if administrator else "bot" if bot else ""
        account = _stored(administration, name, password, kind, reason)
        administration.effects.account_added(account)
    logger.info(
        "Account made",
        extra={"account": account.name, "administrator": administrator, "bot": bot, "by": administration.made_by},
    )
    return _account_summary(account, administration.effects.sessions())


def _stored(administration: Administration, name: str, password: str, kind: str, reason: str) -> Account:
    """Store an account: "administrator", "bot" or neither."""
    credentials = _hashed(administration, password, name)
    now = administration.clock()

    def store(unit: UnitOfWork) -> tuple[Account, list[int]]:
        administrator = kind == "administrator"
        ended = unit.invites.revoke_bootstrap() if administrator else []
        unit.audit.append(administration.deed(Act.USER_ADD, name, detail=kind, reason=reason))
        account = unit.accounts.add(name, credentials, administrator=administrator, time=now, bot=kind == "bot")
        return account, ended

    account, ended = administration.store.write(store)
    administration.effects.invites_revoked(ended)
    return account


def user_list(administration: Administration) -> list[AccountSummary]:
    """Every account, by name."""
    sessions = administration.effects.sessions()
    return [_account_summary(one, sessions) for one in administration.store.read(lambda unit: unit.accounts.all())]


def user_passwd(administration: Administration, name: str, password: str, *, reason: str = "") -> AccountSummary:
    """Give an account another password; its sessions end."""
    check_reason(reason)
    account = administration.store.read(lambda unit: account_named(unit, name))
    credentials = _hashed(administration, password, account.name)

    def store(unit: UnitOfWork) -> None:
        unit.accounts.set_credentials(account.id, credentials)
        unit.audit.append(administration.deed(Act.USER_PASSWD, account.name, reason=reason))

    administration.store.write(store)
    administration.effects.credentials_changed(account.id)
    logger.info("Password changed", extra={"account": account.name, "by": administration.made_by})
    return _fresh(administration, account.name)


def user_suspend(
    administration: Administration, name: str, *, last_administrator: bool = False, reason: str = ""
) -> ChangedAccount:
    """Keep an account out, now and until it is unsuspended; nothing of it is lost."""
    account = _set_suspended(administration, name, reason, suspended=True, even_last=last_administrator)
    administration.effects.account_suspended(account.id)
    logger.info("Account suspended", extra={"account": account.name, "by": administration.made_by})
    return _changed(administration, account.name, lost=account.administrator)


def user_unsuspend(administration: Administration, name: str, *, reason: str = "") -> AccountSummary:
    """Let a suspended account in again."""
    account = _set_suspended(administration, name, reason, suspended=False)
    administration.effects.account_unsuspended(account.id)
    logger.info("Account unsuspended", extra={"account": account.name, "by": administration.made_by})
    return _fresh(administration, account.name)


def user_role(
    administration: Administration, name: str, role: str, *, last_administrator: bool = False, reason: str = ""
) -> ChangedAccount:
    """Let an account be an administrator's, or one no more; its sessions stay, and have other powers at once."""
    check_reason(reason)
    word = role.lower()
    if word not in _ROLES:
        text = f"The roles of an account are: {', '.join(_ROLES)}. A program's account is made so, by user add --bot."
        raise AdministrationError("unknown_role", text)
    administrator = word == _ADMINISTRATOR

    def store(unit: UnitOfWork) -> tuple[Account, list[int]]:
        account = account_named(unit, name)
        if account.bot:
            text = f"{account.name} is the account of a program: no program administers a server."
            raise AdministrationError("administrator_or_bot", text)
        if account.administrator is administrator:
            raise nothing_to_do(f"{account.name} is that already: {word}.")
        if not administrator:
            require_another_administrator(administration, unit, account, even_last=last_administrator)
        unit.accounts.set_administrator(account.id, administrator)
        unit.audit.append(administration.deed(Act.USER_ROLE, account.name, detail=word, reason=reason))
        return account, unit.invites.revoke_bootstrap() if administrator else []

    account, ended = administration.store.write(store)
    administration.effects.invites_revoked(ended)
    administration.effects.role_changed(account.id, administrator=administrator)
    logger.info(
        "Role changed",
        extra={"account": account.name, "administrator": administrator, "by": administration.made_by},
    )
    return _changed(administration, account.name, lost=not administrator)


def _hashed(administration: Administration, password: str, name: str) -> Credentials:
    from securechat.server.passwords import Parameters, check_password, hash_password

    accounts = administration.configuration.accounts
    problem = check_password(password, name, accounts.minimum_password_length)
    if problem:
        raise AdministrationError("weak_password", f"{problem}.")
    costs = Parameters(accounts.argon2_memory_kib, accounts.argon2_iterations, accounts.scram_iterations)
    return (administration.hasher or hash_password)(password, costs)


def _set_suspended(
    administration: Administration, name: str, reason: str, *, suspended: bool, even_last: bool = False
) -> Account:
    check_reason(reason)

    def store(unit: UnitOfWork) -> Account:
        account = account_named(unit, name)
        if account.suspended is suspended:
            raise nothing_to_do(f"{account.name} is {'suspended already' if suspended else 'not suspended'}.")
        if suspended:
            require_another_administrator(administration, unit, account, even_last=even_last)
        unit.accounts.set_suspended(account.id, suspended)
        act = Act.USER_SUSPEND if suspended else Act.USER_UNSUSPEND
        unit.audit.append(administration.deed(act, account.name, reason=reason))
        return account

    return administration.store.write(store)


def _fresh(administration: Administration, name: str) -> AccountSummary:
    """Return what is stored now: another operation may have come between."""
    account = administration.store.read(lambda unit: account_named(unit, name))
    return _account_summary(account, administration.effects.sessions())


def _changed(administration: Administration, name: str, *, lost: bool) -> ChangedAccount:
    """Return what is stored now. `lost`: the change has taken an administrator away."""
    accounts = administration.store.read(lambda unit: unit.accounts.all())
    leaves_nobody = lost and not any(one.administrator and not one.suspended for one in accounts)
    return ChangedAccount(**asdict(_fresh(administration, name)), leaves_nobody=leaves_nobody)


def _account_summary(account: Account, sessions: Mapping[int, int] | None) -> AccountSummary:
    return AccountSummary(
        account.name,
        account.administrator,
        account.suspended,
        format_time(account.created),
        None if sessions is None else sessions.get(account.id, 0),
        account.bot,
    )


def _account_text(done: str) -> Callable[[dict[str, Any]], str]:
    def text(account: dict[str, Any]) -> str:
        kind = "administrator" if account["administrator"] else "bot" if account["bot"] else "account"
        return done.format(kind=kind, name=account["name"])

    return text


def _users_text(accounts: list[dict[str, Any]]) -> str:
    rows = [
        (
            one["name"],
            "administrator" if one["administrator"] else "bot" if one["bot"] else "member",
            "suspended" if one["suspended"] else "active",
            or_dash(one["sessions"]),
            time(one["created"]),
        )
        for one in accounts
    ]
    return table(("NAME", "ROLE", "STATE", "SESSIONS", "CREATED (UTC)"), rows) if rows else "There are no accounts."


def _role_text(account: dict[str, Any]) -> str:
    role = _ADMINISTRATOR if account["administrator"] else _MEMBER
    return f"{account['name']} is now: {role}.{_left_text(account)}"


def _suspended_text(account: dict[str, Any]) -> str:
    return f"Suspended {account['name']}.{_left_text(account)}"


def _left_text(account: dict[str, Any]) -> str:
    """What whoever has just taken the powers from the last one should know."""
    if not account["leaves_nobody"]:
        return ""
    return " Nobody is an administrator now; the console makes one: securechat-admin user role NAME administrator"


_NAME = Argument("name", "name of the account", needed=True, metavar="NAME")
_PASSWORD = Argument("password", needed=True, secret=True)

FAMILY = Family(
    "user",
    "accounts",
    (
        Operation(
            "user add",
            user_add,
            _account_text("Made the {kind} {name}."),
            "Make an account.",
            (
                _NAME,
                _PASSWORD,
                Argument("administrator", "the account is an administrator", type=bool),
                Argument("bot", "the account is that of a program, and shown as such", type=bool),
                REASON,
            ),
            makes_database=True,
        ),
        Operation(
            "user passwd",
            user_passwd,
            _account_text("Changed the password of {name}; whoever was logged in as {name} has to log in again."),
            "Give an account another password; its sessions end.",
            (_NAME, _PASSWORD, REASON),
        ),
        Operation(
            "user role",
            user_role,
            _role_text,
            "Let an account be an administrator's, or one no more.",
            (_NAME, Argument("role", ", ".join(_ROLES), needed=True, metavar="ROLE"), EVEN_THE_LAST, REASON),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "user suspend",
            user_suspend,
            _suspended_text,
            "Keep an account out, at once and until it is unsuspended.",
            (_NAME, EVEN_THE_LAST, REASON),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "user unsuspend",
            user_unsuspend,
            _account_text("{name} may log in again."),
            "Let a suspended account in again.",
            (_NAME, REASON),
            over_irc=Action.MANAGE,
        ),
        user_details.OPERATION,
        *second_factors.OPERATIONS,
        Operation("user list", user_list, _users_text, "Show all accounts.", over_irc=Action.MANAGE),
    ),
)
