"""What the chat's logic asks of the layers around it; `server.app` plugs the real ones in, tests plug fakes in."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Protocol, TypeVar

from securechat.domain.account import Account, Credentials, Invite
from securechat.domain.audit import Act, AuditRecord, Deed, Head
from securechat.domain.events import Event
from securechat.domain.history import HistoryQuery, StoredEvent
from securechat.domain.reports import Report
from securechat.domain.roles import RoomRole
from securechat.domain.room import DirectConversation, Room
from securechat.domain.second_factor import AppPassword, SecondFactor
from securechat.domain.server_bans import ServerBan

T = TypeVar("T")


class AccountRepository(Protocol):
    """Accounts and credentials, inside one transaction."""

    def add(self, name: str, credentials: Credentials, *, administrator: bool, time: int, bot: bool = False) -> Account:
        """Store a new account. Raises AccountExists when one with the same fold is there."""

    def all(self) -> list[Account]:
        """Every account, by name."""

    def by_name(self, name: str) -> Account | None:
        """The account whose name folds like `name`."""

    def credentials(self, account_id: int) -> Credentials:
        """What is stored to check the account's password."""

    def set_credentials(self, account_id: int, credentials: Credentials) -> None:
        """Replace them."""

    def set_suspended(self, account_id: int, suspended: bool) -> None:
        """Suspend or unsuspend the account."""

    def set_administrator(self, account_id: int, administrator: bool) -> None:
        """Let the account be an administrator's, or one no more."""

    def set_replay_sequence(self, account_id: int, sequence: int) -> None:
        """Remember how far the account's clients without chathistory have certainly received everything."""

    def set_seen_sequence(self, account_id: int, sequence: int) -> None:
        """Remember since when the account has been here, or was the last time."""


class InviteRepository(Protocol):
    """Invites, inside one transaction."""

    def add(
        self,
        token_digest: bytes,
        *,
        rooms: tuple[str, ...],
        administrator: bool,
        uses: int,
        expires: int | None,
        note: str,
        created_by: str,
        time: int,
        bootstrap: bool = False,
        maker: int = 0,
        newcomers: bool = True,
    ) -> Invite:
        """Store a new invite by the SHA-256 digest of its token."""

    def by_token(self, token_digest: bytes) -> Invite | None:
        """The invite with that digest, whatever its state."""

    def all(self) -> list[Invite]:
        """Every invite, newest first."""

    def use(self, token_digest: bytes, time: int) -> Invite:
        """Take one use of it. Raises InviteRefused."""

    def used_by(self, invite_id: int, account_id: int) -> None:
        """Remember that the account has used the invite."""

    def known(self, time: int, most_dead: int) -> list[tuple[bytes, Invite, frozenset[int]]]:
        """(digest, invite, accounts that have used it): all that are good at `time` (ms), newest first.

        And of the newest `most_dead` that are not.
        """

    def count_open(self, time: int, *, maker: int = 0, room_id: int = 0) -> int:
        """How many are good at `time` (ms): of an account, into a room, or in all."""

    def revoke(self, invite_id: int) -> None:
        """Make it useless. Raises NoSuchInvite."""

    def used(self, account_id: int) -> list[int]:
        """The numbers of the invites that the account has used."""

    def revoke_bootstrap(self) -> list[int]:
        """Revoke every unused bootstrap invite; return their numbers."""


class RoomRepository(Protocol):
    """Rooms, membership and direct conversations, inside one transaction."""

    def all(self) -> list[Room]:
        """Every room with its newest sequence number, by name."""

    def ids(self, names: Iterable[str]) -> list[int]:
        """The id of the room of each name, 0 where there is none, in the order of `names`."""

    def memberships(self) -> list[tuple[int, int, RoomRole]]:
        """Every (account id, room id, what the account is in the room)."""

    def joined(self) -> list[tuple[int, int, int]]:
        """Every (account id, room id, sequence number of the event by which the account became a member)."""

    def read_markers(self) -> list[tuple[int, int, int]]:
        """Every (account id, conversation id, time in ms up to which it is read)."""

    def departing(self) -> list[int]:
        """The ids of the rooms that are gone, but for what was said in them; nobody can read that any more."""

    def direct_conversations(self) -> list[DirectConversation]:
        """Every direct conversation with its newest sequence number."""


