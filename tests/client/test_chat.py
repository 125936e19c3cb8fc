"""What a person sees of the chat, without a screen and without a connection."""

import pytest

from securechat.client.buffer import MOST_ENTRIES, EntryKind, Status
from securechat.client.chat import Chat, names
from securechat.client.errors import NotDelivered
from securechat.client.events import (
    Connected,
    Disconnected,
    Gap,
    Joined,
    Left,
    ReadUpTo,
    Redacted,
    Renamed,
    ServerText,
    TopicChanged,
)
from securechat.client.outbox import Delivery
from tests.client.moments import NOON, at, said


@pytest.fixture
def chat() -> Chat:
    return Chat("bob", now=lambda: NOON)


def texts(chat: Chat, name: str = "#ops") -> list[str]:
    buffer = chat.buffer(name)
    return [buffer[index].text for index in range(len(buffer))]


class TestUnread:
    def test_what_is_said_elsewhere_is_unread(self, chat: Chat) -> None:
        chat.apply(said(1))
        chat.apply(said(2, "bob: look"))
        buffer = chat.buffer("#ops")
        assert (buffer.unread, buffer.mentions) == (2, 1)

    def test_a_direct_message_is_for_oneself(self, chat: Chat) -> None:
        chat.apply(said(1, room="anna"))
        chat.apply(said(2, room="anna"))
        buffer = chat.buffer("anna")
        assert buffer.mentions == 2
        chat.apply(ReadUpTo("anna", at(1)))
        assert buffer.mentions == 1

    def test_only_what_names_one_stands_out_in_a_direct_conversation(self, chat: Chat) -> None:
        chat.apply(said(1, room="anna"))
        chat.apply(said(2, "bob?", room="anna"))
        assert [entry.mention for entry in chat.buffer("anna").entries] == [False, True]

    def test_looking_at_it_reads_it_and_tells_up_to_when_once(self, chat: Chat) -> None:
        chat.apply(said(1))
        buffer = chat.buffer("#ops")
        assert buffer.read() == at(1)
        assert (buffer.unread, buffer.mentions) == (0, 0)
        assert buffer.read() is None

    def test_what_another_device_has_read_is_read(self, chat: Chat) -> None:
        for number in (1, 2, 3):
            chat.apply(said(number))
        chat.apply(ReadUpTo("#ops", at(2)))
        assert chat.buffer("#ops").unread == 1
        chat.apply(ReadUpTo("#ops", at(1)))  # an older one comes late
        assert chat.buffer("#ops").unread == 1

    def test_after_a_restart_the_servers_marker_counts(self, chat: Chat) -> None:
        chat.apply(ReadUpTo("#ops", at(2)))
        for number in (1, 2, 3, 4):
            chat.apply(said(number, old=True))
        assert chat.buffer("#ops").unread == 2

    def test_what_was_said_before_ones_first_visit_is_not_unread(self, chat: Chat) -> None:
        chat.apply(said(1, old=True))
        assert chat.buffer("#ops").unread == 0

    def test_saying_something_anywhere_reads_what_came_before(self, chat: Chat) -> None:
        chat.apply(said(1))
        chat.apply(said(2, sender="bob", own=True))
        assert chat.buffer("#ops").unread == 0
        chat.apply(said(3))
        assert chat.buffer("#ops").unread == 1

    def test_a_line_shows_where_unread_begins_as_long_as_one_looks(self, chat: Chat) -> None:
        chat.apply(said(1))
        chat.buffer("#ops").read()
        chat.apply(said(2))
        chat.apply(said(3))
        buffer = chat.buffer("#ops")
        chat.activate(buffer)
        buffer.read()
        assert buffer.unread_line == buffer.entries[1].number
        chat.activate(chat.home)
        assert buffer.unread_line is None

    def test_the_next_busy_one_is_where_one_is_named(self, chat: Chat) -> None:
        assert chat.next_busy() is None
        chat.apply(said(1, room="#a"))
        chat.apply(said(2, "hi bob", room="#b"))
        assert chat.next_busy() is chat.buffer("#b")

    def test_a_line_that_was_not_sent_comes_before_all_else(self, chat: Chat) -> None:
        chat.apply(said(1, "hi bob", room="#b"))
        delivery = Delivery("#c", "one")
        chat.say("#c", "one", delivery)
        assert chat.next_busy() is chat.buffer("#b")
        delivery.failed(NotDelivered("The disk is full."))
        chat.decided(delivery)
        assert chat.next_busy() is chat.buffer("#c")
        assert (chat.failed(), len(chat.buffer("#c").failed)) == ([], 1)

    def test_what_is_lost_by_leaving(self, chat: Chat) -> None:
        first, second = Delivery("#c", "one"), Delivery("#d", "two")
        chat.say("#c", "one", first)
        chat.say("#d", "two", second)
        assert chat.lost_by_leaving == 0, "it is on its way"
        first.failed(NotDelivered("The disk is full."))
        chat.decided(first)
        assert chat.lost_by_leaving == 1
        chat.apply(Disconnected("gone"))
        assert chat.lost_by_leaving == 2


