"""What is taken away is gone from the files, and a reader that stays only puts that off."""

from pathlib import Path

from securechat.domain.events import RECORDED, Event, Kind
from securechat.domain.history import Direction, HistoryQuery
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import ALICE, ROOM, Item, happened, said, settle, submit

LONG = "a secret that is longer than a page of the database " * 200


def take_away(sequence: int) -> Item:
    return Item(Event(Kind.REDACT, 1000, ALICE, ROOM, "#general", redacts=sequence))


def holding(database: Database, text: str) -> list[str]:
    """The names of the files beside the database that hold the text."""
    folder: Path = database.path.parent
    return [path.name for path in folder.iterdir() if text.encode() in path.read_bytes()]


def page(database: Database) -> list[str]:
    query = HistoryQuery(ROOM, Direction.LATEST, 10_000, kinds=RECORDED)
    return [one.text for one in database.read(lambda unit: unit.history.page(query))]


def test_a_text_of_several_pages_is_gone(database: Database, journal: Journal) -> None:
    journal.start()
    submit(journal, [said("one"), said(LONG, tags="+secret=tag"), said("two")])
    settle(journal)
    assert holding(database, LONG[:40])
    submit(journal, [take_away(2)])
    settle(journal)
    settle(journal)  # the checkpoint comes after the batch
    assert holding(database, LONG[:40]) == holding(database, "+secret=tag") == []
    assert page(database) == ["one", "two"]
    left = database.read(lambda unit: unit.history.event(2))
    assert left is not None
    assert (left.kind, left.text, left.tags) == (Kind.REDACTED, "", "")


def test_what_the_index_covers_is_gone_as_well(database: Database, journal: Journal) -> None:
    journal.start()
    submit(journal, [said(f"m{number}") for number in range(5000)])
    settle(journal)
    settle(journal)
    submit(journal, [take_away(7), take_away(4999)])
    settle(journal)
    shown = page(database)
    assert len(shown) == 4998
    assert not {"m6", "m4998"} & set(shown)


def test_only_what_is_in_the_conversation_is_taken_away(database: Database, journal: Journal) -> None:
    journal.start()
    submit(journal, [said("elsewhere", conversation=2), happened(Kind.TOPIC, text="green"), take_away(1)])
    settle(journal)
    left = database.read(lambda unit: unit.history.event(1))
    assert left is not None
    assert left.text == "elsewhere"
    assert database.read(lambda unit: unit.history.event(0)) is None
    assert database.read(lambda unit: unit.history.event(2**70)) is None


def test_a_reader_that_stays_puts_it_off(database: Database, journal: Journal) -> None:
    journal.start()
    submit(journal, [said(LONG)])
    settle(journal)

    def while_reading(unit: object) -> list[str]:
        page_in_transaction = unit.history.last()  # type: ignore[attr-defined]
        assert page_in_transaction[0] == 1
        submit(journal, [take_away(1)])
        settle(journal)
        settle(journal)
        return holding(database, LONG[:40])

    assert database.read(while_reading)
    journal.stop()
    assert holding(database, LONG[:40]) == []
