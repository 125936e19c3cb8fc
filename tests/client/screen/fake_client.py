"""A client without a server: what it is asked for is remembered, what happens is put in by the test."""

from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, cast

from securechat.client.address import Address
from securechat.client.errors import NotDelivered, RoomRefused
from securechat.client.events import Ended, Event, Joined, Left, Message
from securechat.client.library import Client, RoomInfo
from securechat.client.outbox import Delivery
from securechat.client.rights import Facts
from securechat.client.splitting import lines_of, split_text
from securechat.protocol import message as wire
from tests.client import moments

START = moments.NOON


class FakeClient:
    """What the screen needs of `securechat.client.Client`."""

    def __init__(self) -> None:
        self.nick = "bob"
        self.address = Address("chat.lan", 6697)
        self.queued: list[Delivery] = []
        self.marked: list[tuple[str, datetime]] = []
        self.asked: list[tuple[str, ...]] = []
        self.old: dict[str, list[Message]] = {}
        self.entered: set[str] = set()
        self.missing: set[str] = set()
        """Rooms that are there only once they are made."""
        self.topics: dict[str, str] = {}
        self.there: list[tuple[str, str]] = [("@", "anna"), ("", "bob"), ("", "boris")]
        self.facts_here = Facts(signs="@")
        self.answers: dict[str, list[str]] = {}
        """What the server answers to a command, as lines."""
        self.next_attempt: float | None = None
        self._events: SimpleQueue[Event] = SimpleQueue()

    @property
    def as_client(self) -> Client:
        """The same, for the type checker."""
        return cast("Client", self)

    def happens(self, *events: Event) -> None:
        """Let the client hear of something."""
        for event in events:
            self._events.put(event)

    def next_event(self, timeout: float | None = None) -> Event | None:
        try:
            return self._events.get(timeout=timeout)
        except Empty:
            return None

    def end(self) -> None:
        self.happens(Ended())

    def rooms(self) -> list[str]:
        return ["#general"]

    def join(self, room: str, *, tail: int = 0, make: bool = True) -> str:
        self.asked.append(("join", room, str(tail)))
        if room in self.missing and not make:
            raise RoomRefused(f"There is no room {room}.", "403")
        if room == "#closed":
            raise RoomRefused("You must be invited to #closed.")
        if room not in self.entered:
            self.entered.add(room)
            self.happens(Joined(room, self.nick, START, own=True), *self.old.get(room, [])[-tail:])
        return room

    def topic(self, room: str) -> str:
        return self.topics.get(room, "")

    def members(self, room: str) -> list[str]:
        return [nick for _signs, nick in self.there]

    def people(self, room: str) -> list[tuple[str, str]]:
        return self.there

    def facts(self, room: str = "") -> Facts:
        return self.facts_here if room else Facts()

    def history(self, target: str, limit: int | None = 100, *, before: str = "") -> list[Message]:
        self.asked.append(("history", target, str(limit), before))
        known = self.old.get(target, [])
        place = next((place for place, one in enumerate(known) if one.id == before), len(known))
        return known[max(0, place - (limit or 0)) : place]

    def ask(self, command: str, *params: str) -> list[wire.Message]:
        self.asked.append((command, *params))
        return [wire.parse_text(line) for line in self.answers.get(command, [])]

    def list_rooms(self) -> list[RoomInfo]:
        return [RoomInfo("#general", 3, "all"), RoomInfo("#ops", 12, "on call")]

    def part(self, room: str, reason: str = "") -> None:
        self.asked.append(("part", room))
        self.entered.discard(room)
        self.happens(Left(room, self.nick, START, own=True))

    def reconnect(self) -> None:
        self.asked.append(("reconnect",))

    def set_topic(self, room: str, topic: str) -> None:
        self.asked.append(("topic", room, topic))

    def split(self, _target: str, text: str) -> list[str]:
        return [piece for line in lines_of(text) if line for piece in split_text(line, 100)]

    def queue(self, target: str, text: str, *, action: bool = False) -> Delivery:
        self.asked.append(("say", target, text, *(("action",) if action else ())))
        delivery = Delivery(target, text)
        delivery.token = f"t{len(self.queued)}"
        self.queued.append(delivery)
        return delivery

    def submit(self, target: str, text: str, *, notice: bool = False) -> Delivery:
        assert notice, "all else is queued"
        return self.queue(target, text)

    def store(self, delivery: Delivery, number: int) -> None:
        """The server has stored a line of one's own: its echo comes."""
        echo = said(number, delivery.text, room=delivery.target, sender=self.nick, own=True, token=delivery.token)
        self.happens(echo)
        delivery.stored(f"e-{number}")

    def refuse(self, delivery: Delivery) -> None:
        delivery.failed(NotDelivered("The disk is full."))

    def mark_read(self, target: str, moment: datetime) -> None:
        self.marked.append((target, moment))


def said(number: int, text: str = "hello", *, room: str = "#general", **more: Any) -> Message:
    """Return a message; a higher number is a later one."""
    return moments.said(number, text, room=room, **more)
