"""The values that accounts and rooms carry, as events change them."""

import pytest

from securechat.domain.events import Event, Kind, Source
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import ALICE, CREDENTIALS, GUEST, Item, Published, happened, settle, submit

SERVER = Source("chat.test", "", "", account_id=1)


@pytest.fixture(autouse=True)
def account(database: Database) -> None:
    database.write(lambda unit: unit.accounts.add("alice", CREDENTIALS, administrator=False, time=1))


def store(journal: Journal, *items: Item) -> None:
    submit(journal, items)
    if not journal._thread.is_alive():
        journal.start()
    settle(journal)


def carried(text: str, source: Source = SERVER, room: int = 0) -> Item:
    return Item(Event(Kind.METADATA, 1000, source, room, "x", text))


def test_values_of_accounts_and_rooms(database: Database, journal: Journal, published: Published) -> None:
    store(
        journal,
        happened(Kind.ROOM),
        carried("display-name Анна 💬  x "),
        carried("url first"),
        carried("url second"),
        carried("status "),
        carried("gone x"),
        carried("gone"),
        carried("never-set"),
        carried("url of the room", room=1),
        carried("url of a guest", GUEST),
    )
    assert published.failed == []
    assert sorted(database.read(lambda unit: unit.metadata.of_accounts())) == [
        (1, "display-name", "Анна 💬  x "),
        (1, "status", ""),
        (1, "url", "second"),
    ]
    assert database.read(lambda unit: unit.metadata.of_rooms()) == [(1, "url", "of the room")]
    assert database.read(lambda unit: unit.history.last()) == (0, 0)


def test_what_belongs_to_nobody_is_refused_alone(database: Database, journal: Journal, published: Published) -> None:
    lost = [carried("url x", room=9), carried("url x", Source("chat.test", "", "", account_id=9))]
    store(journal, happened(Kind.ROOM, ALICE), lost[0], carried("url kept"), lost[1])
    assert published.failed == lost
    assert database.read(lambda unit: unit.metadata.of_accounts()) == [(1, "url", "kept")]
    assert database.read(lambda unit: unit.metadata.of_rooms()) == []
