"""Accounts and credentials in the database."""

import pytest

from securechat.domain.account import Account
from securechat.errors import AccountExists, NoSuchAccount
from securechat.storage.engine import Database
from tests.storage.harness import CREDENTIALS, OTHER_CREDENTIALS


def add(database: Database, name: str, *, administrator: bool = False) -> Account:
    return database.write(
        lambda unit: unit.accounts.add(name, CREDENTIALS, administrator=administrator, time=1_763_800_000_000)
    )


def test_an_account_comes_back_as_it_was_stored(database: Database) -> None:
    bob = add(database, "Bob", administrator=True)
    assert bob == Account(bob.id, "Bob", True, False, 1_763_800_000_000, 0)
    assert database.read(lambda unit: unit.accounts.by_name("bOB")) == bob
    assert database.read(lambda unit: unit.accounts.by_name("bobby")) is None
    assert database.read(lambda unit: unit.accounts.credentials(bob.id)) == CREDENTIALS


def test_names_that_fold_to_the_same_are_the_same(database: Database) -> None:
    add(database, "Анна")
    with pytest.raises(AccountExists) as caught:
        add(database, "анна")
    assert caught.value.name == "анна"
    assert len(database.read(lambda unit: unit.accounts.all())) == 1


def test_all_are_listed_by_name(database: Database) -> None:
    for name in ("zoe", "Anna", "mike", "Bob"):
        add(database, name)
    assert [account.name for account in database.read(lambda unit: unit.accounts.all())] == [
        "Anna",
        "Bob",
        "mike",
        "zoe",
    ]


def test_what_changes_belongs_to_one_account_only(database: Database) -> None:
    bob, eve = add(database, "bob"), add(database, "eve")
    database.write(lambda unit: unit.accounts.set_suspended(eve.id, True))
    database.write(lambda unit: unit.accounts.set_replay_sequence(bob.id, 2**40))
    database.write(lambda unit: unit.accounts.set_seen_sequence(eve.id, 2**41))
    database.write(lambda unit: unit.accounts.set_credentials(eve.id, OTHER_CREDENTIALS))
    accounts = {account.name: account for account in database.read(lambda unit: unit.accounts.all())}
    assert (accounts["bob"].suspended, accounts["bob"].replay_sequence) == (False, 2**40)
    assert (accounts["eve"].suspended, accounts["eve"].replay_sequence) == (True, 0)
    assert (accounts["bob"].seen_sequence, accounts["eve"].seen_sequence) == (0, 2**41)
    assert database.read(lambda unit: unit.accounts.credentials(bob.id)) == CREDENTIALS
    assert database.read(lambda unit: unit.accounts.credentials(eve.id)) == OTHER_CREDENTIALS
    database.write(lambda unit: unit.accounts.set_suspended(eve.id, False))
    assert not any(account.suspended for account in database.read(lambda unit: unit.accounts.all()))


def test_an_account_that_is_not_there_cannot_change(database: Database) -> None:
    with pytest.raises(NoSuchAccount):
        database.read(lambda unit: unit.accounts.credentials(7))
    with pytest.raises(NoSuchAccount):
        database.write(lambda unit: unit.accounts.set_credentials(7, CREDENTIALS))
    with pytest.raises(NoSuchAccount):
        database.write(lambda unit: unit.accounts.set_suspended(7, True))
    with pytest.raises(NoSuchAccount):
        database.write(lambda unit: unit.accounts.set_replay_sequence(7, 1))
    with pytest.raises(NoSuchAccount):
        database.write(lambda unit: unit.accounts.set_seen_sequence(7, 1))
