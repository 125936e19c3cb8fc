"""Nothing lost, nothing twice, one order: gaps, held lines, messages in doubt, and a thousand random cuts."""

import random

import pytest

from securechat.client.conversations import latest, since
from securechat.client.errors import NotDelivered
from securechat.client.events import (
    Connected,
    Disconnected,
    Event,
    Gap,
    Joined,
    Left,
    Message,
    RoomRenamed,
    TopicChanged,
)
from securechat.client.login import Identity
from securechat.client.mailbox import HIGH_WATER, Mailbox
from securechat.client.outbox import Delivery
from securechat.client.session import Session
from securechat.clock import parse_time
from tests.client.fake_server import BEGIN, FakeServer, Link
from tests.client.harness import Harness, label_of, said
from tests.client.moments import NOON


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    harness.logs_in("#tea")
    harness.gets(said(1, "one"))
    harness.heard()
    return harness


def comes_back(harness: Harness) -> str:
    """The link is lost and comes back; return the line that asks for the gap of #tea."""
    harness.session.lost("cut")
    harness.logs_in("#tea")
    (line,) = [line for line in harness.sent() if " AFTER #tea " in line]
    harness.heard()
    return line


def nothing_follows(harness: Harness, bound: str) -> None:
    """The client asks on behind the newest line of a page; there is nothing more."""
    (asked,) = [line for line in harness.sent() if f" AFTER #tea {bound} " in line]
    harness.page(asked, "#tea")


def test_a_page_that_the_server_has_cut_short_is_not_the_last_one(harness: Harness) -> None:
    """It cuts what would fill its queue; a message in doubt may stand behind that."""
    delivery = harness.says("#tea", "mine")
    token = harness.sent()[0].partition("+securechat/id=")[2].partition(" ")[0]
    asked = comes_back(harness)
    harness.page(asked, "#tea", said(2, "a long one"))
    assert not delivery.done
    (following,) = [line for line in harness.sent() if " AFTER #tea msgid=e-2 " in line]
    harness.page(following, "#tea", said(3, "mine", sender="anna", tags=f"+securechat/id={token}"))
    nothing_follows(harness, "msgid=e-3")
    assert delivery.wait(0) == "e-3"
    assert harness.texts() == ["a long one", "mine"]
    assert not [line for line in harness.sent() if "PRIVMSG" in line]


@pytest.mark.parametrize("linked", [False, True])
def test_entering_once_more_leaves_no_gap(harness: Harness, *, linked: bool) -> None:
    """Whoever types /join while something is missing gets all of it, and not the newest messages alone."""
    harness.session.lost("cut")
    if linked:
        harness.logs_in("#tea")
    harness.session.join("#tea", latest(2), lambda: None, lambda _error: None)
    if not linked:
        harness.logs_in("#tea")
    *_before, asked = [line for line in harness.sent() if " CHATHISTORY " in line]
    assert asked.endswith(" CHATHISTORY AFTER #tea msgid=e-1 3")
    harness.heard()
    harness.page(asked, "#tea", *(said(number, str(number)) for number in (2, 3, 4)))
    nothing_follows(harness, "msgid=e-4")
    assert harness.texts() == ["2", "3", "4"]


def test_entering_once_more_sends_nothing_twice(harness: Harness) -> None:
    """What a page has shown to be stored stays so when another gap is begun."""
    delivery = harness.says("#tea", "mine")
    token = harness.sent()[0].partition("+securechat/id=")[2].partition(" ")[0]
    asked = comes_back(harness)
    harness.page(asked, "#tea", said(2, "mine", sender="anna", tags=f"+securechat/id={token}"))
    assert harness.texts() == ["mine"]
    harness.session.join("#tea", latest(2), lambda: None, lambda _error: None)
    *_stale, asked = [line for line in harness.sent() if " CHATHISTORY " in line]
    harness.page(asked, "#tea")
    assert delivery.wait(0) == "e-2"
    assert not [line for line in harness.sent() if "PRIVMSG" in line]


