"""An operation that changes rooms: the hub and the journal do the same for it as for a command of IRC."""

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING

from securechat.domain.audit import Act, Deed, Origin
from securechat.domain.events import Source
from securechat.domain.permissions import Role, Subject
from securechat.names import check_room_name, fold, room_to_people, room_to_wire
from securechat.server.administration import Administration, AdministrationError, sentence
from securechat.server.entries import Entry
from securechat.server.users import LiveRoom

if TYPE_CHECKING:
    from securechat.protocol.standard_replies import StandardReply

logger = logging.getLogger(__name__)

ADMINISTRATOR = Subject(Role.ADMINISTRATOR, operator=True)
"""Whoever may give orders here: the row of an operation says who may over IRC."""


class Acting:
    """Implements server.actors.Actor for whoever gives the order. Needs the hub lock."""

    session = None

    def __init__(self, administration: Administration) -> None:
        self.hub = administration.hub
        self.counted_for = f"administration {administration.actor}"
        self._administration = administration
        self._outcomes: list[tuple[Entry, Future[None]]] = []

    @property
    def source(self) -> Source:
        """Whom the room sees: over IRC the one who asks, as far as they are here; otherwise the server."""
        if self._administration.origin is Origin.IRC:
            account = self.hub.accounts.get(fold(self._administration.actor))
            user = self.hub.users_of_account.get(account.id) if account is not None else None
            if user is not None:
                return user.source
        return Source(self.hub.configuration.server.name, "", "")

    def failure(self, reply: "StandardReply", target: str) -> None:
        """Nobody is told by a line: `wait` raises."""

    def publish(self, entry: Entry) -> None:
        """Hand an entry to the journal."""
        self._outcomes.append((entry, self.hub.journal.store(entry)))

    def deed(self, act: Act, room: str, target: str = "", detail: str = "", reason: str = "") -> Deed:
        """Return what is recorded of an act that is done now."""
        return self._administration.deed(act, target, room, detail, reason=reason)

    def wait(self) -> None:
        """Return when all is on disk. Not to be called with the hub lock held.

        Raises StorageError when nothing is, and AdministrationError when a part of what was done is.
        """
        failures = [error for _, outcome in self._outcomes if (error := outcome.exception()) is not None]
        if not failures:
            return
        recorded = (outcome for entry, outcome in self._outcomes if entry.event is not None and entry.event.deeds)
        if all(outcome.exception() is not None for outcome in recorded):
            raise failures[0]
        logger.error("A part of an operation could not be stored: %s", failures[0])
        text = f"{sentence(str(failures[0]))} A part of it was done before that, see: securechat-admin audit list"
        raise AdministrationError("storage", text)


@contextmanager
def acting(administration: Administration) -> Iterator[Acting]:
    """Hold the hub lock meanwhile; at the end wait until all is on disk. Raises as `Acting.wait`."""
    actor = Acting(administration)
    with actor.hub.lock:
        yield actor
    actor.wait()


def room_of(administration: Administration, name: str) -> LiveRoom:
    """Return the room that people call `name`. Needs the hub lock. Raises AdministrationError, InvalidRoomName."""
    live = administration.hub.find_room(room_to_wire(name))
    if live is None:
        check_room_name(room_to_wire(name))
        text = f"There is no room {room_to_people(name)}. See: securechat-admin room list"
        raise AdministrationError("no_such_room", text)
    return live
