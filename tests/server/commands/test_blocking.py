"""SILENCE: a filter over the blocker's own view that tells the blocked one nothing."""

from pathlib import Path

import pytest

from securechat.server import blocks
from securechat.server.commands import blocking
from tests.server.harness import MODERN, Harness, Person, running

PASSWORD = "correct horse"
END = ":chat.test 272 alice alice :End of the list of people whom you block"


def people(harness: Harness, capabilities: str = MODERN) -> list[Person]:
    """Alice, Bob and Carol, who have accounts, in #tea; what came before is forgotten."""
    found = []
    for name in ("alice", "bob", "carol"):
        harness.account(name)
        found.append(harness.person(name, capabilities, password=PASSWORD))
    for one in found:
        one.sends("JOIN #tea")
    for one in found:
        one.received()
    return found


def said(lines: list[str]) -> list[str]:
    """Target and text of each message or notice among the lines."""
    bodies = [line.partition(" ")[2] if line.startswith("@") else line for line in lines]
    return [body.split(" ", 2)[2] for body in bodies if body.split(" ")[1] in ("PRIVMSG", "NOTICE", "TAGMSG")]


def test_the_list_is_changed_and_shown_on_all_devices(harness: Harness) -> None:
    alice, *_ = people(harness)
    second = harness.person("alice2", MODERN, password=PASSWORD, account="alice")
    alice.received()
    (line,) = alice.answers("@label=x SILENCE +bob")
    assert "label=x" in line
    assert line.endswith(":alice!alice@securechat SILENCE +bob")
    assert second.bodies() == [":alice!alice@securechat SILENCE +bob"]
    assert alice.answers("SILENCE") == [":chat.test 271 alice alice bob", END]
    alice.sends("SILENCE Carol!*@*", "SILENCE +BOB")
    assert alice.bodies() == [f":alice!alice@securechat SILENCE +{name}" for name in ("carol", "bob")]
    assert second.bodies() == [":alice!alice@securechat SILENCE +carol"]
    second.sends("SILENCE -BOB", "SILENCE -bob")
    assert second.bodies() == [":alice!alice@securechat SILENCE -bob"] * 2
    assert alice.bodies() == [":alice!alice@securechat SILENCE -bob"]
    assert alice.answers("SILENCE") == [":chat.test 271 alice alice carol", END]