def test_a_tail_that_does_not_reach_back_leaves_in_doubt_what_is_in_doubt(harness: Harness) -> None:
    """What is not among the newest lines may stand before them: it is not sent twice."""
    harness.session.join("#new", latest(2), lambda: None, lambda _error: None)
    harness.joins("#new", label=label_of(harness.sent()[0]))
    delivery = harness.says("#new", "mine")
    harness.session.lost("cut")
    harness.logs_in("#tea", "#new")
    (asked,) = [line for line in harness.sent() if " CHATHISTORY LATEST #new * 2" in line]
    harness.page(asked, "#new", *(said(number, str(number), target="#new") for number in (8, 9)))
    with pytest.raises(NotDelivered, match="not known"):
        delivery.wait(0)
    assert not [line for line in harness.sent() if "PRIVMSG" in line]


def test_what_is_in_doubt_in_a_room_that_one_is_not_in_any_more_stays_so(harness: Harness) -> None:
    """No page of that room will come; what is said there later is refused by the server, and waits for nothing."""
    delivery = harness.says("#tea", "mine")
    harness.gets(":bob!b@h KICK #tea anna :out")
    harness.session.lost("cut")
    harness.logs_in()
    with pytest.raises(NotDelivered, match="not known"):
        delivery.wait(0)
    harness.sent()
    harness.says("#tea", "later")
    assert harness.sent()[0].endswith("PRIVMSG #tea later")


def test_whoever_is_put_out_hears_of_what_was_dropped_while_nobody_read(harness: Harness) -> None:
    harness.session.gaps.paused = True
    harness.gets(said(2, "two"), ":bob!b@h KICK #tea anna :out")
    assert [type(event) for event in harness.heard()] == [Gap, Left]


def test_a_full_mailbox_takes_the_state_of_the_link_and_is_bounded(harness: Harness) -> None:
    """Whoever reads nothing for a while, as behind a terminal that was stopped, sees the truth afterwards."""
    for number in range(HIGH_WATER):
        harness.mailbox.put(TopicChanged("#tea", "bob", str(number), NOON))
    harness.session.lost("cut")
    harness.logs_in("#tea")
    harness.gets(":bob!b@h TOPIC #tea :one too many", ":bob!b@h RENAME #tea #coffee")
    kinds = [type(event) for event in harness.heard() if not isinstance(event, TopicChanged)]
    assert kinds == [Disconnected, Connected, RoomRenamed]
    for _turn in range(3 * HIGH_WATER):
        harness.mailbox.put(Disconnected("cut"))
    assert len(harness.mailbox) == 2 * HIGH_WATER


def test_pages_come_before_what_was_said_meanwhile(harness: Harness) -> None:
    asked = comes_back(harness)
    assert asked.endswith("CHATHISTORY AFTER #tea msgid=e-1 3")
    harness.gets(said(6, "six"), ":bob!bob@h JOIN #tea", said(7, "seven"))
    harness.page(asked, "#tea", said(2, "two"), said(3, "three"), said(4, "four"))
    assert harness.texts() == ["two", "three", "four"]
    (following,) = [line for line in harness.sent() if "AFTER" in line]
    assert "msgid=e-4" in following
    harness.page(following, "#tea", said(5, "five"), said(6, "six"))
    nothing_follows(harness, "msgid=e-6")
    events = harness.heard()
    assert [event.text for event in events if isinstance(event, Message)] == ["five", "six", "seven"]
    assert [event.old for event in events if isinstance(event, Message)] == [True, True, False]
    assert any(isinstance(event, Joined) for event in events)


def test_a_message_in_doubt_that_is_in_history_is_confirmed_and_not_sent_again(harness: Harness) -> None:
    delivery = harness.says("#tea", "mine")
    token = harness.sent()[0].partition("+securechat/id=")[2].partition(" ")[0]
    asked = comes_back(harness)
    assert not delivery.done
    harness.page(asked, "#tea", said(2, "mine", sender="anna", tags=f"+securechat/id={token}"))
    nothing_follows(harness, "msgid=e-2")
    assert delivery.wait(0) == "e-2"
    assert not [line for line in harness.sent() if "PRIVMSG" in line]


