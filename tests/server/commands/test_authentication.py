"""AUTHENTICATE: PLAIN and SCRAM-SHA-256 step by step, and that all refusals look alike."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.protocol.sasl import ScramClient
from tests.server.commands.logins import FAILED, LOGGED_IN, MECHANISMS, PASSWORD, begun, data_of, plain, send_data
from tests.server.harness import Harness, Person, running


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


def test_a_name_without_an_account_has_costs_that_an_account_has(tmp_path: Path) -> None:
    """Those that are configured now would tell it from every account that has not logged in by PLAIN since."""
    with running(tmp_path, accounts__scram_iterations=8192) as harness:
        harness.account("alice", PASSWORD)  # with 4,096
        for name in ("alice", *(f"nobody{number}" for number in range(5))):
            one = begun(harness)
            one.answers("AUTHENTICATE SCRAM-SHA-256")
            assert data_of(send_data(one, ScramClient(name, "x", "abc").first())).endswith(b",i=4096")


def test_an_account_that_is_suspended_between_the_steps_is_not_let_in(harness: Harness) -> None:
    account = harness.account("alice", PASSWORD)
    one = begun(harness)
    client = ScramClient("alice", PASSWORD, "abc")
    one.answers("AUTHENTICATE SCRAM-SHA-256")
    lines = send_data(one, client.final(data_of(send_data(one, client.first()))))
    client.check(data_of(lines))
    account.suspended = True
    assert one.answers("AUTHENTICATE +") == FAILED


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
    assert one.answers(f"AUTHENTICATE {'A' * 400}") == FAILED  # 905 is for a parameter that is too long
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
    assert one.codes()[1:3] == ["906", "001"]
    assert one.session.exchange is None
    assert one.session.account is None


def test_other_commands_may_come_in_between(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = begun(harness)
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers("PING x") == [":chat.test PONG chat.test x"]
    one.sends("USER alice 0 * :Alice", "NICK alice")
    assert send_data(one, f"\0alice\0{PASSWORD}".encode())[-1] == LOGGED_IN[-1]
