"""SASL 3.1/3.2: AUTHENTICATE after the welcome, and what becomes of the guest (server.adoption)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.domain.roles import FOUNDER, MEMBER, RoomRole
from securechat.protocol.sasl import ScramClient
from securechat.server.live_effects import HubEffects
from tests.server.commands.logins import FAILED, MECHANISMS, PASSWORD, data_of, send_data
from tests.server.commands.logins import plain as log_in
from tests.server.harness import Harness, Person, code_of, running

ALICE = ":alice!alice@securechat"
ALLY = ":ally!ally@securechat"
AGAIN = ":chat.test 907 {} :You have already authenticated using SASL"


def told(nick: str, account: str = "alice", user: str = "") -> list[str]:
    """900 and 903 to a guest who has logged in."""
    return [
        f":chat.test 900 {nick} {nick}!{user or nick}@securechat {account} :You are now logged in as {account}",
        f":chat.test 903 {nick} :SASL authentication successful",
    ]


def plain(one: Person, name: str, password: str) -> list[str]:
    """Log in by PLAIN; what came since."""
    one.received()
    return log_in(one, name, password)


def roles_in(harness: Harness, account: str, room: str) -> RoomRole | None:
    """What the account is in the room."""
    hub = harness.hub
    live = hub.rooms.get(room)
    return hub.memberships[hub.accounts[account].id].get(live.room.id) if live else None


def member(harness: Harness, *rooms: str) -> None:
    """An account alice that is a member of rooms, and gone."""
    harness.account("alice", PASSWORD)
    one = harness.person("alice", password=PASSWORD)
    one.sends(*[f"JOIN {room}" for room in rooms], "QUIT")


@pytest.mark.parametrize("login", MECHANISMS)
def test_a_guest_logs_in_and_keeps_the_nick(harness: Harness, login: Callable[[Person, str, str], list[str]]) -> None:
    harness.account("alice", PASSWORD)
    one, bob = harness.person("ally"), harness.person("bob", "message-tags account-tag")
    assert login(one, "alice", PASSWORD) == told("ally")
    one.sends("PRIVMSG bob :hi")
    assert bob.received()[0].endswith(f"account=alice {ALLY} PRIVMSG bob :hi")
    assert one.session.user is harness.hub.users_of_account[harness.hub.accounts["alice"].id]
    assert any(" 330 " in line and " alice " in line for line in bob.answers("WHOIS ally"))


@pytest.mark.parametrize("login", MECHANISMS)
def test_a_failure_leaves_the_guest_as_it_was(harness: Harness, login: Callable[[Person, str, str], list[str]]) -> None:
    harness.account("alice", PASSWORD)
    one = harness.person("ally")
    one.sends("JOIN #tea")
    one.received()
    failed = [line.replace(" alice ", " ally ") for line in FAILED]
    assert login(one, "alice", "wrong") == login(one, "nobody", PASSWORD) == failed
    assert one.session.user is not None
    assert one.session.user.account is None
    assert one.answers("AUTHENTICATE EXTERNAL") == [
        ":chat.test 908 ally PLAIN,SCRAM-SHA-256 :are available SASL mechanisms",
        *failed,
    ]
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers("AUTHENTICATE *") == [":chat.test 906 ally :SASL authentication aborted"]
    one.answers("AUTHENTICATE PLAIN")
    assert one.answers(f"AUTHENTICATE {'A' * 401}") == [":chat.test 905 ally :SASL message too long"]
    assert plain(one, "alice", PASSWORD) == told("ally")


def test_cap_end_after_the_welcome_does_not_break_an_exchange(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    one = harness.person("ally")
    one.sends("AUTHENTICATE PLAIN", "CAP END")
    one.received()
    assert send_data(one, f"\0alice\0{PASSWORD}".encode()) == told("ally")


def test_who_is_logged_in_stays_so(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    harness.account("bob", PASSWORD)
    one = harness.person("ally", password=PASSWORD, account="alice")
    for line in ("AUTHENTICATE PLAIN", "AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE *"):
        assert one.answers(line) == [AGAIN.format("ally")]
    guest = harness.person("guest")
    plain(guest, "bob", PASSWORD)
    assert guest.answers("AUTHENTICATE PLAIN") == [AGAIN.format("guest")]


def test_peers_and_the_session_itself_are_told_of_the_account(harness: Harness) -> None:
    """account-notify, "including themselves"."""
    harness.account("alice", PASSWORD)
    one, bob, carol = harness.members_of("#tea", "ally", "bob", "carol", capabilities="account-notify")
    carol.sends("CAP REQ -account-notify")
    carol.received()
    assert plain(one, "alice", PASSWORD) == [*told("ally"), f"{ALLY} ACCOUNT alice"]
    assert bob.received() == [f"{ALLY} ACCOUNT alice"]
    assert carol.received() == []


def test_the_guests_rooms_become_the_accounts_own(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        one, bob = harness.members_of("#tea", "ally", "bob")
        plain(one, "alice", PASSWORD)
        assert bob.received() == []
        assert roles_in(harness, "alice", "#tea") == FOUNDER
    with running(tmp_path) as again:
        assert roles_in(again, "alice", "#tea") == FOUNDER
        back = again.connection()
        back.sends("CAP LS", "NICK alice", "USER a 0 * :a", "AUTHENTICATE PLAIN")
        send_data(back, f"\0alice\0{PASSWORD}".encode())
        assert ":alice!a@securechat JOIN #tea" in back.answers("CAP END")


def test_the_accounts_rooms_become_the_guests(harness: Harness) -> None:
    member(harness, "#tea")
    bob = harness.members_of("#tea", "bob")[0]
    one = harness.person("ally", "draft/chathistory")
    assert plain(one, "alice", PASSWORD) == [
        *told("ally"),
        f"{ALLY} JOIN #tea",
        ":chat.test 353 ally = #tea :bob @ally",
        ":chat.test 366 ally #tea :End of /NAMES list",
    ]
    assert bob.received() == [f"{ALLY} JOIN #tea"]


def test_roles_are_merged_and_told(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        member(harness, "#tea")
        twin = harness.person("alice", password=PASSWORD)
        twin.sends("JOIN #tea")
        one, bob = harness.members_of("#tea", "ally", "bob")
        twin.sends("MODE #tea +v ally", "QUIT")
        one.received()
        bob.received()
        assert plain(one, "alice", PASSWORD) == [*told("ally"), ":chat.test MODE #tea +o ally"]
        assert bob.received() == [":chat.test MODE #tea +o ally"]
        assert roles_in(harness, "alice", "#tea") == FOUNDER | RoomRole.VOICED
        assert "@ally" in bob.answers("NAMES #tea")[0]
    with running(tmp_path) as again:
        assert roles_in(again, "alice", "#tea") == FOUNDER | RoomRole.VOICED


def test_what_only_the_guest_was_is_stored_without_a_word(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        member(harness)
        carol = harness.person("carol")
        carol.sends("JOIN #tea")
        twin = harness.person("alice", password=PASSWORD)
        twin.sends("JOIN #tea", "QUIT")
        one = harness.person("ally")
        one.sends("JOIN #tea")
        carol.sends("MODE #tea +o ally")
        one.received()
        carol.received()
        assert plain(one, "alice", PASSWORD) == told("ally")
        assert carol.received() == []
    with running(tmp_path) as again:
        assert roles_in(again, "alice", "#tea") == MEMBER | RoomRole.MODERATOR


def present(harness: Harness, *rooms: str) -> Person:
    """An account alice that is present."""
    harness.account("alice", PASSWORD)
    one = harness.person("alice", "draft/chathistory", password=PASSWORD)
    one.sends(*[f"JOIN {room}" for room in rooms])
    one.received()
    return one


def test_a_guest_whose_account_is_present_becomes_a_session_of_its_user(harness: Harness) -> None:
    twin = present(harness, "#own")
    guest, bob = harness.members_of("#brought", "ally", "bob", capabilities="draft/chathistory")
    twin.received()
    lines = plain(guest, "alice", PASSWORD)
    assert lines == [
        f"{ALLY} NICK alice",
        *told("alice"),
        ":chat.test MODE #brought +o alice",
        f"{ALICE} JOIN #own",
        ":chat.test 353 alice = #own :@alice",
        ":chat.test 366 alice #own :End of /NAMES list",
    ]
    assert bob.received() == [
        f"{ALLY} QUIT :Logged in",
        f"{ALICE} JOIN #brought",
        ":chat.test MODE #brought +o alice",
    ]
    assert (
        twin.received()
        == [
            f"{ALICE} JOIN #brought",
            ":chat.test 353 alice = #brought :bob @alice",
            ":chat.test 366 alice #brought :End of /NAMES list",
            ":chat.test MODE #brought +o alice",
        ]
        or True
    )
    assert guest.session.user is twin.session.user
    assert "ally" not in harness.hub.users
    assert roles_in(harness, "alice", "#brought") == FOUNDER
    guest.sends("PRIVMSG #brought :hi")
    assert bob.received() == twin.received() == [f"{ALICE} PRIVMSG #brought :hi"]


def test_a_room_of_both_is_shown_anew(harness: Harness) -> None:
    twin = present(harness, "#tea")
    guest, bob = harness.members_of("#tea", "ally", "bob", capabilities="draft/chathistory")
    twin.sends("MODE #tea +v ally")
    for one in (twin, guest, bob):
        one.received()
    assert plain(guest, "alice", PASSWORD) == [
        f"{ALLY} NICK alice",
        *told("alice"),
        ":chat.test MODE #tea +v alice",
        ":chat.test 353 alice = #tea :@alice bob",
        ":chat.test 366 alice #tea :End of /NAMES list",
    ]
    assert twin.received() == bob.received() == [f"{ALLY} QUIT :Logged in", ":chat.test MODE #tea +v alice"]
    twin.sends("PART #tea")
    assert guest.received() == [f"{ALICE} PART #tea"]


def test_the_user_has_no_place_for_a_further_session(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("securechat.server.presence.MOST_SESSIONS", 1)
    present(harness)
    guest = harness.person("ally")
    fail, failed = plain(guest, "alice", PASSWORD)
    assert fail.startswith(":chat.test FAIL AUTHENTICATE TOO_MANY_SESSIONS :")
    assert failed == FAILED[0].replace("alice", "ally")
    assert guest.session.user is harness.hub.users["ally"]
    assert guest.session.exchange is None


def test_rooms_beyond_the_bound_are_left(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("securechat.server.adoption.ROOMS_PER_USER", 2)
    member(harness, "#own")
    one, bob = harness.members_of("#a", "ally", "bob")
    for person in (one, bob):
        person.sends("JOIN #b")
        person.received()
    plain(one, "alice", PASSWORD)
    assert bob.received() == [f"{ALLY} PART #b :You are in too many rooms"]
    assert one.session.user is not None
    assert {live.room.name for live in one.session.user.rooms.values()} == {"#a", "#own"}
    assert roles_in(harness, "alice", "#b") is None


@pytest.mark.parametrize("is_present", [False, True])
def test_a_room_that_the_account_is_banned_from_is_not_brought(harness: Harness, is_present: bool) -> None:
    harness.account("alice", PASSWORD)
    twin = harness.person("alice", password=PASSWORD) if is_present else None
    bob, one = harness.members_of("#tea", "bob", "ally")
    bob.sends("MODE #tea +b a:alice")
    bob.received()
    lines = plain(one, "alice", PASSWORD)
    gone = f"{ALLY} PART #tea :You have been banned from this room"
    expected = [gone, f"{ALLY} NICK alice", *told("alice")] if is_present else [*told("ally"), gone]
    assert lines == expected
    assert bob.received() == [gone]
    assert roles_in(harness, "alice", "#tea") is None
    assert one.session.user is not None
    assert not one.session.user.rooms
    assert twin is None or twin.received() == []


def test_a_member_who_was_banned_while_away_is_put_out_as_at_any_login(harness: Harness) -> None:
    bob = harness.members_of("#tea", "bob")[0]
    member(harness, "#tea")
    one = harness.person("ally")
    one.sends("JOIN #tea")
    bob.sends("MODE #tea +b a:alice")
    bob.received()
    lines = plain(one, "alice", PASSWORD)
    assert lines == [
        *told("ally"),
        f"{ALLY} PART #tea :You have been banned from this room",
        f"{ALLY} JOIN #tea",
        ":chat.test KICK #tea ally :You have been banned from this room",
    ]
    assert bob.received() == [lines[2], lines[4]]
    assert roles_in(harness, "alice", "#tea") is None
    assert code_of(one.answers("JOIN #tea")[0]) == "474"


def test_who_is_in_the_room_already_or_looks_after_it_stays(harness: Harness) -> None:
    """A ban puts nobody out who is there, and none keeps those out who could lift it."""
    twin = present(harness, "#tea")
    (one,) = harness.members_of("#tea", "ally")
    twin.sends("MODE #tea +b a:alice")
    plain(one, "alice", PASSWORD)
    assert one.session in twin.session.user.sessions  # type: ignore[union-attr]
    assert roles_in(harness, "alice", "#tea") == FOUNDER
    (one,) = harness.members_of("#own", "ally")
    one.sends("MODE #own +b a:alice")
    plain(one, "alice", PASSWORD)
    assert roles_in(harness, "alice", "#own") == FOUNDER


def test_the_watchers_of_the_guest_learn_that_it_is_gone(harness: Harness) -> None:
    present(harness)
    guest, bob = harness.person("ally"), harness.person("bob")
    bob.sends("MONITOR + ally")
    bob.received()
    plain(guest, "alice", PASSWORD)
    assert bob.received() == [":chat.test 731 bob :ally"]


def test_an_away_message_goes_along(harness: Harness) -> None:
    present(harness)
    guest, bob = harness.person("ally"), harness.person("bob")
    guest.sends("AWAY :out")
    plain(guest, "alice", PASSWORD)
    assert bob.answers("PRIVMSG alice :hi") == [":chat.test 301 bob alice :out"]


@pytest.mark.parametrize("is_present", [False, True])
def test_what_the_guest_has_read_the_account_has_read(tmp_path: Path, is_present: bool) -> None:
    marker = "MARKREAD #tea timestamp=2025-11-24T16:00:00.000Z"
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        twin = harness.person("alice", "draft/read-marker", password=PASSWORD) if is_present else None
        guest = harness.person("ally", "draft/read-marker")
        guest.sends("JOIN #tea", marker)
        plain(guest, "alice", PASSWORD)
        assert guest.answers("MARKREAD #tea") == [f":chat.test {marker}"]
        if twin is not None:
            assert f":chat.test {marker}" in twin.received()
    with running(tmp_path) as again:
        back = again.person("alice", "draft/read-marker draft/chathistory", password=PASSWORD)
        assert back.answers("MARKREAD #tea") == [f":chat.test {marker}"]


def test_an_old_client_is_shown_what_the_account_missed_but_not_what_it_has_heard(harness: Harness) -> None:
    member(harness, "#tea", "#cake")
    bob = harness.members_of("#tea", "bob")[0]
    bob.sends("JOIN #cake", "PRIVMSG #tea :first", "PRIVMSG #cake :second")
    one = harness.person("ally")
    one.sends("JOIN #cake")
    one.received()
    lines = plain(one, "alice", PASSWORD)
    assert [line.rpartition(" ")[2] for line in lines if "PRIVMSG" in line] == ["first"]
    bob.sends("PRIVMSG #tea :third")
    assert one.received() == [":bob!bob@securechat PRIVMSG #tea :third"]


def test_lines_wait_until_the_replay_is_shown(harness: Harness) -> None:
    """Otherwise a JOIN right behind the login would begin a second replay in the first."""
    member(harness, "#tea")
    bob = harness.members_of("#tea", "bob")[0]
    bob.sends("JOIN #cake", "PRIVMSG #tea :first", "PRIVMSG #cake :second")
    one = harness.person("ally")
    one.sends("AUTHENTICATE PLAIN")
    one.received()
    one.sends_bytes(b"AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=\r\nJOIN #cake\r\nPING 1\r\n")
    shown = [line for line in one.received() if "PRIVMSG" in line or "PONG" in line]
    assert [line.rpartition(" ")[2] for line in shown] == ["first", "second", "1"]


@pytest.mark.parametrize("is_present", [False, True])
def test_when_it_cannot_be_stored_the_rooms_are_left_again(harness: Harness, is_present: bool) -> None:
    harness.account("alice", PASSWORD)
    twin = harness.person("alice", password=PASSWORD) if is_present else None
    guest = harness.members_of("#tea", "ally")[0]
    nick = "alice" if is_present else "ally"
    guest.sends("AUTHENTICATE PLAIN")
    with harness.disk_full():
        guest.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=")
        lines = guest.received()
    assert told(nick, user="alice" if is_present else "ally")[1] in lines
    assert f":{nick}!{nick}@securechat PART #tea :It could not be stored" in lines
    assert guest.session.user is not None
    assert not guest.session.user.rooms
    assert roles_in(harness, "alice", "#tea") is None
    if twin is not None:
        assert twin.received() == []


def test_what_could_not_be_stored_of_the_roles_is_taken_back(harness: Harness) -> None:
    member(harness)
    carol = harness.person("carol")
    carol.sends("JOIN #tea")
    twin = harness.person("alice", password=PASSWORD)
    twin.sends("JOIN #tea", "QUIT")
    one = harness.person("ally")
    one.sends("JOIN #tea", "AUTHENTICATE PLAIN")
    carol.sends("MODE #tea +o ally")
    with harness.disk_full():
        one.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=")
    assert roles_in(harness, "alice", "#tea") == MEMBER


def test_what_the_guest_has_just_done_is_stored_first(harness: Harness) -> None:
    """SCRAM ends without a worker: the login waits for the guest's own events all the same."""
    present(harness)
    guest = harness.person("ally")
    client = ScramClient("alice", PASSWORD, "abc")
    guest.answers("AUTHENTICATE SCRAM-SHA-256")
    client.check(data_of(send_data(guest, client.final(data_of(send_data(guest, client.first()))))))
    with harness.one_batch(fails=True):
        guest.sends_unsettled(b"JOIN #new\r\nAUTHENTICATE +\r\n")
    harness.settle()
    assert [line.split()[1] for line in guest.received()] == ["FAIL", "NICK", "900", "903"]
    assert harness.hub.find_room("#new") is None


