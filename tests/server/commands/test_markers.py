"""Section "read-marker" of the IRC surface: MARKREAD (draft/read-marker)."""

from pathlib import Path

import pytest

from securechat.clock import format_time
from securechat.server import markers
from tests.server.harness import Harness, Person, running

PASSWORD = "correct horse"
CAPS = "draft/read-marker batch labeled-response"
EARLY, LATE = "timestamp=2019-01-01T00:00:00.000Z", "timestamp=2019-06-01T12:00:00.123Z"


def logged_in(harness: Harness, name: str = "alice", capabilities: str = CAPS) -> Person:
    return harness.person(name, capabilities, password=PASSWORD)


def test_unset_is_a_star_even_for_what_is_not_there(harness: Harness) -> None:
    alice = harness.person("alice", CAPS)
    harness.person("bob")
    for target in ("#nowhere", "#general", "bob", "nobody", "alice"):
        assert alice.answers(f"MARKREAD {target}") == [f":chat.test MARKREAD {target} *"]


@pytest.mark.parametrize("account", [False, True])
def test_set_and_get_and_never_back(harness: Harness, account: bool) -> None:
    harness.account("bob")
    if account:
        harness.account("alice", PASSWORD)
    alice = logged_in(harness) if account else harness.person("alice", CAPS)
    harness.person("carol")
    alice.sends("JOIN #tea")
    alice.received()
    for target in ("#tea", "bob", "carol"):
        assert alice.answers(f"@label=x MARKREAD {target} {LATE}") == [f"@label=x :chat.test MARKREAD {target} {LATE}"]
        assert alice.answers(f"MARKREAD {target} {EARLY}") == [f":chat.test MARKREAD {target} {LATE}"]
        assert alice.answers(f"MARKREAD {target} {LATE}") == [f":chat.test MARKREAD {target} {LATE}"]
        assert alice.answers(f"MARKREAD {target}") == [f":chat.test MARKREAD {target} {LATE}"]


def test_the_future_is_not_read_yet(harness: Harness) -> None:
    (alice,) = harness.members_of("#tea", "alice", capabilities=CAPS)
    now = f"timestamp={format_time(harness.time)}"
    assert alice.answers("MARKREAD #tea timestamp=9999-12-31T23:59:59.999Z") == [f":chat.test MARKREAD #tea {now}"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("MARKREAD", "NEED_MORE_PARAMS :"),
        ("MARKREAD :", "NEED_MORE_PARAMS :"),
        ("MARKREAD #tea *", "INVALID_PARAMS #tea * :"),
        ("MARKREAD #tea timestamp=yesterday", "INVALID_PARAMS #tea timestamp=yesterday :"),
        ("MARKREAD #tea timestamp=2019-13-01T00:00:00.000Z", "INVALID_PARAMS #tea timestamp=2019-13-01T00:00"),
        ("MARKREAD #tea 2019-01-01T00:00:00.000Z", "INVALID_PARAMS #tea 2019-01-01T00:00:00.000Z :"),
        (f"MARKREAD #general {EARLY}", "INVALID_PARAMS #general :"),
        (f"MARKREAD nobody {EARLY}", "INVALID_PARAMS nobody :"),
    ],
)
def test_what_cannot_be_understood(harness: Harness, line: str, answer: str) -> None:
    (alice,) = harness.members_of("#tea", "alice", capabilities=CAPS)
    (got,) = alice.answers(line)
    assert got.startswith(f":chat.test FAIL MARKREAD {answer}")


def test_it_comes_between_join_and_366_to_those_who_asked(harness: Harness) -> None:
    alice, bob = harness.person("alice", CAPS), harness.person("bob")
    alice.sends("JOIN #tea", f"MARKREAD #tea {LATE}", "PART #tea")
    bob.sends("JOIN #tea")
    assert "MARKREAD" not in bob.codes()
    alice.received()
    alice.sends("JOIN #tea")
    lines = alice.received()
    at = lines.index(f":chat.test MARKREAD #tea {LATE}")
    assert " JOIN #tea" in lines[at - 1]
    assert " 366 " in lines[-1]


def test_a_fragmented_line_counts_once_whole(harness: Harness) -> None:
    (alice,) = harness.members_of("#tea", "alice", capabilities=CAPS)
    for byte in f"MARKREAD #tea {LATE}\r\n".encode():
        alice.sends_bytes(bytes([byte]))
    assert alice.received() == [f":chat.test MARKREAD #tea {LATE}"]


