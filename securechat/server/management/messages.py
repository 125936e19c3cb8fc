"""What was said: `securechat-admin message`."""

from dataclasses import dataclass

from securechat.clock import format_moment
from securechat.domain.audit import name_of
from securechat.domain.events import REDACTABLE
from securechat.domain.history import StoredEvent
from securechat.domain.permissions import Action
from securechat.names import room_to_people
from securechat.server.administration import Administration, AdministrationError, check_reason
from securechat.server.management.acting import acting
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.taking_away import Place, take_away


@dataclass(frozen=True, slots=True)
class DeletedMessage:
    """A message that was taken away."""

    id: str
    room: str
    author: str


def message_delete(administration: Administration, id: str, *, reason: str = "") -> DeletedMessage:  # noqa: A002
    """Take away what was said in a room, as its moderators can: from the disk as well."""
    check_reason(reason)
    stored = _stored(administration, id)
    with acting(administration) as actor:
        live = actor.hub.rooms_by_id.get(stored.conversation)
        if live is None:
            raise _unknown(id)
        take_away(actor, Place(live.room.id, live.room.name, live, []), stored, reason, others=True)
        return DeletedMessage(id, room_to_people(live.room.name), _author(stored))


def _question(administration: Administration, id: str, *, reason: str = "") -> str:  # noqa: A002
    check_reason(reason)
    stored = _stored(administration, id)
    with administration.hub.lock:
        live = administration.hub.rooms_by_id.get(stored.conversation)
    if live is None:
        raise _unknown(id)
    where = room_to_people(live.room.name)
    said = f"What {_author(stored)} said in {where} at {format_moment(stored.time)} goes for good"
    return f"{said}: from the disk, and from the screens of all whose programs know of deleting."


def _stored(administration: Administration, message: str) -> StoredEvent:
    """Return what was said. Raises AdministrationError, for what was said in no room as for what was never said."""
    sequence = administration.hub.message_ids.parse(message)
    stored = administration.store.read(lambda unit: unit.history.event(sequence)) if sequence is not None else None
    if stored is None or stored.kind not in REDACTABLE:
        raise _unknown(message)
    return stored


def _unknown(message: str) -> AdministrationError:
    text = f"No room has a message {message}: it was deleted already, or the id is not whole."
    return AdministrationError("no_such_message", text)


def _author(stored: StoredEvent) -> str:
    return name_of(stored.account, stored.source.partition("!")[0])


FAMILY = Family(
    "message",
    "what was said",
    (
        Operation(
            "message delete",
            message_delete,
            lambda done: f"Deleted a message of {done['author']} in {done['room']}.",
            "Take away a message in a room for good.",
            (
                Argument(
                    "id",
                    "its id (msgid): `report show`, REPORT LIST and --json of the client show it",
                    needed=True,
                    metavar="ID",
                ),
                REASON,
            ),
            question=_question,
            over_irc=Action.MANAGE,
        ),
    ),
)
