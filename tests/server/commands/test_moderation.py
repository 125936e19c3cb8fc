"""KICK and INVITE, invite-notify included."""

from pathlib import Path

import pytest

from securechat.names import NICK_BYTES, ROOM_NAME_BYTES
from securechat.server.commands import moderation
from securechat.server.presence import end_session
from securechat.server.rendering import LINE_BYTES
from securechat.server.users import User
from tests.server.harness import Harness, code_of, running

SERVER = ":chat.test"
OP = ":anna!anna@securechat"


def test_kicking_several(harness: Harness) -> None:
    anna, bob, carol, dora = harness.members_of("#tea", "anna", "bob", "carol", "dora")
    lines = [f"{OP} KICK #tea bob :enough", f"{OP} KICK #tea carol :enough"]
    assert anna.answers("KICK #TEA bob,CAROL :enough") == lines
    assert dora.received() == lines
    assert bob.received() == lines[:1]
    assert carol.received() == lines
    assert bob.answers("PRIVMSG #tea :still?") == [f"{SERVER} 404 bob #tea :Cannot send to channel"]
    assert code_of(bob.answers("JOIN #tea")[0]) == "JOIN"
    anna.received()
    assert anna.answers("KICK #tea bob") == [f"{OP} KICK #tea bob :anna"]


def test_kicking_from_several_rooms(harness: Harness) -> None:
    anna, bob, carol = harness.members_of("#tea", "anna", "bob", "carol")
    assert anna.answers("KICK #tea,#none,#tea bob,bob,carol :bye") == [
        f"{OP} KICK #tea bob :bye",
        f"{SERVER} 403 anna #none :No such channel",
        f"{OP} KICK #tea carol :bye",
    ]
    assert len(bob.received()) == 1
    assert len(carol.received()) == 2