class TestOwnLines:
    def test_a_line_is_pending_until_its_echo_comes(self, chat: Chat) -> None:
        delivery = Delivery("#ops", "one")
        delivery.token = "t1"
        entry = chat.say("#ops", "one", delivery)
        assert entry.status is Status.PENDING
        assert texts(chat) == ["one"]
        chat.apply(said(1, "other"))
        assert texts(chat) == ["other", "one"]
        chat.apply(said(2, "one", sender="bob", own=True, token="t1"))
        delivery.stored("e-2")
        chat.decided(delivery)
        assert texts(chat) == ["other", "one"]
        assert chat.buffer("#ops").pending == []

    def test_one_that_failed_says_so_until_it_is_sent_again_or_forgotten(self, chat: Chat) -> None:
        delivery = Delivery("#ops", "one")
        entry = chat.say("#ops", "one", delivery)
        chat.activate(chat.buffer("#ops"))
        delivery.failed(NotDelivered("no link"))
        chat.decided(delivery)
        assert entry.status is Status.FAILED
        assert list(chat.failed()) == [entry]
        chat.forget(entry)
        assert len(chat.buffer("#ops")) == 0


class TestComingAndGoing:
    def test_neighbours_become_one_line(self, chat: Chat) -> None:
        chat.apply(Joined("#ops", "anna", at(1)))
        chat.apply(Joined("#ops", "carl", at(2)))
        chat.apply(Left("#ops", "dora", at(3)))
        (entry,) = chat.buffer("#ops").entries
        assert (entry.joined, entry.left) == (["anna", "carl"], ["dora"])

    def test_who_comes_and_goes_is_not_worth_a_word(self, chat: Chat) -> None:
        chat.apply(Joined("#ops", "anna", at(1)))
        chat.apply(Left("#ops", "anna", at(2)))
        chat.apply(Left("#ops", "carl", at(3)))
        chat.apply(Joined("#ops", "carl", at(4)))
        (entry,) = chat.buffer("#ops").entries
        assert (entry.joined, entry.left) == ([], [])

    def test_a_message_between_them_parts_them(self, chat: Chat) -> None:
        chat.apply(Joined("#ops", "anna", at(1)))
        chat.apply(said(2))
        chat.apply(Left("#ops", "anna", at(3)))
        kinds = [entry.kind for entry in chat.buffer("#ops").entries]
        assert kinds == [EntryKind.PRESENCE, EntryKind.MESSAGE, EntryKind.PRESENCE]

    @pytest.mark.parametrize(
        ("presences", "lines"), [("shown", ["anna joins the chat", "anna leaves the chat"]), ("hidden", [])]
    )
    def test_as_the_settings_say(self, presences: str, lines: list[str]) -> None:
        chat = Chat("bob", presences=presences)
        chat.apply(Joined("#ops", "anna", at(1)))
        chat.apply(Left("#ops", "anna", at(2)))
        assert texts(chat) == lines

    @pytest.mark.parametrize("presences", ["shown", "condensed", "hidden"])
    def test_who_is_put_out_did_not_just_leave(self, presences: str) -> None:
        chat = Chat("bob", presences=presences)
        chat.apply(Left("#ops", "anna", at(2), reason="spam", by="carl"))
        assert texts(chat) == ["anna was put out by carl: spam"]

    def test_leaving_and_coming_oneself(self, chat: Chat) -> None:
        chat.apply(Joined("#ops", "bob", at(1), own=True))
        assert chat.buffer("#ops").joined
        chat.apply(Left("#ops", "bob", at(2), own=True, reason="spam"))
        assert not chat.buffer("#ops").joined
        assert "spam" in texts(chat)[-1]


