"""Typing notices are relayed, and nothing else."""

from tests.server.harness import MODERN, Harness


def test_typing_is_relayed_but_not_stored(harness: Harness) -> None:
    """It has no message id, as nothing can ever refer to it; other tags have one."""
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities=MODERN)
    before = harness.database.read(lambda unit: unit.history.last())
    anna.sends("@+typing=active TAGMSG #tea")
    (line,) = bob.received()
    assert line.endswith("TAGMSG #tea")
    assert "+typing=active" in line
    assert "msgid=" not in line
    assert harness.database.read(lambda unit: unit.history.last()) == before
    anna.sends("@+typing=active;+draft/react=yes TAGMSG #tea")
    (line,) = bob.received()
    assert "msgid=" in line


def test_clients_without_message_tags_are_not_shown_it(harness: Harness) -> None:
    anna, old = harness.members_of("#tea", "anna", "old", capabilities=MODERN)
    old.sends("CAP REQ :-message-tags")
    old.received()
    anna.sends("@+typing=active TAGMSG #tea")
    assert old.received() == []
