"""STATUSMSG: what is said to those alone who have a role in a room."""

import pytest

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