class MetadataRepository(Protocol):
    """The values that accounts and rooms carry, for reading only: events change them."""

    def of_accounts(self) -> list[tuple[int, str, str]]:
        """Every (account id, key, value)."""

    def of_rooms(self) -> list[tuple[int, str, str]]:
        """Every (room id, key, value)."""


class BlockRepository(Protocol):
    """Who blocks whom, for reading only: events change it."""

    def all(self) -> list[tuple[int, int]]:
        """Every (account id, id of the account that it blocks), oldest first."""


class ReportRepository(Protocol):
    """Reports of messages, for reading only: events change them."""

    def open(self) -> list[Report]:
        """Every report that nobody has closed yet, oldest first."""

    def last_number(self) -> int:
        """The number of the newest report; 0 when there is none."""


class HistoryRepository(Protocol):
    """What was said, for reading only."""

    def page(self, query: HistoryQuery) -> list[StoredEvent]:
        """The page, oldest first."""

    def event(self, sequence: int) -> StoredEvent | None:
        """The event with that number, or None."""

    def targets(self, conversations: Mapping[int, int], first: int, second: int, limit: int) -> list[tuple[int, int]]:
        """(conversation, time of its newest said event), between the times `first` and `second` (ms), oldest first.

        Of each conversation, only what is newer than the sequence number it maps to. At most `limit`: the oldest, but
        when `first` is the later one the newest of them.
        """

    def extent(self, conversation: int) -> tuple[int, int]:
        """(how many messages there are, time of the oldest in ms); (0, 0) when nothing was said."""

    def last(self) -> tuple[int, int]:
        """(sequence, time in ms) of the newest event of all; (0, 0) when there is none."""


class AuditRepository(Protocol):
    """The record of acts of power, inside one transaction. There is nothing that changes or removes a row."""

    def append(self, deed: Deed) -> AuditRecord:
        """Store one act as the newest row; it stands or falls with the transaction."""

    def page(self, after: int | None, limit: int) -> list[AuditRecord]:
        """At most `limit` rows with a number above `after` (None: all, forged ones too), oldest first."""

    def page_before(self, before: int | None, limit: int) -> list[AuditRecord]:
        """At most `limit` rows with a number below `before` (None: the newest), newest first."""

    def first(self, acts: Iterable[Act], target: str) -> AuditRecord | None:
        """The oldest row of one of the acts on `target`."""

    def renames(self) -> list[tuple[str, str]]:
        """Of each renamed room the old name and the new one, as they are written, oldest first."""

    def names_given_up(self) -> list[tuple[str, str]]:
        """Every name that a room has given up, and the one that it got; empty when it was deleted. Oldest first."""

    def origin(self) -> str:
        """What the first row's hash is made of (see domain.audit.start)."""

    def head(self) -> Head | None:
        """The newest row as the database remembers it beside the rows; None when somebody took that away."""


class NamingRepository(Protocol):
    """The name of the database, inside one transaction."""

    def epoch(self) -> str:
        """The short random name of the database, part of every message id."""

    def set_epoch(self, name: str) -> None:
        """Give the database another name; ids that were made under the old one are of no message any more."""


class ServerRulesRepository(Protocol):
    """What administrators have decided for the whole server, inside one transaction."""

    def bans(self) -> list[ServerBan]:
        """Every ban, oldest first, those that have ended as well."""

    def add_ban(self, ban: ServerBan) -> None:
        """Store a ban, in place of one of the same target."""

    def remove_ban(self, target: str) -> bool:
        """Take a ban away; False when there is none."""

    def registration_closed(self) -> bool:
        """Whether an administrator has closed registration for now."""

    def set_registration_closed(self, closed: bool) -> None:
        """Close registration, or leave it to the configuration again."""


