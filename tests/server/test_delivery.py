"""Delivery alone: batches made by hand, outlets that only remember, two I/O threads."""

import pytest

from securechat.domain.events import RECORDED, Event, Kind, Source
from securechat.protocol.capabilities import EXTENDED_JOIN, MESSAGE_TAGS, SERVER_TIME
from securechat.server.delivery import Delivery
from securechat.server.entries import Barrier, Copy, Entry, Hold, Publication, Reply
from securechat.server.rendering import Renderer
from securechat.server.sessions import Session
from securechat.server.throttle import Budget
from securechat.server.users import NOBODY, Audience, audience_of

ALICE = Source("alice", "a", "h")


class Outlet:
    """Remembers each `put`, and what was kept back apart."""

    address = "192.0.2.1"
    delivered_sequence = 0

    def __init__(self, thread_index: int) -> None:
        self.thread_index = thread_index
        self.puts: list[bytes] = []
        self.held: list[bytes] | None = None

    def put(self, data: bytes) -> None:
        (self.puts if self.held is None else self.held).append(data)

    def hold(self) -> None:
        self.held = []

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"delivery has no business with {name}")


class World:
    """Two I/O threads, and sequence numbers as the journal gives them."""

    def __init__(self) -> None:
        self.last_said: dict[int, int] = {}
        self.threads = [Delivery(Renderer("e"), self.last_said, index, 100) for index in range(2)]
        self.sequence = 100

    def session(self, thread: int = 0, capabilities: int = 0) -> Session:
        session = Session(Outlet(thread), 0, Budget(0, 0, 0))  # type: ignore[arg-type]
        session.set_capabilities(capabilities)
        return session

    def says(
        self,
        text: str,
        audience: Audience,
        author: Session | None = None,
        *,
        echo: bool = False,
        kind: Kind = Kind.MESSAGE,
    ) -> Publication:
        if author is not None:
            author.in_flight += 1
        event = Event(kind, 0, ALICE, 1, "#t", text)
        return Publication(event, audience, author, echo=echo, failure=lambda tags: f"FAIL {tags}\r\n".encode())

    def commit(self, *entries: Entry) -> list[list[object]]:
        for entry in entries:
            if entry.event is not None and entry.event.kind in RECORDED:
                self.sequence += 1
                entry.event.sequence = self.sequence
        return [list(thread.deliver(entries)) for thread in self.threads]

    def fail(self, *entries: Entry) -> list[list[object]]:
        return [list(thread.fail(entries)) for thread in self.threads]


@pytest.fixture
def world() -> World:
    return World()


def got(session: Session) -> list[bytes]:
    """What was put, a `put` each."""
    outlet: Outlet = session.outlet  # type: ignore[assignment]
    puts, outlet.puts = outlet.puts, []
    return puts


def line(text: str) -> bytes:
    return f":alice!a@h PRIVMSG #t :{text}\r\n".encode()


def test_each_thread_serves_its_own_and_once(world: World) -> None:
    here, there = world.session(0), world.session(1)
    world.commit(world.says("x", audience_of([here, there])))
    assert got(here) == got(there) == [line("x")]


def test_neighbours_with_one_audience_are_one_put(world: World) -> None:
    bob, carol = world.session(), world.session(capabilities=MESSAGE_TAGS.bit)
    audience = audience_of([bob, carol])
    world.commit(*(world.says(text, audience) for text in "abc"))
    assert got(bob) == [line("a") + line("b") + line("c")]
    assert got(carol) == [b"".join(f"@msgid=e-{101 + i} ".encode() + line(text) for i, text in enumerate("abc"))]


