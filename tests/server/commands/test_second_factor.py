"""TOTP: setting up, confirming, removing; and the policy that asks for it."""

from pathlib import Path

import pytest

from securechat.server.heartbeat import SETUP_SECONDS, watch
from securechat.server.lifecycle import State
from tests.server.commands.logins import LOGGED_IN, plain
from tests.server.harness import Harness, running
from tests.server.second_factors import PASSWORD, code, next_code, set_up

FAIL = ":chat.test FAIL TOTP"
NOTE = ":chat.test NOTE TOTP"


def test_the_whole_way(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    assert alice.answers("TOTP STATUS") == [f"{NOTE} TOTP_STATUS off 0 :No second factor"]
    (line,) = alice.answers(f"TOTP SETUP :{PASSWORD}")
    assert line.startswith(f"{NOTE} TOTP_SECRET ")
    assert " :otpauth://totp/" in line
    setup = alice.session.setup
    assert setup is not None
    assert not harness.hub.accounts["alice"].second_factor
    assert alice.codes() == []
    lines = alice.answers(f"TOTP CONFIRM {code(harness, setup.secret)}")
    assert [one.split()[3] for one in lines] == ["RECOVERY_CODE"] * 10 + ["TOTP_CONFIRMED"]
    assert harness.hub.accounts["alice"].second_factor
    status = f"{NOTE} TOTP_STATUS on 10 :The second factor is in force; 10 recovery codes are left"
    assert alice.answers("TOTP STATUS") == [status]
    recovery = lines[0].rpartition(":")[2]
    again = alice.answers(f"TOTP RECOVERY {recovery}")
    assert [one.split()[3] for one in again] == ["RECOVERY_CODE"] * 10
    assert recovery not in " ".join(again)
    assert " INVALID_CODE " in alice.answers(f"TOTP REMOVE {recovery}")[0]
    removed = alice.answers(f"TOTP REMOVE {next_code(harness, setup.secret)}")
    assert removed == [f"{NOTE} TOTP_REMOVED :There is no second factor any more"]
    assert not harness.hub.accounts["alice"].second_factor


def test_it_is_kept_over_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice")
        secret, _ = set_up(harness.person("alice", password=PASSWORD))
    with running(tmp_path) as harness:
        assert harness.hub.accounts["alice"].second_factor
        one = harness.connection()
        one.sends("CAP REQ :sasl", "NICK alice")
        one.received()
        assert plain(one, "alice", f"{PASSWORD} {next_code(harness, secret)}") == LOGGED_IN


def test_refusals(harness: Harness) -> None:
    guest = harness.person("guest")
    assert " ACCOUNT_REQUIRED " in guest.answers("TOTP STATUS")[0]
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    assert " INVALID_SUBCOMMAND x " in alice.answers("TOTP x")[0]
    assert " NEED_MORE_PARAMS SETUP " in alice.answers("TOTP SETUP")[0]
    assert " SECOND_FACTOR_MISSING " in alice.answers("TOTP CONFIRM 123456")[0]
    assert " SECOND_FACTOR_MISSING " in alice.answers("TOTP REMOVE 123456")[0]
    assert " INVALID_CREDENTIALS " in alice.answers("TOTP SETUP :wrong")[0]
    assert alice.session.setup is None
    alice.sends(f"TOTP SETUP :{PASSWORD}")
    alice.received()
    assert " INVALID_CODE " in alice.answers("TOTP CONFIRM 000000")[0]
    setup = alice.session.setup
    assert setup is not None
    harness.now += 601
    assert " SECOND_FACTOR_MISSING " in alice.answers(f"TOTP CONFIRM {code(harness, setup.secret)}")[0]


def test_what_is_not_stored_did_not_happen(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    alice.sends(f"TOTP SETUP :{PASSWORD}")
    alice.received()
    setup = alice.session.setup
    assert setup is not None
    with harness.disk_full():
        assert alice.answers(f"TOTP CONFIRM {code(harness, setup.secret)}")[0].startswith(f"{FAIL} NOT_STORED ")
    assert not harness.hub.accounts["alice"].second_factor


def test_another_one_takes_its_place_with_password_and_code(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", password=PASSWORD)
    secret, _ = set_up(alice)
    assert " INVALID_CREDENTIALS " in alice.answers(f"TOTP SETUP :{PASSWORD}")[0]
    other, _ = set_up(alice, f"{PASSWORD} {next_code(harness, secret)}")
    assert other != secret
    assert " INVALID_CODE " in alice.answers(f"TOTP REMOVE {next_code(harness, secret)}")[0]


def test_who_has_begun_before_it_was_there_cannot_replace_it_without_its_code(harness: Harness) -> None:
    """Somebody who knows the password alone has another session open, and a secret that waits to be confirmed."""
    harness.account("alice")
    thief, alice = (harness.person("alice", password=PASSWORD) for _ in range(2))
    thief.sends(f"TOTP SETUP :{PASSWORD}")
    pending = thief.session.setup
    assert pending is not None
    set_up(alice)
    thief.received()
    assert " SECOND_FACTOR_MISSING " in thief.answers(f"TOTP CONFIRM {code(harness, pending.secret)}")[0]
    assert " INVALID_CREDENTIALS " in thief.answers(f"TOTP SETUP :{PASSWORD}")[0]


def test_of_two_that_are_confirmed_at_once_the_first_counts(harness: Harness) -> None:
    harness.account("alice")
    alice, other = (harness.person("alice", password=PASSWORD) for _ in range(2))
    for one in (alice, other):
        one.sends(f"TOTP SETUP :{PASSWORD}")
    first, second = alice.session.setup, other.session.setup
    assert first is not None
    assert second is not None
    harness.workers.put_off()
    for one, setup in ((alice, first), (other, second)):
        one.received()
        one.sends(f"TOTP CONFIRM {code(harness, setup.secret)}")
    assert " SECOND_FACTOR_MISSING " in other.received()[0]
    harness.workers.work()
    harness.settle()
    assert any(" TOTP_CONFIRMED " in line for line in alice.received())


def test_wrong_codes_count_as_failed_logins(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("alice")
        alice = harness.person("alice", password=PASSWORD)
        secret, _ = set_up(alice)
        alice.sends("TOTP REMOVE 000000", "TOTP REMOVE 000000")
        alice.received()
        assert " RATE_LIMITED 60 " in alice.answers(f"TOTP REMOVE {next_code(harness, secret)}")[0]


def test_an_administrator_has_no_powers_before(tmp_path: Path) -> None:
    with running(tmp_path, accounts__second_factor="administrators") as harness:
        harness.account("root", administrator=True)
        root = harness.connection()
        root.sends("CAP REQ :sasl", "NICK root", "USER root 0 * :Root")
        root.received()
        plain(root, "root", PASSWORD)
        lines = root.answers("CAP END")
        assert any(line.startswith(":chat.test NOTE * SECOND_FACTOR_REQUIRED ") for line in lines)
        user = root.session.user
        assert user is not None
        assert not user.operator
        refused = root.answers("WALLOPS :x")
        assert [" 481 " in refused[0], " FAIL WALLOPS SECOND_FACTOR_REQUIRED " in refused[1]] == [True, True]
        oper = root.answers(f"OPER root :{PASSWORD}")
        assert " FAIL OPER SECOND_FACTOR_REQUIRED " in oper[0]
        secret, _ = set_up(root)
        assert user.operator
        assert " SECOND_FACTOR_REQUIRED " in root.answers(f"TOTP REMOVE {next_code(harness, secret)}")[0]
        harness.account("bob")
        assert harness.person("bob", password=PASSWORD).session.account is not None


def test_with_everybody_nobody_comes_in_before(tmp_path: Path) -> None:
    with running(tmp_path, accounts__second_factor="everybody", access__registration="open") as harness:
        harness.account("alice")
        one = harness.connection()
        one.sends("CAP REQ :sasl", "NICK alice", "USER alice 0 * :Alice")
        one.received()
        assert plain(one, "alice", PASSWORD) == [
            LOGGED_IN[0].replace("alice!*@", "alice!alice@"),
            LOGGED_IN[1],
        ]
        (refused,) = one.answers("CAP END")
        assert refused.startswith(":chat.test FAIL * SECOND_FACTOR_REQUIRED :")
        assert one.answers("JOIN #tea") == [":chat.test 451 alice :You have not registered"]
        harness.now += SETUP_SECONDS - 1
        with harness.hub.lock:
            watch(harness.hub, one.session, harness.now)
        assert one.session.state is State.OPEN
        one.sends(f"TOTP SETUP :{PASSWORD}")
        setup = one.session.setup
        assert setup is not None
        one.sends(f"TOTP CONFIRM {code(harness, setup.secret)}")
        assert "001" in one.codes()
        guest = harness.person("guest")
        assert " SECOND_FACTOR_REQUIRED " in guest.answers("REGISTER * * :long password")[0]
        harness.account("carl")
        assert guest.answers("AUTHENTICATE PLAIN") == [":chat.test AUTHENTICATE +"]


def test_with_everybody_a_late_login_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, accounts__second_factor="everybody") as harness:
        harness.account("alice")
        guest = harness.person("guest")
        lines = plain(guest, "alice", PASSWORD)
        assert " FAIL AUTHENTICATE SECOND_FACTOR_REQUIRED " in lines[0]
        assert guest.session.account is None


@pytest.mark.parametrize(
    "line", ["TOTP SETUP :hush hush", "APPPASSWORD ADD phone :hush hush", "PASSWD OLD :hush", "passwd hush"]
)
def test_no_secret_of_a_line_is_in_a_log(line: str) -> None:
    from securechat.server.logs import redact

    assert "hush" not in redact(line)
