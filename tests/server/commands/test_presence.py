"""AWAY, away-notify, draft/pre-away, SETNAME, extended-join, account-notify, userhost-in-names, no-implicit-names."""

from pathlib import Path

import pytest

from tests.server.harness import Harness, running

SERVER = ":chat.test"


def test_away_notify_tells_peers_that_asked(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="away-notify")
    (plain,) = harness.members_of("#tea", "plain")
    for one in (anna, bob):
        one.received()
    assert bob.answers("AWAY :lunch") == [f"{SERVER} 306 bob :You have been marked as being away"]
    assert anna.received() == [":bob!bob@securechat AWAY :lunch"]
    bob.sends("AWAY :lunch")
    assert anna.received() == []  # nothing has changed
    bob.sends("AWAY :")
    assert anna.received() == [":bob!bob@securechat AWAY"]
    assert plain.received() == []


def test_away_is_told_right_after_the_join(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna", capabilities="away-notify")
    bob = harness.person("bob", "away-notify")
    bob.sends("AWAY :lunch", "JOIN #tea")
    assert anna.received() == [":bob!bob@securechat JOIN #tea", ":bob!bob@securechat AWAY :lunch"]
    assert not any(" AWAY " in line for line in bob.received())


def test_a_long_away_message_is_cut(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="away-notify")
    bob.sends("AWAY :" + "я" * 240)
    (line,) = anna.received()
    assert line == ":bob!bob@securechat AWAY :" + "я" * 150


def test_pre_away_is_for_those_who_negotiated_it(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LS 302")
    one.received()
    assert one.answers("AWAY :x") == [f"{SERVER} 451 * :You have not registered"]
    one.sends("CAP REQ draft/pre-away")
    one.received()
    assert one.answers("AWAY :gone") == [f"{SERVER} 306 * :You have been marked as being away"]
    one.sends("NICK bob", "USER bob 0 * :Bob", "CAP END")
    assert f"{SERVER} 301 anna bob :gone" in harness.person("anna").answers("WHOIS bob")


def test_a_program_alone_leaves_its_owner_absent(harness: Harness) -> None:
    harness.account("carol")
    (anna,) = harness.members_of("#tea", "anna", capabilities="away-notify")
    carol = harness.person("carol", password="correct horse")
    carol.sends("JOIN #tea")
    anna.received()
    program = harness.person("carol", "draft/pre-away", password="correct horse")
    assert program.answers("AWAY *") == [f"{SERVER} 306 carol :You have been marked as being away"]
    assert anna.received() == []  # carol is there by another session
    carol.vanishes()
    assert anna.received() == [":carol!carol@securechat AWAY :*"]
    carol = harness.person("carol", password="correct horse")
    assert anna.received() == [":carol!carol@securechat AWAY"]
    carol.sends("AWAY :lunch")
    assert anna.received() == [":carol!carol@securechat AWAY :lunch"]
    carol.vanishes()
    assert anna.received() == []  # what a person wrote stands


def test_setname(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="setname")
    (plain,) = harness.members_of("#tea", "plain")
    anna.received()
    bob.received()
    assert bob.answers("SETNAME :New Name") == [":bob!bob@securechat SETNAME :New Name"]
    assert anna.received() == [":bob!bob@securechat SETNAME :New Name"]
    assert plain.answers("SETNAME :Plain Name") == []
    assert anna.answers("WHOIS bob")[1] == f"{SERVER} 311 anna bob bob securechat * :New Name"


@pytest.mark.parametrize("name", ["", " ", "x" * 101])
def test_a_bad_real_name(harness: Harness, name: str) -> None:
    bob = harness.person("bob")
    assert bob.answers(f"SETNAME :{name}") == [
        f"{SERVER} FAIL SETNAME INVALID_REALNAME :The real name is empty or too long"
    ]


def test_setname_is_labelled(harness: Harness) -> None:
    bob = harness.person("bob", "setname labeled-response batch")
    assert bob.answers("@label=x SETNAME :B") == ["@label=x :bob!bob@securechat SETNAME :B"]
    plain = harness.person("plain", "labeled-response batch")
    assert plain.answers("@label=x SETNAME :B") == [f"@label=x {SERVER} ACK"]


def test_extended_join(harness: Harness) -> None:
    harness.account("carol")
    (anna,) = harness.members_of("#tea", "anna", capabilities="extended-join")
    (plain,) = harness.members_of("#tea", "plain")
    assert anna.received() == [":plain!plain@securechat JOIN #tea * :Plain"]
    carol = harness.person("carol", password="correct horse")
    carol.sends("SETNAME :Carol C.", "JOIN #tea")
    assert anna.received() == [":carol!carol@securechat JOIN #tea carol :Carol C."]
    assert plain.received() == [":carol!carol@securechat JOIN #tea"]
    carol.vanishes()
    harness.person("carol", "extended-join", password="correct horse")
    assert anna.received()[1:] == [":carol!carol@securechat JOIN #tea carol :Carol"]


def test_account_notify(tmp_path: Path) -> None:
    with running(tmp_path, access__registration="open") as harness:
        anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="account-notify")
        anna.received()
        bob.sends("REGISTER bob * :correct-horse-battery")
        assert anna.received() == [":bob!bob@securechat ACCOUNT bob"]
        assert ":bob!bob@securechat ACCOUNT bob" in bob.received()  # "including themselves"


def test_userhost_in_names(harness: Harness) -> None:
    anna, _ = harness.members_of("#tea", "anna", "bob")
    anna.sends("CAP REQ userhost-in-names")
    anna.received()
    names = anna.answers("NAMES #tea")[0].split(" :", 1)[1].replace("@anna!", "anna!")
    assert names == "anna!anna@securechat bob!bob@securechat"


def test_no_implicit_names(harness: Harness) -> None:
    anna = harness.person("anna", "no-implicit-names")
    assert [line.split()[1] for line in anna.answers("JOIN #tea")] == ["JOIN"]
    assert [line.split()[1] for line in anna.answers("NAMES #tea")] == ["353", "366"]


def test_the_longest_names_fit_into_lines(harness: Harness) -> None:
    watch = harness.person("watch", "extended-join setname")
    watch.sends("JOIN #" + "好" * 63)
    one = harness.connection()
    one.sends(f"NICK {'𐐀' * 24}", f"USER {'𐐀' * 8} 0 * :{'人' * 100}", "CAP REQ :setname", "CAP END")
    watch.received()
    one.sends("JOIN #" + "好" * 63, "SETNAME :" + "人" * 100)
    joined, named = watch.received()
    assert "人" not in joined.partition(" JOIN ")[0]
    assert joined.endswith("人")
    assert named.endswith("SETNAME :" + "人" * 66)
    assert all(len(line.encode()) <= 510 for line in (joined, named, *one.received()))
