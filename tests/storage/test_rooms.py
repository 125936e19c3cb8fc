"""Rooms, topics, membership and direct conversations, as events change them."""

from dataclasses import replace

import pytest

from securechat.domain.events import Event, Kind, Source
from securechat.domain.roles import FOUNDER, ListEntry, RoomChange, RoomRole, RoomRules
from securechat.domain.room import DirectConversation, Room
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import (
    ALICE,
    CREDENTIALS,
    GUEST,
    Item,
    Published,
    direct,
    happened,
    said,
    settle,
    submit,
)

BOB = Source("bob", "bob", "host", "bob", 2)


@pytest.fixture(autouse=True)
def accounts(database: Database) -> None:
    for name in ("alice", "bob"):
        database.write(lambda unit, name=name: unit.accounts.add(name, CREDENTIALS, administrator=False, time=1))  # type: ignore[misc]


def store(journal: Journal, *items: Item) -> None:
    submit(journal, items)
    if not journal._thread.is_alive():
        journal.start()
    settle(journal)


def test_a_room_and_its_topic(database: Database, journal: Journal) -> None:
    store(
        journal,
        happened(Kind.ROOM, conversation=2, target="#Ops"),
        happened(Kind.ROOM, conversation=1, target="#general"),
        said("first"),
        happened(Kind.TOPIC, text="tea"),
        Item(Event(Kind.TOPIC, 2000, BOB, 1, "#general", "coffee")),
    )
    assert database.read(lambda unit: unit.rooms.all()) == [
        Room(1, "#general", 1000, "coffee", "bob!bob@host", 2000, last_sequence=3),
        Room(2, "#Ops", 1000),
    ]
    assert database.read(lambda unit: unit.rooms.direct_conversations()) == []


def test_membership_begins_with_join_and_ends_with_part(database: Database, journal: Journal) -> None:
    store(
        journal,
        happened(Kind.ROOM),
        happened(Kind.ROOM, conversation=2, target="#ops"),
        happened(Kind.JOIN),
        happened(Kind.JOIN, conversation=2, target="#ops"),
        happened(Kind.JOIN, BOB),
        happened(Kind.JOIN, GUEST),
    )
    assert sorted(database.read(lambda unit: unit.rooms.memberships())) == [
        (1, 1, RoomRole.MEMBER),
        (1, 2, RoomRole.MEMBER),
        (2, 1, RoomRole.MEMBER),
    ]
    store(journal, happened(Kind.PART), happened(Kind.PART, GUEST), happened(Kind.PART, BOB, conversation=2))
    assert sorted(database.read(lambda unit: unit.rooms.memberships())) == [
        (1, 2, RoomRole.MEMBER),
        (2, 1, RoomRole.MEMBER),
    ]


def test_a_second_join_changes_nothing(database: Database, journal: Journal, published: Published) -> None:
    store(journal, happened(Kind.ROOM), happened(Kind.JOIN), said("hello"), happened(Kind.JOIN))
    assert published.failed == []
    joined = database._on_reader(
        lambda connection: connection.exec_driver_sql("SELECT joined_sequence FROM memberships").scalars().all()
    )
    assert joined == [1]


@pytest.mark.parametrize("kind", [Kind.ARRIVE, Kind.QUIT, Kind.NICK, Kind.AWAY])
def test_coming_online_and_going_offline_is_not_membership(database: Database, journal: Journal, kind: Kind) -> None:
    store(journal, happened(Kind.ROOM), happened(Kind.JOIN), happened(kind), happened(kind, BOB))
    assert database.read(lambda unit: unit.rooms.memberships()) == [(1, 1, RoomRole.MEMBER)]


def test_direct_conversations(database: Database, journal: Journal) -> None:
    store(
        journal,
        direct(5, "a2", "a1"),
        direct(6, "a1", "a1"),
        direct(7, "a1", "gdan"),
        said("psst", conversation=5),
        said("note to self", conversation=6),
    )
    assert database.read(lambda unit: unit.rooms.direct_conversations()) == [
        DirectConversation(5, ("a1", "a2"), last_sequence=1),
        DirectConversation(6, ("a1", "a1"), last_sequence=2),
        DirectConversation(7, ("a1", "gdan"), last_sequence=0),
    ]
    assert database.read(lambda unit: unit.rooms.all()) == []


