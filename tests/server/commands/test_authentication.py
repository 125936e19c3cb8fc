"""AUTHENTICATE: PLAIN and SCRAM-SHA-256, everything that can go wrong, and that all refusals look alike."""

import base64
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.domain.account import Credentials
from securechat.protocol.sasl import ScramClient, chunks
from securechat.server.live_effects import HubEffects
from securechat.server.passwords import Parameters, hash_password
from tests.server.harness import CHEAP, Harness, Person, running

PASSWORD = "correct horse"
FAILED = [":chat.test 904 alice :SASL authentication failed"]
LOGGED_IN = [
    ":chat.test 900 alice alice!*@securechat alice :You are now logged in as alice",
    ":chat.test 903 alice :SASL authentication successful",
]


def begun(harness: Harness, nick: str = "alice") -> Person:
    """Somebody in the middle of negotiation."""
    one = harness.connection()
    one.sends("CAP REQ :sasl", f"NICK {nick}")
    one.received()
    return one


def send_data(one: Person, data: bytes) -> list[str]:
    for chunk in chunks(data):
        one.sends(f"AUTHENTICATE {chunk}")
    return one.received()


def plain(one: Person, name: str, password: str, acts_as: str = "") -> list[str]:
    """Log in by PLAIN; what came after the server's `+`."""
    assert one.answers("AUTHENTICATE PLAIN") == [":chat.test AUTHENTICATE +"]
    return send_data(one, f"{acts_as}\0{name}\0{password}".encode())


def data_of(lines: list[str]) -> bytes:
    parts = [line.split()[2] for line in lines if line.split()[1] == "AUTHENTICATE"]
    return base64.b64decode("".join(part for part in parts if part != "+"))


def scram(one: Person, name: str, password: str) -> list[str]:
    """Log in by SCRAM; what came in the end."""
    client = ScramClient(name, password, "fyko+d2lbbFgONRv9qkxdawL")
    assert one.answers("AUTHENTICATE SCRAM-SHA-256") == [":chat.test AUTHENTICATE +"]
    challenge = data_of(send_data(one, client.first()))
    lines = send_data(one, client.final(challenge))
    if "AUTHENTICATE" not in lines[0]:
        return lines
    client.check(data_of(lines))
    return one.answers("AUTHENTICATE +")


MECHANISMS: list[Callable[[Person, str, str], list[str]]] = [plain, scram]


@pytest.mark.parametrize("login", MECHANISMS)
def test_the_right_password_logs_in(harness: Harness, login: Callable[[Person, str, str], list[str]]) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    assert login(one, "alice", PASSWORD) == LOGGED_IN
    one.sends("USER alice 0 * :Alice", "CAP END")
    assert "001" in one.codes()
    assert one.session.user is not None
    assert one.session.user.account is harness.hub.accounts["alice"]


@pytest.mark.parametrize("login", MECHANISMS)
@pytest.mark.parametrize("case", ["wrong password", "unknown", "suspended"])
def test_every_refusal_is_the_same_bytes(
    harness: Harness, login: Callable[[Person, str, str], list[str]], case: str
) -> None:
    account = harness.account("alice", PASSWORD)
    account.suspended = case == "suspended"
    name = "nobody" if case == "unknown" else "alice"
    one = begun(harness)
    assert login(one, name, PASSWORD if case == "suspended" else "wrong") == FAILED
    assert one.session.account is None
    one.sends("USER alice 0 * :Alice", "CAP END")
    assert "001" not in one.codes()


