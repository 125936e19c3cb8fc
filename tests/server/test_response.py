"""The answer to one command: labels by number, place behind earlier events, and that it is used once."""

import pytest

from securechat.domain.events import Event, Kind
from securechat.domain.ports import Entry as EntryPort
from securechat.protocol.numerics import ERR_NOMOTD, RPL_NAMREPLY
from securechat.server.entries import Barrier, Entry, Publication, Reply
from securechat.server.response import Response, after_own_events, send
from securechat.server.users import NOBODY
from tests.server.harness import Harness, Person

LABELLED = "batch labeled-response"


class Queue:
    """Implements what a response needs of domain.ports.Journal: remembers what was submitted."""

    epoch = "e"
    full = False

    def __init__(self) -> None:
        self.entries: list[EntryPort] = []

    def submit(self, entry: EntryPort) -> None:
        self.entries.append(entry)

    def call(self, work: object) -> object:
        raise AssertionError("a response calls nothing")


@pytest.fixture
def queue() -> Queue:
    return Queue()


def response(one: Person, queue: Queue, label: str = "") -> Response:
    return Response(one.session, queue, "chat.test", label)  # type: ignore[arg-type]


def event(one: Person, *, echo: bool) -> Publication:
    source = one.session.user.source  # type: ignore[union-attr]
    return Publication(Event(Kind.MESSAGE, 0, source, 1, "#tea", "x"), NOBODY, one.session, echo=echo)


def test_without_a_label_lines_go_out_as_they_are(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice", LABELLED)
    answer = response(alice, queue)
    answer.numeric(ERR_NOMOTD)
    answer.line("PONG", ("a", "b c"))
    answer.flush()
    assert alice.received() == [":chat.test 422 alice :MOTD File is missing", ":chat.test PONG a :b c"]


@pytest.mark.parametrize(
    ("count", "lines"),
    [
        (0, ["@label=x :chat.test ACK"]),
        (1, ["@label=x :chat.test A"]),
        (
            2,
            [
                "@label=x :chat.test BATCH +1 labeled-response",
                "@batch=1 :chat.test A",
                "@batch=1 :chat.test A",
                ":chat.test BATCH -1",
            ],
        ),
    ],
)
def test_labels_by_the_number_of_answers(harness: Harness, queue: Queue, count: int, lines: list[str]) -> None:
    alice = harness.person("alice", LABELLED)
    answer = response(alice, queue, "x")
    for _ in range(count):
        answer.line("A", ())
    answer.flush()
    assert alice.received() == lines


def test_an_echo_counts_as_an_answer_and_a_silent_event_does_not(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice", LABELLED)
    loud, silent = event(alice, echo=True), event(alice, echo=False)
    answer = response(alice, queue, "x")
    answer.publish(loud)
    answer.publish(silent)
    answer.flush()
    assert queue.entries == [loud, silent]
    assert loud.author_tags == "label=x"
    assert alice.session.in_flight == 2


def test_lines_keep_their_place_between_events(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice")
    publication = event(alice, echo=True)
    answer = response(alice, queue)
    answer.line("BEFORE", ())
    answer.publish(publication)
    answer.line("AFTER", ())
    answer.flush()
    assert alice.received() == [":chat.test BEFORE"]
    first, second = queue.entries
    assert first is publication
    assert isinstance(second, Reply)
    assert second.data == b":chat.test AFTER\r\n"
    send(alice.session, queue, b"LATER\r\n")  # type: ignore[arg-type]
    assert alice.received() == []
    assert alice.session.in_flight == 3


def test_lines_that_stand_or_fall_with_an_event_say_so(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice", LABELLED)
    publication = event(alice, echo=True)
    answer = response(alice, queue, "x")
    answer.publish(publication)
    answer.stands_or_falls_with(publication)
    answer.line("NAMES", ())
    answer.flush()
    assert alice.received() == ["@label=x :chat.test BATCH +1 labeled-response"]
    _, names, end = queue.entries
    assert isinstance(names, Reply)
    assert names.requires is publication
    assert isinstance(end, Reply)
    assert end.requires is None


def test_the_acknowledgement_falls_with_the_event(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice", LABELLED)
    publication = event(alice, echo=False)
    answer = response(alice, queue, "x")
    answer.publish(publication)
    answer.flush()
    (_, acknowledgement) = queue.entries
    assert publication.author_tags == "label=x"
    assert isinstance(acknowledgement, Reply)
    assert acknowledgement.requires is publication


def test_it_is_sent_once_and_complains_when_it_is_used_after(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice")
    answer = response(alice, queue)
    answer.line("A", ())
    answer.flush()
    answer.flush()
    assert alice.received() == [":chat.test A"]
    with pytest.raises(AssertionError, match="after it was flushed"):
        answer.line("B", ())
    with pytest.raises(AssertionError, match="after it was flushed"):
        answer.publish(Entry(None, None))
    with pytest.raises(AssertionError, match="after it was flushed"):
        answer.tagged(lambda _: b"")


def test_room_for_text_is_what_the_rest_of_the_line_leaves(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice")
    answer = response(alice, queue)
    values = {"symbol": "=", "room": "#tea"}
    most = answer.numeric_text_bytes(RPL_NAMREPLY, names="", **values)
    answer.numeric(RPL_NAMREPLY, names="x" * most, **values)
    answer.flush()
    (line,) = alice.received()
    assert len(line) == 510
    assert line.endswith("x" * most)


def test_actions_wait_for_ones_own_events_only(harness: Harness, queue: Queue) -> None:
    alice = harness.person("alice")
    done: list[str] = []
    after_own_events(alice.session, queue, lambda: done.append("at once"))  # type: ignore[arg-type]
    assert done == ["at once"]
    alice.session.in_flight = 1
    after_own_events(alice.session, queue, lambda: done.append("later"))  # type: ignore[arg-type]
    assert done == ["at once"]
    assert isinstance(queue.entries[0], Barrier)
    assert alice.session.in_flight == 2
