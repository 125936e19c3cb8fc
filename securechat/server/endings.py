"""What comes to an end by itself: bans of rooms that were set for a time.

One that has ended binds nobody (domain.mask_lists); here it is taken off its list, seen by the room, a moment later.
"""

from functools import partial

from securechat.domain.events import Event, Kind, Source
from securechat.domain.mask_lists import BANS
from securechat.domain.roles import ListEntry, RoomChange
from securechat.domain.room import Room
from securechat.server.hub import Hub
from securechat.server.rendering import text_bytes
from securechat.server.users import LiveRoom


def sweep(hub: Hub) -> None:
    """Take off their lists the bans that have ended, and tell the rooms. Needs the hub lock."""
    now = hub.now()
    for room_id in hub.endings.due(now):
        live = hub.rooms_by_id.get(room_id)
        if live is None:
            hub.endings.forget(room_id)
            continue
        ended = [entry for entry in live.room.lists.get(BANS, ()) if 0 < entry.expires <= now]
        for some in _in_lines(hub, live.room, ended):
            _end(hub, live, some)


def _in_lines(hub: Hub, room: Room, entries: list[ListEntry]) -> list[list[ListEntry]]:
    """Part entries so that those of each part fit into one MODE."""
    most = text_bytes(Kind.MODE, hub.configuration.server.name, room.name)
    parts: list[list[ListEntry]] = []
    for entry in entries:
        if not parts or len(_announced([*parts[-1], entry]).encode()) > most:
            parts.append([])
        parts[-1].append(entry)
    return parts


def _announced(entries: list[ListEntry]) -> str:
    return " ".join((f"-{BANS * len(entries)}", *(entry.mask for entry in entries)))


def _end(hub: Hub, live: LiveRoom, ended: list[ListEntry]) -> None:
    room = live.room
    before = room.lists[BANS]
    change = RoomChange(removed=tuple((BANS, entry.mask) for entry in ended))
    source = Source(hub.configuration.server.name, "", "")
    event = Event(Kind.MODE, hub.now(), source, room.id, room.name, _announced(ended), change=change)
    publication = hub.publication(event, live, None, undo=partial(_set_bans, hub, live, before))
    _set_bans(hub, live, [entry for entry in before if entry not in ended])
    hub.journal.submit(publication)


def _set_bans(hub: Hub, live: LiveRoom, entries: list[ListEntry]) -> None:
    live.room.lists[BANS] = entries
    live.forget_subjects()
    hub.endings.note(live.room)
