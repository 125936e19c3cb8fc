"""SASL 3.1/3.2: EXTERNAL, for sessions that have shown a certificate."""

import base64

import pytest

from securechat.server.live_effects import HubEffects
from tests.server.commands.logins import FAILED, LOGGED_IN, PASSWORD, begun, plain
from tests.server.harness import Harness, Person

FOREVER = 1 << 60


def shown(harness: Harness, account: str = "alice", nick: str = "alice") -> Person:
    """Somebody in the middle of negotiation who has shown a certificate."""
    one = begun(harness, nick)
    one.session.certificate_account, one.session.certificate_ends = account, FOREVER
    return one


def external(one: Person, acts_as: str = "") -> list[str]:
    """Log in by EXTERNAL; what came in the end."""
    assert one.answers("AUTHENTICATE EXTERNAL") == [":chat.test AUTHENTICATE +"]
    return one.answers(f"AUTHENTICATE {base64.b64encode(acts_as.encode()).decode() or '+'}")


def test_it_is_offered_to_whom_it_is_of_use(harness: Harness) -> None:
    one = shown(harness)
    assert ":sasl=EXTERNAL,PLAIN,SCRAM-SHA-256" in one.answers("CAP LS 302")[0].split()
    other = begun(harness)
    assert ":sasl=PLAIN,SCRAM-SHA-256" in other.answers("CAP LS 302")[0].split()
    known = ":chat.test 908 alice {} :are available SASL mechanisms"
    assert other.answers("AUTHENTICATE EXTERNAL") == [known.format("PLAIN,SCRAM-SHA-256"), *FAILED]
    assert one.answers("AUTHENTICATE X") == [known.format("EXTERNAL,PLAIN,SCRAM-SHA-256"), *FAILED]


@pytest.mark.parametrize("acts_as", ["", "alice", "ALICE"])
def test_the_certificate_lets_in(harness: Harness, acts_as: str) -> None:
    account = harness.account("Alice", PASSWORD)
    one = shown(harness)
    assert external(one, acts_as) == [
        line.replace("alice :You", "Alice :You").replace("as alice", "as Alice") for line in LOGGED_IN
    ]
    assert one.session.account is account
    one.sends("USER alice 0 * :Alice", "CAP END")
    assert "001" in one.codes()


@pytest.mark.parametrize("acts_as", ["bob", "alice\0", "al\0ice", "alice bob"])
def test_nobody_acts_as_somebody_else(harness: Harness, acts_as: str) -> None:
    harness.account("alice", PASSWORD)
    harness.account("bob", PASSWORD)
    one = shown(harness)
    assert external(one, acts_as) == FAILED
    assert one.session.account is None
    assert plain(one, "bob", PASSWORD)[-1] == LOGGED_IN[-1]  # another way in stays open


@pytest.mark.parametrize("data", ["!!!", "/w==", "YWxpY2U"])
def test_what_is_no_name(harness: Harness, data: str) -> None:
    harness.account("alice", PASSWORD)
    one = shown(harness)
    one.answers("AUTHENTICATE EXTERNAL")
    assert one.answers(f"AUTHENTICATE {data}") == FAILED


@pytest.mark.parametrize("case", ["unknown", "suspended"])
def test_refusals_are_the_same_bytes_as_after_a_wrong_password(harness: Harness, case: str) -> None:
    account = harness.account("alice", PASSWORD)
    one = shown(harness, "nobody" if case == "unknown" else "alice")
    if case == "suspended":
        HubEffects(harness.hub).account_suspended(account.id)
    assert external(one) == FAILED == plain(begun(harness), "alice", "wrong")


def test_failures_are_counted(harness: Harness) -> None:
    one = shown(harness, "nobody")
    for _ in range(1000):
        harness.hub.limits.failed_logins.count("192.0.2.1 nobody", harness.now)
    assert "RATE_LIMITED" in external(one)[0]


def test_a_guest_logs_in_by_it(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    guest = harness.person("ally")
    guest.session.certificate_account, guest.session.certificate_ends = "alice", FOREVER
    guest.sends_unsettled(b"JOIN #tea\r\nAUTHENTICATE EXTERNAL\r\nAUTHENTICATE +\r\n")
    harness.settle()
    assert ":chat.test 903 ally :SASL authentication successful" in guest.received()
    assert guest.session.user is not None
    assert guest.session.user.account is harness.hub.accounts["alice"]


def test_a_certificate_that_has_ended_meanwhile_lets_nobody_in(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = shown(harness)
    one.session.certificate_ends = harness.hub.now()
    assert external(one) == FAILED
    one.session.certificate_ends = harness.hub.now() + 60_000
    assert external(one)[-1] == LOGGED_IN[-1]
