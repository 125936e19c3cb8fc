"""MONITOR and extended-monitor."""

import pytest

from securechat.server import watches
from tests.server.harness import Harness

SERVER = ":chat.test"


def online(asker: str, *nicks: str) -> str:
    return f"{SERVER} 730 {asker} :{','.join(f'{nick}!{nick}@securechat' for nick in nicks)}"


def offline(asker: str, *nicks: str) -> str:
    return f"{SERVER} 731 {asker} :{','.join(nicks)}"


def test_adding_tells_who_is_there(harness: Harness) -> None:
    anna = harness.person("anna")
    harness.person("bob")
    assert anna.answers("MONITOR + BOB,carol,bob") == [online("anna", "bob"), offline("anna", "carol")]
    assert anna.answers("MONITOR L") == [f"{SERVER} 732 anna :BOB,carol", f"{SERVER} 733 anna :End of MONITOR list"]
    assert anna.answers("MONITOR S") == [online("anna", "bob"), offline("anna", "carol")]


def test_coming_and_going_is_told_once(harness: Harness) -> None:
    anna, other = harness.person("anna"), harness.person("other")
    anna.sends("MONITOR + bob")
    other.sends("MONITOR + bob", "MONITOR - BOB")
    anna.received()
    other.received()
    bob = harness.person("bob")
    assert anna.received() == [online("anna", "bob")]
    bob.sends("QUIT")
    assert anna.received() == [offline("anna", "bob")]
    assert other.received() == []


def test_a_second_session_of_an_account_is_no_news(harness: Harness) -> None:
    harness.account("carol")
    anna = harness.person("anna")
    anna.sends("MONITOR + carol")
    first = harness.person("carol", password="correct horse")
    second = harness.person("carol", password="correct horse")
    assert anna.received() == [offline("anna", "carol"), online("anna", "carol")]
    first.vanishes()
    assert anna.received() == []
    second.vanishes()
    assert anna.received() == [offline("anna", "carol")]


def test_a_change_of_nick_is_told_for_both(harness: Harness) -> None:
    anna, bob = harness.person("anna"), harness.person("bob")
    anna.sends("MONITOR + bob,qux")
    anna.received()
    bob.sends("NICK qux")
    assert anna.received() == [offline("anna", "bob"), f"{SERVER} 730 anna :qux!bob@securechat"]
    bob.sends("NICK QUX")
    assert anna.received() == []


def test_removing_and_clearing(harness: Harness) -> None:
    anna = harness.person("anna")
    anna.sends("MONITOR + a,b,c")
    anna.received()
    assert anna.answers("MONITOR - b,nobody") == []
    assert anna.answers("MONITOR L")[0] == f"{SERVER} 732 anna :a,c"
    assert anna.answers("MONITOR c") == []
    assert anna.answers("MONITOR L") == [f"{SERVER} 733 anna :End of MONITOR list"]
    anna.sends("MONITOR + x")
    anna.vanishes()
    assert harness.hub.watches.watchers("x") == []


def test_masks_are_refused(harness: Harness) -> None:
    anna = harness.person("anna")
    assert anna.answers("MONITOR + *!user@host") == [
        f"{SERVER} 432 anna *!user@host :Erroneous nickname: only letters, digits and []\\`_^{{|}}- are allowed"
    ]
    harness.person("bob")
    assert anna.received() == []


@pytest.mark.parametrize("line", ["MONITOR", "MONITOR +", "MONITOR -", "MONITOR ?"])
def test_what_is_missing(harness: Harness, line: str) -> None:
    assert harness.person("anna").answers(line) == [f"{SERVER} 461 anna MONITOR :Not enough parameters"]


def test_a_full_list(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "MOST_WATCHED", 2)
    anna = harness.person("anna")
    assert anna.answers("MONITOR + a,b,c,d") == [
        f"{SERVER} 734 anna 100 c,d :Monitor list is full.",
        offline("anna", "a", "b"),
    ]
    assert anna.answers("MONITOR + B") == [offline("anna", "B")]


def test_long_lists_take_several_lines(harness: Harness) -> None:
    anna = harness.person("anna")
    nicks = [f"{'n' * 28}{index}" for index in range(30)]
    for part in (nicks[:14], nicks[14:]):
        anna.sends(f"MONITOR + {','.join(part)}")
    anna.received()
    lines = anna.answers("MONITOR S")
    assert len(lines) > 1
    assert all(len(line) <= 510 for line in lines)
    assert ",".join(line.split(" :", 1)[1] for line in lines).split(",") == nicks


@pytest.mark.parametrize("before", [True, False])
def test_extended_monitor_tells_more_of_who_is_watched(harness: Harness, before: bool) -> None:
    anna = harness.person("anna", "extended-monitor away-notify setname")
    if before:
        anna.sends("MONITOR + bob")
    bob = harness.person("bob")
    if not before:
        anna.sends("MONITOR + bob")
    anna.received()
    bob.sends("AWAY :lunch", "SETNAME :New Name", "AWAY")
    assert anna.received() == [
        ":bob!bob@securechat AWAY :lunch",
        ":bob!bob@securechat SETNAME :New Name",
        ":bob!bob@securechat AWAY",
    ]


@pytest.mark.parametrize("capabilities", ["", "extended-monitor", "away-notify setname account-notify"])
def test_nothing_more_is_told_without_both_capabilities(harness: Harness, capabilities: str) -> None:
    anna = harness.person("anna", capabilities)
    bob = harness.person("bob")
    anna.sends("MONITOR + bob")
    anna.received()
    bob.sends("AWAY :lunch", "SETNAME :New Name")
    assert anna.received() == []


def test_who_is_watched_and_in_the_same_room_is_told_once(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="extended-monitor away-notify")
    anna.sends("MONITOR + bob")
    anna.received()
    bob.sends("AWAY :lunch")
    assert anna.received() == [":bob!bob@securechat AWAY :lunch"]


def test_a_pong_means_that_all_have_been_told(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="away-notify")
    anna.received()
    bob.received()
    bob.sends_unsettled(b"AWAY :lunch\r\nPING x\r\n")
    assert bob.received() == []
    harness.settle()
    assert anna.received() == [":bob!bob@securechat AWAY :lunch"]
    assert bob.codes() == ["306", "PONG"]
    bob.sends_unsettled(b"QUIT\r\n")
    assert bob.outlet.closed is None
    harness.settle()
    assert bob.outlet.closed is not None


def test_nicks_that_find_no_place_are_told_whole(harness: Harness) -> None:
    anna = harness.person("anna")
    anna.sends(*(f"MONITOR + {','.join(f'{letter}{number}' for number in range(20))}" for letter in "abcde"))
    anna.received()
    nicks = [f"{'x' * 20}{number:02d}" for number in range(21)]
    answer = anna.answers(f"MONITOR + {','.join(nicks)}")
    assert [line.split()[1] for line in answer] == ["734", "734"]
    assert ",".join(line.split()[4] for line in answer) == ",".join(nicks)