def test_a_message_in_doubt_that_is_not_in_history_is_sent_again_before_later_ones(harness: Harness) -> None:
    harness.says("#tea", "first")
    harness.sent()
    harness.session.lost("cut")
    harness.says("#tea", "second")
    harness.says("#other", "elsewhere")
    harness.logs_in("#tea")
    sent = harness.sent()
    assert [line.rpartition(" ")[2] for line in sent if "PRIVMSG" in line] == ["elsewhere"]
    (asked,) = [line for line in sent if " AFTER #tea " in line]
    harness.page(asked, "#tea")
    assert [line.rpartition(" ")[2] for line in harness.sent() if "PRIVMSG" in line] == ["first", "second"]


def test_who_is_put_out_while_a_gap_is_filled_hears_of_it_and_nothing_stays_in_doubt(harness: Harness) -> None:
    delivery = harness.says("#tea", "mine")
    harness.sent()
    asked = comes_back(harness)
    harness.gets(said(6, "six"), ":bob!bob@h KICK #tea anna :enough")
    assert [type(event) for event in harness.heard()] == [Gap, Message, Left]
    with pytest.raises(NotDelivered, match="not known"):
        delivery.wait(0)
    harness.joins("#tea")
    harness.heard()
    harness.page(asked, "#tea", said(5, "five"), said(6, "six"))
    assert harness.texts() == []  # that page belonged to what is over


def test_a_tail_comes_first_and_older_live_lines_are_dropped() -> None:
    harness = Harness()
    harness.logs_in()
    harness.session.join("#tea", latest(5), lambda: None, lambda error: None)
    (join,) = harness.sent()
    harness.joins("#tea")
    harness.answers(join, ":s 366 anna #tea :End")
    harness.gets(said(3, "three"), said(9, "nine"), said(10, "ten"))
    (first,) = [line for line in harness.sent() if "LATEST" in line]
    assert first.endswith("LATEST #tea * 3")
    harness.page(first, "#tea", said(7, "seven"), said(8, "eight"), said(9, "nine"))
    (second,) = [line for line in harness.sent() if "BEFORE" in line]
    assert second.endswith("msgid=e-7 2")
    harness.page(second, "#tea", said(5, "five"), said(6, "six"))
    assert harness.texts() == ["five", "six", "seven", "eight", "nine", "ten"]


def test_what_was_said_between_the_login_and_a_tail_does_not_come_before_it() -> None:
    """The account was in the room already, so lines came at once; nobody has read them when the tail is wanted."""
    harness = Harness()
    harness.logs_in("#tea", "#other")
    joined, *_others = harness.heard()
    assert isinstance(joined, Joined)
    harness.gets(
        said(8, "elsewhere", target="#other"), said(8, "eight"), ":bob!bob@h TOPIC #tea :green", said(9, "nine")
    )
    harness.session.join("#tea", latest(3), lambda: None, lambda error: None)
    (first,) = [line for line in harness.sent() if "LATEST" in line]
    harness.gets(said(10, "ten"))
    assert harness.texts() == ["elsewhere"]
    harness.page(first, "#tea", said(7, "seven"), said(8, "eight"), said(9, "nine"))
    events = harness.heard()
    assert [event.text for event in events if isinstance(event, Message)] == ["seven", "eight", "nine", "ten"]
    assert any(isinstance(event, TopicChanged) for event in events)


def test_every_room_of_the_account_begins_with_its_newest_lines() -> None:
    harness = Harness()
    harness.logs_in("#tea", "#ops")
    harness.heard()
    harness.gets(said(9, "nine"), said(8, "eight", target="#ops"))
    harness.session.begin_with(2)
    tea, ops = [line for line in harness.sent() if "LATEST" in line]
    assert harness.texts() == []
    harness.page(ops, "#ops", said(5, "five", target="#ops"), said(8, "eight", target="#ops"))
    harness.page(tea, "#tea", said(7, "seven"), said(9, "nine"))
    assert harness.texts() == ["five", "eight", "seven", "nine"]


