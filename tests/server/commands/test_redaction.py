"""Section "message-redaction" of the IRC surface: REDACT (draft/message-redaction)."""

from pathlib import Path

import pytest

from securechat.server import taking_away
from tests.server.harness import MODERN, Harness, Person, code_of, running

PASSWORD = "correct horse"
CAPS = f"{MODERN} draft/message-redaction"
SECRET = "the launch code is 8675309"


def logged_in(harness: Harness, name: str, capabilities: str = CAPS, *, administrator: bool = False) -> Person:
    if name not in harness.hub.accounts:
        harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, capabilities, password=PASSWORD)


def says(one: Person, text: str = "hi", target: str = "#tea", command: str = "PRIVMSG") -> str:
    """Say something; return its message id."""
    (echo,) = one.answers(f"{command} {target} :{text}" if text else f"@+draft/react=x {command} {target}")
    return echo.partition("msgid=")[2].partition(";")[0].partition(" ")[0]


def members(harness: Harness, *people: Person) -> None:
    for one in people:
        one.sends("JOIN #tea")
    for one in people:
        one.received()


def bare(lines: list[str]) -> list[str]:
    return [line.partition(" ")[2] if line.startswith("@") else line for line in lines]


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE", "TAGMSG"])
def test_ones_own_is_taken_away_and_everybody_is_told(harness: Harness, command: str) -> None:
    alice, bob = logged_in(harness, "alice"), logged_in(harness, "bob")
    members(harness, alice, bob)
    identifier = says(alice, "" if command == "TAGMSG" else "oops", command=command)
    bob.received()
    (answer,) = alice.answers(f"@label=x REDACT #TEA {identifier} :wrong room")
    assert answer.startswith("@label=x;time=")
    told = f":alice!alice@securechat REDACT #tea {identifier} :wrong room"
    assert bare([answer]) == [told]
    assert bare(bob.received()) == [told]
    bob.sends("CAP REQ :draft/event-playback")
    bob.received()
    shown = [code_of(line) for line in bob.answers("CHATHISTORY LATEST #tea * 50")]
    assert command not in shown
    (again,) = alice.answers(f"REDACT #tea {identifier}")
    assert again.startswith(f":chat.test FAIL REDACT UNKNOWN_MSGID #tea {identifier} :")


def test_without_a_reason_there_is_none(harness: Harness) -> None:
    alice = harness.person("alice", CAPS)
    members(harness, alice)
    identifier = says(alice)
    assert bare(alice.answers(f"REDACT #tea {identifier}")) == [f":alice!alice@securechat REDACT #tea {identifier}"]


def test_a_long_reason_fits_into_the_line(harness: Harness) -> None:
    alice = harness.person("alice", "draft/message-redaction echo-message message-tags")
    members(harness, alice)
    identifier = says(alice)
    (line,) = bare(alice.answers(f"REDACT #tea {identifier} :{'я' * 200}"))
    assert 500 < len(line.encode()) <= 510 or line.endswith("я" * 200)


def test_clients_that_do_not_know_it_are_told_in_words(harness: Harness) -> None:
    alice, old = logged_in(harness, "alice"), harness.person("old", "server-time")
    members(harness, alice, old)
    identifier = says(alice)
    reaction = says(alice, "", command="TAGMSG")
    old.received()
    alice.sends(f"REDACT #tea {identifier} :spam", f"REDACT #tea {reaction}")
    (line,) = bare(old.received())
    assert line == ":chat.test NOTICE #tea :alice deleted a message of 16:00:00 UTC: spam"
    assert old.answers(f"REDACT #tea {identifier}") == [":chat.test 421 old REDACT :Unknown command"]