def test_a_line_is_rendered_once_for_each_set_of_capabilities(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[int] = []
    original = Renderer.line

    def line_(self: Renderer, event: Event, capabilities: int, author_tags: str = "") -> bytes:
        rendered.append(capabilities)
        return original(self, event, capabilities, author_tags)

    monkeypatch.setattr(Renderer, "line", line_)
    kinds = (0, SERVER_TIME.bit, MESSAGE_TAGS.bit)
    # How a JOIN looks makes no difference to a message.
    sessions = [world.session(capabilities=bits | more) for bits in kinds for more in (0, EXTENDED_JOIN.bit) * 5]
    world.commit(world.says("x", audience_of(sessions)))
    assert sorted(rendered) == sorted(kinds)
    assert all(len(got(session)) == 1 for session in sessions)


def test_an_author_sees_others_in_order_and_oneself_only_as_an_echo(world: World) -> None:
    quiet, echoing, bob = world.session(), world.session(), world.session()
    audience = audience_of([quiet, echoing, bob])
    first = world.says("1", audience, echoing, echo=True)
    first.author_tags = "label=x"
    world.commit(
        first, world.says("2", audience, quiet), world.says("3", audience, bob), world.says("4", audience, echoing)
    )
    assert got(echoing) == [b"@label=x " + line("1") + line("2") + line("3")]
    assert got(quiet) == [line("1") + line("3") + line("4")]
    assert got(bob) == [line("1") + line("2") + line("4")]
    assert [one.in_flight for one in (quiet, echoing, bob)] == [0, 0, 0]


def test_an_author_outside_the_audience_still_has_the_echo(world: World) -> None:
    alice = world.session()
    world.commit(world.says("1", NOBODY, alice, echo=True), world.says("2", NOBODY, alice))
    assert got(alice) == [line("1")]
    assert alice.in_flight == 0


def test_the_newest_said_of_every_conversation_is_known_even_when_nobody_heard_it(world: World) -> None:
    alice = world.session()
    one, two, joined = (world.says(text, NOBODY, alice) for text in "12j")
    for entry, conversation in ((one, 5), (two, 6), (joined, 7)):
        assert entry.event is not None
        entry.event.conversation = conversation
    assert joined.event is not None
    joined.event.kind = Kind.JOIN
    world.commit(one, two, joined)
    assert world.last_said == {5: 101, 6: 102}
    assert [thread.delivered_sequence for thread in world.threads] == [103, 103]


def test_what_is_not_recorded_moves_nothing(world: World) -> None:
    bob = world.session()
    world.commit(world.says("bye", audience_of([bob]), kind=Kind.QUIT))
    assert got(bob) == [b":alice!a@h QUIT :bye\r\n"]
    assert world.threads[0].delivered_sequence == 100


def test_replies_keep_their_place_and_uncounted_ones_are_not_waited_for(world: World) -> None:
    alice, bob = world.session(), world.session()
    alice.in_flight = 1
    audience = audience_of([alice, bob])
    world.commit(
        world.says("1", audience),
        Reply(alice, b"counted\r\n"),
        Reply(bob, b"uncounted\r\n", counted=False),
        world.says("2", audience),
    )
    assert got(alice) == [line("1"), b"counted\r\n", line("2")]
    assert got(bob) == [line("1"), b"uncounted\r\n", line("2")]
    assert (alice.in_flight, bob.in_flight) == (0, 0)


def test_a_reply_falls_with_what_it_needs(world: World) -> None:
    alice = world.session()
    publication = world.says("1", NOBODY, alice)
    alice.in_flight += 1
    world.fail(publication, Reply(alice, b"names\r\n", publication))
    assert got(alice) == [b"FAIL \r\n"]
    assert alice.in_flight == 0


def test_barriers_run_in_order_on_their_own_thread(world: World) -> None:
    here, there = world.session(0), world.session(1)
    here.in_flight = there.in_flight = 2

    def nothing() -> None:
        raise AssertionError("delivery itself runs no action")

    def nothing_else() -> None:
        raise AssertionError("delivery itself runs no action")

    actions = world.commit(Barrier(here, nothing), Barrier(there, nothing), Barrier(here, nothing_else))
    assert actions == [[nothing, nothing_else], [nothing]]
    assert (here.in_flight, there.in_flight) == (0, 1)


def test_a_hold_keeps_back_from_its_place_on_and_tells_how_far_all_was_put(world: World) -> None:
    bob = world.session()
    bob.in_flight = 1
    audience = audience_of([bob])
    reached: list[int] = []
    (actions, _) = world.commit(world.says("1", audience), Hold(bob, reached.append), world.says("2", audience))
    assert got(bob) == [line("1")]
    assert bob.outlet.held == [line("2")]  # type: ignore[attr-defined]
    for action in actions:
        action()  # type: ignore[operator]
    assert reached == [101]
    assert world.threads[0].delivered_sequence == 102


def test_a_copy_is_shown_unlabelled_and_only_if_the_original_is_on_disk(world: World) -> None:
    alice = world.session()
    original = world.says("memo", NOBODY, alice, echo=True)
    assert original.event is not None
    copy = Copy(alice, original.event)
    original.author_tags = copy.author_tags = "label=x"
    alice.in_flight += 1
    world.commit(original, copy)
    assert got(alice) == [b"@label=x " + line("memo"), line("memo")]
    lost = world.says("lost", NOBODY, alice)
    assert lost.event is not None
    alice.in_flight += 1
    world.fail(lost, Copy(alice, lost.event))
    assert got(alice) == [b"FAIL \r\n"]
    assert alice.in_flight == 0


def test_an_answer_to_a_repeat_carries_the_label(world: World) -> None:
    alice = world.session()
    original = world.says("once", NOBODY)
    world.commit(original)
    assert original.event is not None
    again = Copy(alice, original.event, echo=True)
    again.author_tags = "label=y"
    alice.in_flight = 1
    world.commit(again)
    assert got(alice) == [b"@label=y " + line("once")]


# A failed commit


def test_a_failed_batch_is_told_to_its_authors_and_undone_from_the_last_to_the_first(world: World) -> None:
    alice, bob, far = world.session(), world.session(), world.session(1)
    audience = audience_of([alice, bob, far])
    first, second = world.says("1", audience, alice, echo=True), world.says("2", audience, far)
    first.author_tags = "label=x"

    def undo_first() -> None: ...

    def undo_second() -> None: ...

    first.undo, second.undo = undo_first, undo_second
    assert world.fail(first, second) == [[undo_second, undo_first], []]
    assert got(alice) == [b"FAIL label=x\r\n"]
    assert got(far) == [b"FAIL \r\n"]
    assert got(bob) == []
    assert first.failed
    assert second.failed
    assert world.threads[0].delivered_sequence == 100
    assert (alice.in_flight, far.in_flight) == (0, 0)


@pytest.mark.parametrize("kind", [Kind.QUIT, Kind.NICK, Kind.ARRIVE, Kind.TYPING, Kind.EVICT])
def test_what_is_only_shown_is_shown_all_the_same(world: World, kind: Kind) -> None:
    bob = world.session(capabilities=MESSAGE_TAGS.bit)
    publication = world.says("x", audience_of([bob]), kind=kind)
    world.fail(world.says("lost", audience_of([bob])), publication)
    assert len(got(bob)) == 1
    assert not publication.failed


def test_barriers_run_after_a_failure_too_behind_the_undoing(world: World) -> None:
    alice = world.session()
    lost = world.says("1", NOBODY, alice)

    def undo() -> None: ...

    def action() -> None: ...

    lost.undo = undo
    alice.in_flight += 1
    assert world.fail(lost, Barrier(alice, action)) == [[undo, action], []]