def test_what_was_said_between_the_login_and_since_is_not_lost_when_the_server_refuses() -> None:
    harness = Harness()
    harness.logs_in("#tea")
    harness.gets(said(8, "eight"))
    harness.session.join("#tea", since("e-3"), lambda: None, lambda error: None)
    (asked,) = [line for line in harness.sent() if "AFTER #tea msgid=e-3" in line]
    harness.answers(asked, ":s FAIL CHATHISTORY INVALID_MSGREFTYPE AFTER #tea :no")
    assert harness.texts() == ["eight"]


def test_a_visit_that_is_over_keeps_its_place_before_the_next_one() -> None:
    harness = Harness()
    harness.logs_in("#tea")
    harness.heard()
    harness.gets(said(1, "one"), ":anna!anna@h PART #tea")
    harness.session.join("#tea", latest(1), lambda: None, lambda error: None)
    (join,) = harness.sent()
    harness.joins("#tea", label=label_of(join))
    (first,) = [line for line in harness.sent() if "LATEST" in line]
    harness.page(first, "#tea", said(2, "two"))
    assert [type(event) for event in harness.heard()] == [Message, Left, Message, Joined]


def test_a_page_of_what_was_begun_anew_meanwhile_is_not_taken_for_one_of_the_new_pages() -> None:
    harness = Harness()
    harness.logs_in("#tea")
    harness.session.join("#tea", latest(5), lambda: None, lambda error: None)
    (first,) = [line for line in harness.sent() if "LATEST" in line]
    harness.session.join("#tea", latest(5), lambda: None, lambda error: None)
    (second,) = [line for line in harness.sent() if "LATEST" in line]
    harness.page(first, "#tea")
    harness.page(second, "#tea", said(7, "seven"))
    (before,) = [line for line in harness.sent() if "BEFORE" in line]
    harness.page(before, "#tea")
    assert harness.texts() == ["seven"]


def test_events_that_nobody_reads_are_fetched_later(harness: Harness) -> None:
    harness.session.gaps.paused = True
    harness.gets(said(2, "two"), said(3, "three"))
    assert harness.texts() == []
    harness.session.resume()
    (asked,) = harness.sent()
    assert "AFTER #tea msgid=e-1" in asked
    harness.page(asked, "#tea", said(2, "two"), said(3, "three"))
    assert harness.texts() == ["two", "three"]