def test_administrators_take_away_what_others_said_and_nobody_else_does(harness: Harness) -> None:
    alice, bob = logged_in(harness, "alice"), logged_in(harness, "bob")
    root = logged_in(harness, "root", administrator=True)
    old = harness.person("old")
    root.sends("JOIN #tea")
    members(harness, root, alice, bob, old)
    identifier = says(alice)
    for one in (bob, root, old):
        one.received()
    (refused,) = bob.answers(f"REDACT #tea {identifier}")
    assert refused.startswith(f":chat.test FAIL REDACT REDACT_FORBIDDEN #tea {identifier} :")
    assert alice.received() == old.received() == []
    assert bare(root.answers(f"REDACT #tea {identifier}")) == [f":root!root@securechat REDACT #tea {identifier}"]
    assert old.received() == [":chat.test NOTICE #tea :root deleted a message of alice of 16:00:00 UTC"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("REDACT #tea", ":chat.test 461 "),
        ("REDACT #tea :", ":chat.test 461 "),
        ("REDACT #nowhere {id}", ":chat.test FAIL REDACT INVALID_TARGET #nowhere :"),
        ("REDACT #general {id}", ":chat.test FAIL REDACT INVALID_TARGET #general :"),
        ("REDACT nobody {id}", ":chat.test FAIL REDACT INVALID_TARGET nobody :"),
        ("REDACT bob {id}", ":chat.test FAIL REDACT INVALID_TARGET bob :"),
        ("REDACT #tea nonsense", ":chat.test FAIL REDACT UNKNOWN_MSGID #tea nonsense :"),
        ("REDACT #tea {epoch}-999999", ":chat.test FAIL REDACT UNKNOWN_MSGID #tea "),
        ("REDACT #tea {epoch}-99999999999999999999", ":chat.test FAIL REDACT UNKNOWN_MSGID #tea "),
        ("REDACT #other {id}", ":chat.test FAIL REDACT UNKNOWN_MSGID #other "),
        ("REDACT #tea {join}", ":chat.test FAIL REDACT UNKNOWN_MSGID #tea "),
    ],
)
def test_what_cannot_be_taken_away(harness: Harness, line: str, answer: str) -> None:
    alice, _ = logged_in(harness, "alice"), logged_in(harness, "bob")
    joined = next(one for one in alice.answers("JOIN #tea") if " JOIN " in one)
    alice.sends("JOIN #other")
    alice.received()
    join = joined.partition("msgid=")[2].partition(";")[0].partition(" ")[0]
    line = line.format(id=says(alice), join=join, epoch=harness.journal.epoch)
    (got,) = alice.answers(line)
    assert got.startswith(answer)


def test_direct_messages_are_their_authors(harness: Harness) -> None:
    alice, bob, other = logged_in(harness, "alice"), logged_in(harness, "bob"), logged_in(harness, "alice")
    identifier = says(alice, "hi bob", "bob")
    bob.received()
    other.received()
    (refused,) = bob.answers(f"REDACT alice {identifier}")
    assert refused.startswith(f":chat.test FAIL REDACT REDACT_FORBIDDEN alice {identifier} :")
    alice.sends(f"REDACT bob {identifier}")
    for one in (alice, bob, other):
        assert bare(one.received()) == [f":alice!alice@securechat REDACT bob {identifier}"]
    assert len(bob.answers("CHATHISTORY LATEST alice * 5")) == 2
    memo = says_to_self(alice)
    assert bare(alice.answers(f"REDACT alice {memo}")) == [f":alice!alice@securechat REDACT alice {memo}"]


def says_to_self(one: Person) -> str:
    echo = one.answers("PRIVMSG alice :memo")[0]
    return echo.partition("msgid=")[2].partition(";")[0].partition(" ")[0]


def test_a_guest_takes_away_only_what_this_guest_said(harness: Harness) -> None:
    first = harness.person("guest", CAPS)
    members(harness, logged_in(harness, "alice"), first)
    old, new = says(first, "old"), says(first, "new")
    assert bare(first.answers(f"REDACT #tea {new}")) == [f":guest!guest@securechat REDACT #tea {new}"]
    first.sends("QUIT")
    harness.time += 1
    second = harness.person("guest", CAPS)
    members(harness, second)
    (refused,) = second.answers(f"REDACT #tea {old}")
    assert refused.startswith(f":chat.test FAIL REDACT REDACT_FORBIDDEN #tea {old} :")


