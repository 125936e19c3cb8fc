"""Who must go for silence, who is asked, and what a PONG proves; on a clock of the test's own."""

from pathlib import Path

import pytest

from securechat.server.heartbeat import ANSWER_SECONDS, CONFIRM_SECONDS, SILENCE_SECONDS, watch
from securechat.server.throttle import Budget
from tests.server.harness import MODERN, Harness, Person, running


def look(harness: Harness, one: Person, seconds: float) -> list[str]:
    """Let time pass, look after the session, and return what it was sent."""
    harness.now += seconds
    with harness.hub.lock:
        watch(harness.hub, one.session, harness.now)
    harness.settle()
    return one.received()


def test_registration_must_not_last_for_ever(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LS 302", "NICK alice")
    one.received()
    assert look(harness, one, 60) == []
    assert look(harness, one, 1) == ["ERROR :Closing link: (You did not log in within 60 seconds)"]
    assert one.outlet.closed
    assert look(harness, one, 1000) == []


def test_zero_lets_it_last(tmp_path: Path) -> None:
    with running(tmp_path, limits__registration_seconds=0) as harness:
        one = harness.connection()
        assert look(harness, one, 1_000_000) == []
        assert not one.outlet.closed


def test_silence_is_asked_and_no_answer_is_the_end(harness: Harness) -> None:
    alice = harness.person("alice", MODERN)
    assert look(harness, alice, SILENCE_SECONDS) == []
    (ping,) = look(harness, alice, 1)
    assert ping.startswith(":chat.test PING ")
    assert look(harness, alice, ANSWER_SECONDS) == []
    (error,) = look(harness, alice, 1)
    assert error == "ERROR :Closing link: (No answer for 152 seconds)"


@pytest.mark.parametrize("line", ["PONG 0", "PONG chat.test 0", "PONG"])
def test_an_answer_is_enough_for_a_while(harness: Harness, line: str) -> None:
    alice = harness.person("alice", MODERN)
    look(harness, alice, SILENCE_SECONDS + 1)
    alice.session.heard_at = harness.now
    alice.sends(line)
    assert look(harness, alice, SILENCE_SECONDS) == []
    assert len(look(harness, alice, 1)) == 1


def test_whoever_talks_is_there_even_without_a_pong(harness: Harness) -> None:
    alice = harness.person("alice", MODERN)
    look(harness, alice, SILENCE_SECONDS + 1)
    for _ in range(10):
        alice.session.heard_at = harness.now
        assert look(harness, alice, ANSWER_SECONDS - 1) == []
    assert not alice.outlet.closed


def test_clients_without_history_are_asked_what_they_have_even_while_they_talk(harness: Harness) -> None:
    plain, modern = harness.person("alice"), harness.person("bob", MODERN)
    modern.sends("JOIN #tea", "PRIVMSG #tea :x")
    modern.received()
    for one in (plain, modern):
        one.session.heard_at = harness.now + CONFIRM_SECONDS
    (ping,) = look(harness, plain, CONFIRM_SECONDS + 1)
    sequence = harness.delivery.delivered_sequence
    assert sequence > 0
    assert ping == f":chat.test PING {sequence}"
    assert look(harness, modern, 0) == []
    plain.sends(f"PONG :{sequence}")
    assert plain.session.received_sequence == sequence
    plain.session.heard_at = harness.now + CONFIRM_SECONDS
    assert look(harness, plain, CONFIRM_SECONDS + 1) == []  # nothing new: nothing to ask


def test_an_older_answer_takes_nothing_back(harness: Harness) -> None:
    alice = harness.person("alice")
    alice.sends("JOIN #tea", "PRIVMSG #tea :x")
    newest = harness.delivery.delivered_sequence
    alice.sends(f"PONG {newest}", f"PONG {newest - 1}")
    assert alice.session.received_sequence == newest


@pytest.mark.parametrize("capabilities", ["", MODERN])
def test_who_is_slowed_down_is_not_silent(harness: Harness, capabilities: str) -> None:
    """Its PONG may stand behind a thousand lines that its rate does not admit yet."""
    (alice,) = harness.members_of("#tea", "alice", capabilities=capabilities)
    alice.session.budget = Budget(1, 1, harness.now)
    alice.sends_bytes(b"".join(b"PRIVMSG #tea :%d\r\n" % number for number in range(400)) + b"PONG 0\r\n")
    while alice.session.backlog:
        with harness.hub.lock:
            harness.dispatcher.run_backlog(alice.session, harness.now)
        look(harness, alice, 1)
        assert not alice.outlet.closed
    look(harness, alice, SILENCE_SECONDS + 1)
    look(harness, alice, ANSWER_SECONDS + 1)
    assert alice.outlet.closed
