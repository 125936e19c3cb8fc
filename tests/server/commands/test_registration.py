"""PASS, NICK, USER and the welcome (modern-irc, "Connection Registration"); NICK afterwards."""

from pathlib import Path

import pytest

from securechat.protocol.message import parse
from tests.server.harness import Harness, running

WELCOME = ["001", "002", "003", "004", "005", "251", "252", "253", "254", "255", "265", "266", "422", "221"]


def test_nick_and_user_give_the_welcome_in_order(harness: Harness) -> None:
    one = harness.connection()
    assert one.answers("NICK alice") == []
    lines = one.answers("USER alice 0 * :Alice A.")
    assert list(dict.fromkeys(line.split()[1] for line in lines)) == WELCOME
    assert all(line.split()[2] == "alice" for line in lines)
    assert lines[0] == ":chat.test 001 alice :Welcome to the securechat Network, alice"
    assert lines[3].split()[3] == "chat.test"
    assert len(lines[3].split()) == 7


def test_user_before_nick_is_as_good(harness: Harness) -> None:
    one = harness.connection()
    one.sends("USER alice 0 * :Alice", "NICK alice")
    assert list(dict.fromkeys(one.codes())) == WELCOME


def test_isupport_agrees_with_the_configuration_and_is_ascii(tmp_path: Path) -> None:
    with running(tmp_path, server__network="Чай и кофе", limits__nick_length=20, history__page_messages=50) as harness:
        one = harness.connection()
        one.sends("NICK alice", "USER alice 0 * :Alice")
        lines = [line for line in one.received() if " 005 " in line]
        tokens: dict[str, str] = {}
        for line in lines:
            assert line.isascii()
            params = parse(line.encode()).params
            assert len(params) <= 15
            tokens.update(word.partition("=")[::2] for word in params[1:-1])
        assert tokens["NICKLEN"] == "20"
        assert tokens["CHATHISTORY"] == "50"
        assert tokens["TARGMAX"] == "PRIVMSG:4,NOTICE:4,TAGMSG:4,JOIN:20,WHOIS:4,WHOWAS:4,KICK:4,PART:20,NAMES:20"
        assert tokens["NETWORK"].startswith("\\xD0")


def test_the_message_of_the_day(tmp_path: Path) -> None:
    with running(tmp_path, server__motd="One\n\n" + "я" * 400) as harness:
        one = harness.connection()
        one.sends("NICK alice", "USER alice 0 * :Alice")
        lines = [line for line in one.received() if line.split()[1] in ("375", "372", "376")]
        assert [line.split()[1] for line in lines] == ["375", "372", "372", "372", "376"]
        assert lines[1] == ":chat.test 372 alice :- One"
        assert all(len(line.encode()) <= 510 for line in lines)
        assert [line.split()[1] for line in one.answers("MOTD")] == ["375", "372", "372", "372", "376"]


REFUSED = [
    ("NICK", "431 * :"),
    ("NICK :", "431 * :"),
    ("NICK *", "432 * * :"),
    ("NICK 1st", "432 * 1st :"),
    ("NICK a!b", "432 * a!b :"),
    ("NICK #a", "432 * #a :"),
    ("NICK :a b", "432 * * :"),
    (f"NICK {'a' * 33}", f"432 * {'a' * 33} :"),
    ("USER alice", "461 * USER :"),
    ("USER alice 0 *", "461 * USER :"),
    ("USER alice 0 * :", "461 * USER :"),
    ("PASS", "461 * PASS :"),
]


def test_what_is_refused_leaves_the_way_open(harness: Harness) -> None:
    for number, (line, answer) in enumerate(REFUSED):
        one = harness.connection()
        (got,) = one.answers(line)
        assert got.startswith(f":chat.test {answer}")
        one.sends(f"NICK alice{number}", "USER alice 0 * :Alice")
        assert "001" in one.codes()


def test_a_user_name_that_could_forge_a_prefix_is_cleaned(harness: Harness) -> None:
    one = harness.connection()
    one.sends("NICK alice", "USER :a!b@c d:e 0 * :Alice")
    one.sends("NICK alice", "USER a!b@c 0 * :Alice", "JOIN #tea")
    assert ":alice!abc@securechat JOIN #tea" in one.received()
    other = harness.connection()
    other.sends("NICK bob", "USER !@!! 0 * :Bob", "JOIN #tea")
    assert ":bob!user@securechat JOIN #tea" in other.received()


def test_of_two_claims_to_a_nick_one_wins_and_the_other_may_choose_again(harness: Harness) -> None:
    first, second = harness.connection(), harness.connection()
    for one in (first, second):
        one.sends("CAP LS 302", "NICK alice", "USER alice 0 * :Alice")
        one.received()
    first.sends("CAP END")
    assert "001" in first.codes()
    assert second.answers("CAP END") == [":chat.test 433 alice alice :Nickname is already in use"]
    assert [line.split()[1] for line in second.answers("NICK ALICE")] == ["433"]
    second.sends("NICK alice2")
    assert "001" in second.codes()


