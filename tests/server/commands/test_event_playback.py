"""Section "chathistory and event-playback" of the IRC surface: events beside what was said (draft/event-playback)."""

import pytest

from tests.server.harness import MODERN, Harness, Person, code_of

PASSWORD = "correct horse"
PLAYBACK = f"{MODERN} draft/event-playback"


@pytest.fixture
def alice(harness: Harness) -> Person:
    harness.account("alice", PASSWORD)
    return harness.person("alice", PLAYBACK, password=PASSWORD)


def plain(lines: list[str]) -> list[str]:
    """Lines of a batch as they were live: without the tag of the batch."""
    return [line.replace("@batch=h;", "@") for line in lines]


def test_all_that_happened_comes_back_as_it_was_live(harness: Harness, alice: Person) -> None:
    alice.sends("JOIN #tea")
    live = [line for line in alice.received() if " JOIN " in line]
    bob = harness.person("bob", PLAYBACK)
    bob.sends("JOIN #tea", "PRIVMSG #tea :hi", "TOPIC #tea :green", "@+draft/react=x TAGMSG #tea", "NOTICE #tea :n")
    bob.sends("@+typing=active TAGMSG #tea", "PART #tea :bye")
    live += alice.received()
    live = [line for line in live if code_of(line) != "MODE" and "+typing" not in line]
    assert [code_of(line) for line in live] == ["JOIN", "JOIN", "PRIVMSG", "TOPIC", "TAGMSG", "NOTICE", "PART"]
    assert all("msgid=" in line for line in live)
    start, *shown, end = alice.answers("CHATHISTORY LATEST #tea * 50")
    assert [code_of(line) for line in (start, end)] == ["BATCH", "BATCH"]
    assert [line for line in plain(shown) if code_of(line) != "MODE"] == live


def test_the_limit_counts_everything_and_points_may_be_any_of_it(alice: Person) -> None:
    alice.sends("JOIN #tea")
    alice.received()
    (topic,) = alice.answers("TOPIC #tea :green")
    alice.sends("PRIVMSG #tea :one", "PRIVMSG #tea :two")
    alice.received()
    point = topic.partition("msgid=")[2].partition(";")[0]
    shown = alice.answers(f"CHATHISTORY AFTER #tea msgid={point} 1")[1:-1]
    assert [line.rpartition(":")[2] for line in shown] == ["one"]
    shown = alice.answers(f"CHATHISTORY AROUND #tea msgid={point} 2")[1:-1]
    assert plain(shown)[-1] == topic
    assert len(shown) == 2


def test_without_it_only_what_was_said(harness: Harness, alice: Person) -> None:
    alice.sends("JOIN #tea", "TOPIC #tea :green", "@+a=b TAGMSG #tea", "PRIVMSG #tea :hi", "@+a=b TAGMSG bob")
    bob = harness.person("bob", MODERN)
    bob.sends("JOIN #tea")
    bob.received()
    assert [code_of(line) for line in bob.answers("CHATHISTORY LATEST #tea * 50")] == ["BATCH", "PRIVMSG", "BATCH"]


def test_reactions_in_direct_messages(harness: Harness, alice: Person) -> None:
    harness.account("bob", PASSWORD)
    alice.sends("@+draft/react=x TAGMSG bob")
    alice.received()
    bob = harness.person("bob", PLAYBACK, password=PASSWORD)
    _, line, _ = bob.answers("CHATHISTORY LATEST alice * 50")
    assert line.endswith("+draft/react=x :alice!alice@securechat TAGMSG bob")


def test_tags_alone_are_not_shown_to_who_knows_no_tags(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person("alice", "batch draft/chathistory draft/event-playback", password="correct horse")
    (bob,) = harness.members_of("#tea", "bob", capabilities="message-tags")
    alice.sends("JOIN #tea")
    bob.sends("@+draft/react=x TAGMSG #tea", "PRIVMSG #tea :hi")
    alice.received()
    lines = alice.answers("CHATHISTORY LATEST #tea * 10")[1:-1]
    assert [line.split()[2] for line in lines] == ["JOIN", "JOIN", "PRIVMSG"]


def test_stored_joins_have_the_account_for_who_wants_it(harness: Harness) -> None:
    harness.account("alice")
    alice = harness.person(
        "alice", "batch draft/chathistory draft/event-playback extended-join", password="correct horse"
    )
    alice.sends("JOIN #tea")
    harness.members_of("#tea", "bob")
    alice.received()
    lines = alice.answers("CHATHISTORY LATEST #tea * 10")[1:-1]
    assert [line.partition(" JOIN ")[2] for line in lines] == ["#tea alice :", "#tea * :"]


def test_a_key_is_not_shown_to_who_was_not_there(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("MODE #tea +k hunter2", "MODE #tea -k *", "MODE #tea +k green")
    eve = harness.person("eve", f"{MODERN} draft/event-playback")
    eve.sends("JOIN #tea green")
    eve.received()
    lines = plain(eve.answers("CHATHISTORY LATEST #tea * 10"))
    assert [line.partition(" MODE ")[2] for line in lines if " MODE " in line] == [
        "#tea +k *",
        "#tea -k *",
        "#tea +k *",
    ]
