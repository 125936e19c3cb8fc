"""STATUSMSG: what is said to those alone who have a role in a room."""

import pytest

from securechat.domain.roles import LEADING
from tests.server.harness import MODERN, Harness


@pytest.mark.parametrize(("sign", "heard"), [("@", [True, False, False]), ("+", [True, True, False])])
def test_those_with_the_role_hear_it_and_nobody_else(harness: Harness, sign: str, heard: list[bool]) -> None:
    people = harness.members_of("#tea", "anna", "bob", "carol", "dora")
    people[0].sends("MODE #tea +v bob")
    for one in people:
        one.received()
    dora = people.pop()
    assert dora.answers(f"PRIVMSG {sign}#TEA :help") == []
    expected = [f":dora!dora@securechat PRIVMSG {sign}#tea :help"]
    assert [one.received() for one in people] == [expected if hears else [] for hears in heard]


def test_it_is_not_in_the_history_that_everybody_reads(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities=MODERN)
    (echo,) = anna.answers("PRIVMSG @#tea :secret")
    assert echo.endswith(":anna!anna@securechat PRIVMSG @#tea :secret")
    anna.sends("PRIVMSG #tea :open")
    bob.received()
    lines = bob.answers("CHATHISTORY LATEST #tea * 10")
    assert "open" in "".join(lines)
    assert "secret" not in "".join(lines)


def test_the_rules_of_the_room_count(harness: Harness) -> None:
    anna, _ = harness.members_of("#tea", "anna", "bob")
    eve = harness.person("eve")
    assert eve.answers("PRIVMSG @#tea :hi") == [":chat.test 404 eve #tea :Cannot send to channel"]
    assert eve.answers("PRIVMSG @#none :hi") == [":chat.test 403 eve #none :No such channel"]
    anna.sends("MODE #tea +s")
    anna.received()
    assert eve.answers("PRIVMSG @#tea :hi") == [":chat.test 403 eve #tea :No such channel"]
    assert eve.answers("PRIVMSG @ :hi") == [":chat.test 401 eve @ :No such nick/channel"]
    assert anna.received() == []


@pytest.mark.parametrize("line", ["PRIVMSG @#tea :the plan", "NOTICE +#tea :the plan", "@+x=the\\splan TAGMSG @#tea"])
def test_it_is_kept_nowhere(harness: Harness, line: str) -> None:
    anna, _ = harness.members_of("#tea", "anna", "bob", capabilities=MODERN)
    (echo,) = anna.answers(line)
    assert "plan" in echo
    assert "msgid" not in echo  # there is nothing that it could name
    folder = harness.database.path.parent
    assert not any(b"plan" in path.read_bytes() for path in folder.iterdir())


def test_nobody_finds_it_by_asking_for_a_stranger(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("MODE #tea +s", "PRIVMSG @#tea :secret")
    for name in ("mallory", "offline"):
        harness.account(name)
    mallory = harness.person("mallory", MODERN + " draft/event-playback", password="correct horse")
    harness.person("stranger")
    for name in ("stranger", "mallory", "offline"):
        assert mallory.answers(f"CHATHISTORY LATEST {name} * 50") == [
            f":chat.test BATCH +h chathistory {name}",
            ":chat.test BATCH -h",
        ]


def test_one_that_is_sent_again_is_answered_again(harness: Harness) -> None:
    harness.account("anna")
    anna = harness.person("anna", MODERN, password="correct horse")
    bob = harness.person("bob")
    for one in (anna, bob):
        one.sends("JOIN #tea")
    anna.sends("MODE #tea +o bob")
    for one in (anna, bob):
        one.received()
    echoes = [anna.answers("@+securechat/id=7 PRIVMSG @#tea :once") for _ in range(2)]
    assert echoes[0] == echoes[1] != []
    assert bob.received() == [":anna!anna@securechat PRIVMSG @#tea :once"]


def test_who_hears_it_follows_roles_and_connections(harness: Harness) -> None:
    anna, bob, carol = harness.members_of("#tea", "anna", "bob", "carol")
    said = ":carol!carol@securechat PRIVMSG @#tea :psst"
    for change, heard in (("", (True, False)), ("+o bob", (True, True)), ("-o anna", (False, True))):
        if change:
            anna.sends(f"MODE #tea {change}")
        for one in (anna, bob):
            one.received()
        carol.sends("PRIVMSG @#tea :psst")
        assert ([said] == anna.received(), [said] == bob.received()) == heard
    bob.sends("CAP REQ message-tags")
    bob.received()
    carol.sends("@+a PRIVMSG @#tea :psst")
    assert bob.received() == [said]
    bob.sends("QUIT")
    carol.sends("PRIVMSG @#tea :nobody")
    assert harness.hub.rooms["#tea"].audience_in(LEADING) == ()


def test_the_other_sessions_of_its_author_see_it(harness: Harness) -> None:
    harness.account("bob")
    (anna,) = harness.members_of("#tea", "anna")
    bob = harness.person("bob", password="correct horse")
    bob.sends("JOIN #tea")
    other = harness.person("bob", password="correct horse")
    anna.received()
    bob.sends("PRIVMSG @#tea :psst")
    said = [":bob!bob@securechat PRIVMSG @#tea :psst"]
    assert anna.received() == other.received() == said
    anna.sends("MODE #tea +o bob")
    for one in (anna, bob, other):
        one.received()
    bob.sends("PRIVMSG @#tea :psst")
    assert anna.received() == other.received() == said
