"""What a person is told at the end of lines that were not stored."""

import threading
from typing import cast

import pytest

from securechat.client import interactive
from securechat.client.errors import NotDelivered
from securechat.client.interactive import Conversation
from securechat.client.library import Client
from securechat.client.outbox import Delivery
from securechat.client.output import Formatter


class Server:
    """A client whose server decides when the test says so."""

    nick = "anna"

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []

    def split(self, target: str, text: str) -> list[str]:
        return [text]

    def submit(self, target: str, text: str, *, notice: bool = False, action: bool = False) -> Delivery:
        self.deliveries.append(Delivery(target, text))
        return self.deliveries[-1]

    def next_event(self, timeout: float) -> None:
        return None


@pytest.mark.parametrize("decided", [True, False])
def test_each_line_is_told_once(decided: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive, "_FAREWELL_SECONDS", 5.0 if decided else 0.01)
    server = Server()
    conversation = Conversation(cast("Client", server), Formatter(), json=False)
    conversation.say("#general", "hello")
    leaving = threading.Thread(target=conversation._wait_for_deliveries)
    leaving.start()
    if decided:
        server.deliveries[0].failed(NotDelivered("The disk is full."))
    leaving.join(10)
    reason = " (The disk is full.)" if decided else ""
    assert conversation.pump() == [(False, f"Not sent: hello{reason}")]
