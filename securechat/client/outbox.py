"""What the user said and where it stands: queued, sent, in doubt after a lost link, stored or refused. No I/O."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from enum import Enum, auto

from securechat.client.errors import NotDelivered
from securechat.client.texts import _
from securechat.names import fold

MOST_PENDING = 1000
"""More messages than these may not wait at once."""
WINDOW = 32
"""So many messages are on their way at once at most; the others wait their turn, in order."""


class Delivery:
    """A message on its way. Safe to use from any thread."""

    def __init__(self, target: str, text: str, abandon: "Callable[[Delivery], None] | None" = None) -> None:
        self.target = target
        self.text = text
        self.token = ""
        """What marks it on the wire (`+securechat/id`); set before it is queued."""
        self._future: Future[str] = Future()
        self._abandon = abandon

    def wait(self, timeout: float | None = None) -> str:
        """Return the message id once the message is on the server's disk.

        Raises RoomRefused or NotDelivered when it is not, and NotDelivered after `timeout` seconds; it is not sent
        any more then, but may have been stored if it was on its way.
        """
        try:
            return self._future.result(timeout)
        except TimeoutError:
            if self._abandon is not None:
                self._abandon(self)
            raise NotDelivered(
                _("The server did not confirm the message within {seconds:g} seconds.").format(seconds=timeout)
            ) from None

    @property
    def done(self) -> bool:
        """Whether it is decided."""
        return self._future.done()

    def stored(self, message_id: str) -> None:
        """Decide: it is stored."""
        if not self._future.done():
            self._future.set_result(message_id)

    def failed(self, error: Exception) -> None:
        """Decide: it is not stored, or nobody will ever know."""
        if not self._future.done():
            self._future.set_exception(error)

    def when_decided(self, action: "Callable[[Delivery], None]") -> None:
        """Run `action` with this delivery once it is decided, on the connection's thread; it must not block."""
        self._future.add_done_callback(lambda _future: action(self))

    @property
    def error(self) -> BaseException | None:
        """Why it failed; None while undecided or when stored."""
        return self._future.exception() if self._future.done() else None


class Stage(Enum):
    """Where a message stands."""

    QUEUED = auto()
    SENT = auto()
    DOUBT = auto()  # the link was lost before the answer came


class Outgoing:
    """A message that is not decided yet."""

    __slots__ = ("command", "delivery", "stage", "target", "text", "token")

    def __init__(self, command: str, target: str, text: str, token: str, delivery: Delivery) -> None:
        self.command = command
        self.target = target
        self.text = text
        self.token = token
        self.delivery = delivery
        self.stage = Stage.QUEUED


class Outbox:
    """The undecided messages, oldest first. Used by the connection's thread only."""

    def __init__(self) -> None:
        self._pending: dict[str, Outgoing] = {}  # by token, in order

    def add(self, outgoing: Outgoing) -> None:
        """Queue a message. Raises NotDelivered when too many wait already."""
        if len(self._pending) >= MOST_PENDING:
            raise NotDelivered(_("Too many messages wait to be sent."), certain=True)
        self._pending[outgoing.token] = outgoing

    def __bool__(self) -> bool:
        return bool(self._pending)

    def sendable(self) -> list[Outgoing]:
        """Return the messages whose turn it is now: in order, none past one to the same target that is in doubt."""
        on_their_way = sum(1 for outgoing in self._pending.values() if outgoing.stage is Stage.SENT)
        blocked = {fold(outgoing.target) for outgoing in self._pending.values() if outgoing.stage is Stage.DOUBT}
        turn: list[Outgoing] = []
        for outgoing in self._pending.values():
            if on_their_way + len(turn) >= WINDOW:
                break
            if outgoing.stage is Stage.QUEUED and fold(outgoing.target) not in blocked:
                turn.append(outgoing)
        return turn

    def link_lost(self) -> None:
        """Whatever was on its way is in doubt now."""
        for outgoing in self._pending.values():
            if outgoing.stage is Stage.SENT:
                outgoing.stage = Stage.DOUBT

    def in_doubt(self, target: str | None = None) -> Iterator[Outgoing]:
        """Return the messages in doubt, to `target` if it is given."""
        key = None if target is None else fold(target)
        for outgoing in list(self._pending.values()):
            if outgoing.stage is Stage.DOUBT and (key is None or fold(outgoing.target) == key):
                yield outgoing

    def rename(self, old: str, new: str) -> None:
        """A room has another name: what is not decided yet is meant for it under that."""
        for outgoing in self._pending.values():
            if fold(outgoing.target) == fold(old):
                outgoing.target = new

    def confirm(self, token: str, message_id: str) -> None:
        """The message with that token is stored."""
        outgoing = self._pending.pop(token, None)
        if outgoing is not None:
            outgoing.delivery.stored(message_id)

    def refuse(self, outgoing: Outgoing, error: Exception) -> None:
        """The message is not stored, or nobody will ever know."""
        if self._pending.pop(outgoing.token, None) is not None:
            outgoing.delivery.failed(error)

    def forget(self, delivery: Delivery) -> None:
        """Nobody waits for that delivery any more: it is not sent if it was not yet, and not sent again."""
        for token, outgoing in list(self._pending.items()):
            if outgoing.delivery is delivery:
                del self._pending[token]

    def fail_all(self, error: Exception) -> None:
        """Nothing will be sent or decided any more."""
        for outgoing in list(self._pending.values()):
            certain = outgoing.stage is Stage.QUEUED
            self.refuse(outgoing, NotDelivered(str(error), certain=certain))
