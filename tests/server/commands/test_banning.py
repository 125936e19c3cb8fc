"""BAN, UNBAN, MUTE, UNMUTE."""

import pytest

from securechat.server import room_bans
from securechat.server.limits import MODE_CHANGES_PER_MINUTE
from tests.server.harness import Harness, code_of

SERVER = ":chat.test"
OP = ":anna!anna@securechat"
ENDS = "2025-11-24 18:00:00 UTC"
REFUSED = f"{SERVER} 474 bob #tea :Cannot join channel (+b): you are banned from it"


def test_banning_a_guest_for_a_time(harness: Harness) -> None:
    anna, bob, carol = harness.members_of("#tea", "anna", "bob", "carol")
    mode, kick = f"{OP} MODE #tea +b bob!*@*", f"{OP} KICK #tea bob :Banned until {ENDS}: enough"
    assert anna.answers("BAN #TEA Bob 2h :enough") == [
        mode,
        kick,
        f"{SERVER} NOTE BAN BANNED #tea bob!*@* :Until {ENDS}",
    ]
    assert carol.received() == [mode, kick]
    assert bob.received() == [mode, kick]
    assert bob.answers("JOIN #tea") == [f"{REFUSED} until {ENDS}"]
    assert anna.answers("BAN #tea") == [f"{SERVER} NOTE BAN BANNED #tea bob!*@* :Until {ENDS}"]
    assert anna.answers("MUTE #tea") == [f"{SERVER} NOTE MUTE NOT_ON_LIST #tea :Nobody is muted in this room"]
    assert anna.answers("UNBAN #tea bob") == [
        f"{OP} MODE #tea -b bob!*@*",
        f"{SERVER} NOTE UNBAN UNBANNED #tea bob!*@* :This is not banned from the room any more",
    ]
    assert anna.answers("BAN #tea") == [f"{SERVER} NOTE BAN NOT_ON_LIST #tea :Nobody is banned from this room"]
    assert code_of(bob.answers("JOIN #tea")[-1]) == "366"
    records = harness.database.read(lambda unit: unit.audit.page(0, 9))
    assert [(one.act, one.target, one.detail, one.reason) for one in records] == [
        ("room mask", "bob!*@*", f"+b until {ENDS}", "enough"),
        ("room kick", "bob (guest)", "", "enough"),
        ("room mask", "bob!*@*", "-b", ""),
    ]


