"""Rooms: `securechat-admin room`. Who is kept out or silenced there is in `room_moderation`."""

from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

from securechat.clock import format_time
from securechat.domain.audit import Act
from securechat.domain.mask_lists import BANS, EXCEPTIONS, INVITATIONS, is_mute
from securechat.domain.permissions import Action
from securechat.domain.roles import RoomRules, kind_of
from securechat.names import check_room_name, fold, room_to_people, room_to_wire
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.management import room_moderation, room_standing
from securechat.server.management.acting import acting, room_of
from securechat.server.management.room_moderation import ROOM
from securechat.server.management.rows import REASON, Argument, Family, Operation
from securechat.server.management.tables import or_dash, table, time
from securechat.server.members import Member, account_of, is_member, name_of
from securechat.server.membership import GENERAL
from securechat.server.room_deletion import delete_room, members_of
from securechat.server.room_renaming import problem_of_name, rename_room
from securechat.server.room_topics import set_topic
from securechat.server.standings import is_voiced, standing_in
from securechat.server.users import LiveRoom, User

MOST_AT_ONCE = 200
"""How many members of a room are looked at before others have their turn: some milliseconds."""


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A room as it is listed."""

    name: str  # as people write it
    topic: str
    members: int  # accounts, online or not
    present: int | None  # users who are there now; None: no server runs
    created: str
    kind: str  # open, private, announcement or other (domain.roles.KINDS)


@dataclass(frozen=True, slots=True)
class RoomMember:
    """Somebody who is in a room."""

    name: str
    guest: bool
    roles: tuple[str, ...]  # owner, moderator, member or reader; and voiced
    present: bool | None  # None: no server runs


@dataclass(frozen=True, slots=True)
class RoomDetails:
    """All about a room but what is said there."""

    name: str
    kind: str
    topic: str
    created: str
    messages: int
    first_message: str | None
    rules: dict[str, bool | int | str]  # those that are not as in a new room; a key is only said to be there
    bans: int
    mutes: int
    exceptions: int
    invitations: int  # that last
    links: int  # open invites that lead into it
    members: tuple[RoomMember, ...]


@dataclass(frozen=True, slots=True)
class DeletedRoom:
    """A room that is gone."""

    name: str
    members: int
    messages: int


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
            kind_of(room.rules),
        )
        for room in rooms
    ]


def room_members(administration: Administration, room: str) -> list[RoomMember]:
    """Who is in a room, by name."""
    with administration.hub.lock:
        live = room_of(administration, room)
    return _members(administration, live)


def room_show(administration: Administration, room: str) -> RoomDetails:
    """All about a room but what is said there."""
    with administration.hub.lock:
        live = room_of(administration, room)
        shown, lists, rules = live.room, live.room.lists, live.room.rules
    members = tuple(_members(administration, live))
    messages, first, links = _extent(administration, shown.id)
    bans = [one for one in lists.get(BANS, ()) if not 0 < one.expires <= administration.clock()]
    return RoomDetails(
        room_to_people(shown.name),
        kind_of(rules),
        shown.topic,
        format_time(shown.created),
        messages,
        format_time(first) if messages else None,
        _unusual(rules),
        sum(not is_mute(one.mask) for one in bans),
        sum(is_mute(one.mask) for one in bans),
        len(lists.get(EXCEPTIONS, ())),
        len(lists.get(INVITATIONS, ())),
        links,
        members,
    )


def room_create(administration: Administration, room: str, *, reason: str = "") -> RoomSummary:
    """Make a room with nobody in it."""
    check_reason(reason)
    name = check_room_name(room_to_wire(room), administration.configuration.limits.room_name_length)
    with acting(administration) as actor:
        if actor.hub.find_room(name) is not None:
            raise AdministrationError("room_exists", f"There is a room {room_to_people(name)} already.")
        live, publication = actor.hub.create_room(name, actor.hub.server_source)
        assert publication.event is not None, "it makes the room"
        publication.event.deeds = (actor.deed(Act.ROOM_CREATE, name, reason=reason),)
        actor.publish(publication)
    present = 0 if administration.runs else None
    return RoomSummary(room_to_people(name), "", 0, present, format_time(live.room.created), kind_of(live.room.rules))


def room_topic(administration: Administration, room: str, topic: str, *, reason: str = "") -> str:
    """Set what a room is about; return the topic as it is now."""
    check_reason(reason)
    if not topic.isprintable():
        raise AdministrationError("bad_topic", "A topic is one line without control characters.")
    with acting(administration) as actor:
        live = room_of(administration, room)
        if topic == live.room.topic:
            raise nothing_to_do(f"That is the topic of {room_to_people(live.room.name)} already.")
        set_topic(actor, live, topic, (actor.deed(Act.ROOM_TOPIC, live.room.name, detail=topic, reason=reason),))
        return live.room.topic


def room_rename(administration: Administration, room: str, name: str, *, reason: str = "") -> RoomSummary:
    """Give a room another name; it stays the same room, and links into it go on working."""
    check_reason(reason)
    with acting(administration) as actor:
        live, new = room_of(administration, room), room_to_wire(name)
        holder = actor.hub.find_room(new)
        if holder not in (None, live):
            raise AdministrationError("room_exists", f"There is a room {room_to_people(new)} already.")
        if new == live.room.name:
            raise nothing_to_do(f"{room_to_people(new)} is its name already.")
        problem = problem_of_name(actor, live, new)
        if problem:
            raise AdministrationError("cannot_rename", f"{problem}.")
        rename_room(actor, live, new, reason)
    return next(one for one in room_list(administration) if one.name == room_to_people(new))


def room_delete(administration: Administration, room: str, *, reason: str = "") -> DeletedRoom:
    """Take a room away, with all that was said there: from the disk as well."""
    check_reason(reason)
    name, members, messages, first, _ = _what_goes(administration, room)
    detail = f"{_count(members, 'member')}, {_count(messages, 'message')}"
    detail += f" since {time(format_time(first))} UTC" if messages else ""
    with acting(administration) as actor:
        delete_room(actor, room_of(administration, room), detail, reason)
    return DeletedRoom(name, members, messages)


def _question(administration: Administration, room: str, *, reason: str = "") -> str:
    check_reason(reason)
    name, members, messages, first, links = _what_goes(administration, room)
    said = f"{_count(messages, 'message')} since {time(format_time(first))} UTC" if messages else "no messages"
    lead = "1 link leads" if links == 1 else f"{links:,} links lead"
    return (
        f"{name} has {_count(members, 'member')} and {said}; {lead} into it. All of that goes for good: nobody can "
        "read the messages again, and only a backup of before has them still. Whoever is there is put out."
    )


def _what_goes(administration: Administration, name: str) -> tuple[str, int, int, int, int]:
    """The name, and how many members, how many messages since when (ms), how many links. Raises AdministrationError."""
    with administration.hub.lock:
        live = room_of(administration, name)
        if fold(live.room.name) == GENERAL:
            text = f"{room_to_people(GENERAL)} is always there: it cannot be deleted."
            raise AdministrationError("general", text)
        shown, room_id, members = (
            room_to_people(live.room.name),
            live.room.id,
            len(members_of(administration.hub, live)),
        )
    return shown, members, *_extent(administration, room_id)


def _extent(administration: Administration, room_id: int) -> tuple[int, int, int]:
    """How many messages a room has, since when (ms), and how many open invites lead into it."""
    now = administration.clock()
    return administration.store.read(
        lambda unit: (*unit.history.extent(room_id), unit.invites.count_open(now, room_id=room_id))
    )


def _members(administration: Administration, live: LiveRoom) -> list[RoomMember]:
    """Takes the hub lock, some members at a time: masks are held against each, and everybody else waits meanwhile."""
    hub = administration.hub
    with hub.lock:
        members = members_of(hub, live)
    shown = []
    for first in range(0, len(members), MOST_AT_ONCE):
        with hub.lock:
            shown += [
                _shown(administration, live, member)
                for member in members[first : first + MOST_AT_ONCE]
                if is_member(hub, live, member)  # still
            ]
    return sorted(shown, key=lambda one: fold(one.name))


def _shown(administration: Administration, live: LiveRoom, member: Member) -> RoomMember:
    hub, account = administration.hub, account_of(member)
    words = (standing_in(hub, live, member).value, *(["voiced"] if is_voiced(hub, live, member) else []))
    present = isinstance(member, User) if administration.runs else None
    return RoomMember(account.name if account is not None else name_of(member), account is None, words, present)


def _unusual(rules: RoomRules) -> dict[str, bool | int | str]:
    usual = RoomRules()
    values = {one.name: getattr(rules, one.name) for one in fields(RoomRules)}
    return {name: True if name == "key" else value for name, value in values.items() if value != getattr(usual, name)}


def _count(number: int, word: str) -> str:
    return f"{number:,} {word if number == 1 else f'{word}s'}"


def _rooms_text(rooms: list[dict[str, Any]]) -> str:
    shown = [
        (one["name"], one["kind"], str(one["members"]), or_dash(one["present"]), time(one["created"]), one["topic"])
        for one in rooms
    ]
    return (
        table(("ROOM", "KIND", "MEMBERS", "PRESENT", "CREATED (UTC)", "TOPIC"), shown)
        if shown
        else "There are no rooms yet."
    )


_HERE = {True: "yes", False: "no", None: "-"}


def _members_text(members: list[dict[str, Any]]) -> str:
    shown = [
        (f"{one['name']} (guest)" if one["guest"] else one["name"], ", ".join(one["roles"]), _HERE[one["present"]])
        for one in members
    ]
    return table(("NAME", "ROLE", "HERE"), shown) if shown else "Nobody is in it: who enters first looks after it."


def _rule_words(name: str, value: bool | int | str) -> str:
    word = name.replace("_", " ")
    return word if value is True else f"not {word}" if value is False else f"{word} {value}"


def _details_text(room: dict[str, Any]) -> str:
    said = _count(room["messages"], "message")
    since = f", the oldest of {time(room['first_message'])} UTC" if room["first_message"] else ""
    lists = (
        _count(room["bans"], "ban"),
        _count(room["mutes"], "mute"),
        _count(room["exceptions"], "exception"),
        _count(room["invitations"], "lasting invitation"),
        _count(room["links"], "open link"),
    )
    rows = (
        ("Room", room["name"]),
        ("Kind", room["kind"]),
        ("Topic", room["topic"] or "-"),
        ("Created", f"{time(room['created'])} UTC"),
        ("Said", said + since),
        (
            "Rules",
            ", ".join(_rule_words(name, value) for name, value in room["rules"].items()) or "those of a new room",
        ),
        ("Lists", ", ".join(lists)),
    )
    return f"{table(rows[0], rows[1:])}\n\n{_members_text(room['members'])}"


FAMILY = Family(
    "room",
    "rooms: who is in them, who may not be, and what becomes of them",
    (
        Operation("room list", room_list, _rooms_text, "Show all rooms.", over_irc=Action.MANAGE),
        Operation(
            "room show",
            room_show,
            _details_text,
            "Show rules, lists and members of a room.",
            (ROOM,),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "room members",
            room_members,
            _members_text,
            "Show who is in a room, here or not.",
            (ROOM,),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "room create",
            room_create,
            lambda room: f"Made the room {room['name']}. Nobody is in it: who enters first looks after it.",
            "Make a room with nobody in it.",
            (ROOM, REASON),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "room topic",
            room_topic,
            lambda topic: f"The topic is now: {topic}" if topic else "The room has no topic any more.",
            "Set what a room is about.",
            (ROOM, Argument("topic", "the topic; empty: none", needed=True, metavar="TEXT"), REASON),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "room rename",
            room_rename,
            lambda room: f"The room is called {room['name']} now; it is the same room, and links go on working.",
            "Give a room another name.",
            (ROOM, Argument("name", "what it is to be called", needed=True, metavar="NAME"), REASON),
            over_irc=Action.MANAGE,
        ),
        Operation(
            "room delete",
            room_delete,
            lambda room: f"Deleted {room['name']}, with {_count(room['messages'], 'message')}. The name is free.",
            "Take a room away for good, with all that was said there.",
            (ROOM, REASON),
            question=_question,
            over_irc=Action.MANAGE,
        ),
        *room_moderation.OPERATIONS,
        *room_standing.OPERATIONS,
    ),
)
