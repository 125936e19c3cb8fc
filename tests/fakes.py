"""Fakes of the ports of domain/ports.py that keep everything in memory, for tests that need no database.

`tests/test_fakes.py` runs one contract against them and against SQLite.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TypeVar

from securechat.domain.account import Account, Credentials, Invite, refusal
from securechat.domain.audit import Act, AuditRecord, Deed, Head, chained, start
from securechat.domain.events import RECORDED, SAID, Event, Kind
from securechat.domain.history import Bound, Direction, HistoryQuery, StoredEvent
from securechat.domain.ports import Entry
from securechat.domain.reports import Report
from securechat.domain.roles import RoomChange, RoomRole
from securechat.domain.room import DirectConversation, Room
from securechat.domain.server_bans import ServerBan
from securechat.errors import AccountExists, InviteRefused, NoSuchAccount, NoSuchInvite, StorageError
from securechat.names import fold
from tests.fake_second_factors import InMemorySecondFactors

T = TypeVar("T")


@dataclass
class InMemoryAccounts:
    """Implements AccountRepository."""

    rows: dict[int, Account] = field(default_factory=dict)
    secrets: dict[int, Credentials] = field(default_factory=dict)

    def add(self, name: str, credentials: Credentials, *, administrator: bool, time: int, bot: bool = False) -> Account:
        if self.by_name(name) is not None:
            raise AccountExists(name)
        account = Account(len(self.rows) + 1, name, administrator, suspended=False, created=time, bot=bot)
        self.rows[account.id] = account
        self.secrets[account.id] = credentials
        return replace(account)

    def all(self) -> list[Account]:
        return [replace(one) for one in sorted(self.rows.values(), key=lambda one: fold(one.name))]

    def by_name(self, name: str) -> Account | None:
        return next((replace(one) for one in self.rows.values() if fold(one.name) == fold(name)), None)

    def credentials(self, account_id: int) -> Credentials:
        self._row(account_id)
        return self.secrets[account_id]

    def set_credentials(self, account_id: int, credentials: Credentials) -> None:
        self._row(account_id)
        self.secrets[account_id] = credentials

    def set_suspended(self, account_id: int, suspended: bool) -> None:
        self._row(account_id).suspended = suspended

    def set_administrator(self, account_id: int, administrator: bool) -> None:
        self._row(account_id).administrator = administrator

    def set_replay_sequence(self, account_id: int, sequence: int) -> None:
        self._row(account_id).replay_sequence = sequence

    def set_seen_sequence(self, account_id: int, sequence: int) -> None:
        self._row(account_id).seen_sequence = sequence

    def _row(self, account_id: int) -> Account:
        if account_id not in self.rows:
            raise NoSuchAccount(f"#{account_id}")
        return self.rows[account_id]


@dataclass
class InMemoryInvites:
    """Implements InviteRepository."""

    rows: dict[bytes, Invite] = field(default_factory=dict)
    uses: dict[int, set[int]] = field(default_factory=dict)

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
        invite = Invite(
            len(self.rows) + 1,
            rooms,
            administrator,
            uses,
            expires,
            False,
            time,
            created_by,
            note,
            bootstrap,
            (0,) * len(rooms),
            rooms,
            maker,
            newcomers,
        )
        self.rows[token_digest] = invite
        return invite

    def by_token(self, token_digest: bytes) -> Invite | None:
        return self.rows.get(token_digest)

    def all(self) -> list[Invite]:
        return sorted(self.rows.values(), key=lambda one: -one.id)

    def use(self, token_digest: bytes, time: int) -> Invite:
        invite = self.rows.get(token_digest)
        reason = refusal(invite, time)
        if invite is None or reason is not None:
            raise InviteRefused(reason or "unknown")
        self.rows[token_digest] = replace(invite, uses_left=invite.uses_left - 1)
        return self.rows[token_digest]

    def used_by(self, invite_id: int, account_id: int) -> None:
        self.uses.setdefault(invite_id, set()).add(account_id)

    def used(self, account_id: int) -> list[int]:
        return sorted(number for number, accounts in self.uses.items() if account_id in accounts)

    def known(self, time: int, most_dead: int) -> list[tuple[bytes, Invite, frozenset[int]]]:
        rows = sorted(self.rows.items(), key=lambda row: -row[1].id)
        dead = [one.id for _, one in rows if refusal(one, time) is not None][:most_dead]
        return [
            (digest, one, frozenset(self.uses.get(one.id, ())))
            for digest, one in rows
            if refusal(one, time) is None or one.id in dead
        ]

    def count_open(self, time: int, *, maker: int = 0, room_id: int = 0) -> int:
        return sum(
            refusal(one, time) is None
            and (not maker or one.maker == maker)
            and (not room_id or room_id in one.room_ids)
            for one in self.rows.values()
        )

    def revoke(self, invite_id: int) -> None:
        digest = next((digest for digest, one in self.rows.items() if one.id == invite_id), None)
        if digest is None:
            raise NoSuchInvite(invite_id)
        self.rows[digest] = replace(self.rows[digest], revoked=True)

    def revoke_bootstrap(self) -> list[int]:
        unused = [(digest, one) for digest, one in self.rows.items() if one.bootstrap and one.uses_left > 0]
        for digest, one in unused:
            self.rows[digest] = replace(one, revoked=True)
        return [one.id for _, one in unused]

    def record(self, event: Event) -> None:
        if event.kind is Kind.RENAME:
            new = event.text.partition(" ")[0]
            for digest, one in self.rows.items():
                rooms = tuple(new if fold(name) == fold(event.target) else name for name in one.rooms)
                self.rows[digest] = replace(one, rooms=rooms)


@dataclass
class InMemoryRooms:
    """Implements RoomRepository; `record` takes the side effects of events."""

    rows: dict[int, Room] = field(default_factory=dict)
    members: dict[tuple[int, int], RoomRole] = field(default_factory=dict)
    since: dict[tuple[int, int], int] = field(default_factory=dict)
    direct: dict[int, DirectConversation] = field(default_factory=dict)
    markers: dict[tuple[int, int], int] = field(default_factory=dict)

    def all(self) -> list[Room]:
        return [replace(one) for one in sorted(self.rows.values(), key=lambda one: fold(one.name))]

    def ids(self, names: Iterable[str]) -> list[int]:
        known = {fold(one.name): one.id for one in self.rows.values()}
        return [known.get(fold(name), 0) for name in names]

    def memberships(self) -> list[tuple[int, int, RoomRole]]:
        return [(account_id, room_id, roles) for (account_id, room_id), roles in self.members.items()]

    def joined(self) -> list[tuple[int, int, int]]:
        return [(account_id, room_id, sequence) for (account_id, room_id), sequence in self.since.items()]

    def read_markers(self) -> list[tuple[int, int, int]]:
        return [(account_id, place, time) for (account_id, place), time in self.markers.items()]

    def departing(self) -> list[int]:
        return []

    def direct_conversations(self) -> list[DirectConversation]:
        return [replace(one) for one in self.direct.values()]

    def record(self, event: Event) -> None:
        place = event.conversation
        if event.kind is Kind.ROOM:
            self.rows[place] = Room(place, event.target, event.time)
        elif event.kind is Kind.DIRECT:
            assert event.parties is not None
            self.direct[place] = DirectConversation(place, event.parties)
        elif event.kind is Kind.JOIN and event.source.account_id:
            roles = dict(event.change.roles if event.change else ())
            key = event.source.account_id, place
            self.members.setdefault(key, roles.get(event.source.account_id, RoomRole.MEMBER))
            self.since.setdefault(key, (event.change.joined if event.change else 0) or event.sequence)
        elif event.kind is Kind.PART:
            self._end(event.source.account_id, place)
        elif event.kind is Kind.TOPIC:
            room = self.rows[place]
            room.topic, room.topic_by, room.topic_time = event.text, event.source.mask, event.time
        elif event.kind is Kind.RENAME:
            self.rows[place].name = event.text.partition(" ")[0]
        elif event.kind is Kind.MARK and event.source.account_id:
            key = event.source.account_id, place
            self.markers[key] = max(self.markers.get(key, 0), event.marked)
        elif event.change is not None:
            self._change(place, event.change)
        conversation = self.rows.get(place) or self.direct.get(place)
        if conversation is not None and event.kind in RECORDED:
            conversation.last_sequence = event.sequence

    def _end(self, account_id: int, place: int) -> None:
        self.members.pop((account_id, place), None)
        self.since.pop((account_id, place), None)

    def _change(self, place: int, change: RoomChange) -> None:
        self._end(change.expelled, place)
        for account_id, roles in change.roles:
            if (account_id, place) in self.members:
                self.members[account_id, place] = roles
        room = self.rows[place]
        room.rules = change.rules or room.rules
        for letter, mask in change.removed:
            room.lists[letter] = [one for one in room.lists.get(letter, ()) if one.mask != mask]
        for letter, entry in change.added:
            room.lists.setdefault(letter, []).append(entry)


@dataclass
class InMemoryHistory:
    """Implements HistoryRepository."""

    events: list[StoredEvent] = field(default_factory=list)

    def page(self, query: HistoryQuery) -> list[StoredEvent]:
        found = [
            one
            for one in self.events
            if one.conversation == query.conversation and one.kind in query.kinds and one.sequence > query.not_before
        ]
        first, limit = query.first, query.limit
        older = [one for one in found if first is not None and _side(one, first) < 0]
        newer = [one for one in found if first is None or _side(one, first) > 0]
        match query.direction:
            case Direction.LATEST:
                return newer[-limit:]
            case Direction.BEFORE:
                return older[-limit:]
            case Direction.AFTER:
                return newer[:limit]
            case Direction.AROUND:
                start = max(0, len(older) - limit // 2)
                return found[start : start + limit]
            case Direction.BETWEEN:
                assert first is not None
                assert query.second is not None
                second = query.second
                forward = [one for one in newer if _side(one, second) < 0]
                return forward[:limit] if forward else [one for one in older if _side(one, second) > 0][-limit:]

    def event(self, sequence: int) -> StoredEvent | None:
        return next((one for one in self.events if one.sequence == sequence), None)

    def targets(self, conversations: Mapping[int, int], first: int, second: int, limit: int) -> list[tuple[int, int]]:
        said = [one for one in self.events if one.kind in SAID and one.conversation in conversations]
        newest = {one.conversation: one.time for one in said if one.sequence > conversations[one.conversation]}
        found = [(place, time) for place, time in newest.items() if min(first, second) < time < max(first, second)]
        found.sort(key=lambda one: one[1])
        return found[-limit:] if first > second else found[:limit]

    def extent(self, conversation: int) -> tuple[int, int]:
        times = [one.time for one in self.events if one.conversation == conversation and one.kind in SAID]
        return len(times), min(times, default=0)

    def last(self) -> tuple[int, int]:
        return (self.events[-1].sequence, self.events[-1].time) if self.events else (0, 0)


def _side(event: StoredEvent, bound: Bound) -> int:
    """Negative when the event is older than the bound, positive when it is newer."""
    if bound.sequence is not None:
        return event.sequence - bound.sequence
    assert bound.time is not None
    return event.time - bound.time


@dataclass
class InMemoryMetadata:
    """Implements MetadataRepository; `record` takes the side effects of events."""

    accounts: dict[tuple[int, str], str] = field(default_factory=dict)
    rooms: dict[tuple[int, str], str] = field(default_factory=dict)

    def of_accounts(self) -> list[tuple[int, str, str]]:
        return [(*place, value) for place, value in self.accounts.items()]

    def of_rooms(self) -> list[tuple[int, str, str]]:
        return [(*place, value) for place, value in self.rooms.items()]

    def record(self, event: Event) -> None:
        owner = event.conversation or event.source.account_id
        if event.kind is not Kind.METADATA or not owner:
            return
        key, found, value = event.text.partition(" ")
        values = self.rooms if event.conversation else self.accounts
        values.pop((owner, key), None)
        if found:
            values[owner, key] = value


@dataclass
class InMemoryAudit:
    """Implements AuditRepository."""

    rows: list[AuditRecord] = field(default_factory=list)

    def append(self, deed: Deed) -> AuditRecord:
        record = chained(deed, self.head(), len(self.rows) + 1)
        self.rows.append(record)
        return record

    def first(self, acts: Iterable[Act], target: str) -> AuditRecord | None:
        words = {act.word for act in acts}
        return next((one for one in self.rows if one.act in words and one.target == target), None)

    def renames(self) -> list[tuple[str, str]]:
        return [(one.room, one.detail) for one in self.rows if one.act == Act.ROOM_RENAME.word]

    def names_given_up(self) -> list[tuple[str, str]]:
        wanted = {Act.ROOM_RENAME.word: True, Act.ROOM_DELETE.word: False}
        return [(one.room, one.detail if wanted[one.act] else "") for one in self.rows if one.act in wanted]

    def page(self, after: int | None, limit: int) -> list[AuditRecord]:
        return [one for one in self.rows if after is None or one.number > after][:limit]

    def page_before(self, before: int | None, limit: int) -> list[AuditRecord]:
        return [one for one in reversed(self.rows) if before is None or one.number < before][:limit]

    def origin(self) -> str:
        return "tests"

    def head(self) -> Head:
        return Head(self.rows[-1].number, self.rows[-1].hash) if self.rows else start(self.origin())


class InMemoryBlocks:
    """Implements BlockRepository: nobody blocks anybody."""

    def all(self) -> list[tuple[int, int]]:
        return []


class InMemoryReports:
    """Implements ReportRepository: nobody has reported anything."""

    def open(self) -> list[Report]:
        return []

    def last_number(self) -> int:
        return 0


class InMemoryNaming:
    """Implements NamingRepository."""

    def __init__(self) -> None:
        self._epoch = "first"

    def epoch(self) -> str:
        return self._epoch

    def set_epoch(self, name: str) -> None:
        self._epoch = name


@dataclass
class InMemoryServerRules:
    """Implements ServerRulesRepository."""

    rows: dict[str, ServerBan] = field(default_factory=dict)
    closed: bool = False

    def bans(self) -> list[ServerBan]:
        return sorted(self.rows.values(), key=lambda one: (one.time, one.target))

    def add_ban(self, ban: ServerBan) -> None:
        self.rows[ban.target] = ban

    def remove_ban(self, target: str) -> bool:
        return self.rows.pop(target, None) is not None

    def registration_closed(self) -> bool:
        return self.closed

    def set_registration_closed(self, closed: bool) -> None:
        self.closed = closed


@dataclass
class InMemoryUnitOfWork:
    """Implements UnitOfWork. There is no transaction: ImmediateJournal and InMemoryStore undo what fails."""

    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    invites: InMemoryInvites = field(default_factory=InMemoryInvites)
    rooms: InMemoryRooms = field(default_factory=InMemoryRooms)
    history: InMemoryHistory = field(default_factory=InMemoryHistory)
    metadata: InMemoryMetadata = field(default_factory=InMemoryMetadata)
    blocks: InMemoryBlocks = field(default_factory=InMemoryBlocks)
    reports: InMemoryReports = field(default_factory=InMemoryReports)
    audit: InMemoryAudit = field(default_factory=InMemoryAudit)
    server_rules: InMemoryServerRules = field(default_factory=InMemoryServerRules)
    second_factors: InMemorySecondFactors = field(default_factory=InMemorySecondFactors)
    naming: InMemoryNaming = field(default_factory=InMemoryNaming)

    def attempt(self, work: "Callable[[InMemoryUnitOfWork], T]") -> T:
        """Run `work`; what it changed is undone when it raises."""
        before = copy.deepcopy(vars(self))
        try:
            return work(self)
        except BaseException:
            vars(self).update(before)
            raise


class InMemoryStore:
    """Implements administration_ports.Store (and so Reader); `failure` is raised by the next writes."""

    def __init__(self, unit: InMemoryUnitOfWork | None = None) -> None:
        self.unit = unit if unit is not None else InMemoryUnitOfWork()
        self.failure: StorageError | None = None

    def read(self, work: Callable[[InMemoryUnitOfWork], T]) -> T:
        return work(self.unit)

    def write(self, work: Callable[[InMemoryUnitOfWork], T]) -> T:
        if self.failure is not None:
            raise self.failure
        return self.unit.attempt(work)


class ImmediateJournal:
    """Implements Journal in the calling thread: every entry is a batch of its own, published before `submit` returns.

    `failure` fails everything until it is taken away; `full` is only what it is set to.
    """

    def __init__(
        self,
        publish: Callable[[list[Entry], StorageError | None], None] = lambda batch, error: None,
        unit: InMemoryUnitOfWork | None = None,
    ) -> None:
        self.unit = unit if unit is not None else InMemoryUnitOfWork()
        self.entries: list[Entry] = []
        self.failure: StorageError | None = None
        self.full = False
        self.epoch = "tests"
        self._publish = publish
        self._sequence = 0

    def submit(self, entry: Entry) -> None:
        if self.failure is None:
            self._record(entry.event)
            self.entries.append(entry)
        self._publish([entry], self.failure)

    def store(self, entry: Entry) -> "Future[None]":
        self.submit(entry)
        return self.call(lambda _: None)

    def call(self, work: Callable[[InMemoryUnitOfWork], T]) -> "Future[T]":
        future: Future[T] = Future()
        try:
            if self.failure is not None:
                raise self.failure
            future.set_result(self.unit.attempt(work))
        except Exception as error:  # noqa: BLE001 - the future carries it, as that of the real journal does
            future.set_exception(error)
        return future

    def _record(self, event: Event | None) -> None:
        if event is None:
            return
        self._sequence += 1
        event.sequence = self._sequence
        self.unit.rooms.record(event)
        self.unit.invites.record(event)
        self.unit.metadata.record(event)
        for deed in event.deeds:
            self.unit.audit.append(deed)
        if event.kind in RECORDED:
            source = event.source
            self.unit.history.events.append(
                StoredEvent(
                    event.sequence,
                    event.kind,
                    event.time,
                    event.conversation,
                    source.mask,
                    source.account,
                    event.target,
                    event.text,
                    event.tags,
                )
            )
