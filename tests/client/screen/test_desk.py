"""The desk of the screen: pages of older lines, whatever happens while they are on their way."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from securechat.client.chat import Chat
from securechat.client.screen.desk import ScreenDesk
from securechat.client.settings import nothing_set
from tests.client.screen.fake_client import FakeClient, said

_PATIENCE = 30.0


class Desk:
    """A desk without a screen: the test does what the screen's thread would do."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.chat = Chat("bob")
        self._actions: SimpleQueue[Callable[[], None]] = SimpleQueue()

        def nothing(*_any: object) -> None:
            """What this is about needs none of it."""

        self.desk = ScreenDesk(
            self.client.as_client,
            self.chat,
            self._actions.put,
            go=nothing,
            leave=nothing,
            sent=nothing,
            search=nothing,
            ask=nothing,
            look=nothing,
            change=nothing,
            effective=nothing_set(),
        )

    def turn(self) -> None:
        """Do the next thing that the desk wants done on the screen's thread."""
        self._actions.get(timeout=_PATIENCE)()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.client.old["#general"] = [said(number) for number in range(1, 301)]
    desk.chat.apply(said(301))
    yield desk
    desk.desk.close()


def test_a_page_that_is_asked_for_twice_does_not_end_the_history(desk: Desk) -> None:
    """The lines are scrolled up to their top and searched at the same time."""
    buffer, done = desk.chat.buffer("#general"), []
    for name in ("scrolled", "searched"):
        desk.desk.fetch_older("#general", lambda name=name: done.append(name))  # type: ignore[misc]
    desk.turn()
    desk.turn()
    assert done == ["scrolled", "searched"]
    assert [entry.id for entry in buffer.entries] == [f"e-{number}" for number in range(201, 302)]
    assert not buffer.complete
    for _page in range(3):
        desk.desk.fetch_older("#general", lambda: None)
        desk.turn()
    assert len(buffer.entries) == 301
    assert buffer.complete


def test_a_page_before_lines_that_went_meanwhile_is_not_put_before_others(desk: Desk) -> None:
    buffer = desk.chat.buffer("#general")
    desk.desk.fetch_older("#general", lambda: None)
    buffer.clear()
    desk.chat.apply(said(400))
    desk.turn()
    assert [entry.id for entry in buffer.entries] == ["e-400"]
    assert not buffer.complete