@pytest.mark.parametrize(
    "twin",
    [
        happened(Kind.ROOM, conversation=8, target="#GENERAL"),
        happened(Kind.ROOM, conversation=1, target="#other"),
        direct(8, "a1", "a2"),
        Item(Event(Kind.DIRECT, 1000, ALICE, 8)),
    ],
    ids=["folded name", "id", "parties", "no parties"],
)
def test_what_is_there_already_is_not_made_again(
    database: Database, journal: Journal, published: Published, twin: Item
) -> None:
    store(journal, happened(Kind.ROOM), direct(5))
    store(journal, twin)
    assert published.failed == [twin]
    assert [room.name for room in database.read(lambda unit: unit.rooms.all())] == ["#general"]
    assert len(database.read(lambda unit: unit.rooms.direct_conversations())) == 1


def test_nobody_joins_a_room_that_is_not_there(database: Database, journal: Journal, published: Published) -> None:
    lost = happened(Kind.JOIN, conversation=9)
    store(journal, lost)
    assert published.failed == [lost]
    assert database.read(lambda unit: unit.history.last()) == (0, 0)


def test_whoever_makes_a_room_owns_it_and_roles_change(database: Database, journal: Journal) -> None:
    made = happened(Kind.JOIN)
    made.event.change = RoomChange(roles=((1, FOUNDER),))  # type: ignore[union-attr]
    changed = happened(Kind.MODE, text="+ov bob bob")
    raised = RoomRole.MEMBER | RoomRole.MODERATOR | RoomRole.VOICED
    changed.event.change = RoomChange(roles=((2, raised), (9, raised)))  # type: ignore[union-attr]
    store(journal, happened(Kind.ROOM), made, happened(Kind.JOIN, BOB), changed)
    assert sorted(database.read(lambda unit: unit.rooms.memberships())) == [(1, 1, FOUNDER), (2, 1, raised)]


def test_since_when_somebody_is_a_member(database: Database, journal: Journal) -> None:
    brought = happened(Kind.JOIN, BOB)
    brought.event.change = RoomChange(roles=((2, RoomRole.MEMBER),), joined=1)  # type: ignore[union-attr]
    store(journal, happened(Kind.ROOM), said("one"), happened(Kind.JOIN), brought)
    assert sorted(database.read(lambda unit: unit.rooms.joined())) == [(1, 1, 2), (2, 1, 1)]
    store(journal, happened(Kind.PART), said("two"), happened(Kind.JOIN), happened(Kind.JOIN, BOB))
    assert sorted(database.read(lambda unit: unit.rooms.joined())) == [(1, 1, 6), (2, 1, 1)]


def test_kicking_ends_the_membership_of_whoever_is_kicked(database: Database, journal: Journal) -> None:
    kicked = happened(Kind.KICK, text="bob enough")
    kicked.event.change = RoomChange(expelled=2)  # type: ignore[union-attr]
    store(journal, happened(Kind.ROOM), happened(Kind.JOIN), happened(Kind.JOIN, BOB), kicked)
    assert database.read(lambda unit: unit.rooms.memberships()) == [(1, 1, RoomRole.MEMBER)]


def test_rules_and_lists_of_masks(database: Database, journal: Journal) -> None:
    def mode(change: RoomChange) -> Item:
        item = happened(Kind.MODE, text="+x")
        item.event.change = change  # type: ignore[union-attr]
        return item

    rules = RoomRules(members_only=False, secret=True, key="tea", member_limit=7, slow_seconds=30, locked=True)
    rules = replace(rules, history="joined")
    ban, other = ListEntry("bob!*@*", "alice!alice@host", 5, 900), ListEntry("x!*@*", "alice!alice@host", 6)
    store(
        journal,
        happened(Kind.ROOM),
        mode(RoomChange(rules=RoomRules(moderated=True))),
        mode(RoomChange(rules=rules, added=(("b", other), ("b", ban)))),
        mode(RoomChange(added=(("e", other),))),
    )
    (room,) = database.read(lambda unit: unit.rooms.all())
    assert room.rules == rules
    assert room.lists == {"b": [ban, other], "e": [other]}
    store(journal, mode(RoomChange(removed=(("b", ban.mask), ("e", other.mask), ("I", "none")))))
    (room,) = database.read(lambda unit: unit.rooms.all())
    assert (room.rules, room.lists) == (rules, {"b": [other]})
