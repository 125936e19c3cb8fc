"""Coming and going: the end of a session in every state leaves nothing behind."""

import pytest

from securechat.server.lifecycle import State
from securechat.server.presence import end_session
from tests.server.harness import Harness, Person

PASSWORD = "correct horse"


def traces(harness: Harness, one: Person) -> list[str]:
    """Where the hub still knows the session."""
    hub, session = harness.hub, one.session
    found = ["sessions"] if session in hub.sessions else []
    found += [f"user {nick}" for nick, user in hub.users.items() if session in user.sessions]
    for name, live in hub.rooms.items():
        if any(one.outlet in outlets for _, outlets in live.audience()):
            found.append(f"audience of {name}")
    return found


@pytest.mark.parametrize("lines", [[], ["CAP LS"], ["NICK alice"], ["PASS x", "CAP REQ sasl", "AUTHENTICATE PLAIN"]])
def test_the_end_before_the_welcome(harness: Harness, lines: list[str]) -> None:
    one = harness.connection()
    one.sends(*lines)
    one.received()
    one.vanishes()
    assert one.received() == ["ERROR :Closing link: (Connection closed by the client)"]
    assert traces(harness, one) == []
    assert (one.session.password, one.session.exchange) == ("", None)


def test_the_end_of_a_user_in_rooms(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    alice.sends("JOIN #cake")
    alice.vanishes()
    assert bob.received() == [":alice!alice@securechat QUIT :Connection closed by the client"]
    assert traces(harness, alice) == []
    assert [user.nick for live in harness.hub.rooms.values() for user in live.members] == ["bob"]
    harness.person("alice")


def test_ending_twice_is_ending_once(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    alice.vanishes()
    alice.received()
    bob.received()
    alice.vanishes()
    assert alice.session.state is State.ENDED
    assert alice.received() == bob.received() == []
    assert harness.hub.present_sessions == 1


def test_a_capability_changed_in_a_room_leaves_no_listener_behind(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob")
    for wish in ("server-time", "message-tags -server-time", "-message-tags account-tag"):
        alice.sends(f"CAP REQ :{wish}")
    alice.sends("JOIN #other")
    alice.vanishes()
    assert traces(harness, alice) == []


def test_when_everybody_goes_nobody_is_told_of_the_others(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    with harness.hub.lock:
        harness.hub.stopping = True
        for one in (alice, bob):
            end_session(harness.hub, one.session, "The server is stopping")
    harness.settle()
    for one in (alice, bob):
        assert one.received() == ["ERROR :Closing link: (The server is stopping)"]


def test_a_very_long_reason_is_cut_for_all(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    with harness.hub.lock:
        end_session(harness.hub, alice.session, "ж" * 1000)
    harness.settle()
    for line in (*alice.received(), *bob.received()):
        assert len(line.encode()) <= 510


def test_an_account_that_comes_back_is_seen_in_its_rooms_again(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", password=PASSWORD)
    alice.sends("JOIN #a,#b")
    bob = harness.person("bob")
    bob.sends("JOIN #b")
    alice.sends("QUIT")
    bob.received()
    harness.person("alice", password=PASSWORD)
    assert bob.received() == [":alice!alice@securechat JOIN #b"]
    assert [user.nick for user in harness.hub.rooms["#a"].members] == ["alice"]


def test_the_nick_of_an_account_is_anothers_meanwhile(harness: Harness) -> None:
    """alice was `ally`; a guest took that nick, so alice must choose another one."""
    harness.account("alice", PASSWORD)
    harness.person("ally", password=PASSWORD, account="alice").sends("QUIT")
    harness.person("ally")
    one = harness.connection()
    one.sends("CAP LS", "NICK ally", "USER a 0 * :a", "AUTHENTICATE PLAIN")
    one.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
    assert one.codes()[-1] == "433"
    one.sends("NICK alice")
    assert "001" in one.codes()
