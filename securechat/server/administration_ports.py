"""What the administration asks of a database and of a running server, and what it gets where none runs."""

from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeVar

from securechat.domain.account import Account, Invite
from securechat.domain.ports import Journal, Reader, UnitOfWork
from securechat.domain.second_factor import Credential
from securechat.domain.server_bans import ServerBan, keeps_out
from securechat.errors import TrustError

T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class SessionFacts:
    """What is to be told of a session that is logged in. The times are milliseconds since 1970."""

    account: str
    account_id: int
    number: int  # among the sessions of its account, since the server started
    since: int
    active: int  # when it last said something to somebody
    credential: Credential  # by what it has logged in
    address: str  # for its owner alone
    program: str  # what it calls itself
    present: bool  # in the chat, and not still coming in


class CertificateFacts(Protocol):
    """A certificate of a client. The times are milliseconds since 1970; None: not known, or not revoked."""

    @property
    def account(self) -> str:
        """Whose it is; empty: nothing but the serial number is known."""

    @property
    def serial(self) -> str:
        """In hexadecimal digits."""

    @property
    def made(self) -> int | None:
        """From when it is good."""

    @property
    def ends(self) -> int | None:
        """Until when it is good."""

    @property
    def revoked(self) -> int | None:
        """Since when it counts no more."""

    @property
    def problem(self) -> str:
        """Why its file cannot be read, so that nothing is known but perhaps the serial number; empty: it can."""


class Certificates(Protocol):
    """The certificates of clients that the authority of the server has issued. Everything raises TrustError."""

    def issued(self) -> Sequence[CertificateFacts]:
        """All of them, by account."""

    def chosen(self, what: str) -> Sequence[CertificateFacts]:
        """What `revoke` would revoke, which is something."""

    def revoke(self, what: str) -> Sequence[CertificateFacts]:
        """Revoke those of an account, or the one of a serial number; return them."""


class NoCertificates:
    """Implements Certificates where there is no authority."""

    def issued(self) -> Sequence[CertificateFacts]:
        """None was issued."""
        return ()

    def chosen(self, what: str) -> Sequence[CertificateFacts]:
        """There is nothing to revoke."""
        raise TrustError(f"no certificate was issued for {what}")

    def revoke(self, what: str) -> Sequence[CertificateFacts]:
        """There is nothing to revoke."""
        return self.chosen(what)


class Store(Protocol):
    """Reading and writing, each call a transaction of its own. `storage.engine.Database` is one."""

    def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` on a reading connection. Raises StorageError."""

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` and commit. Raises StorageError, and what `work` raises; nothing is stored then."""


class JournalStore:
    """The store of a running server: everything that is written goes through its journal."""

    def __init__(self, journal: Journal, reader: Reader) -> None:
        self._journal = journal
        self._reader = reader

    def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` on the calling thread's reading connection. Raises StorageError."""
        return self._reader.read(work)

    def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` in the journal's thread; wait for the commit or its failure. Raises StorageError, DomainError."""
        return self._journal.call(work).result()


class LiveEffects(Protocol):
    """What an operation changes in a running server at once: on the thread that runs it, after the commit."""

    def name_reserved(self, name: str) -> AbstractContextManager[None]:
        """Keep `name` from everybody else, and what looks like it, while an account of that name is made.

        Raises InvalidName when somebody has, or wants at this moment, a name that looks like it.
        """

    def account_added(self, account: Account) -> None:
        """A new account may log in."""

    def account_suspended(self, account_id: int) -> None:
        """The account may not log in any more; its sessions end."""

    def account_unsuspended(self, account_id: int) -> None:
        """The account may log in again."""

    def role_changed(self, account_id: int, *, administrator: bool) -> None:
        """The account is an administrator's, or one no more, and so are its sessions."""

    def credentials_changed(self, account_id: int) -> None:
        """The password is another; the sessions of the account end."""

    def second_factor_removed(self, account_id: int) -> None:
        """The account has no second factor any more; its sessions are told, and stay."""

    def app_password_revoked(self, number: int) -> None:
        """Nobody gets in by the app password of this number any more; the sessions that it opened end."""

    def locked_out(self, target: str) -> str:
        """Which administrator who is here, or address of one, a ban of `target` would keep out; empty: none."""

    def bans_changed(self, bans: list[ServerBan]) -> None:
        """These are the bans of the server; the sessions that they keep out end."""

    def registration_changed(self, *, closed: bool) -> None:
        """Registration is closed for now, or as the configuration says again."""

    def invite_added(self, token_digest: bytes, invite: Invite) -> None:
        """A new invite may be used."""

    def invites_revoked(self, numbers: Sequence[int]) -> None:
        """The invites of these numbers may be used no more."""

    def certificates_revoked(self, serials: Set[str]) -> None:
        """These certificates count no more, as well as those of before; the sessions that they opened end."""

    def logged_in(self) -> Sequence[SessionFacts]:
        """Every session that is logged in to an account."""

    def end_sessions(self, account_id: int, number: int | None) -> int:
        """End a session of the account, or all of them (None); return how many there were."""

    def sessions(self) -> Mapping[int, int] | None:
        """How many sessions each account has now, by its id; None: no server runs here."""

    def rooms(self) -> Mapping[int, int] | None:
        """How many users are present in each room, by its id; None: no server runs here."""


class NoEffects:
    """Implements LiveEffects where no server runs."""

    def name_reserved(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - of the protocol
        """Nobody else could take it."""
        return nullcontext()

    def account_added(self, account: Account) -> None:
        """Nobody has to know."""

    def account_suspended(self, account_id: int) -> None:
        """Nobody has to know."""

    def account_unsuspended(self, account_id: int) -> None:
        """Nobody has to know."""

    def role_changed(self, account_id: int, *, administrator: bool) -> None:
        """Nobody is logged in."""

    def credentials_changed(self, account_id: int) -> None:
        """Nobody has to know."""

    def second_factor_removed(self, account_id: int) -> None:
        """Nobody has to know."""

    def app_password_revoked(self, number: int) -> None:
        """Nobody has to know."""

    def locked_out(self, target: str) -> str:
        """Which address of the machine itself a ban would keep out: nobody else is here."""
        return keeps_out(target, (), ())

    def bans_changed(self, bans: list[ServerBan]) -> None:
        """Nobody has to go."""

    def registration_changed(self, *, closed: bool) -> None:
        """Nobody has to know."""

    def invite_added(self, token_digest: bytes, invite: Invite) -> None:
        """Nobody has to know."""

    def invites_revoked(self, numbers: Sequence[int]) -> None:
        """Nobody has to know."""

    def certificates_revoked(self, serials: Set[str]) -> None:
        """Nobody has to go."""

    def logged_in(self) -> Sequence[SessionFacts]:
        """Nobody is here."""
        return ()

    def end_sessions(self, account_id: int, number: int | None) -> int:  # noqa: ARG002 - of the protocol
        """Nobody is here."""
        return 0

    def sessions(self) -> None:
        """Nobody is here."""

    def rooms(self) -> None:
        """Nobody is here."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """What a link needs to know of the server."""

    host: str
    port: int
    fingerprint: str  # of the CA certificate: SHA-256 in hex
