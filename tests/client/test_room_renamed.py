"""A room that gets another name stays the same room: its history, what is missed, undecided, unread and typed."""

import pytest

from securechat.client.buffer import Status
from securechat.client.chat import Chat
from securechat.client.conversations import latest
from securechat.client.events import Joined, Message, RoomRenamed
from securechat.client.other_names import MOST_NAMES, OtherNames
from securechat.client.outbox import Delivery
from securechat.client.output import sentence
from tests.client.harness import Harness, label_of
from tests.client.harness import said as line_of
from tests.client.moments import NOON, said

RENAME = ":bob!b@h RENAME #tea #coffee :tea is out"


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.logs_in("#tea")
    harness.heard()
    return harness


@pytest.fixture
def chat() -> Chat:
    chat = Chat("bob", lambda: NOON)
    for room in ("#a", "#tea", "#z"):
        chat.apply(Joined(room, "bob", NOON, own=True))
    return chat


class TestSession:
    def test_the_roster_goes_on_under_the_new_name(self, harness: Harness) -> None:
        harness.gets(":bob!b@h JOIN #tea", RENAME, line_of(1, "hello", target="#coffee"))
        _joined, renamed, message = harness.heard()
        assert isinstance(renamed, RoomRenamed)
        assert (renamed.old, renamed.room, renamed.nick, renamed.reason) == ("#tea", "#coffee", "bob", "tea is out")
        assert isinstance(message, Message)
        assert message.room == "#coffee"
        room = harness.session.roster.room("#coffee")
        assert room is not None
        assert "bob" in room.members
        assert harness.session.roster.room("#tea") is None

    def test_nonsense_renames_nothing(self, harness: Harness) -> None:
        harness.gets(":bob!b@h RENAME", ":bob!b@h RENAME #tea", ":bob!b@h RENAME #nowhere #coffee")
        assert harness.heard() == []

    def test_a_page_that_was_asked_for_by_the_old_name_is_asked_for_again(self, harness: Harness) -> None:
        harness.session.join("#tea", latest(1), lambda: None, lambda _error: None)
        (page,) = harness.sent()
        harness.gets(line_of(7, "meanwhile", target="#tea"), RENAME)
        harness.answers(page, ":s FAIL CHATHISTORY INVALID_TARGET LATEST #tea :No such room")
        (again,) = harness.sent()
        assert again.split()[1:4] == ["CHATHISTORY", "LATEST", "#coffee"]
        harness.page(again, "#coffee", line_of(6, "before", target="#coffee"))
        events = [event for event in harness.heard() if isinstance(event, Message)]
        assert [(event.room, event.text) for event in events] == [("#coffee", "before"), ("#coffee", "meanwhile")]

    def test_a_line_on_its_way_goes_to_the_new_name(self, harness: Harness) -> None:
        delivery = harness.says("#tea", "hello")
        (line,) = harness.sent()
        harness.gets(RENAME)
        harness.answers(line, ":s 403 anna #tea :No such channel")
        (again,) = harness.sent()
        assert again.endswith("PRIVMSG #coffee hello")
        later = harness.says("#tea", "typed a moment before")
        assert harness.sent()[0].endswith("PRIVMSG #coffee :typed a moment before")
        harness.answers(again, line_of(9, "hello", target="#coffee", sender="anna"))
        assert delivery.wait(0) == "e-9"
        assert not later.done

    def test_renamed_without_a_link_it_is_found_by_its_old_name(self, harness: Harness) -> None:
        harness.gets(line_of(1, "hello", target="#tea"))
        harness.heard()
        harness.session.lost("cut")
        harness.sent()
        harness.logs_in("#coffee")
        harness.heard()
        lines = harness.sent()
        join = next(line for line in lines if " JOIN #tea" in line)
        harness.answers(join, ":s 470 anna #tea #coffee :The room has another name now")
        renamed = [event for event in harness.heard() if isinstance(event, RoomRenamed)]
        assert [(one.old, one.room, one.nick) for one in renamed] == [("#tea", "#coffee", "")]
        pages = [line.split()[1:5] for line in harness.sent() if " CHATHISTORY AFTER" in line]
        assert pages == [["CHATHISTORY", "AFTER", "#coffee", "msgid=e-1"]]

    def test_another_room_of_the_older_name_is_itself(self, harness: Harness) -> None:
        harness.gets(RENAME, ":anna!anna@h PART #coffee")
        harness.session.join("#tea", None, lambda: None, lambda _error: None)
        harness.joins("#tea", label=label_of(harness.sent()[0]))
        assert harness.session.entered_as("#tea") == "#tea"
        harness.session.lost("cut")
        harness.session.opened()
        harness.sent()
        harness.says("#tea", "while there is no link")
        harness.logs_in("#tea")
        assert [line for line in harness.sent() if line.endswith("PRIVMSG #tea :while there is no link")]

    @pytest.mark.parametrize("read", [False, True])
    def test_what_came_before_that_was_known_comes_once_and_unless_it_was_read_in_order(
        self, harness: Harness, *, read: bool
    ) -> None:
        harness.gets(line_of(1, "one", target="#tea"))
        harness.heard()
        harness.session.lost("cut")
        harness.logs_in("#coffee")
        (join,) = [line for line in harness.sent() if " JOIN #tea" in line]
        harness.gets(line_of(3, "three", target="#coffee"))
        texts = harness.texts() if read else []
        harness.answers(join, ":s 470 anna #tea #coffee :The room has another name now")
        harness.gets(line_of(4, "four", target="#coffee"))
        (page,) = [line for line in harness.sent() if " CHATHISTORY AFTER" in line]
        harness.page(page, "#coffee", line_of(2, "two", target="#tea"), line_of(3, "three", target="#coffee"))
        (page,) = [line for line in harness.sent() if " CHATHISTORY AFTER" in line]
        harness.page(page, "#coffee")
        texts += harness.texts()
        assert texts == (["three", "two", "four"] if read else ["two", "three", "four"])