class TestHistory:
    def test_older_lines_come_before_and_none_twice(self, chat: Chat) -> None:
        chat.apply(said(5, "five"))
        newest = chat.buffer("#ops").entries[0]
        added = chat.buffer("#ops").prepend([said(3, "three"), said(4, "four"), said(5, "five")], chat.is_named)
        assert added == 2
        assert texts(chat) == ["three", "four", "five"]
        numbers = [entry.number for entry in chat.buffer("#ops").entries]
        assert numbers == sorted(set(numbers))
        assert chat.buffer("#ops").index_of(newest) == 2
        assert chat.buffer("#ops").oldest_id == "e-3"

    def test_the_same_message_twice_is_shown_once(self, chat: Chat) -> None:
        chat.apply(said(1))
        chat.apply(said(1))
        assert len(chat.buffer("#ops")) == 1

    def test_the_number_of_lines_is_bounded(self, chat: Chat) -> None:
        buffer = chat.buffer("#ops")
        buffer.complete = True
        for number in range(MOST_ENTRIES + 5):
            chat.apply(said(number, str(number)))
        assert len(buffer.entries) <= MOST_ENTRIES
        assert buffer.entries[-1].text == str(MOST_ENTRIES + 4)
        assert not buffer.complete
        assert not buffer.has("e-0")

    def test_what_was_fetched_to_be_read_stays_until_one_looks_elsewhere(self, chat: Chat) -> None:
        buffer = chat.buffer("#ops")
        chat.activate(buffer)
        newest = MOST_ENTRIES + 100
        for number in range(100, newest):
            chat.apply(said(number))
        buffer.prepend([said(number) for number in range(100)], chat.is_named)
        for number in range(newest, newest + 100):
            chat.apply(said(number))
        assert buffer.oldest_id == "e-0"
        chat.activate(chat.home)
        chat.apply(said(newest + 100))
        assert len(buffer.entries) <= MOST_ENTRIES
        assert buffer.entries[-1].id == f"e-{newest + 100}"
        assert not buffer.has("e-0")

    def test_what_was_taken_away_is_not_shown_any_more(self, chat: Chat) -> None:
        chat.apply(said(1, "secret"))
        entry = chat.buffer("#ops").entries[0]
        version = entry.version
        chat.apply(Redacted("#ops", "anna", "e-1"))
        assert entry.text == ""
        assert entry.version != version
        chat.apply(Redacted("#ops", "anna", "e-77"))


class TestTheRest:
    def test_the_state_of_the_link(self, chat: Chat) -> None:
        chat.apply(Disconnected("no route"))
        assert (chat.connected, chat.trouble) == (False, "no route")
        chat.apply(Connected("bob_", again=True))
        assert (chat.connected, chat.nick) == (True, "bob_")

    def test_another_nick_of_ones_own(self, chat: Chat) -> None:
        chat.apply(Renamed("#ops", "bob", "bobby", at(1)))
        assert chat.nick == "bobby"
        assert "bobby" in texts(chat)[0]

    def test_topics_gaps_and_words_of_the_server(self, chat: Chat) -> None:
        chat.apply(TopicChanged("#ops", "anna", "on call", at(1)))
        assert chat.buffer("#ops").topic == "on call"
        chat.apply(Gap("#ops"))
        assert "missing" in texts(chat)[-1]
        chat.apply(ServerText("going down\x1b[2J"))
        assert texts(chat, "") == ["The server says: going down[2J"]

    def test_a_conversation_that_is_closed_is_not_looked_at(self, chat: Chat) -> None:
        buffer = chat.buffer("anna")
        chat.activate(buffer)
        chat.close(buffer)
        assert chat.active is chat.home
        assert chat.find("anna") is None
        chat.close(chat.home)
        assert chat.find("") is chat.home


@pytest.mark.parametrize(
    ("text", "nick", "named"),
    [
        ("bob: look", "bob", True),
        ("ask BOB.", "bob", True),
        ("(bob)", "bob", True),
        ("bobby and kebob", "bob", False),
        ("bob_ and then bob", "bob", True),
        ("привет, Аня!", "аня", True),
        ("Аняня", "аня", False),
        ("anything", "", False),
    ],
)
def test_being_named(text: str, nick: str, named: bool) -> None:
    assert names(text, nick) is named
