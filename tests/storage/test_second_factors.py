"""Second factors and app passwords in the database."""

import pytest

from securechat.domain.second_factor import AppPassword, SecondFactor
from securechat.storage.engine import Database
from tests.storage.harness import CREDENTIALS

FIRST, SECOND, THIRD, FOURTH = (bytes([number]) * 32 for number in range(4))
FACTOR = SecondFactor(b"secret", 7, frozenset({FIRST, SECOND}))


@pytest.fixture(autouse=True)
def account(database: Database) -> None:
    database.write(lambda unit: unit.accounts.add("alice", CREDENTIALS, administrator=False, time=1))


def test_a_second_factor_comes_and_goes(database: Database) -> None:
    assert database.read(lambda unit: unit.second_factors.of(1)) is None
    database.write(lambda unit: unit.second_factors.set(1, FACTOR))
    assert database.read(lambda unit: (unit.second_factors.of(1), unit.second_factors.accounts())) == (FACTOR, [1])
    other = SecondFactor(b"other", 1, frozenset({THIRD}))
    database.write(lambda unit: unit.second_factors.set(1, other))
    assert database.read(lambda unit: unit.second_factors.of(1)) == other
    database.write(lambda unit: unit.second_factors.set_recovery(1, [FOURTH]))
    assert database.read(lambda unit: unit.second_factors.of(1)) == SecondFactor(b"other", 1, frozenset({FOURTH}))
    assert [database.write(lambda unit: unit.second_factors.remove(1)) for _ in range(2)] == [True, False]
    assert database.read(lambda unit: unit.second_factors.of(1)) is None


def test_what_is_used_up_is_used_up(database: Database) -> None:
    database.write(lambda unit: unit.second_factors.set(1, FACTOR))
    assert not database.write(lambda unit: unit.second_factors.use_step(1, b"of before", 9))
    assert [database.write(lambda unit: unit.second_factors.use_step(1, b"secret", 9)) for _ in range(2)] == [
        True,
        False,
    ]
    assert not database.write(lambda unit: unit.second_factors.use_step(1, b"secret", 8))
    assert [database.write(lambda unit: unit.second_factors.use_recovery(1, FIRST)) for _ in range(2)] == [True, False]
    assert database.read(lambda unit: unit.second_factors.of(1)) == SecondFactor(b"secret", 9, frozenset({SECOND}))


def test_what_is_no_digest_is_not_stored(database: Database) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        database.write(lambda unit: unit.second_factors.set(1, SecondFactor(b"secret", 7, frozenset({b"short"}))))


def test_nobody_has_recovery_codes_without_a_second_factor(database: Database) -> None:
    assert not database.write(lambda unit: unit.second_factors.use_recovery(1, FIRST))
    database.write(lambda unit: unit.second_factors.set(1, SecondFactor(b"secret", 7)))
    assert not database.write(lambda unit: unit.second_factors.use_recovery(1, FIRST))
    assert database.read(lambda unit: unit.second_factors.of(1)) == SecondFactor(b"secret", 7)


def test_app_passwords(database: Database) -> None:
    write = database.write
    first = write(lambda unit: unit.second_factors.add_app_password(1, "Phone", b"x", time=5, most=2))
    assert first == AppPassword(1, "Phone", 5, None)
    assert write(lambda unit: unit.second_factors.add_app_password(1, "phone", b"y", time=5, most=2)) is None
    assert write(lambda unit: unit.second_factors.add_app_password(1, "bot", b"y", time=6, most=2)) is not None
    assert write(lambda unit: unit.second_factors.add_app_password(1, "more", b"z", time=6, most=2)) is None
    assert database.read(lambda unit: unit.second_factors.find_app_password(1, b"y")) == 2
    assert database.read(lambda unit: unit.second_factors.find_app_password(2, b"y")) == 0
    assert write(lambda unit: unit.second_factors.use_app_password(1, 9))
    assert [one.last_used for one in database.read(lambda unit: unit.second_factors.app_passwords(1))] == [9, None]
    assert [write(lambda unit: unit.second_factors.remove_app_password(1, "BOT")) for _ in range(2)] == [2, 0]
    assert not write(lambda unit: unit.second_factors.use_app_password(2, 9))
    assert database.read(lambda unit: unit.second_factors.app_password_ids()) == [1]
    again = write(lambda unit: unit.second_factors.add_app_password(1, "bot", b"y", time=6, most=2))
    assert again is not None
    assert again.id == 3
