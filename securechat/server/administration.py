"""What an administrator may do from the machine itself: the operations behind securechat-admin.

The same code runs inside a server (on the thread `control`) and beside none (in securechat-admin itself, on the
database under its lock). Results are plain values for people and scripts; times in them are ISO 8601 in UTC.
"""

import copy
import hashlib
import logging
import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from securechat.clock import Clock, format_time, wall_clock
from securechat.domain.account import Account, Credentials, Invite, refusal
from securechat.domain.audit import Act, Deed, Origin
from securechat.domain.look_alikes import TakenNames, check_person_name, check_rooms_to_be
from securechat.domain.ports import UnitOfWork
from securechat.errors import (
    AccountExists,
    DomainError,
    InvalidName,
    NoSuchAccount,
    NoSuchInvite,
    SecurechatError,
)
from securechat.links import Link, format_link, parse_link
from securechat.names import check_room_name, fold, room_to_people, room_to_wire
from securechat.server.administration_ports import LiveEffects, ServerAddress, Store
from securechat.server.configuration import Configuration
from securechat.server.passwords import Parameters, check_password, hash_password

logger = logging.getLogger(__name__)

CREATED_BY: Final = "securechat-admin"
"""Who made an invite, when it was not the server or an account."""
TOKEN_BYTES: Final = 16
MAX_USES: Final = 10_000
MAX_NOTE_CHARACTERS: Final = 200
MAX_ROOMS: Final = 50
NEVER: Final = "never"

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_UNIT_MILLISECONDS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass
class AdministrationError(SecurechatError):
    """An operation is refused. `code` is for scripts, `text` is one sentence for people, without any secret."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """An account as it is listed."""

    name: str
    administrator: bool
    suspended: bool
    created: str
    sessions: int | None  # None: no server runs


@dataclass(frozen=True, slots=True)
class InviteSummary:
    """An invite as it is listed; its token is known to nobody any more."""

    number: int
    rooms: tuple[str, ...]  # as people write them
    administrator: bool
    uses_left: int
    expires: str | None
    created: str
    created_by: str
    note: str
    state: str  # "usable", "used", "expired" or "revoked"


@dataclass(frozen=True, slots=True)
class NewInvite:
    """An invite that was just made, with the link that is shown this once."""

    invite: InviteSummary
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A room as it is listed."""

    name: str  # as people write it
    topic: str
    members: int  # accounts, online or not
    present: int | None  # users who are there now; None: no server runs
    created: str


