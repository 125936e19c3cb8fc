"""A walk over the registry: what a row declares is what the dispatcher enforces, for every command."""

import pytest

from securechat.server.registry import COMMANDS, Stage
from tests.server.harness import Harness, code_of

NAMES = sorted(COMMANDS)

# What a login is made of, the heartbeat's PONG, and for those who are logged in but not welcomed: TOTP, when they must
# have a second factor before they come in, and SESSIONS, when too many are in. Nothing else may be added by accident.
LOGIN = {"CAP", "AUTHENTICATE", "PASS", "NICK", "USER", "REGISTER", "PING", "PONG", "QUIT", "CACERT"}
BEFORE_LOGIN = LOGIN | {"TOTP", "SESSIONS"}
WITH_A_CAPABILITY = {"AWAY", "ISUPPORT", "METADATA"}
"""Answered before login to those alone who negotiated what makes it so."""


def test_before_login_nothing_but_these_is_answered() -> None:
    early = {name for name, row in COMMANDS.items() if row.stage is not Stage.PRESENT}
    assert early == BEFORE_LOGIN | WITH_A_CAPABILITY


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_whole(name: str) -> None:
    row = COMMANDS[name]
    assert row.name == name == name.upper()
    assert row.help.startswith(name)
    assert row.handler.__doc__


@pytest.mark.parametrize("negotiating", [False, True])
def test_an_unregistered_call(harness: Harness, negotiating: bool) -> None:
    answered = set()
    for name in NAMES:
        one = harness.connection()
        if negotiating:
            one.sends("CAP LS 302", "NICK alice", "USER alice 0 * :A")
            one.received()
        if [code_of(line) for line in one.answers(f"{name} a b c d")] != ["451"]:
            answered.add(name)
    assert answered == BEFORE_LOGIN


def test_a_call_that_comes_too_late(harness: Harness) -> None:
    alice = harness.person("alice")
    for name in NAMES:
        if COMMANDS[name].stage is Stage.BEFORE:
            assert [code_of(line) for line in alice.answers(f"{name} a b c d")] == ["462"], name


def test_a_short_call(harness: Harness) -> None:
    for name in NAMES:
        row = COMMANDS[name]
        one = harness.connection() if row.stage is Stage.BEFORE else harness.person(f"n{name}")
        for count in range(row.params):
            line = " ".join([name, *["x"] * count])
            assert one.answers(line) == [f":chat.test 461 {one.session.shown_nick} {name} :Not enough parameters"]


def test_a_call_without_the_powers_of_an_operator(harness: Harness) -> None:
    needing = {name for name in NAMES if COMMANDS[name].when.endswith("by operators")}
    assert needing >= {"KILL", "WALLOPS"}
    assert {name for name in NAMES if COMMANDS[name].requires is not None} - needing == {"OPER"}
    for name in needing:
        one = harness.person("alice")
        refused = [":chat.test 481 alice :Only administrators may do this"]
        assert one.answers(f"{name} alice b c d") == refused
        assert one.outlet.closed is None
        one.vanishes()


@pytest.mark.parametrize("name", NAMES)
def test_calls_of_any_length_break_nothing(harness: Harness, name: str) -> None:
    """The harness fails a test whose log has a bug."""
    for count in (0, 1, 2, 3, 4, 5, 15):
        for value in ("x", "#tea", "*", ":", "0", ",", "a,b,#c", "+b-o"):
            one = harness.person("alice", "batch labeled-response message-tags")
            one.sends("JOIN #tea")
            params = [value] * count if value != ":" else ["x"] * max(count - 1, 0) + [":"] * bool(count)
            one.sends(f"@label=x {' '.join([name, *params])}")
            if one.outlet.closed:
                assert name == "QUIT"
            else:
                one.vanishes()


def test_unknown_commands(harness: Harness) -> None:
    assert harness.connection().answers("SING") == [":chat.test 451 * :You have not registered"]
    alice = harness.person("alice")
    assert alice.answers("sing loud") == [":chat.test 421 alice SING :Unknown command"]
    assert [code_of(line) for line in alice.answers("СПОЙ")] == ["421"]


def test_commands_are_known_in_any_case(harness: Harness) -> None:
    assert harness.person("alice").answers("ping x") == [":chat.test PONG chat.test x"]