class SecondFactorRepository(Protocol):
    """Second factors and app passwords, inside one transaction."""

    def accounts(self) -> list[int]:
        """The ids of the accounts that have a second factor."""

    def of(self, account_id: int) -> SecondFactor | None:
        """The second factor of the account, or None."""

    def set(self, account_id: int, factor: SecondFactor) -> None:
        """Give the account this one, in place of any that it has."""

    def remove(self, account_id: int) -> bool:
        """Take it from the account; whether there was one."""

    def set_recovery(self, account_id: int, digests: Iterable[bytes]) -> None:
        """Let these be the recovery codes, and no others."""

    def use_step(self, account_id: int, secret: bytes, step: int) -> bool:
        """Use up the code of a step and all before; False when that has been done already, or the secret is another."""

    def use_recovery(self, account_id: int, digest: bytes) -> bool:
        """Use up a recovery code; False when there is no such one (any more)."""

    def app_passwords(self, account_id: int) -> list[AppPassword]:
        """Those of the account, oldest first."""

    def app_password_ids(self) -> list[int]:
        """The numbers of all app passwords."""

    def find_app_password(self, account_id: int, digest: bytes) -> int:
        """The number of the account's app password with that digest; 0: there is none."""

    def add_app_password(
        self, account_id: int, name: str, digest: bytes, *, time: int, most: int
    ) -> AppPassword | None:
        """Store one made at `time` (ms); None when the name is taken or there are `most` already."""

    def use_app_password(self, number: int, time: int) -> bool:
        """Note that it was used at `time` (ms); False when it is not there (any more)."""

    def remove_app_password(self, account_id: int, name: str) -> int:
        """Take away the account's app password of that name and return its number; 0: there is none."""


class UnitOfWork(Protocol):
    """The repositories of one transaction: writing in the journal's thread, reading anywhere else."""

    @property
    def accounts(self) -> AccountRepository:
        """Accounts and credentials."""

    @property
    def invites(self) -> InviteRepository:
        """Invites."""

    @property
    def rooms(self) -> RoomRepository:
        """Rooms, membership and direct conversations."""

    @property
    def history(self) -> HistoryRepository:
        """What was said."""

    @property
    def metadata(self) -> MetadataRepository:
        """What accounts and rooms carry."""

    @property
    def blocks(self) -> BlockRepository:
        """Who blocks whom."""

    @property
    def reports(self) -> ReportRepository:
        """Reports of messages."""

    @property
    def second_factors(self) -> SecondFactorRepository:
        """Second factors and app passwords."""

    @property
    def audit(self) -> AuditRepository:
        """The record of acts of power."""

    @property
    def server_rules(self) -> ServerRulesRepository:
        """What administrators have decided for the whole server."""

    @property
    def naming(self) -> NamingRepository:
        """The name of the database."""


class Entry(Protocol):
    """What the journal carries: an event to store, or something that only has to keep its place in the order."""

    @property
    def event(self) -> Event | None:
        """What is to be stored; None: nothing."""


class Journal(Protocol):
    """The only writer of the database. The order of `submit` is the order of everything."""

    def submit(self, entry: Entry) -> None:
        """Queue it; it is published (or reported as failed) with its batch. Never blocks."""

    def store(self, entry: Entry) -> "Future[None]":
        """Do the same for somebody who waits: the future is set after the commit, or has the StorageError."""

    def call(self, work: Callable[[UnitOfWork], T]) -> "Future[T]":
        """Run `work` in the writing transaction, in its place in the order; the future is set after the commit.

        A DomainError that `work` raises undoes only its own changes. Raises StorageError through the future
        when the commit fails.
        """

    @property
    def full(self) -> bool:
        """Whether so much is queued that nobody should read more from clients for now."""

    @property
    def epoch(self) -> str:
        """A short name of this database, part of every message id: ids of another one are never taken for ours."""


class Reader(Protocol):
    """Reading access for workers."""

    def read(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run `work` on a reading connection of the calling thread. Raises StorageError."""
