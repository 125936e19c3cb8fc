"""One account, several sessions: one user, and each session sees what another one does."""

import pytest

from securechat.server.live_effects import HubEffects
from tests.server.harness import MODERN, Harness, Person, code_of

PASSWORD = "correct horse"


@pytest.fixture
def twins(harness: Harness) -> tuple[Person, Person]:
    """Two sessions of one account."""
    harness.account("alice", PASSWORD)
    return harness.person("alice", password=PASSWORD), harness.person("laptop", password=PASSWORD, account="alice")


def test_a_further_session_is_welcomed_under_the_users_nick(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    first = harness.person("ally", password=PASSWORD, account="alice")
    first.sends("JOIN #tea")
    bob = harness.person("bob")
    bob.sends("JOIN #tea")
    first.received()
    bob.received()
    second = harness.connection()
    second.sends("CAP LS 302", "NICK phone", "USER p 0 * :P", "AUTHENTICATE PLAIN")
    second.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
    lines = second.received()
    assert ":chat.test 001 ally :Welcome to the securechat Network, ally" in lines
    assert lines[-3:] == [
        ":ally!ally@securechat JOIN #tea",
        ":chat.test 353 ally = #tea :@ally bob",
        ":chat.test 366 ally #tea :End of /NAMES list",
    ]
    assert first.received() == bob.received() == []
    assert second.session.user is first.session.user


def test_what_one_session_does_the_other_sees(harness: Harness, twins: tuple[Person, Person]) -> None:
    one, other = twins
    bob = harness.person("bob")
    alice = ":alice!alice@securechat"
    one.sends("JOIN #tea")
    one.received()
    assert other.received() == [
        f"{alice} JOIN #tea",
        ":chat.test 353 alice = #tea :@alice",
        ":chat.test 366 alice #tea :End of /NAMES list",
    ]
    bob.sends("JOIN #tea")
    for person in (one, other, bob):
        person.received()
    for line in ("PRIVMSG #tea :hi", "NOTICE bob :hi", "TOPIC #tea :x", "NICK Ally"):
        other.sends(line)
        shown = f"{alice} {line}" if not line.startswith("NICK") else f"{alice} NICK :Ally"
        assert one.received() == bob.received() == [shown]
        other.received()
    one.sends("PART #tea")
    assert other.received() == bob.received() == [":Ally!alice@securechat PART #tea"]
    assert other.answers("PRIVMSG #tea :still?") == [":chat.test 404 Ally #tea :Cannot send to channel"]


def test_the_user_stays_until_the_last_session_ends(harness: Harness, twins: tuple[Person, Person]) -> None:
    one, other = twins
    one.sends("JOIN #tea")
    bob = harness.person("bob")
    bob.sends("JOIN #tea")
    bob.received()
    one.sends("QUIT :phone off")
    assert bob.received() == []
    bob.sends("PRIVMSG #tea :there?")
    assert ":bob!bob@securechat PRIVMSG #tea :there?" in other.received()
    other.vanishes()
    assert bob.received() == [":alice!alice@securechat QUIT :Connection closed by the client"]
    assert "alice" not in harness.hub.users
    assert bob.answers("NAMES #tea")[0] == ":chat.test 353 bob = #tea :bob"
    back = harness.person("alice", password=PASSWORD)
    assert bob.received() == [":alice!alice@securechat JOIN #tea"]
    bob.sends("PRIVMSG #tea :again")
    assert back.received() == [":bob!bob@securechat PRIVMSG #tea :again"]


def test_each_session_has_its_own_capabilities(harness: Harness) -> None:
    harness.account("alice", PASSWORD)
    plain = harness.person("alice", password=PASSWORD)
    modern = harness.person("alice", MODERN, password=PASSWORD)
    plain.sends("JOIN #tea")
    modern.received()
    plain.received()
    plain.sends("PRIVMSG #tea :hi")
    assert plain.received() == []
    (line,) = modern.received()
    assert line.startswith("@time=")
    modern.sends("@label=x PRIVMSG #tea :hi")
    assert plain.received() == [":alice!alice@securechat PRIVMSG #tea :hi"]
    (echo,) = modern.received()
    assert echo.startswith("@label=x;")


def test_a_message_to_oneself_reaches_each_session_once(twins: tuple[Person, Person]) -> None:
    one, other = twins
    line = ":alice!alice@securechat PRIVMSG alice :memo"
    assert one.answers("PRIVMSG alice :memo") == [line]
    assert other.received() == [line]


def test_away_is_of_the_user(harness: Harness, twins: tuple[Person, Person]) -> None:
    one, other = twins
    one.sends("AWAY :out")
    bob = harness.person("bob")
    assert bob.answers("PRIVMSG alice :hi") == [":chat.test 301 bob alice :out"]
    other.sends("AWAY")
    assert bob.answers("PRIVMSG alice :hi") == []


def test_there_is_a_bound_to_sessions(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("securechat.server.presence.MOST_SESSIONS", 2)
    harness.account("alice", PASSWORD)
    for _ in range(2):
        harness.person("alice", password=PASSWORD)
    third = harness.connection()
    third.sends("CAP LS", "NICK a", "USER a 0 * :a", "AUTHENTICATE PLAIN")
    third.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
    fail, error = third.received()[-2:]
    assert fail.startswith(":chat.test FAIL * TOO_MANY_SESSIONS :")
    assert error == "ERROR :Closing link: (Too many connections of this account)"
    assert third.outlet.closed


def test_suspending_an_account_ends_all_its_sessions(harness: Harness, twins: tuple[Person, Person]) -> None:
    entering = harness.connection()
    entering.sends("CAP LS", "NICK a", "AUTHENTICATE PLAIN", "AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=")
    account = harness.hub.accounts["alice"]
    effects = HubEffects(harness.hub)
    effects.account_suspended(account.id)
    harness.settle()
    for one in (*twins, entering):
        assert one.received()[-1] == "ERROR :Closing link: (The account is suspended)"
        assert one.outlet.closed
    assert not harness.hub.users
    again = harness.connection()
    again.sends("CAP LS", "NICK a", "AUTHENTICATE PLAIN", "AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=")
    assert [code_of(line) for line in again.received()][-1] == "904"
    effects.account_unsuspended(account.id)
    harness.person("alice", password=PASSWORD)


def test_a_guest_must_go_when_an_account_of_their_name_is_made(harness: Harness) -> None:
    guest, other = harness.person("alice"), harness.person("bob")
    account = harness.account("carol")
    account.name = "alice"
    HubEffects(harness.hub).account_added(account)
    harness.settle()
    assert guest.received()[-1].startswith("ERROR :Closing link: (Your nick belongs to an account now")
    assert other.received() == []