class World:
    """A client session and the fake server, with a network between them that can be cut at any line."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.server = FakeServer(page=self.random.choice([2, 3, 7]))
        self.server.members["#tea"] = {"anna", "bob"}
        self.events: list[Event] = []
        self.now = BEGIN
        self.mailbox = Mailbox()
        self.session = Session(
            Identity("anna"),
            self.mailbox.put,
            lambda: self.now,
            lambda: f"{self.random.getrandbits(64):x}",
            self.mailbox.take_back,
        )
        self.link: Link | None = None
        self.up: list[str] = []

    def open(self) -> None:
        self.link = self.server.link()
        self.session.opened()

    def step(self) -> bool:
        """Carry one line one way; return whether there was any."""
        assert self.link is not None
        self.up += [line.decode()[:-2] for line in self.session.output]
        self.session.output.clear()
        if self.up and (not self.link.output or self.random.random() < 0.5):
            self.link.receive(self.up.pop(0))
        elif self.link.output:
            self.session.receive(self.link.output.pop(0).encode())
        else:
            return False
        return True

    def cut(self) -> None:
        """Lose the link; what the server has read counts, everything else on the way is gone."""
        assert self.link is not None
        self.link.gone()
        self.up.clear()
        self.session.lost("cut")

    def settle(self) -> None:
        while self.step():
            pass

    def seen(self) -> list[Message]:
        """Return the messages that were given out so far."""
        self.events += iter(lambda: self.mailbox.get(0), None)
        return [event for event in self.events if isinstance(event, Message)]


@pytest.mark.parametrize("seed", range(150))
def test_random_cuts_lose_and_double_nothing(seed: int) -> None:
    world = World(seed)
    world.open()
    world.settle()
    deliveries: list[Delivery] = []
    for number in range(60):
        action = world.random.random()
        if action < 0.4:
            delivery = Delivery("#tea", f"mine {number}")
            target = world.random.choice(["#tea", "#tea", "bob"])
            world.session.say("PRIVMSG", target, delivery.text, delivery)
            deliveries.append(delivery)
        elif action < 0.8:
            world.server.say("bob!b@h", "PRIVMSG", world.random.choice(["#tea", "anna"]), f"his {number}")
        elif action < 0.9:
            world.cut()
            for _ in range(world.random.randrange(4)):
                world.server.say("bob!b@h", "PRIVMSG", world.random.choice(["#tea", "anna"]), f"missed {number}")
            world.open()
        for _ in range(world.random.randrange(25)):
            world.step()
    world.settle()
    seen = world.seen()
    for room in ("#tea", "bob"):
        expected = [
            f"e-{stored.number}" for stored in world.server.history if (stored.target == "#tea") == (room == "#tea")
        ]
        assert [message.id for message in seen if message.room == room] == expected
    stored_texts = [stored.text for stored in world.server.history if stored.source.startswith("anna")]
    assert sorted(stored_texts) == sorted(delivery.text for delivery in deliveries)
    assert all(delivery.done and delivery.error is None for delivery in deliveries)


@pytest.mark.parametrize("seed", range(60))
def test_a_room_that_is_asked_for_late_begins_with_its_tail_and_goes_on(seed: int) -> None:
    """Nobody reads before the room is asked for; then all comes in the order of the server, once, over cuts as well."""
    world = World(seed)
    for number in range(world.random.randrange(20)):
        world.server.say("bob!b@h", "PRIVMSG", "#tea", f"before {number}")
    world.open()
    tail = world.random.randrange(1, 15)
    asked_at = world.random.randrange(12)
    for number in range(24):
        if number == asked_at:
            while not world.session.ready:
                assert world.step()
            newest = len(world.server.history)
            world.session.join("#tea", latest(tail), lambda: None, lambda error: None)
        world.server.say("bob!b@h", "PRIVMSG", "#tea", f"said {number}")
        for _ in range(world.random.randrange(12)):
            world.step()
        if number > asked_at and world.random.random() < 0.1:
            world.cut()
            world.open()
    world.settle()
    numbers = [int(message.id.removeprefix("e-")) for message in world.seen()]
    assert numbers == list(range(numbers[0], len(world.server.history) + 1))
    assert max(1, newest - tail + 1) <= numbers[0] <= max(1, numbers[-1] - tail + 1)


def test_since_asks_from_a_moment_on() -> None:
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(parse_time("2026-11-22T08:00:00.000Z") / 1000, UTC)
    assert since(moment).walk.bound == "timestamp=2026-11-22T08:00:00.000Z"
    assert since("e-7").walk.bound == "msgid=e-7"


def test_the_same_message_twice_is_given_out_once(harness: Harness) -> None:
    harness.gets(said(5, "to myself", target="anna", sender="anna"), said(5, "to myself", target="anna", sender="anna"))
    assert harness.texts() == ["to myself"]


def without_id(line: str, text: str) -> str:
    """A further line of a message of several lines: the same sender and time, no id (draft/multiline, "Fallback")."""
    head, _, tail = line.partition(";msgid=")
    return f"{head}{tail[tail.index(' ') :].rpartition(' :')[0]} :{text}"


def test_a_message_of_several_lines_counts_once_and_comes_once(harness: Harness) -> None:
    asked = comes_back(harness)
    live = said(6, "six")
    harness.gets(live, without_id(live, "six and a half"), said(7, "seven"))
    two, four = said(2, "two"), said(4, "four")
    harness.page(asked, "#tea", two, without_id(two, "two and a half"), said(3, "three"), four, without_id(four, "4.5"))
    assert harness.texts() == ["two", "two and a half", "three", "four", "4.5"]
    (following,) = [line for line in harness.sent() if "AFTER" in line]
    assert "msgid=e-4" in following
    harness.page(following, "#tea", four, without_id(four, "4.5"), live, without_id(live, "six and a half"))
    nothing_follows(harness, "msgid=e-6")
    assert harness.texts() == ["six", "six and a half", "seven"]
