"""A room that is deleted is gone from the files, with all that was said in it; its neighbours are as they were."""

import pytest
from sqlalchemy import text

from securechat.domain.events import RECORDED, Event, Kind
from securechat.domain.history import Direction, HistoryQuery
from securechat.domain.reports import Report, encode
from securechat.storage import journal as journal_module
from securechat.storage.direct_journal import DirectJournal
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import ALICE, CREDENTIALS, SECONDS, Item, happened, said, settle, submit
from tests.storage.test_redaction import LONG, holding

TEA, GENERAL = 7, 8


def deletion(room: int = TEA) -> Item:
    return Item(Event(Kind.DELETE, 1000, ALICE, room, "#tea"))


def page(database: Database, room: int) -> list[str]:
    query = HistoryQuery(room, Direction.LATEST, 10_000, kinds=RECORDED)
    return [one.text for one in database.read(lambda unit: unit.history.page(query))]


def rows_of(database: Database, room: int) -> dict[str, int]:
    """How many rows of each table are of that room."""
    columns = {
        "events": "conversation_id",
        "timeline": "conversation_id",
        "conversations": "id",
        "memberships": "conversation_id",
        "room_rules": "conversation_id",
        "read_markers": "conversation_id",
        "room_metadata": "conversation_id",
        "invite_rooms": "conversation_id",
        "reports": "conversation",
    }
    return database._on_reader(  # the writing connection is the journal's
        lambda connection: {
            table: connection.execute(text(f"SELECT count(*) FROM {table} WHERE {column} = {room}")).scalar_one()
            for table, column in columns.items()
        }
    )


def fill(journal: Journal) -> None:
    journal.call(lambda unit: unit.accounts.add("alice", CREDENTIALS, administrator=False, time=1)).result(SECONDS)
    rooms = [
        happened(Kind.ROOM, conversation=TEA, target="#tea"),
        happened(Kind.ROOM, conversation=GENERAL, target="#general"),
    ]
    submit(journal, rooms)
    journal.call(
        lambda unit: unit.invites.add(
            b"d", rooms=("#tea",), administrator=False, uses=1, expires=None, note="", created_by="", time=1
        )
    ).result(SECONDS)
    submit(
        journal,
        [
            happened(Kind.JOIN, conversation=TEA, target="#tea"),
            said(LONG, conversation=TEA, tags="+secret=tag"),
            said("kept", conversation=GENERAL),
            happened(Kind.METADATA, conversation=TEA, target="#tea", text="url https://secret.example"),
            happened(Kind.REPORT, text=encode(Report(1, 1, "bob", TEA, 2, "alice", "why"))),
            said("the newest of all", conversation=TEA),
        ],
    )
    settle(journal)


def test_nothing_is_left_of_it(database: Database, journal: Journal) -> None:
    journal.start()
    fill(journal)
    assert rows_of(database, TEA)["memberships"] == rows_of(database, TEA)["invite_rooms"] == 1
    assert database.read(lambda unit: unit.history.extent(TEA)) == (2, 1000)
    journal.store(deletion()).result(SECONDS)
    settle(journal)  # the checkpoint comes after the batch
    assert set(rows_of(database, TEA).values()) == {0}
    for secret in (LONG[:40], "+secret=tag", "the newest of all", "secret.example"):
        assert holding(database, secret) == []
    assert page(database, GENERAL) == ["kept"]
    assert database.read(lambda unit: unit.history.extent(TEA)) == (0, 0)
    assert database.read(lambda unit: unit.history.extent(GENERAL)) == (1, 1000)


def test_numbers_are_not_given_again(database: Database, journal: Journal) -> None:
    """Also not when the newest of all was said in the room, and the server is started anew."""
    journal.start()
    fill(journal)
    newest, _ = database.read(lambda unit: unit.history.last())
    journal.store(deletion()).result(SECONDS)
    journal.stop()
    assert database.read(lambda unit: unit.history.last()) == (newest, 1000)
    later = said("later", conversation=GENERAL)
    DirectJournal(database).store(later).result(SECONDS)
    assert later.event is not None
    assert later.event.sequence == newest + 1


def test_what_the_index_covers_goes_as_well(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_TIMELINE_ROWS", 10)
    journal.start()
    fill(journal)
    submit(journal, [said(f"m{number}", conversation=TEA if number % 2 else GENERAL) for number in range(40)])
    settle(journal)
    submit(journal, [said("newest", conversation=TEA)])
    settle(journal)
    assert rows_of(database, TEA)["timeline"] > 10
    assert database.read(lambda unit: unit.history.extent(TEA)) == (23, 1000)
    journal.store(deletion()).result(SECONDS)
    assert rows_of(database, TEA)["events"] == rows_of(database, TEA)["timeline"] == 0
    assert page(database, GENERAL) == ["kept", *(f"m{number}" for number in range(0, 40, 2))]


def test_beside_no_server(database: Database, journal: Journal) -> None:
    journal.start()
    fill(journal)
    journal.stop()
    direct = DirectJournal(database)
    direct.store(deletion()).result(SECONDS)
    assert set(rows_of(database, TEA).values()) == {0}
    again = direct.store(happened(Kind.ROOM, conversation=9, target="#general"))
    assert "cannot store it" in str(again.exception(SECONDS))
    direct.submit(said("goes on", conversation=GENERAL))
    assert page(database, GENERAL) == ["kept", "goes on"]