def test_who_may_not_kick(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    assert bob.answers("KICK #tea anna") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert eve.answers("KICK #tea anna") == [f"{SERVER} 442 eve #tea :You're not on that channel"]
    assert anna.answers("KICK #none bob") == [f"{SERVER} 403 anna #none :No such channel"]
    assert anna.answers("KICK #tea eve,nobody") == [
        f"{SERVER} 441 anna eve #tea :They are not in that room",
        f"{SERVER} 401 anna nobody :No such nick/channel",
    ]
    anna.sends("MODE #tea +os bob")
    bob.received()
    assert bob.answers("KICK #tea anna") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert eve.answers("KICK #tea anna") == [f"{SERVER} 403 eve #tea :No such channel"]


def test_each_nick_is_answered_by_itself(harness: Harness) -> None:
    anna, bob, carol, dora = harness.members_of("#tea", "anna", "bob", "carol", "dora")
    anna.sends("MODE #tea +o bob")
    for one in (anna, bob, carol, dora):
        one.received()
    assert bob.answers("KICK #tea anna,carol,nobody,dora :out") == [
        f"{SERVER} 482 bob #tea :You're not channel operator",
        ":bob!bob@securechat KICK #tea carol :out",
        f"{SERVER} 401 bob nobody :No such nick/channel",
        ":bob!bob@securechat KICK #tea dora :out",
    ]
    assert bob.answers("KICK #tea :") == [f"{SERVER} 461 bob KICK :Not enough parameters"]


def test_an_account_that_is_not_here_is_put_out(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("bob")
        (anna,) = harness.members_of("#tea", "anna")
        bob = harness.person("bob", password="correct horse")
        bob.sends("JOIN #tea", "QUIT")
        anna.received()
        with harness.disk_full():
            anna.sends("KICK #tea bob")
        assert anna.received()[-1].startswith(f"{SERVER} FAIL KICK NOT_STORED #tea ")
        assert len(harness.hub.memberships[1]) == 1
        assert anna.answers("KICK #tea BOB :gone") == [f"{OP} KICK #tea bob :gone"]
        assert anna.answers("KICK #tea bob") == [f"{SERVER} 441 anna bob #tea :They are not in that room"]
    with running(tmp_path) as harness:
        bob = harness.person("bob", password="correct horse")
        assert bob.answers("PART #tea") == [f"{SERVER} 442 bob #tea :You're not on that channel"]


def test_who_comes_back_before_a_failed_kick_is_seen_to(harness: Harness) -> None:
    harness.account("bob")
    (anna,) = harness.members_of("#tea", "anna")
    bob = harness.person("bob", password="correct horse")
    bob.sends("JOIN #tea", "QUIT")
    anna.received()
    with harness.one_batch(fails=True):
        anna.sends_unsettled(b"KICK #tea bob\r\n")
    with harness.hub.lock:
        user = User("bob", "bob", "", harness.hub.accounts["bob"])
        harness.hub.add_user(user)
    harness.settle()
    assert anna.received()[-1] == ":bob!bob@securechat JOIN #tea"
    assert user in harness.hub.rooms["#tea"].members


@pytest.mark.parametrize("leaving", ["PART #tea", "KICK #tea bob"])
def test_who_comes_again_before_a_leave_fails_is_in_the_room(harness: Harness, leaving: str) -> None:
    """The account is a member still, so whoever it is by now is in the room, too, and hears it."""
    harness.account("bob")
    (anna,) = harness.members_of("#tea", "anna")
    bob = harness.person("bob", password="correct horse")
    bob.sends("JOIN #tea")
    with harness.one_batch(fails=True):
        (bob if leaving.startswith("PART") else anna).sends_unsettled(f"{leaving}\r\n".encode())
        with harness.hub.lock:
            end_session(harness.hub, bob.session, "gone")
            user = User("bob", "bob", "", harness.hub.accounts["bob"])
            harness.hub.add_user(user)
    harness.settle()
    live = harness.hub.rooms["#tea"]
    assert user in live.members
    assert live.room.id in user.rooms
    assert bob.session.user not in live.members


def test_a_long_reason_and_too_many_targets(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    anna.sends(f"KICK #tea bob :{'я' * 240}")
    (line,) = bob.received()
    assert 500 <= len(line.encode()) <= 510
    anna.received()
    assert "TOO_MANY_TARGETS" in anna.answers("KICK #tea a,b,c,d,e")[0]


def test_a_kick_ends_membership_unless_it_is_not_stored(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("bob")
        (anna,) = harness.members_of("#tea", "anna")
        bob = harness.person("bob", password="correct horse")
        bob.sends("JOIN #tea")
        anna.sends("MODE #tea +v bob")
        bob.received()
        with harness.disk_full():
            anna.sends("KICK #tea bob")
        assert anna.received()[-1].startswith(f"{SERVER} FAIL KICK NOT_STORED #tea ")
        assert bob.answers("NAMES #tea")[0] == f"{SERVER} 353 bob = #tea :@anna +bob"
        anna.sends("KICK #tea bob")
    with running(tmp_path) as harness:
        bob = harness.person("bob", password="correct horse")
        assert bob.answers("PART #tea") == [f"{SERVER} 442 bob #tea :You're not on that channel"]


def test_an_invitation_opens_a_closed_room_once(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    anna.sends("MODE #tea +i")
    bob.received()
    assert bob.answers("INVITE eve #tea") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    anna.received()
    assert anna.answers("INVITE eve #TEA") == [f"{SERVER} 341 anna eve #tea"]
    assert eve.received() == [f"{OP} INVITE eve #tea"]
    assert bob.received() == []
    assert code_of(eve.answers("JOIN #tea")[0]) == "JOIN"
    eve.sends("PART #tea")
    eve.received()
    assert [code_of(line) for line in eve.answers("JOIN #tea")] == ["473"]


def test_an_invitation_of_a_guest_is_that_persons(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    bob = harness.person("bob")
    anna.sends("MODE #tea +i", "INVITE bob #tea")
    bob.sends("NICK bill")
    bob.received()
    assert [code_of(line) for line in harness.person("bob").answers("JOIN #tea")] == ["473"]
    assert code_of(bob.answers("JOIN #tea")[0]) == "JOIN"
    eve = harness.person("eve")
    anna.sends("INVITE eve #tea")
    eve.sends("QUIT")
    assert harness.hub.rooms["#tea"].invited == {}
    assert [code_of(line) for line in harness.person("eve").answers("JOIN #tea")] == ["473"]


def test_an_invitation_of_an_account_waits_for_it(harness: Harness) -> None:
    harness.account("bob")
    (anna,) = harness.members_of("#tea", "anna")
    bob = harness.person("bob", password="correct horse")
    anna.sends("MODE #tea +i", "INVITE bob #tea")
    bob.sends("QUIT")
    bob = harness.person("rob", password="correct horse", account="bob")
    with harness.disk_full():
        bob.sends("JOIN #tea")
    bob.received()
    assert code_of(bob.answers("JOIN #tea")[0]) == "JOIN"


def test_whoever_does_not_lead_opens_no_door_in_advance(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    assert bob.answers("INVITE eve #tea") == [f"{SERVER} 341 bob eve #tea"]
    anna.sends("MODE #tea +i")
    eve.received()
    assert [code_of(line) for line in eve.answers("JOIN #tea")] == ["473"]
    with harness.disk_full():
        anna.sends("INVITE eve #tea")
    eve.received()
    assert [code_of(line) for line in eve.answers("JOIN #tea")] == ["473"]


def test_who_may_not_invite_whom(harness: Harness) -> None:
    anna, _ = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    assert anna.answers("INVITE bob #tea") == [f"{SERVER} 443 anna bob #tea :is already on channel"]
    assert anna.answers("INVITE nobody #tea") == [f"{SERVER} 401 anna nobody :No such nick/channel"]
    assert anna.answers("INVITE eve #none") == [f"{SERVER} 403 anna #none :No such channel"]
    assert eve.answers("INVITE eve #tea") == [f"{SERVER} 442 eve #tea :You're not on that channel"]
    anna.sends("MODE #tea +s")
    assert eve.answers("INVITE eve #tea") == [f"{SERVER} 403 eve #tea :No such channel"]


def test_invite_notify(harness: Harness) -> None:
    anna, bob, _ = harness.members_of("#tea", "anna", "bob", "carol")
    eve = harness.person("eve")
    bob.sends("CAP REQ invite-notify")
    bob.received()
    anna.sends("INVITE eve #tea")
    assert bob.received() == eve.received() == [f"{OP} INVITE eve #tea"]


def test_open_invitations_are_bounded(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderation, "MOST_INVITED", 1)
    (anna,) = harness.members_of("#tea", "anna")
    bob, eve = harness.person("bob"), harness.person("eve")
    anna.sends("MODE #tea +i", "INVITE bob #tea", "INVITE eve #tea")
    bob.received()
    assert [code_of(line) for line in bob.answers("JOIN #tea")] == ["473"]
    eve.received()
    assert code_of(eve.answers("JOIN #tea")[0]) == "JOIN"


def test_lines_with_the_longest_names_are_whole(harness: Harness) -> None:
    """Whoever is kicked, invited or made an operator finds the whole nick in a line that fits."""
    nicks = [letter * (NICK_BYTES // 3) for letter in "茶水米"]
    room = "#" + "茶" * ((ROOM_NAME_BYTES - 1) // 3)
    people = []
    for nick in nicks:
        one = harness.connection()
        one.sends("CAP LS 302", "CAP REQ :userhost-in-names multi-prefix", f"NICK {nick}", f"USER {'𝐚' * 16} 0 * :x")
        one.sends("CAP END")
        one.received()
        people.append(one)
    anna, bob, carol = people
    for one in (anna, bob):
        one.sends(f"JOIN {room}")
    bob.received()
    carol.received()
    anna.sends(f"MODE {room} +vo {nicks[1]} {nicks[1]}", f"INVITE {nicks[2]} {room}", f"NAMES {room}")
    anna.sends(f"KICK {room} {nicks[1]} :{'я' * 100}")
    lines = anna.received() + carol.received() + bob.received()
    assert max(len(line.encode()) for line in lines) <= LINE_BYTES - len("\r\n")
    for code, words in (("MODE", {nicks[1]}), ("INVITE", {nicks[2], room}), ("KICK", {nicks[1], room})):
        found = [line.split() for line in lines if code_of(line) == code]
        assert found
        assert all(words <= set(line) for line in found)
    for name in ("𝐚" * 25, "𝐚" * 24 + "a"):
        assert [code_of(line) for line in carol.answers(f"NICK {name}")] == ["432"]
    assert [code_of(line) for line in carol.answers(f"JOIN {room}茶")] == ["476"]
