"""AUTHENTICATE when something is in the way: slow checks, lost links, throttles, a database in trouble; and the log."""

import base64
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.domain.account import Credentials
from securechat.protocol.sasl import ScramClient
from securechat.server.live_effects import HubEffects
from securechat.server.passwords import Parameters, hash_password
from tests.server.commands.logins import FAILED, LOGGED_IN, MECHANISMS, PASSWORD, begun, data_of, plain, send_data
from tests.server.harness import CHEAP, Harness, Person, code_of, running


def test_lines_that_come_while_a_password_is_checked_wait_and_keep_their_order(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    harness.workers.put_off()
    encoded = base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode()
    one.sends_bytes(f"AUTHENTICATE {encoded}\r\nPING 1\r\nUSER alice 0 * :A\r\nCAP END\r\n".encode())
    assert one.received() == []
    one.sends("PING 2")
    assert one.received() == []
    harness.workers.work()
    harness.settle()
    codes = one.codes()
    assert codes[:4] == ["900", "903", "PONG", "001"]
    assert codes[-1] == "PONG"


def test_a_connection_that_breaks_while_its_password_is_checked(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    harness.workers.put_off()
    send_data(one, f"\0alice\0{PASSWORD}".encode())
    one.vanishes()
    one.received()
    harness.workers.work()
    harness.settle()
    assert one.received() == []
    assert not harness.hub.sessions


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_too_much_to_check_and_a_database_that_cannot_be_read(
    harness: Harness, mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    data = f"\0alice\0{PASSWORD}".encode() if mechanism == "PLAIN" else b"n,,n=alice,r=abc"
    unavailable = ":chat.test FAIL AUTHENTICATE TEMPORARILY_UNAVAILABLE :"
    harness.workers.full = True
    one.answers(f"AUTHENTICATE {mechanism}")
    fail, failed = send_data(one, data)
    assert fail.startswith(unavailable)
    assert failed == FAILED[0]

    harness.workers.full = False

    def broken(_: object) -> None:
        raise OSError("disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(harness.database, "read", broken)
        one.answers(f"AUTHENTICATE {mechanism}")
        fail, failed = send_data(one, data)
    assert fail.startswith(unavailable)
    assert failed == FAILED[0]
    assert plain(one, "alice", PASSWORD) == LOGGED_IN


@pytest.mark.parametrize("login", MECHANISMS)
def test_failures_are_throttled_by_name_and_by_address(
    tmp_path: Path, login: Callable[[Person, str, str], list[str]]
) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("alice", PASSWORD)
        one = begun(harness)
        for _ in range(2):
            assert login(one, "alice", "wrong") == FAILED
        limited = [
            ":chat.test FAIL AUTHENTICATE RATE_LIMITED 60 :Too many failed logins; try again in 60 seconds",
            *FAILED,
        ]
        one.answers("AUTHENTICATE PLAIN")
        assert send_data(one, f"\0ALICE\0{PASSWORD}".encode()) == limited
        one.answers("AUTHENTICATE SCRAM-SHA-256")
        assert send_data(one, b"n,,n=alice,r=abc") == limited

        elsewhere = harness.connection("192.0.2.2")
        elsewhere.sends("CAP LS", "NICK alice")
        elsewhere.received()
        assert login(elsewhere, "alice", PASSWORD) == LOGGED_IN

        for number in range(8):
            assert login(one, f"x{number}", "wrong") == FAILED
        one.answers("AUTHENTICATE PLAIN")
        assert "RATE_LIMITED" in send_data(one, b"\0somebody\0x")[0]
        harness.now += 60.5
        assert login(one, "alice", PASSWORD) == LOGGED_IN


def test_logins_under_way_at_once_are_no_more_guesses_than_one_by_one(tmp_path: Path) -> None:
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("alice", PASSWORD)
        people = [begun(harness, f"guest{letter}") for letter in "abcdef"]
        passwords = ["x", "y", "z", PASSWORD, "x", PASSWORD]
        challenges = []
        for one, password in zip(people, passwords, strict=True):
            client = ScramClient("alice", password, "fyko+d2lbbFgONRv9qkxdawL")
            one.answers("AUTHENTICATE SCRAM-SHA-256")
            challenges.append(client.final(data_of(send_data(one, client.first()))))
        answers = [send_data(one, final) for one, final in zip(people, challenges, strict=True)]
        assert [code_of(lines[0]) for lines in answers] == ["904"] * 2 + ["FAIL"] * 4

        harness.now += 61
        for one in people:
            one.answers("AUTHENTICATE PLAIN")
        harness.workers.put_off()
        for one, password in zip(people, passwords, strict=True):
            send_data(one, f"\0alice\0{password}".encode())
        harness.workers.work()
        harness.settle()
        assert [one.codes() for one in people] == [["904"]] * 2 + [["FAIL", "904"]] * 4


def test_right_logins_at_once_are_all_let_in(tmp_path: Path) -> None:
    """After a restart all sessions of an account come back together: only what has failed counts."""
    with running(tmp_path, limits__failed_logins_per_minute=2) as harness:
        harness.account("alice", PASSWORD)
        people = [begun(harness, f"guest{letter}") for letter in "abcdef"]
        for one in people:
            one.answers("AUTHENTICATE PLAIN")
        harness.workers.put_off()
        for one in people:
            send_data(one, f"\0alice\0{PASSWORD}".encode())
        harness.workers.work()
        harness.settle()
        assert [one.codes() for one in people] == [["900", "903"]] * 6


def test_a_hash_of_other_costs_is_made_anew_at_the_next_login(tmp_path: Path) -> None:
    with running(tmp_path, accounts__argon2_memory_kib=128) as harness:
        account = harness.account("alice", PASSWORD)
        assert plain(begun(harness), "alice", PASSWORD) == LOGGED_IN
        harness.settle()
        credentials = harness.database.read(lambda unit: unit.accounts.credentials(account.id))
        assert "m=128," in credentials.argon2
        assert plain(begun(harness), "alice", PASSWORD) == LOGGED_IN


def test_a_damaged_row_is_our_fault_and_nothing_of_it_leaks(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    account = harness.account("alice", PASSWORD)
    good = hash_password(PASSWORD, CHEAP)
    damaged = type(good)("$argon2id$nonsense", good.scram_salt, 4096, good.scram_stored_key, good.scram_server_key)
    harness.journal.call(lambda unit: unit.accounts.set_credentials(account.id, damaged)).result(20)
    lines = plain(begun(harness), "alice", PASSWORD)
    assert "TEMPORARILY_UNAVAILABLE" in lines[0]
    assert "nonsense" not in caplog.text


def test_no_password_and_no_response_reaches_the_log(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    harness.account("alice", PASSWORD)
    for login in MECHANISMS:
        login(begun(harness), "alice", "wrong horse")
        login(begun(harness), "alice", PASSWORD)
    text = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "Login failed" in text
    assert "horse" not in text
    assert base64.b64encode(b"\0alice\0wrong horse").decode() not in text


def test_the_password_of_before_does_not_get_in_when_it_is_changed_between_the_steps(harness: Harness) -> None:
    account = harness.account("alice", PASSWORD)
    effects = HubEffects(harness.hub)
    one = begun(harness)
    client = ScramClient("alice", PASSWORD, "abc")
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    challenge = data_of(send_data(one, client.first()))
    effects.credentials_changed(account.id)
    assert send_data(one, client.final(challenge)) == FAILED


def test_nor_while_it_is_checked(harness: Harness) -> None:
    account = harness.account("alice", PASSWORD)
    one = begun(harness)
    harness.workers.put_off()
    assert plain(one, "alice", PASSWORD) == []
    HubEffects(harness.hub).credentials_changed(account.id)
    harness.workers.work()
    harness.settle()
    assert one.received() == FAILED


def test_a_login_that_hashes_anew_does_not_undo_a_change_of_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as before:
        account_id = before.account("alice", PASSWORD).id
    with running(tmp_path, accounts__argon2_memory_kib=128) as harness:
        changed = hash_password("battery staple", CHEAP)

        def hash_slowly(password: str, parameters: Parameters) -> Credentials:
            harness.journal.call(lambda unit: unit.accounts.set_credentials(account_id, changed)).result(20)
            return hash_password(password, parameters)

        monkeypatch.setattr("securechat.server.verification.hash_password", hash_slowly)
        plain(begun(harness), "alice", PASSWORD)
        harness.settle()
        assert harness.database.read(lambda unit: unit.accounts.credentials(account_id)) == changed