class TestChat:
    def test_it_keeps_its_place_and_all_that_is_in_it(self, chat: Chat) -> None:
        chat.apply(said(1, "hi bob", room="#tea"))
        buffer = chat.buffer("#tea")
        buffer.draft = "half a line"
        delivery = Delivery("#tea", "mine")
        entry = chat.say("#tea", "mine", delivery)
        chat.apply(RoomRenamed("#coffee", "#tea", NOON, "anna"))
        assert [one.name for one in chat] == ["", "#a", "#coffee", "#z"]
        assert chat.find("#coffee") is buffer
        assert chat.find("#tea") is None
        assert (buffer.unread, buffer.mentions, buffer.draft, buffer.joined) == (1, 1, "half a line", True)
        delivery.failed(OSError("no"))
        chat.decided(delivery)
        assert entry.status is Status.FAILED
        assert [one.name for one in chat] == ["", "#a", "#coffee", "#z"]

    def test_what_was_begun_under_the_new_name_is_added(self, chat: Chat) -> None:
        chat.apply(said(1, room="#tea"))
        chat.apply(said(1, room="#coffee"))
        chat.apply(said(2, "news", room="#coffee"))
        chat.activate(chat.buffer("#coffee"))
        chat.apply(RoomRenamed("#coffee", "#tea", NOON))
        assert [one.name for one in chat] == ["", "#a", "#coffee", "#z"]
        assert chat.active is chat.buffer("#coffee")
        texts = [entry.text for entry in chat.active.entries]
        assert texts == ["hello", "news", "#tea is called #coffee now."]

    def test_a_name_that_differs_in_its_letters_case_alone(self, chat: Chat) -> None:
        buffer = chat.buffer("#tea")
        chat.apply(RoomRenamed("#Tea", "#tea", NOON, "anna"))
        assert [one.name for one in chat] == ["", "#a", "#Tea", "#z"]
        assert chat.find("#tea") is buffer


def test_the_words_are_harmless() -> None:
    event = RoomRenamed("#coffee\x1b[2J", "#tea\x9b", NOON, "bob\x07", "why\u202e")
    text = sentence(event)
    assert "renamed" in text
    assert not set("\x1b\x9b\x07\u202e") & set(text)


def test_older_names_lead_to_the_name_of_now_and_are_bounded() -> None:
    names = OtherNames()
    names.note("#a", "#b")
    names.note("#b", "#c")
    assert [names.now(one) for one in ("#A", "#b", "#c", "#d")] == ["#c", "#c", "#c", "#d"]
    names.note("#c", "#a")
    assert [names.now(one) for one in ("#a", "#b", "#c")] == ["#a", "#a", "#a"]
    for number in range(MOST_NAMES + 1):
        names.note(f"#old{number}", "#new")
    assert names.now("#b") == "#b"
    assert names.now(f"#old{MOST_NAMES}") == "#new"
