"""PASSWD: another password for one's own account, and what ends by it."""

from pathlib import Path

import pytest

from securechat.domain.account import Credentials
from securechat.domain.second_factor import Means
from securechat.server.passwords import Parameters, hash_password, needs_rehash
from tests.server.commands.logins import FAILED, LOGGED_IN, MECHANISMS, begun, plain
from tests.server.harness import CHEAP, Harness, Person, running
from tests.server.second_factors import PASSWORD, next_code, set_up

FAIL = ":chat.test FAIL PASSWD"
NOTE = ":chat.test NOTE PASSWD"
NEW = "another  one: with spaces"
CHANGED = "The password was changed; log in with the new one"


@pytest.fixture
def alice(harness: Harness) -> Person:
    harness.account("alice")
    return harness.person("alice", password=PASSWORD)


def stored(harness: Harness) -> Credentials:
    return harness.database.read(lambda unit: unit.accounts.credentials(harness.hub.accounts["alice"].id))


def by_app_password(harness: Harness, alice: Person) -> Person:
    secret = alice.answers(f"APPPASSWORD ADD phone :{PASSWORD}")[0].rpartition(":")[2]
    return harness.person("alice", password=secret)


def test_the_whole_way(harness: Harness, alice: Person) -> None:
    app, other = by_app_password(harness, alice), harness.person("alice", password=PASSWORD)
    (shown,) = alice.answers(f"PASSWD OLD :{PASSWORD}")
    assert shown.startswith(f"{NOTE} PASSWORD_SHOWN :")
    (changed,) = alice.answers(f"PASSWD NEW :{NEW}")
    assert changed.startswith(f"{NOTE} PASSWORD_CHANGED 1 :The new password is in force; ")
    assert other.outlet.closed == CHANGED
    told = ":chat.test NOTICE alice :The password of your account was changed by session 1 of it"
    assert [one for one in app.received() if " NOTICE " in one] == [told]
    assert [app.outlet.closed, alice.outlet.closed] == [None, None]
    assert alice.session.credential is not None
    assert alice.session.credential.means is Means.PASSWORD
    for mechanism in MECHANISMS:
        assert mechanism(begun(harness), "alice", NEW) == LOGGED_IN
        assert mechanism(begun(harness), "alice", PASSWORD) == FAILED


def test_each_change_has_to_be_begun_anew(harness: Harness, alice: Person) -> None:
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    assert " PASSWORD_CHANGED " in alice.answers(f"PASSWD NEW :{NEW}")[0]
    assert alice.answers("PASSWD NEW :yet another")[0].startswith(f"{FAIL} PASSWORD_NOT_SHOWN :")
    assert " INVALID_CREDENTIALS " in alice.answers(f"PASSWD OLD :{PASSWORD}")[0]
    assert " PASSWORD_SHOWN " in alice.answers(f"PASSWD OLD :{NEW}")[0]
    harness.now += 121
    assert " PASSWORD_NOT_SHOWN " in alice.answers("PASSWD NEW :yet another")[0]
    assert plain(begun(harness), "alice", NEW) == LOGGED_IN


def test_with_a_second_factor_it_needs_a_code(harness: Harness, alice: Person) -> None:
    secret, _ = set_up(alice)
    assert " INVALID_CREDENTIALS " in alice.answers(f"PASSWD OLD :{PASSWORD}")[0]
    assert " INVALID_CREDENTIALS " in alice.answers(f"PASSWD OLD :{PASSWORD} 000000")[0]
    assert " PASSWORD_SHOWN " in alice.answers(f"PASSWD OLD :{PASSWORD} {next_code(harness, secret)}")[0]
    assert " PASSWORD_CHANGED 0 " in alice.answers(f"PASSWD NEW :{NEW}")[0]
    assert plain(begun(harness), "alice", f"{NEW} {next_code(harness, secret)}") == LOGGED_IN


def test_a_second_factor_that_comes_meanwhile_counts(harness: Harness, alice: Person) -> None:
    thief = harness.person("alice", password=PASSWORD)
    thief.answers(f"PASSWD OLD :{PASSWORD}")
    set_up(alice)
    thief.received()
    assert " PASSWORD_NOT_SHOWN " in thief.answers(f"PASSWD NEW :{NEW}")[0]


def test_refusals(harness: Harness, alice: Person) -> None:
    assert " ACCOUNT_REQUIRED " in harness.person("guest").answers("PASSWD OLD x")[0]
    assert " PASSWORD_NOT_SHOWN " in alice.answers(f"PASSWD NEW :{NEW}")[0]
    (wrong,) = alice.answers(f"PASSWD {PASSWORD} {NEW}")
    assert wrong.startswith(f"{FAIL} INVALID_SUBCOMMAND :PASSWD OLD :<password>")
    assert "correct" not in wrong
    assert " NEED_MORE_PARAMS OLD " in alice.answers("PASSWD OLD")[0]
    assert " NEED_MORE_PARAMS NEW " in alice.answers("PASSWD NEW :")[0]
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    assert " INVALID_PARAMS NEW :Put a colon " in alice.answers("PASSWD NEW two words")[0]
    for weak in ("short", "ALICE", "x" * 7):
        assert alice.answers(f"PASSWD NEW :{weak}")[0].startswith(f"{FAIL} WEAK_PASSWORD :The password ")
    assert " PASSWORD_CHANGED " in alice.answers(f"PASSWD NEW :{NEW}")[0]  # one may try again