def test_who_is_banned_for_good_is_told_of_no_end(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    anna.sends("BAN #tea bob")
    bob.received()
    assert bob.answers("JOIN #tea") == [REFUSED]


def test_an_account_is_banned_by_its_name_here_or_not(harness: Harness) -> None:
    harness.account("carol")
    (anna,) = harness.members_of("#tea", "anna")
    carol = harness.person("carol", password="correct horse")
    carol.sends("JOIN #tea")
    carol.sends("NICK cora")
    anna.received()
    lines = anna.answers("BAN #tea cora :bye")
    assert lines[:2] == [f"{OP} MODE #tea +b a:carol", f"{OP} KICK #tea cora :Banned: bye"]
    assert lines[2] == f"{SERVER} NOTE BAN BANNED #tea a:carol :Until it is taken back"
    anna.sends("UNBAN #tea carol")
    carol.sends("JOIN #tea")
    carol.vanishes()
    anna.received()
    assert anna.answers("BAN #tea Carol")[:2] == [f"{OP} MODE #tea +b a:carol", f"{OP} KICK #tea carol :Banned"]
    assert harness.hub.memberships[harness.hub.accounts["carol"].id] == {}


def test_a_mask_puts_out_whom_it_means_as_far_as_one_may(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_bans, "MOST_PUT_OUT", 2)
    anna, bob, *_ = harness.members_of("#tea", "anna", "bob", "x1", "x2", "x3", "y")
    anna.sends("MODE #tea +o bob")
    bob.received()
    lines = bob.answers("BAN #tea *!*@* :all")
    assert [" ".join(line.split()[1:4]) for line in lines] == [
        "MODE #tea +b",
        "KICK #tea x1",
        "KICK #tea x2",
        "NOTE BAN NOT_ALL_PUT_OUT",
        "NOTE BAN BANNED",
    ]
    assert lines[3].endswith("#tea 2 :2 of those who are banned are still in the room: put them out by KICK")
    assert {user.nick for user in harness.hub.rooms["#tea"].members} == {"anna", "bob", "x3", "y"}


def test_muting(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    mode = f"{OP} MODE #tea +b m:bob!*@*"
    assert anna.answers("MUTE #tea bob 2h") == [mode, f"{SERVER} NOTE MUTE MUTED #tea m:bob!*@* :Until {ENDS}"]
    assert bob.received() == [mode]
    assert bob.answers("PRIVMSG #tea :hm") == [f"{SERVER} 404 bob #tea :You are muted here until {ENDS}"]
    assert anna.answers("BAN #tea")[0].endswith(":Nobody is banned from this room")
    assert anna.answers("UNBAN #tea bob") == [
        f"{SERVER} FAIL UNBAN NOT_ON_LIST #tea bob!*@* :There is nothing like this on the list of the room"
    ]
    assert anna.answers("UNMUTE #tea bob") == [
        f"{OP} MODE #tea -b m:bob!*@*",
        f"{SERVER} NOTE UNMUTE UNMUTED #tea m:bob!*@* :This may speak in the room again",
    ]
    bob.received()
    assert bob.answers("PRIVMSG #tea :thanks") == []


def test_another_time_takes_the_place_of_the_first(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("BAN #tea bob 2h")
    anna.received()
    assert anna.answers("BAN #tea bob 7d")[0] == f"{OP} MODE #tea -b+b bob!*@* bob!*@*"
    (entry,) = harness.database.read(lambda unit: unit.rooms.all())[-1].lists["b"]
    assert entry.expires == harness.time + 7 * 86_400_000
    assert anna.answers("MODE #tea +b bob") == [f"{OP} MODE #tea -b+b bob!*@* bob!*@*"]
    assert anna.answers("MODE #tea +b bob") == []
    assert anna.answers("BAN #tea")[0].endswith(":Until it is taken back")


def test_who_may_not(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    for line in ("BAN #tea anna", "MUTE #tea anna", "UNBAN #tea x", "UNMUTE #tea x"):
        assert bob.answers(line) == [f"{SERVER} 482 bob #tea :You're not channel operator"]
        assert eve.answers(line) == [f"{SERVER} 442 eve #tea :You're not on that channel"]
    anna.sends("MODE #tea +os bob")
    bob.received()
    assert bob.answers("BAN #tea anna") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    for line in ("BAN {} anna", "MUTE {} anna", "UNBAN {} x", "UNMUTE {} x", "BAN {}", "MUTE {}"):
        assert eve.answers(line.format("#tea")) == [f"{SERVER} 403 eve #tea :No such channel"]
        assert eve.answers(line.format("#not")) == [f"{SERVER} 403 eve #not :No such channel"]


def test_what_cannot_be_read(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    sentence = "A time is written as 30s, 10m, 2h or 7d, up to 3650d"
    assert anna.answers("BAN #tea bob 4000d") == [f"{SERVER} FAIL BAN BAD_DURATION #tea 4000d :{sentence}"]
    for mask in ("x" * 201, "m:bob"):
        assert anna.answers(f"BAN #tea {mask}") == [f"{SERVER} 696 anna #tea b * :This cannot be a mask"]
    assert anna.answers("BAN #tea :a b") == [f"{SERVER} 696 anna #tea b * :This cannot be a mask"]
    assert anna.answers("UNBAN #tea :") == [f"{SERVER} 461 anna UNBAN :Not enough parameters"]
    assert harness.hub.rooms["#tea"].room.lists == {}


def test_a_full_list_and_too_many_changes(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_bans, "MOST_MASKS", 2)
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("BAN #tea x", "BAN #tea y")
    anna.received()
    assert code_of(anna.answers("BAN #tea z")[0]) == "478"
    for _ in range(MODE_CHANGES_PER_MINUTE):
        anna.sends("MODE #tea +m", "MODE #tea -m")
    anna.received()
    text = "Too many changes of modes; try again in 60 seconds"
    assert anna.answers("BAN #tea x") == [f"{SERVER} FAIL BAN RATE_LIMITED #tea 60 :{text}"]


def test_a_ban_that_cannot_be_stored_did_not_happen(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    with harness.disk_full():
        anna.sends("BAN #tea bob 2h")
    assert [code_of(line) for line in anna.received()] == ["FAIL", "FAIL"]
    assert bob.received() == []
    assert {user.nick for user in harness.hub.rooms["#tea"].members} == {"anna", "bob"}
    assert harness.hub.rooms["#tea"].room.lists["b"] == []
    assert harness.hub.endings.due(1 << 60) == []