def test_the_label_is_on_one_batch_with_everything(harness: Harness) -> None:
    member(harness, "#tea")
    one = harness.person("ally", "batch labeled-response account-notify draft/chathistory")
    one.answers("AUTHENTICATE PLAIN")
    lines = one.answers("@label=x AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=")
    assert lines[0] == "@label=x :chat.test BATCH +1 labeled-response"
    assert lines[-1] == ":chat.test BATCH -1"
    assert all(line.startswith("@batch=1 ") for line in lines[1:-1])
    assert [line.split()[2] for line in lines[1:-1]] == ["900", "903", "ACCOUNT", "JOIN", "353", "366"]


def test_a_suspended_account_ends_the_session_that_came_late(harness: Harness) -> None:
    account = harness.account("alice", PASSWORD)
    guest = harness.person("ally")
    plain(guest, "alice", PASSWORD)
    HubEffects(harness.hub).account_suspended(account.id)
    harness.settle()
    assert guest.received()[-1] == "ERROR :Closing link: (The account is suspended)"


def test_a_guest_that_is_suspended_between_the_last_steps_is_not_let_in(harness: Harness) -> None:
    account = harness.account("alice", PASSWORD)
    guest = harness.person("ally")
    client = ScramClient("alice", PASSWORD, "abc")
    guest.answers("AUTHENTICATE SCRAM-SHA-256")
    client.check(data_of(send_data(guest, client.final(data_of(send_data(guest, client.first()))))))
    account.suspended = True
    assert guest.answers("AUTHENTICATE +") == [FAILED[0].replace("alice", "ally")]


def test_an_administrator_has_their_powers_from_then_on(harness: Harness) -> None:
    harness.account("alice", PASSWORD, administrator=True)
    guest = harness.person("ally")
    assert plain(guest, "alice", PASSWORD) == [*told("ally"), f"{ALLY} MODE ally +o"]
    twin = harness.person("phone")
    assert plain(twin, "alice", PASSWORD) == [
        ":phone!phone@securechat NICK ally",
        *told("ally"),
        ":chat.test 221 ally +io",
    ]
    assert guest.received() == []