def test_wrong_ones_count_as_failed_logins(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("alice")
        alice = harness.person("alice", password=PASSWORD)
        alice.sends("PASSWD OLD :wrong", "PASSWD OLD :wrong")
        alice.received()
        assert " RATE_LIMITED 60 " in alice.answers(f"PASSWD OLD :{PASSWORD}")[0]


def test_what_is_not_stored_did_not_happen(harness: Harness, alice: Person) -> None:
    other = harness.person("alice", password=PASSWORD)
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    before = stored(harness)
    with harness.disk_full():
        assert alice.answers(f"PASSWD NEW :{NEW}")[0].startswith(f"{FAIL} NOT_STORED ")
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    harness.workers.full = True
    assert " TEMPORARILY_UNAVAILABLE " in alice.answers(f"PASSWD NEW :{NEW}")[0]
    assert stored(harness) == before
    assert other.outlet.closed is None


def test_what_an_administrator_has_set_meanwhile_stays(harness: Harness, alice: Person) -> None:
    """Its effect on the sessions comes a moment after it is on disk."""
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    harness.workers.put_off()
    alice.sends(f"PASSWD NEW :{NEW}")
    given = hash_password("of an administrator", CHEAP)
    number = harness.hub.accounts["alice"].id
    harness.journal.call(lambda unit: unit.accounts.set_credentials(number, given)).result(20)
    harness.workers.work()
    harness.settle()
    assert " PASSWORD_NOT_SHOWN " in alice.received()[0]
    assert stored(harness) == given


def test_of_two_changes_at_once_the_first_counts(harness: Harness, alice: Person) -> None:
    other = harness.person("alice", password=PASSWORD)
    for one in (alice, other):
        one.answers(f"PASSWD OLD :{PASSWORD}")
    harness.workers.put_off()
    alice.sends(f"PASSWD NEW :{NEW}")
    assert " PASSWORD_NOT_SHOWN " in other.answers("PASSWD NEW :that of the other")[0]
    harness.workers.work()
    harness.settle()
    assert other.outlet.closed == CHANGED
    assert plain(begun(harness), "alice", NEW) == LOGGED_IN


@pytest.mark.parametrize("line", ["TOTP SETUP :", "APPPASSWORD ADD more :", "PASSWD OLD :"])
def test_the_old_one_is_good_for_nothing_that_is_under_way(harness: Harness, alice: Person, line: str) -> None:
    app = by_app_password(harness, alice)
    app.answers(f"TOTP SETUP :{PASSWORD}")
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    harness.workers.put_off()
    alice.sends(f"PASSWD NEW :{NEW}")
    app.sends(f"{line}{PASSWORD}")
    harness.workers.work()
    harness.settle()
    assert any(" PASSWORD_CHANGED " in one for one in alice.received())
    assert [one for one in app.received() if f" FAIL {line.split(maxsplit=1)[0]} INVALID_CREDENTIALS " in one]
    assert app.session.setup is None
    assert app.session.shown_password is None


def test_it_counts_although_its_session_has_gone(harness: Harness, alice: Person) -> None:
    other = harness.person("alice", password=PASSWORD)
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    harness.workers.put_off()
    alice.sends(f"PASSWD NEW :{NEW}")
    alice.vanishes()
    harness.workers.work()
    harness.settle()
    assert other.outlet.closed == CHANGED
    assert plain(begun(harness), "alice", NEW) == LOGGED_IN


def test_powers_got_by_it_end(harness: Harness, alice: Person) -> None:
    harness.hub.accounts["alice"].administrator = True
    bob = harness.person("bob")
    assert " 381 " in bob.answers(f"OPER alice :{PASSWORD}")[-1]
    alice.answers(f"PASSWD OLD :{PASSWORD}")
    alice.answers(f"PASSWD NEW :{NEW}")
    assert any(" MODE bob :-o" in line or " MODE bob -o" in line for line in bob.received())
    assert bob.session.operates_as is None


def test_a_password_that_is_hashed_anew_meanwhile_is_the_same(harness: Harness) -> None:
    """The costs of hashing were raised since the account was made."""
    account = harness.account("alice")
    weaker = hash_password(PASSWORD, Parameters(CHEAP.argon2_memory_kib, CHEAP.argon2_iterations, 4096 + 1))
    alice = harness.person("alice", password=PASSWORD)
    harness.journal.call(lambda unit: unit.accounts.set_credentials(account.id, weaker)).result(20)
    assert needs_rehash(weaker, CHEAP)
    alice.sends(f"PASSWD OLD :{PASSWORD}", f"PASSWD NEW :{NEW}")
    assert any(" PASSWORD_CHANGED " in line for line in alice.received())
