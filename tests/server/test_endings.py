"""Bans that end by themselves."""

from pathlib import Path

from securechat.server.endings import sweep
from securechat.server.first_ends import FirstEnds
from tests.server.harness import Harness, code_of, running

HOUR = 3_600_000


def look_round(harness: Harness) -> None:
    with harness.hub.lock:
        sweep(harness.hub)
    harness.settle()


def test_a_ban_ends_at_once_and_is_taken_off_a_moment_later(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    anna.sends("BAN #tea bob 1h", "MUTE #tea carol 2h")
    harness.time += HOUR - 1
    assert code_of(bob.answers("JOIN #tea")[-1]) == "474"
    look_round(harness)
    harness.time += 1
    assert code_of(bob.answers("JOIN #tea")[-1]) == "366"
    anna.received()
    look_round(harness)
    assert anna.received() == [":chat.test MODE #tea -b bob!*@*"]
    look_round(harness)
    assert anna.received() == []
    harness.time += HOUR
    look_round(harness)
    assert anna.received() == [":chat.test MODE #tea -b m:carol!*@*"]
    assert harness.database.read(lambda unit: unit.rooms.all())[-1].lists == {}
    assert harness.hub.endings.due(1 << 60) == []


def test_a_mute_ends_for_who_is_in_the_room(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    anna.sends("MUTE #tea bob 10m")
    bob.received()
    ends = "2025-11-24 16:10:00 UTC"
    assert bob.answers("PRIVMSG #tea :hm") == [f":chat.test 404 bob #tea :You are muted here until {ends}"]
    harness.time += 599_999
    assert code_of(bob.answers("PRIVMSG #tea :hm")[0]) == "404"
    harness.time += 1
    assert bob.answers("PRIVMSG #tea :free") == []


def test_many_end_at_once(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    for number in range(40):
        anna.sends(f"BAN #tea {'x' * 60}{number} 1h")
    anna.received()
    harness.time += HOUR
    look_round(harness)
    lines = anna.received()
    assert len(lines) > 1
    assert sum(line.split()[3].count("b") for line in lines) == 40
    assert all(len(line) <= 510 for line in lines)
    assert harness.hub.rooms["#tea"].room.lists["b"] == []


def test_what_ended_while_the_server_was_off(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        (anna,) = harness.members_of("#tea", "anna")
        harness.account("carol")
        anna.sends("BAN #tea bob 1h", "BAN #tea carol 2h", "MODE #tea +b dora")
    with running(tmp_path) as harness:
        harness.time += HOUR
        assert code_of(harness.person("carol", password="correct horse").answers("JOIN #tea")[-1]) == "474"
        assert code_of(harness.person("dora").answers("JOIN #tea")[-1]) == "474"
        bob = harness.person("bob")
        harness.account("root", administrator=True)
        root = harness.person("root", password="correct horse")
        root.sends("JOIN #tea")
        assert code_of(bob.answers("JOIN #tea")[-1]) == "366"
        root.received()
        look_round(harness)
        assert root.received() == [":chat.test MODE #tea -b bob!*@*"]


def test_an_end_that_cannot_be_stored_is_tried_again(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    anna.sends("BAN #tea bob 1h")
    anna.received()
    harness.time += HOUR
    with harness.disk_full():
        look_round(harness)
    assert anna.received() == []
    assert code_of(bob.answers("JOIN #tea")[-1]) == "366"
    anna.received()
    look_round(harness)
    assert anna.received() == [":chat.test MODE #tea -b bob!*@*"]


def test_a_room_that_is_gone_is_forgotten(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("BAN #tea bob 1s")
    harness.time += 1_000
    hub = harness.hub
    live = hub.rooms_by_id.pop(hub.rooms["#tea"].room.id)
    look_round(harness)
    assert hub.endings.due(harness.time) == []
    hub.rooms_by_id[live.room.id] = live


def test_the_first_end_of_each_room(harness: Harness) -> None:
    anna, _ = harness.members_of("#tea", "anna", "bob")
    anna.sends("BAN #tea x 2h", "BAN #tea y 1h", "BAN #tea z")
    ends, room = FirstEnds(), harness.hub.rooms["#tea"].room
    ends.note(room)
    assert ends.due(harness.time + HOUR - 1) == []
    assert ends.due(harness.time + HOUR) == [room.id]
    room.lists["b"] = [one for one in room.lists["b"] if not one.expires]
    ends.note(room)
    assert ends.due(1 << 60) == []