def test_what_cannot_be_blocked(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, *_ = people(harness)
    monkeypatch.setattr(blocking, "MOST_BLOCKED", 1)
    assert alice.answers("SILENCE +nobody") == [":chat.test 401 alice nobody :No such nick/channel"]
    assert alice.answers("SILENCE +")[0].startswith(":chat.test 401 alice * :")
    assert alice.answers("SILENCE alice") == [":chat.test FAIL SILENCE INVALID_TARGET alice :You cannot block yourself"]
    alice.answers("SILENCE +bob")
    assert alice.answers("SILENCE +carol") == [":chat.test 511 alice carol :You block as many people as one can (1)"]


def test_a_room_is_heard_without_the_blocked_one_who_notices_nothing(harness: Harness) -> None:
    alice, bob, carol = people(harness)
    lines = (
        "PRIVMSG #tea :one",
        "NOTICE #tea :two",
        "@+draft/react=x TAGMSG #tea",
        "@+typing=active TAGMSG #tea",
        "PRIVMSG @#tea :four",
    )
    bob.sends(*lines)
    before = [line.partition(" ")[2] for line in bob.received()]
    assert len(said(alice.received())) == 5  # it made the room, so it hears what is said to those who lead it
    alice.answers("SILENCE +bob")
    carol.received()
    bob.sends(*lines)
    assert [line.partition(" ")[2] for line in bob.received()] == before
    assert alice.received() == []
    assert len(said(carol.received())) == 4
    carol.sends("PRIVMSG #tea :five")
    assert said(alice.received()) == ["#tea :five"]
    alice.answers("SILENCE -bob")
    bob.sends("PRIVMSG #tea :six")
    assert said(alice.received()) == ["#tea :six"]


def test_several_lines_are_kept_away_as_one(harness: Harness) -> None:
    alice, bob, _ = people(harness, MODERN + " draft/multiline")
    alice.answers("SILENCE +bob")
    bob.sends("BATCH +1 draft/multiline #tea", "@batch=1 PRIVMSG #tea :a", "@batch=1 PRIVMSG #tea :b", "BATCH -1")
    assert alice.received() == []


def test_what_changes_the_room_stays_visible(harness: Harness) -> None:
    alice, bob, _ = people(harness)
    alice.sends("MODE #tea +o bob", "SILENCE +bob")
    alice.received()
    bob.sends("TOPIC #tea :new", "KICK #tea carol :why", "NICK robert", "PART #tea", "JOIN #tea")
    assert alice.codes() == ["TOPIC", "KICK", "NICK", "PART", "JOIN"]


def test_a_direct_message_is_stored_and_echoed_but_not_delivered(harness: Harness) -> None:
    alice, bob, _ = people(harness)
    alice.sends("AWAY :tea", "SILENCE +bob")
    alice.received()
    bob.received()
    bob.sends("PRIVMSG alice :psst")
    assert bob.codes() == ["PRIVMSG", "301"]
    assert alice.received() == []
    assert said(alice.answers("CHATHISTORY LATEST bob * 10")) == []
    targets = "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 10"
    assert not any(" bob " in line for line in alice.answers(targets))
    assert said(bob.answers("CHATHISTORY LATEST alice * 10")) == ["alice :psst"]
    alice.answers("SILENCE -bob")
    assert said(alice.answers("CHATHISTORY LATEST bob * 10")) == ["alice :psst"]
    assert any(" bob " in line for line in alice.answers(targets))


def test_a_page_of_history_is_filled_with_what_others_said(harness: Harness) -> None:
    alice, bob, carol = people(harness)
    for number in range(4):
        carol.sends(f"PRIVMSG #tea :c{number}")
        for _ in range(5):
            bob.sends("PRIVMSG #tea :b")
    alice.answers("SILENCE +bob")
    assert said(alice.answers("CHATHISTORY LATEST #tea * 3")) == ["#tea :c1", "#tea :c2", "#tea :c3"]
    lines = alice.answers("CHATHISTORY AFTER #tea timestamp=2000-01-01T00:00:00.000Z 2")
    assert said(lines) == ["#tea :c0", "#tea :c1"]
    lines = alice.answers("CHATHISTORY AROUND #tea timestamp=2000-01-01T00:00:00.000Z 3")
    assert said(lines) == ["#tea :c0", "#tea :c1", "#tea :c2"]


def test_a_replay_leaves_them_out_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        alice, bob, carol = people(harness, "")
        alice.sends("SILENCE +bob", "QUIT")
        bob.sends("PRIVMSG #tea :from bob", "PRIVMSG alice :psst")
        carol.sends("PRIVMSG #tea :from carol")
    with running(tmp_path) as harness:
        alice = harness.connection()
        alice.sends("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
        alice.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        (line,) = said(alice.received())
        assert "from carol" in line
        assert alice.answers("SILENCE") == [":chat.test 271 alice alice bob", END]


def test_an_invitation_stands_but_is_not_told(harness: Harness) -> None:
    alice, bob, carol = people(harness, MODERN + " invite-notify")
    alice.answers("SILENCE +bob")
    bob.sends("JOIN #den", "MODE #den +i")
    bob.received()
    assert bob.answers("INVITE alice #den") == [":chat.test 341 bob alice #den"]
    assert alice.received() == []
    alice.sends("JOIN #den")
    assert "JOIN" in alice.codes()
    bob.sends("INVITE carol #den")
    assert alice.received() == []
    assert carol.codes() == ["INVITE"]


def test_guests_are_blocked_for_as_long_as_they_are_here(harness: Harness) -> None:
    alice, *_ = people(harness)
    guest = harness.person("gast", MODERN)
    guest.sends("JOIN #tea", "PRIVMSG #tea :hello")
    alice.sends("SILENCE +gast")
    alice.received()
    guest.sends("NICK other", "PRIVMSG #tea :here again", "PRIVMSG alice :psst")
    assert alice.codes() == ["NICK"]
    assert alice.answers("SILENCE") == [":chat.test 271 alice alice other", END]
    assert said(alice.answers("CHATHISTORY LATEST #tea * 10")) == ["#tea :hello"]
    guest.vanishes()
    alice.received()
    assert alice.answers("SILENCE") == [END]
    again = harness.person("other", MODERN)
    again.sends("JOIN #tea", "PRIVMSG #tea :me")
    assert said(alice.received()) == ["#tea :me"]


@pytest.mark.parametrize("present", [False, True])
def test_a_guest_who_logs_in_brings_along_whom_they_block(
    harness: Harness, present: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bob, _ = people(harness)
    harness.account("dora")
    if present:
        harness.person("dora", MODERN, password=PASSWORD).sends("JOIN #tea")
    guest = harness.person("gast", MODERN + " sasl")
    guest.sends("JOIN #tea", "SILENCE +bob", "SILENCE +alice")
    monkeypatch.setattr(blocks, "MOST_BLOCKED", 1)
    guest.sends("AUTHENTICATE PLAIN", "AUTHENTICATE AGRvcmEAY29ycmVjdCBob3JzZQ==")
    nick = "dora" if present else "gast"
    guest.received()
    assert guest.bodies() == []
    guest.sends("SILENCE")
    assert guest.bodies()[0] == f":chat.test 271 {nick} {nick} bob"
    bob.sends("PRIVMSG #tea :one")
    assert guest.received() == []
    stored = harness.journal.call(lambda unit: unit.blocks.all()).result(20)
    assert [harness.hub.accounts_by_id[one].name for pair in stored for one in pair] == ["dora", "bob"]


def test_what_could_not_be_stored_does_not_stand(harness: Harness) -> None:
    alice, bob, _ = people(harness)
    alice.answers("SILENCE +carol")
    with harness.disk_full():
        alice.sends_unsettled(b"SILENCE +bob\r\nSILENCE -carol\r\n")
    assert [line.split()[1:4] for line in alice.received()] == [["FAIL", "SILENCE", "NOT_STORED"]] * 2
    assert alice.answers("SILENCE") == [":chat.test 271 alice alice carol", END]
    bob.sends("PRIVMSG #tea :one")
    assert said(alice.received()) == ["#tea :one"]


def test_in_a_room_without_blocks_the_audience_is_everybodys(harness: Harness) -> None:
    alice, bob, carol = people(harness)
    live = harness.hub.find_room("#tea")
    assert live is not None
    alice.answers("SILENCE +bob")
    assert harness.hub.users["carol"].blocked_by == ()
    blocked = harness.hub.users["bob"]
    first = live.audience_of_author(blocked)
    bob.sends("PRIVMSG #tea :one")
    assert live.audience_of_author(blocked) is first  # made once
    carol.sends("PART #tea")
    assert live.audience_of_author(blocked) is not first
