"""Who blocks whom, on disk."""

from dataclasses import replace
from functools import partial

from securechat.domain.account import Account
from securechat.domain.events import Kind
from securechat.domain.ports import UnitOfWork
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import ALICE, CREDENTIALS, Published, happened, settle, submit


def add(name: str, unit: UnitOfWork) -> Account:
    return unit.accounts.add(name, CREDENTIALS, administrator=False, time=1)


def test_blocks_are_kept_by_account_until_they_are_taken_back(
    database: Database, journal: Journal, published: Published
) -> None:
    for name in ("alice", "bob", "carol"):
        database.write(partial(add, name))
    steps = (("+", "3"), ("+", "2"), ("+", "2"), ("-", "3"), ("+", ""))
    items = [happened(Kind.BLOCK, conversation=0, target=target, text=f"{sign}x") for sign, target in steps]
    guest = replace(ALICE, account="", account_id=0)
    submit(journal, [*items, happened(Kind.BLOCK, guest, conversation=0, target="3", text="+carol")])
    journal.start()
    settle(journal)
    assert published.failed == []
    assert database.read(lambda unit: unit.blocks.all()) == [(1, 2)]
