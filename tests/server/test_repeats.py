"""A message that its client sends again is stored once and answered each time."""

import sqlite3

from tests.server.harness import MODERN, Harness

PASSWORD = "correct horse"


def test_a_repeated_id_is_stored_once_and_echoed_again(harness: Harness) -> None:
    """The second answer carries the second label and the first message id, and nobody else hears anything."""
    harness.account("anna", PASSWORD)
    anna = harness.person("anna", MODERN, password=PASSWORD)
    bob = harness.person("bob", MODERN)
    for one in (anna, bob):
        one.sends("JOIN #tea")
    anna.received()
    bob.received()
    anna.sends("@label=a;+securechat/id=x1 PRIVMSG #tea :hello")
    (first,) = anna.received()
    anna.sends("@label=b;+securechat/id=x1 PRIVMSG #tea :hello")
    (second,) = anna.received()
    assert first.replace("label=a", "label=b") == second
    assert len(bob.received()) == 1
    anna.sends("CHATHISTORY LATEST #tea * 10")
    assert sum("PRIVMSG" in line for line in anna.received()) == 1


def test_the_same_id_to_another_target_is_another_message(harness: Harness) -> None:
    harness.account("anna", PASSWORD)
    anna = harness.person("anna", MODERN, password=PASSWORD)
    anna.sends("JOIN #tea,#milk")
    anna.received()
    anna.sends("@+securechat/id=x1 PRIVMSG #tea :hello", "@+securechat/id=x1 PRIVMSG #milk :hello")
    assert [line.split()[3] for line in anna.received()] == ["#tea", "#milk"]


def test_a_guest_has_no_memory(harness: Harness) -> None:
    """Guests prove nothing but a nick, so what another guest sends under the same id is another message."""
    (gast,) = harness.members_of("#tea", "gast", capabilities=MODERN)
    gast.sends("@+securechat/id=x1 PRIVMSG #tea :hello", "@+securechat/id=x1 PRIVMSG #tea :hello")
    assert len({line.partition(" ")[0] for line in gast.received()}) == 2


def test_after_a_failure_the_repeat_is_stored(harness: Harness) -> None:
    harness.account("anna", PASSWORD)
    anna = harness.person("anna", MODERN, password=PASSWORD)
    anna.sends("JOIN #tea")
    anna.received()

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    harness.journal.before_commit = full
    anna.sends_unsettled(b"@+securechat/id=x1 PRIVMSG #tea :hello\r\n")
    harness.settle()
    harness.journal.before_commit = None
    assert anna.codes() == ["FAIL"]
    anna.sends("@+securechat/id=x1 PRIVMSG #tea :hello")
    assert anna.codes() == ["PRIVMSG"]


def test_a_repeat_of_what_is_about_to_fail_is_refused_as_well(harness: Harness) -> None:
    """It came while the first was on its way: nobody is left without an answer."""
    harness.account("anna", PASSWORD)
    anna, again = (harness.person("anna", MODERN, password=PASSWORD) for _ in range(2))
    anna.sends("JOIN #tea")
    again.received()
    with harness.one_batch(fails=True):
        anna.sends_unsettled(b"@+securechat/id=x1 PRIVMSG #tea :hello\r\n")
        again.sends_unsettled(b"@label=a;+securechat/id=x1 PRIVMSG #tea :hello\r\n")
    harness.settle()
    (line,) = again.received()
    assert line.startswith("@label=a :chat.test FAIL PRIVMSG MESSAGE_NOT_STORED #tea :")