def test_the_first_message_of_scram_tells_nothing_about_the_name(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    challenges: dict[str, set[str]] = {}
    for name in ("alice", "nobody", "nobody", "ALICE"):
        one = begun(harness)
        one.answers("AUTHENTICATE SCRAM-SHA-256")
        text = data_of(send_data(one, ScramClient(name, "x", "abc").first())).decode()
        _, salt, iterations = text.split(",")
        assert (len(salt), iterations) == (len("s=") + 24, "i=4096")
        challenges.setdefault(name.lower(), set()).add(salt)
    assert len(challenges["nobody"]) == len(challenges["alice"]) == 1
    assert challenges["nobody"] != challenges["alice"]


def test_an_account_that_is_suspended_between_the_steps_is_not_let_in(harness: Harness) -> None:
    account = harness.account("alice", PASSWORD)
    one = begun(harness)
    client = ScramClient("alice", PASSWORD, "abc")
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    lines = send_data(one, client.final(data_of(send_data(one, client.first()))))
    client.check(data_of(lines))
    account.suspended = True
    assert one.answers("AUTHENTICATE +") == FAILED


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

        monkeypatch.setattr("securechat.server.login.hash_password", hash_slowly)
        plain(begun(harness), "alice", PASSWORD)
        harness.settle()
        assert harness.database.read(lambda unit: unit.accounts.credentials(account_id)) == changed


def test_names_are_folded_and_the_nick_may_be_another(harness: Harness) -> None:
    harness.account("Alice", PASSWORD)
    one = begun(harness, "ally")
    assert plain(one, "aLICE", PASSWORD)[0] == (
        ":chat.test 900 ally ally!*@securechat Alice :You are now logged in as Alice"
    )


def test_it_works_without_cap_and_before_nick(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = harness.connection()
    assert plain(one, "alice", PASSWORD)[0].startswith(":chat.test 900 * *!*@securechat alice :")
    one.sends("NICK alice", "USER alice 0 * :Alice")
    assert "001" in one.codes()


@pytest.mark.parametrize("acts_as", ["alice", "ALICE"])
def test_acting_as_oneself_is_allowed(harness: Harness, acts_as: str) -> None:
    harness.account("alice", PASSWORD)
    assert plain(begun(harness), "alice", PASSWORD, acts_as) == LOGGED_IN


def test_acting_as_somebody_else_is_not(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    harness.account("bob", PASSWORD)
    assert plain(begun(harness), "alice", PASSWORD, "bob") == FAILED
    one = begun(harness)
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    assert send_data(one, b"n,a=bob,n=alice,r=abc") == FAILED
    assert one.session.exchange is None


@pytest.mark.parametrize(
    "response",
    [b"", b"alice", b"\0alice", b"\0\0x", b"\0alice\0", b"a\0b\0c\0d", b"\0\xff\0x"],
)
def test_a_malformed_plain_response(harness: Harness, response: bytes) -> None:
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    assert send_data(one, response) == FAILED


@pytest.mark.parametrize("first", [b"x", b"n,,n=alice", b"n,,r=x,n=alice", b"p=tls-unique,,n=alice,r=x", b"\xff"])
def test_a_malformed_first_message_of_scram(harness: Harness, first: bytes) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    assert send_data(one, first) == FAILED
    assert plain(one, "alice", PASSWORD) == LOGGED_IN


@pytest.mark.parametrize("final", [b"x", b"c=biws,r=other,p=AAAA", b"c=biws,r=abc", b"\xff"])
def test_a_malformed_final_message_of_scram(harness: Harness, final: bytes) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    send_data(one, ScramClient("alice", PASSWORD, "abc").first())
    assert send_data(one, final) == FAILED


@pytest.mark.parametrize("data", ["=", "!!!!", "AGFsaWNl*", "YWxpY2U"])
def test_bad_base64_fails_and_a_new_try_is_possible(harness: Harness, data: str) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers(f"AUTHENTICATE {data}") == FAILED
    assert plain(one, "alice", PASSWORD) == LOGGED_IN


def test_too_long_a_chunk_and_too_many_chunks(harness: Harness) -> None:
    too_long = [":chat.test 905 alice :SASL message too long"]
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers(f"AUTHENTICATE {'A' * 401}") == too_long
    one.answers("AUTHENTICATE PLAIN")
    for _ in range(10):
        assert one.answers(f"AUTHENTICATE {'A' * 400}") == []
    assert one.answers(f"AUTHENTICATE {'A' * 400}") == too_long
    assert one.session.exchange is None


def test_a_long_password_takes_several_chunks(harness: Harness) -> None:
    password = "я" * 296
    harness.account("alice", password)
    assert plain(begun(harness), "alice", password) == LOGGED_IN


def test_a_response_of_exactly_one_chunk_needs_a_plus(harness: Harness) -> None:
    password = "x" * (300 - len("\0alice\0"))
    harness.account("alice", password)
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    encoded = base64.b64encode(f"\0alice\0{password}".encode()).decode()
    assert len(encoded) == 400
    assert one.answers(f"AUTHENTICATE {encoded}") == []
    assert one.answers("AUTHENTICATE +") == LOGGED_IN


def test_aborting_at_every_step(harness: Harness) -> None:
    aborted = [":chat.test 906 alice :SASL authentication aborted"]
    harness.account("alice", PASSWORD)
    one = begun(harness)
    assert one.answers("AUTHENTICATE *") == aborted
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers("AUTHENTICATE *") == aborted
    one.answers("AUTHENTICATE PLAIN")
    one.answers(f"AUTHENTICATE {'A' * 400}")
    assert one.answers("AUTHENTICATE *") == aborted
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    send_data(one, ScramClient("alice", PASSWORD, "abc").first())
    assert one.answers("AUTHENTICATE *") == aborted
    assert plain(one, "alice", PASSWORD) == LOGGED_IN
    assert one.answers("AUTHENTICATE *") == [":chat.test 907 alice :You have already authenticated using SASL"]
    assert one.answers("AUTHENTICATE PLAIN") == [":chat.test 907 alice :You have already authenticated using SASL"]


def test_an_unknown_mechanism_is_answered_with_the_known_ones(harness: Harness) -> None:
    assert begun(harness).answers("AUTHENTICATE EXTERNAL") == [
        ":chat.test 908 alice PLAIN,SCRAM-SHA-256 :are available SASL mechanisms",
        *FAILED,
    ]


def test_mechanisms_are_named_in_any_case(harness: Harness) -> None:
    assert begun(harness).answers("AUTHENTICATE plain") == [":chat.test AUTHENTICATE +"]


def test_cap_end_in_the_middle_aborts_and_registers(harness: Harness) -> None:
    one = begun(harness)
    one.sends("USER alice 0 * :Alice", "AUTHENTICATE PLAIN", "CAP END")
    assert "001" in one.codes()
    assert one.session.exchange is None
    assert one.session.account is None


def test_other_commands_may_come_in_between(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers("PING x") == [":chat.test PONG chat.test x"]
    one.sends("USER alice 0 * :Alice", "NICK alice")
    assert send_data(one, f"\0alice\0{PASSWORD}".encode())[-1] == LOGGED_IN[-1]


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
            ":chat.test FAIL AUTHENTICATE RATE_LIMITED 61 :Too many failed logins; try again in 61 seconds",
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
