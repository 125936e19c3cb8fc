"""The dispatcher: rates, waiting lines, what cannot be read, and what happens when a handler has a bug."""

from pathlib import Path

import pytest

from securechat.server.dispatcher import HTTP_SPOKEN, HTTP_WORDS
from securechat.server.registry import COMMANDS, Command, Stage
from securechat.server.throttle import Budget
from tests.server.commands.logins import begun
from tests.server.harness import Harness, Person, running


def limit(harness: Harness, one: Person, rate: float, burst: float) -> None:
    one.session.budget = Budget(rate, burst, harness.now)


def run(harness: Harness, one: Person, *lines: str) -> float:
    with harness.hub.lock:
        wait = harness.dispatcher.run_lines(one.session, [line.encode() for line in lines], harness.now)
    harness.settle()
    return wait


def run_backlog(harness: Harness, one: Person) -> float:
    with harness.hub.lock:
        wait = harness.dispatcher.run_backlog(one.session, harness.now)
    harness.settle()
    return wait


def tokens(one: Person) -> list[str]:
    return [line.rpartition(" ")[2] for line in one.received()]


def test_over_the_rate_lines_wait_and_none_is_lost(harness: Harness) -> None:
    alice = harness.person("alice")
    limit(harness, alice, rate=2, burst=3)
    assert run(harness, alice, *(f"PING {number}" for number in range(6))) == pytest.approx(0.5)
    assert tokens(alice) == ["0", "1", "2"]
    assert run(harness, alice, "PING 6") == pytest.approx(0.5)  # behind those that wait
    harness.now += 1
    assert run_backlog(harness, alice) == pytest.approx(0.5)
    assert tokens(alice) == ["3", "4"]
    harness.now += 1
    assert run_backlog(harness, alice) == 0
    assert tokens(alice) == ["5", "6"]
    assert alice.session.backlog is None


def test_what_cannot_be_read_costs_as_much(harness: Harness) -> None:
    alice = harness.person("alice")
    limit(harness, alice, rate=1, burst=2)
    with harness.hub.lock:
        wait = harness.dispatcher.run_lines(alice.session, [b"\xff", b"a\0b", b"\xff", b"PING x"], harness.now)
    assert wait == pytest.approx(1)
    assert len(alice.received()) == 2


def test_pong_and_quit_cost_nothing(harness: Harness) -> None:
    alice = harness.person("alice")
    limit(harness, alice, rate=1, burst=1)
    assert run(harness, alice, "PING x", "PONG 1", "PONG 2", "QUIT") == 0
    assert alice.outlet.closed
    assert {name for name, row in COMMANDS.items() if row.free} == {"PONG", "QUIT"}


def test_lines_of_an_ended_session_are_dropped(harness: Harness) -> None:
    alice = harness.person("alice")
    limit(harness, alice, rate=1, burst=1)
    run(harness, alice, "PING 1", "PING 2")
    alice.vanishes()
    alice.received()
    harness.now += 10
    assert run_backlog(harness, alice) == 0
    assert run(harness, alice, "PING 3") == 0
    assert alice.received() == []


def test_a_busy_session_keeps_its_lines_in_order(harness: Harness) -> None:
    alice = harness.person("alice", "draft/chathistory batch")
    alice.sends("JOIN #tea")
    alice.received()
    harness.workers.put_off()
    run(harness, alice, "CHATHISTORY LATEST #tea * 1", "PING 1", "PING 2")
    run(harness, alice, "PING 3")
    assert alice.received() == []
    harness.workers.work()
    harness.settle()
    assert tokens(alice)[-3:] == ["1", "2", "3"]


def test_a_bug_ends_the_session_with_a_fixed_sentence_and_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("details that are nobody's business")

    monkeypatch.setitem(COMMANDS, "BREAK", Command("BREAK", broken, 0, Stage.ANY, False, False, None, "BREAK: a bug"))
    with running(tmp_path) as harness:
        alice, bob = harness.members_of("#tea", "alice", "bob")
        alice.sends_bytes(b"BREAK\r\nPRIVMSG #tea :never\r\n")
        text = "Internal error: the administrator finds it in the server's log"
        assert alice.received() == [f"ERROR :Closing link: ({text})"]
        assert bob.received() == [f":alice!alice@securechat QUIT :{text}"]
        assert bob.answers("PING x") == [":chat.test PONG chat.test x"]
        stranger = harness.connection()
        assert stranger.answers("BREAK") == [f"ERROR :Closing link: ({text})"]
    assert caplog.text.count("Bug while running BREAK; the session is closed") == 2
    assert "details that are nobody's business" in caplog.text


def test_a_malformed_line_is_answered_with_its_label(harness: Harness) -> None:
    anna = harness.person("anna", "batch labeled-response standard-replies")
    (answer,) = anna.answers("@label=7 :source")
    assert answer.startswith("@label=7 :chat.test FAIL * MALFORMED_LINE ")


@pytest.mark.parametrize(
    "request_lines",
    [
        ("POST / HTTP/1.1", "Host: localhost"),
        ("get / HTTP/1.1",),
        (f"POST /{'a' * 600} HTTP/1.1", "Host: localhost"),
    ],
)
def test_a_request_of_a_browser_does_not_become_a_session(harness: Harness, request_lines: tuple[str, ...]) -> None:
    page = begun(harness, "page")
    page.sends(*request_lines, "", "NICK x", "USER x 0 * :x", "CAP END", "JOIN #tea")
    received = page.received()
    assert received[-1] == f"ERROR :Closing link: ({HTTP_SPOKEN})"
    assert page.outlet.closed == HTTP_SPOKEN
    assert page.session.user is None
    assert page.session.nick == "page"


def test_who_is_present_may_say_what_they_like(harness: Harness) -> None:
    alice = harness.person("alice")
    assert alice.answers("POST / HTTP/1.1") == [":chat.test 421 alice POST :Unknown command"]


def test_no_command_of_ours_is_a_word_of_http() -> None:
    assert not HTTP_WORDS & COMMANDS.keys()