class Administration:
    """The operations. Each raises AdministrationError, DomainError or StorageError, and then has changed nothing."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        effects: LiveEffects,
        address: Callable[[], ServerAddress],
        *,
        clock: Clock = wall_clock,
        hasher: Callable[[str, Parameters], Credentials] = hash_password,
    ) -> None:
        """`address` is asked when a link is made; a server may give a `hasher` that keeps to its number of workers."""
        self._configuration = configuration
        self.store = store
        self._effects = effects
        self._address = address
        self.clock = clock
        self._hasher = hasher
        self._actor = CREATED_BY

    def on_behalf_of(self, actor: str) -> "Administration":
        """Return the same administration, whose acts are recorded as those of `actor`, a user of this machine."""
        made = copy.copy(self)
        made._actor = actor  # noqa: SLF001 - of the same class
        return made

    def user_add(self, name: str, password: str, *, administrator: bool = False, reason: str = "") -> AccountSummary:
        """Make an account. The one-time link for a first administrator ends when this one is an administrator."""
        check_person_name(name, self._configuration.limits.nick_length)
        check_reason(reason)
        taken = TakenNames()
        for one in self.store.read(lambda unit: unit.accounts.all()):
            if fold(one.name) == fold(name):
                raise AccountExists(name)  # before the slow hash; `add` decides in the transaction
            taken.add(one.name)
        if taken.has_alike(name):
            raise InvalidName(name, "it looks like the name of another account")
        credentials = self._hashed(password, name)
        now = self.clock()

        def store(unit: UnitOfWork) -> Account:
            if administrator:
                unit.invites.revoke_bootstrap()
            unit.audit.append(
                self._deed(Act.USER_ADD, name, detail="administrator" if administrator else "", reason=reason)
            )
            return unit.accounts.add(name, credentials, administrator=administrator, time=now)

        account = self.store.write(store)
        self._effects.account_added(account)
        logger.info("Account made", extra={"account": account.name, "administrator": administrator, "by": CREATED_BY})
        return self._account_summary(account, self._effects.sessions())

    def user_list(self) -> list[AccountSummary]:
        """Every account, by name."""
        sessions = self._effects.sessions()
        return [self._account_summary(one, sessions) for one in self.store.read(lambda unit: unit.accounts.all())]

    def user_passwd(self, name: str, password: str, *, reason: str = "") -> AccountSummary:
        """Give an account another password; its sessions end."""
        check_reason(reason)
        account = self.store.read(lambda unit: _account(unit, name))
        credentials = self._hashed(password, account.name)

        def store(unit: UnitOfWork) -> None:
            unit.accounts.set_credentials(account.id, credentials)
            unit.audit.append(self._deed(Act.USER_PASSWD, account.name, reason=reason))

        self.store.write(store)
        self._effects.credentials_changed(account.id)
        logger.info("Password changed", extra={"account": account.name, "by": CREATED_BY})
        return self._fresh(account.name)

    def user_suspend(self, name: str, *, reason: str = "") -> AccountSummary:
        """Keep an account out, now and until it is unsuspended; nothing of it is lost."""
        account = self._set_suspended(name, reason, suspended=True)
        self._effects.account_suspended(account.id)
        logger.info("Account suspended", extra={"account": account.name, "by": CREATED_BY})
        return self._fresh(account.name)

    def user_unsuspend(self, name: str, *, reason: str = "") -> AccountSummary:
        """Let a suspended account in again."""
        account = self._set_suspended(name, reason, suspended=False)
        self._effects.account_unsuspended(account.id)
        logger.info("Account unsuspended", extra={"account": account.name, "by": CREATED_BY})
        return self._fresh(account.name)

    def invite_create(
        self,
        rooms: Sequence[str] = (),
        *,
        uses: int = 1,
        expires: str = "7d",
        note: str = "",
        administrator: bool = False,
        host: str = "",
    ) -> NewInvite:
        """Make an invite and the link for it. `rooms` as people or the wire write them; none: general.

        `expires` is a text like 7d, 12h, 30m, or never; `host` stands in the link instead of the server's own guess.
        """
        longest = self._configuration.limits.room_name_length
        wire = tuple(dict.fromkeys(check_room_name(room_to_wire(one), longest) for one in rooms or ("general",)))
        _check_invite(wire, uses, note)
        check_rooms_to_be(wire, [one.name for one in self.store.read(lambda unit: unit.rooms.all())])
        now = self.clock()
        lasts = parse_duration(expires)
        address = self._address()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        link = _link_text(Link(host or address.host, address.port, room_to_people(wire[0]), token, address.fingerprint))

        def store(unit: UnitOfWork) -> Invite:
            made = unit.invites.add(
                hashlib.sha256(token.encode()).digest(),
                rooms=wire,
                administrator=administrator,
                uses=uses,
                expires=None if lasts is None else now + lasts,
                note=note,
                created_by=CREATED_BY,
                time=now,
            )
            rights = ", administrator" if administrator else ""
            detail = f"{uses} {'use' if uses == 1 else 'uses'}, expires {expires}{rights}"
            rooms_text = ",".join(wire)
            unit.audit.append(self._deed(Act.INVITE_CREATE, f"invite {made.id}", rooms_text, detail, reason=note))
            return made

        invite = self.store.write(store)
        logger.info("Invite made", extra={"invite": invite.id, "administrator": administrator, "by": CREATED_BY})
        return NewInvite(self._invite_summary(invite), link)

    def invite_list(self) -> list[InviteSummary]:
        """Every invite, newest first."""
        return [self._invite_summary(one) for one in self.store.read(lambda unit: unit.invites.all())]

    def invite_revoke(self, number: int, *, reason: str = "") -> InviteSummary:
        """Make an invite useless; accounts that were made with it stay."""
        check_reason(reason)
        if not 0 < number < 2**63:
            raise NoSuchInvite(number)

        def revoke(unit: UnitOfWork) -> Invite:
            unit.invites.revoke(number)
            unit.audit.append(self._deed(Act.INVITE_REVOKE, f"invite {number}", reason=reason))
            return next(one for one in unit.invites.all() if one.id == number)

        invite = self.store.write(revoke)
        logger.info("Invite revoked", extra={"invite": number, "by": CREATED_BY})
        return self._invite_summary(invite)

    def room_list(self) -> list[RoomSummary]:
        """Every room, by name."""
        present = self._effects.rooms()
        rooms, memberships = self.store.read(lambda unit: (unit.rooms.all(), unit.rooms.memberships()))
        members = Counter(room_id for _, room_id, _ in memberships)
        return [
            RoomSummary(
                room_to_people(room.name),
                room.topic,
                members[room.id],
                None if present is None else present.get(room.id, 0),
                format_time(room.created),
            )
            for room in rooms
        ]

    def _deed(self, act: Act, target: str, room: str = "", detail: str = "", *, reason: str = "") -> Deed:
        return Deed(act, self.clock(), Origin.CONSOLE, self._actor, target, room, detail, reason)

    def _hashed(self, password: str, name: str) -> Credentials:
        accounts = self._configuration.accounts
        problem = check_password(password, name, accounts.minimum_password_length)
        if problem:
            raise AdministrationError("weak_password", f"{problem}.")
        costs = Parameters(accounts.argon2_memory_kib, accounts.argon2_iterations, accounts.scram_iterations)
        return self._hasher(password, costs)

    def _set_suspended(self, name: str, reason: str, *, suspended: bool) -> Account:
        check_reason(reason)

        def store(unit: UnitOfWork) -> Account:
            account = _account(unit, name)
            unit.accounts.set_suspended(account.id, suspended)
            act = Act.USER_SUSPEND if suspended else Act.USER_UNSUSPEND
            unit.audit.append(self._deed(act, account.name, reason=reason))
            return account

        return self.store.write(store)

    def _fresh(self, name: str) -> AccountSummary:
        """Return what is stored now: another operation may have come between."""
        account = self.store.read(lambda unit: _account(unit, name))
        return self._account_summary(account, self._effects.sessions())

    def _account_summary(self, account: Account, sessions: Mapping[int, int] | None) -> AccountSummary:
        return AccountSummary(
            account.name,
            account.administrator,
            account.suspended,
            format_time(account.created),
            None if sessions is None else sessions.get(account.id, 0),
        )

    def _invite_summary(self, invite: Invite) -> InviteSummary:
        return InviteSummary(
            invite.id,
            tuple(room_to_people(one) for one in invite.rooms),
            invite.administrator,
            invite.uses_left,
            None if invite.expires is None else format_time(invite.expires),
            format_time(invite.created),
            invite.created_by,
            invite.note,
            refusal(invite, self.clock()) or "usable",
        )


def parse_duration(text: str) -> int | None:
    """Return the milliseconds that `30m`, `12h` or `7d` stands for; None for `never`. Raises AdministrationError."""
    if text == NEVER:
        return None
    found = _DURATION.fullmatch(text)
    duration = int(found[1]) * _UNIT_MILLISECONDS[found[2]] if found else 0
    if not 0 < duration <= 3_650 * _UNIT_MILLISECONDS["d"]:
        raise AdministrationError(
            "bad_duration", "An invite expires after a time like 30m, 12h or 7d (at most 3650d), or never."
        )
    return duration


def explain(error: SecurechatError) -> tuple[str, str]:
    """Return the code for scripts and the sentence for people of an error that an operation raised."""
    match error:
        case AdministrationError(code, text):
            return code, text
        case AccountExists(name):
            return "account_exists", f"There is an account {name} already (or one whose name counts as the same)."
        case NoSuchAccount(name):
            return "no_such_account", f"There is no account {name}. See: securechat-admin user list"
        case NoSuchInvite(number):
            return "no_such_invite", f"There is no invite number {number}. See: securechat-admin invite list"
        case InvalidName(name, reason):
            return "invalid_name", f"The name {name!r} is not possible: {reason}."
        case DomainError():
            return "refused", f"The rules of the chat refuse this ({type(error).__name__})."
        case _:
            return "failed", str(error)


def _account(unit: UnitOfWork, name: str) -> Account:
    # What does not print is in no name, and may not even be text that a database takes.
    account = unit.accounts.by_name(name) if name.isprintable() else None
    if account is None:
        raise NoSuchAccount(name)
    return account


def _link_text(link: Link) -> str:
    """Return the link as text; it is read back, as a host may come from a command line. Raises AdministrationError."""
    text = format_link(link)
    try:
        readable = parse_link(text) == link
    except ValueError:
        readable = False
    if not readable:
        raise AdministrationError("bad_host", f"No link can be made with the host {link.host!r}.")
    return text


def check_reason(reason: str) -> None:
    """Raise AdministrationError unless `reason` is one line of a bearable length."""
    if len(reason) > MAX_NOTE_CHARACTERS or not reason.isprintable():
        raise AdministrationError("bad_reason", f"A reason is one line of at most {MAX_NOTE_CHARACTERS} characters.")


def _check_invite(rooms: Sequence[str], uses: int, note: str) -> None:
    if len(rooms) > MAX_ROOMS:
        raise AdministrationError("too_many_rooms", f"An invite leads into at most {MAX_ROOMS} rooms.")
    if not 1 <= uses <= MAX_USES:
        raise AdministrationError("bad_uses", f"An invite can be used from 1 to {MAX_USES:,} times.")
    if len(note) > MAX_NOTE_CHARACTERS or not note.isprintable():
        raise AdministrationError("bad_note", f"A note is one line of at most {MAX_NOTE_CHARACTERS} characters.")
