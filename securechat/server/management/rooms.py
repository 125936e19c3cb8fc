"""Rooms: `securechat-admin room`."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.permissions import Action
from securechat.names import room_to_people
from securechat.server.administration import Administration
from securechat.server.management.rows import Family, Operation
from securechat.server.management.tables import or_dash, table, time


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A room as it is listed."""

    name: str  # as people write it
    topic: str
    members: int  # accounts, online or not
    present: int | None  # users who are there now; None: no server runs
    created: str


def room_list(administration: Administration) -> list[RoomSummary]:
    """Every room, by name."""
    present = administration.effects.rooms()
    rooms, memberships = administration.store.read(lambda unit: (unit.rooms.all(), unit.rooms.memberships()))
    members = Counter(room_id for _, room_id, _ in memberships)
    return [
        RoomSummary(
            room_to_people(room.name),
            room.topic,
            members[room.id],
            None if present is None else present.get(room.id, 0),
            format_time(room.created),
        )
        for room in rooms
    ]


def _rooms_text(rooms: list[dict[str, Any]]) -> str:
    shown = [
        (one["name"], str(one["members"]), or_dash(one["present"]), time(one["created"]), one["topic"]) for one in rooms
    ]
    return (
        table(("ROOM", "MEMBERS", "PRESENT", "CREATED (UTC)", "TOPIC"), shown) if shown else "There are no rooms yet."
    )


FAMILY = Family(
    "room",
    "rooms",
    (Operation("room list", room_list, _rooms_text, "Show all rooms.", over_irc=Action.MANAGE),),
)