def test_a_nick_of_somebodys_account_is_not_for_guests(harness: Harness) -> None:
    harness.account("Alice")
    one = harness.connection()
    one.sends("NICK alice", "USER alice 0 * :x")
    assert one.codes() == ["433"]


def test_without_guests_an_account_is_needed(tmp_path: Path) -> None:
    with running(tmp_path, access__guests=False) as harness:
        one = harness.connection()
        one.sends("NICK alice", "USER alice 0 * :Alice")
        fail, error = one.received()
        assert fail.startswith(":chat.test FAIL * ACCOUNT_REQUIRED :")
        assert error == "ERROR :Closing link: (No account: log in, or register with an invite)"
        assert one.outlet.closed
        assert not harness.hub.users


@pytest.mark.parametrize("password", ["", "wrong", "secreT", "пароль"])
def test_the_servers_password_must_be_right(tmp_path: Path, password: str) -> None:
    with running(tmp_path, access__password="secret") as harness:
        one = harness.connection()
        if password:
            one.sends(f"PASS {password}")
        one.sends("NICK alice", "USER alice 0 * :Alice")
        numeric, fail, error = one.received()
        assert numeric == ":chat.test 464 alice :Password incorrect"
        assert fail.startswith(":chat.test FAIL * PASSWORD_REQUIRED :")
        assert error.startswith("ERROR :")
        assert one.outlet.closed


def test_the_right_server_password_lets_in_and_is_forgotten(tmp_path: Path) -> None:
    with running(tmp_path, access__password="secret") as harness:
        one = harness.connection()
        one.sends("PASS secret", "NICK alice", "USER alice 0 * :Alice")
        assert "001" in one.codes()
        assert one.session.password == ""


def test_an_account_needs_no_server_password(tmp_path: Path) -> None:
    with running(tmp_path, access__password="secret") as harness:
        harness.account("alice")
        harness.person("alice", password="correct horse")


@pytest.mark.parametrize("line", ["USER a 0 * :a", "PASS x"])
def test_what_belongs_before_the_welcome_is_refused_after_it(harness: Harness, line: str) -> None:
    assert harness.person("alice").answers(line) == [
        ":chat.test 462 alice :You are connected already; this is for the beginning only"
    ]


def test_a_change_of_nick_is_shown_to_peers_once_and_labelled(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob", capabilities="batch labeled-response message-tags")
    for one in (alice, bob):
        one.sends("JOIN #cake")
    stranger = harness.person("carol")
    for one in (alice, bob):
        one.received()
    assert alice.answers("@label=n NICK Anna") == ["@label=n :alice!alice@securechat NICK :Anna"]
    assert bob.received() == [":alice!alice@securechat NICK :Anna"]
    assert stranger.received() == []
    assert alice.answers("PRIVMSG #tea :hi") == []
    assert bob.bodies() == [":Anna!alice@securechat PRIVMSG #tea :hi"]


def test_the_case_of_the_own_nick_may_change_and_the_same_nick_is_silent(harness: Harness) -> None:
    alice = harness.person("alice")
    assert alice.answers("NICK alice") == []
    assert alice.answers("NICK ALICE") == [":alice!alice@securechat NICK :ALICE"]
    harness.account("bob")
    bob = harness.person("bob", password="correct horse")
    assert bob.answers("NICK BOB") == [":bob!bob@securechat NICK :BOB"]


def test_a_nick_in_use_or_owned_is_refused_and_a_released_one_is_free_at_once(harness: Harness) -> None:
    alice, bob = harness.person("alice"), harness.person("bob")
    harness.account("carol")
    assert alice.answers("NICK BOB") == [":chat.test 433 alice BOB :Nickname is already in use"]
    assert alice.answers("NICK carol") == [":chat.test 433 alice carol :Nickname is already in use"]
    bob.sends("NICK robert")
    assert alice.answers("NICK bob") == [":alice!alice@securechat NICK :bob"]
    alice.sends("QUIT")
    bob.received()
    assert bob.answers("NICK bob") == [":robert!bob@securechat NICK :bob"]


@pytest.mark.parametrize(("line", "code"), [("NICK", "431"), ("NICK 9", "432"), ("NICK *", "432")])
def test_a_bad_nick_changes_nothing(harness: Harness, line: str, code: str) -> None:
    alice = harness.person("alice")
    assert [one.split()[1] for one in alice.answers(line)] == [code]
    assert alice.answers("PING x") == [":chat.test PONG chat.test x"]
    assert "alice" in harness.hub.users


def test_names_that_fold_alike_are_the_same_in_any_script(harness: Harness) -> None:
    harness.person("Анна")
    one = harness.connection()
    one.sends("NICK анна", "USER a 0 * :a")
    assert one.codes() == ["433"]