def test_nothing_is_left_in_the_files(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        alice = logged_in(harness, "alice")
        members(harness, alice)
        says(alice, "before")
        identifier = says(alice, SECRET)
        says(alice, "after")
        files = [path for path in tmp_path.iterdir() if path.name.startswith("chat.db")]
        assert any(SECRET.encode() in path.read_bytes() for path in files)
        alice.sends(f"REDACT #tea {identifier}")
        harness.settle()
        harness.hub.journal.call(lambda unit: None).result(20)  # the checkpoint comes after the batch that took it away
        # Now, while the server runs: not in the database, nor in the write-ahead log beside it.
        assert not [path for path in tmp_path.iterdir() if SECRET.encode() in path.read_bytes()]
        assert [line.rpartition(":")[2] for line in alice.answers("CHATHISTORY LATEST #tea * 9")[2:-1]] == [
            "before",
            "after",
        ]
    with running(tmp_path) as harness:
        again = logged_in(harness, "alice")
        texts = [line.rpartition(":")[2] for line in again.answers("CHATHISTORY LATEST #tea * 9")[1:-1]]
        assert texts == ["before", "after"]


def test_a_message_sent_again_is_not_shown_again_once_it_is_gone(harness: Harness) -> None:
    alice = logged_in(harness, "alice")
    members(harness, alice)
    (echo,) = alice.answers(f"@+securechat/id=r1 PRIVMSG #tea :{SECRET}")
    identifier = echo.partition("msgid=")[2].partition(";")[0]
    alice.sends(f"REDACT #tea {identifier}")
    assert not harness.hub.repeats._events  # what it holds could be shown again


def test_what_cannot_be_stored_did_not_happen(harness: Harness) -> None:
    alice, bob, old = logged_in(harness, "alice"), logged_in(harness, "bob"), harness.person("old")
    members(harness, alice, bob, old)
    identifier = says(alice)
    bob.received()
    old.received()
    with harness.disk_full():
        (line,) = alice.answers(f"@label=x REDACT #tea {identifier}")
    assert line.startswith("@label=x :chat.test FAIL REDACT NOT_STORED #tea :")
    assert bob.received() == old.received() == []
    assert len(alice.answers("CHATHISTORY LATEST #tea * 9")) == 3


def test_trouble_with_reading(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise OSError("no disk")

    alice = logged_in(harness, "alice")
    members(harness, alice)
    identifier = says(alice)
    harness.workers.full = True
    (line,) = alice.answers(f"REDACT #tea {identifier}")
    assert line.startswith(f":chat.test FAIL REDACT TEMPORARILY_UNAVAILABLE #tea {identifier} :")
    harness.workers.full = False
    monkeypatch.setattr(harness.database, "read", broken)
    (line,) = alice.answers(f"REDACT #tea {identifier}")
    assert line.startswith(f":chat.test FAIL REDACT INTERNAL_ERROR #tea {identifier} :")


def test_where_nothing_is_kept_from_anybody_nobody_is_asked_about(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be asked of each of thousands, while everybody else waits."""
    alice, bob = logged_in(harness, "alice"), logged_in(harness, "bob")
    members(harness, alice, bob)
    identifier = says(alice)
    bob.received()
    monkeypatch.delattr(taking_away, "too_late")
    alice.sends(f"REDACT #tea {identifier}")
    assert bare(bob.received()) == [f":alice!alice@securechat REDACT #tea {identifier}"]


def test_who_looks_after_a_room_takes_away_what_others_said(harness: Harness) -> None:
    maker, bob, carol = logged_in(harness, "maker"), logged_in(harness, "bob"), logged_in(harness, "carol")
    members(harness, maker, bob, carol)
    first, second = says(bob, "one"), says(bob, "two")
    for one in (maker, carol):
        one.received()
    assert bare(maker.answers(f"REDACT #tea {first} :spam")) == [f":maker!maker@securechat REDACT #tea {first} :spam"]
    carol.received()
    (refused,) = carol.answers(f"REDACT #tea {second}")
    assert refused.startswith(f":chat.test FAIL REDACT REDACT_FORBIDDEN #tea {second} :")
    maker.sends("MODE #tea +o carol")
    carol.received()
    assert bare(carol.answers(f"REDACT #tea {second}")) == [f":carol!carol@securechat REDACT #tea {second}"]
