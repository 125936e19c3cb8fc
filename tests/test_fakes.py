"""One contract for the repositories that administration and login rest on, run against the fakes and against SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.domain.account import Account, Credentials
from securechat.domain.events import Event, Kind, Source
from securechat.domain.history import Bound, Direction, HistoryQuery
from securechat.domain.ports import Journal, UnitOfWork
from securechat.domain.roles import RoomRole
from securechat.domain.server_bans import ServerBan
from securechat.errors import AccountExists, InviteRefused, NoSuchAccount, NoSuchInvite, StorageError
from securechat.server.administration_ports import Store
from securechat.storage.engine import open_database
from tests.fakes import ImmediateJournal, InMemoryStore

ONE = Credentials("one", b"salt", 4096, b"stored", b"server")
OTHER = Credentials("other", b"salt2", 5000, b"stored2", b"server2")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield InMemoryStore()
        return
    database = open_database(f"sqlite:///{tmp_path / 'chat.db'}")
    database.migrate()
    yield database
    database.close()


def add(store: Store, name: str, credentials: Credentials = ONE) -> Account:
    return store.write(lambda unit: unit.accounts.add(name, credentials, administrator=False, time=7))


def invite(
    unit: UnitOfWork, digest: bytes, *, uses: int = 1, expires: int | None = None, bootstrap: bool = False
) -> int:
    return unit.invites.add(
        digest,
        rooms=("#a", "#б"),
        administrator=False,
        uses=uses,
        expires=expires,
        note="note",
        created_by="test",
        time=7,
        bootstrap=bootstrap,
    ).id


def test_accounts(store: Store) -> None:
    made = add(store, "Анна")
    assert made == Account(made.id, "Анна", False, False, 7)
    assert store.read(lambda unit: unit.accounts.by_name("анна")) == made
    assert store.read(lambda unit: unit.accounts.by_name("bob")) is None
    with pytest.raises(AccountExists):
        add(store, "АННА", OTHER)
    assert store.read(lambda unit: unit.accounts.credentials(made.id)) == ONE
    add(store, "Bob")
    add(store, "al")
    assert [one.name for one in store.read(lambda unit: unit.accounts.all())] == ["al", "Bob", "Анна"]


def test_changes_of_an_account(store: Store) -> None:
    made = add(store, "ann")

    def change(unit: UnitOfWork) -> None:
        unit.accounts.set_credentials(made.id, OTHER)
        unit.accounts.set_suspended(made.id, True)
        unit.accounts.set_replay_sequence(made.id, 12)
        unit.accounts.set_seen_sequence(made.id, 9)

    store.write(change)
    assert store.read(lambda unit: unit.accounts.credentials(made.id)) == OTHER
    assert store.read(lambda unit: unit.accounts.by_name("ann")) == Account(
        made.id, "ann", False, True, 7, 12, seen_sequence=9
    )


def test_no_such_account(store: Store) -> None:
    with pytest.raises(NoSuchAccount):
        store.read(lambda unit: unit.accounts.credentials(5))
    with pytest.raises(NoSuchAccount):
        store.write(lambda unit: unit.accounts.set_credentials(5, ONE))
    with pytest.raises(NoSuchAccount):
        store.write(lambda unit: unit.accounts.set_suspended(5, True))
    with pytest.raises(NoSuchAccount):
        store.write(lambda unit: unit.accounts.set_replay_sequence(5, 1))
    with pytest.raises(NoSuchAccount):
        store.write(lambda unit: unit.accounts.set_seen_sequence(5, 1))


def test_what_fails_changes_nothing(store: Store) -> None:
    def half(unit: UnitOfWork) -> None:
        unit.accounts.add("ann", ONE, administrator=False, time=7)
        unit.invites.use(b"unknown", 7)

    with pytest.raises(InviteRefused):
        store.write(half)
    assert store.read(lambda unit: unit.accounts.all()) == []


def test_invites_are_used_up(store: Store) -> None:
    number = store.write(lambda unit: invite(unit, b"digest", uses=2))
    left = [store.write(lambda unit: unit.invites.use(b"digest", 8)).uses_left for _ in range(2)]
    assert left == [1, 0]
    with pytest.raises(InviteRefused, match="used"):
        store.write(lambda unit: unit.invites.use(b"digest", 8))
    (found,) = store.read(lambda unit: unit.invites.all())
    assert (found.id, found.rooms, found.uses_left, found.note) == (number, ("#a", "#б"), 0, "note")
    assert store.read(lambda unit: unit.invites.by_token(b"digest")) == found
    assert store.read(lambda unit: unit.invites.by_token(b"another")) is None


def test_invites_expire_and_are_revoked(store: Store) -> None:
    store.write(lambda unit: invite(unit, b"old", expires=10))
    number = store.write(lambda unit: invite(unit, b"new"))
    with pytest.raises(InviteRefused, match="expired"):
        store.write(lambda unit: unit.invites.use(b"old", 10))
    store.write(lambda unit: unit.invites.revoke(number))
    with pytest.raises(InviteRefused, match="revoked"):
        store.write(lambda unit: unit.invites.use(b"new", 8))
    with pytest.raises(NoSuchInvite):
        store.write(lambda unit: unit.invites.revoke(99))
    assert [one.id for one in store.read(lambda unit: unit.invites.all())] == [number, number - 1]


def test_bootstrap_invites_end_together(store: Store) -> None:
    store.write(lambda unit: invite(unit, b"boot", bootstrap=True))
    store.write(lambda unit: invite(unit, b"other"))
    store.write(lambda unit: unit.invites.revoke_bootstrap())
    assert [one.revoked for one in store.read(lambda unit: unit.invites.all())] == [False, True]


class Noted:
    """An entry of the journal."""

    def __init__(self, event: Event | None) -> None:
        self.event = event


def test_the_immediate_journal_records_and_publishes() -> None:
    published: list[tuple[list[object], StorageError | None]] = []
    journal = ImmediateJournal(lambda batch, error: published.append((list(batch), error)))
    as_port: Journal = journal
    ann = Source("ann", "ann", "host", "ann", 1)
    for event in (
        Event(Kind.ROOM, 1, ann, 1, "#a"),
        Event(Kind.JOIN, 1, ann, 1, "#a"),
        *(Event(Kind.MESSAGE, time, ann, 1, "#a", f"line {time}") for time in (2, 3, 4, 5)),
        None,
        Event(Kind.METADATA, 5, ann, 0, "ann", "url a b"),
        Event(Kind.METADATA, 5, ann, 1, "#a", "url "),
        Event(Kind.METADATA, 5, ann, 1, "#a", "gone x"),
        Event(Kind.METADATA, 5, ann, 1, "#a", "gone"),
    ):
        as_port.submit(Noted(event))
    journal.failure = StorageError("disk full")
    refused = Noted(Event(Kind.MESSAGE, 6, ann, 1, "#a", "lost"))
    as_port.submit(refused)
    assert [error for _, error in published] == [None] * 11 + [journal.failure]
    assert isinstance(as_port.call(lambda unit: unit.rooms.all()).exception(), StorageError)
    journal.failure = None
    assert refused not in journal.entries
    (room,) = as_port.call(lambda unit: unit.rooms.all()).result()
    assert (room.name, room.last_sequence) == ("#a", 6)
    assert as_port.call(lambda unit: unit.rooms.memberships()).result() == [(1, 1, RoomRole.MEMBER)]
    assert as_port.call(lambda unit: unit.metadata.of_accounts()).result() == [(1, "url", "a b")]
    assert as_port.call(lambda unit: unit.metadata.of_rooms()).result() == [(1, "url", "")]

    def texts(direction: Direction, first: Bound | None, second: Bound | None = None) -> list[str]:
        query = HistoryQuery(1, direction, 2, first, second)
        return [one.text[-1] for one in journal.unit.history.page(query)]

    assert texts(Direction.LATEST, None) == ["4", "5"]
    assert texts(Direction.BEFORE, Bound(time=4)) == ["2", "3"]
    assert texts(Direction.AFTER, Bound(sequence=3)) == ["3", "4"]
    assert texts(Direction.AROUND, Bound(sequence=4)) == ["2", "3"]
    assert texts(Direction.BETWEEN, Bound(time=5), Bound(time=1)) == ["3", "4"]
    assert texts(Direction.BETWEEN, Bound(time=1), Bound(time=5)) == ["2", "3"]
    assert journal.unit.history.targets({1: 5, 2: 0}, 0, 9, 5) == [(1, 5)]
    assert journal.unit.history.targets({1: 6}, 0, 9, 5) == []
    assert journal.unit.history.last() == (6, 5)


def test_rules_of_the_server(store: Store) -> None:
    first, second = ServerBan("192.0.2.0/24", "anna", 5, 900, "spam"), ServerBan("spam*", "anna", 4)
    other = ServerBan("spam*", "bob", 6)

    def change(unit: UnitOfWork) -> None:
        unit.server_rules.add_ban(first)
        unit.server_rules.add_ban(second)

    store.write(change)
    assert store.read(lambda unit: unit.server_rules.bans()) == [second, first]
    store.write(lambda unit: unit.server_rules.add_ban(other))
    assert store.read(lambda unit: unit.server_rules.bans()) == [first, other]
    assert store.write(lambda unit: unit.server_rules.remove_ban("192.0.2.0/24"))
    assert not store.write(lambda unit: unit.server_rules.remove_ban("192.0.2.0/24"))
    assert store.read(lambda unit: unit.server_rules.bans()) == [other]
    assert not store.read(lambda unit: unit.server_rules.registration_closed())
    for closed in (True, True, False, False):
        store.write(lambda unit, closed=closed: unit.server_rules.set_registration_closed(closed))  # type: ignore[misc]
        assert store.read(lambda unit: unit.server_rules.registration_closed()) is closed


def test_the_name_of_the_database(store: Store) -> None:
    store.write(lambda unit: unit.naming.set_epoch("other"))
    assert store.read(lambda unit: unit.naming.epoch()) == "other"