def test_other_sessions_are_told_and_nobody_else(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    first, second, old = logged_in(harness), logged_in(harness), logged_in(harness, capabilities="server-time")
    (bob,) = harness.members_of("#tea", "bob", capabilities=CAPS)
    first.sends("JOIN #tea")
    marked = f":chat.test MARKREAD #tea {LATE}"
    assert ":chat.test MARKREAD #tea *" in second.received()
    for one in (first, old, bob):
        one.received()
    assert first.answers(f"@label=x MARKREAD #tea {LATE}") == [f"@label=x {marked}"]
    assert second.received() == [marked]
    assert old.received() == bob.received() == []
    assert bob.answers("MARKREAD #tea") == [":chat.test MARKREAD #tea *"]


def test_it_is_there_after_a_restart_in_the_burst(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        harness.account("bob")
        alice = logged_in(harness)
        alice.sends("JOIN #tea", f"MARKREAD #tea {EARLY}", f"MARKREAD #tea {LATE}")
        alice.sends("PRIVMSG bob :hi", f"MARKREAD bob {LATE}")
    with running(tmp_path) as harness:
        burst = harness.connection()
        burst.sends("CAP REQ :sasl draft/read-marker", "NICK alice", "USER alice 0 * :A", "AUTHENTICATE PLAIN")
        burst.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        assert burst.received().count(f":chat.test MARKREAD #tea {LATE}") == 1
        assert burst.answers("MARKREAD bob") == [f":chat.test MARKREAD bob {LATE}"]


def test_what_cannot_be_stored_did_not_happen(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice, other = logged_in(harness), logged_in(harness)
    alice.sends("JOIN #tea", f"MARKREAD #tea {EARLY}")
    alice.received()
    other.received()
    with harness.disk_full():
        (line,) = alice.answers(f"@label=x MARKREAD #tea {LATE}")
    assert line.startswith("@label=x :chat.test FAIL MARKREAD INTERNAL_ERROR #tea :")
    assert other.received() == []
    assert alice.answers("MARKREAD #tea") == [f":chat.test MARKREAD #tea {EARLY}"]
    alice.sends("PRIVMSG alice :note")
    with harness.disk_full():
        alice.sends(f"MARKREAD alice {LATE}")
    alice.received()
    assert alice.answers("MARKREAD alice") == [":chat.test MARKREAD alice *"]


def test_one_where_nothing_was_said_makes_no_conversation(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    harness.account("bob")
    alice, other = logged_in(harness), logged_in(harness)
    assert alice.answers(f"MARKREAD bob {EARLY}") == [f":chat.test MARKREAD bob {EARLY}"]
    assert other.received() == [f":chat.test MARKREAD bob {EARLY}"]
    assert harness.hub.direct == {}
    alice.sends("PRIVMSG bob :hi")
    for one in (alice, other):
        one.received()
    assert alice.answers("MARKREAD bob") == [f":chat.test MARKREAD bob {EARLY}"]
    assert alice.answers(f"MARKREAD bob {LATE}") == [f":chat.test MARKREAD bob {LATE}"]
    assert other.answers("MARKREAD bob") == [f":chat.test MARKREAD bob {LATE}"] * 2


def test_those_where_nothing_was_said_are_bounded(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markers, "MOST_UNSPOKEN", 2)
    alice = harness.person("alice", CAPS)
    for nick in ("a", "b", "c"):
        harness.account(nick)
        alice.sends(f"MARKREAD {nick} {LATE}")
    alice.received()
    shown = [alice.answers(f"MARKREAD {nick}")[0].split()[-1] for nick in ("a", "b", "c")]
    assert shown == ["*", LATE, LATE]


@pytest.mark.parametrize("line", ["MARKREAD :foo bar", "MARKREAD ::x", f"MARKREAD :foo bar {LATE}"])
def test_what_is_no_target_is_refused(harness: Harness, line: str) -> None:
    alice = harness.person("alice", CAPS)
    assert alice.answers(line) == [":chat.test FAIL MARKREAD INVALID_PARAMS * :A target is a room or a nick"]
    assert alice.outlet.closed is None


def test_a_guest_has_none_of_an_earlier_guest_of_that_nick(harness: Harness) -> None:
    harness.account("bob")
    guest = harness.person("alice", CAPS)
    assert guest.answers(f"MARKREAD bob {EARLY}") == [f":chat.test MARKREAD bob {EARLY}"]
    guest.vanishes()
    assert harness.person("alice", CAPS).answers("MARKREAD bob") == [":chat.test MARKREAD bob *"]
