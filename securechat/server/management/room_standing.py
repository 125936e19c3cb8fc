"""Roles in a room, kinds of rooms and what newcomers read, in words: `securechat-admin room role` and `room set`."""

from dataclasses import dataclass
from typing import Any, Final

from securechat.domain.mask_lists import BANS
from securechat.domain.permissions import Action
from securechat.domain.roles import HISTORY_FOR_NEWCOMERS, KINDS, STANDINGS, kind_of
from securechat.names import room_to_people
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.management.acting import ADMINISTRATOR, acting, room_of
from securechat.server.management.room_moderation import ROOM, member_of
from securechat.server.management.rows import REASON, Argument, Operation
from securechat.server.members import name_of
from securechat.server.presence import MOST_MASKS
from securechat.server.room_modes import ModeChange
from securechat.server.standings import StandingChange, set_history, set_kind, standing_in


@dataclass(frozen=True, slots=True)
class MemberRole:
    """What somebody is in a room."""

    room: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What kind of room it is, and what it shows of its history to newcomers."""

    room: str
    kind: str
    history: str


def room_role(administration: Administration, room: str, name: str, role: str, *, reason: str = "") -> MemberRole:
    """Let a member of a room, here or not, be its owner, a moderator, a member or a reader."""
    check_reason(reason)
    standing = STANDINGS.get(role.lower())
    if standing is None:
        raise AdministrationError("unknown_role", f"The roles in a room are: {', '.join(STANDINGS)}.")
    with acting(administration) as actor:
        live = room_of(administration, room)
        member = member_of(actor.hub, live, name)
        change = ModeChange(actor, live, ADMINISTRATOR)
        asked = StandingChange(actor.hub, live, change, member, standing)
        shown, called = room_to_people(live.room.name), name_of(member)
        if asked.is_overruled:
            text = f"Other masks of {shown} say otherwise about {called}. See: securechat-admin room bans {shown}"
            raise AdministrationError("role_overruled", text)
        if asked.adds and len(change.entries(BANS)) >= MOST_MASKS:
            text = f"{shown} has {MOST_MASKS} bans and mutes already, and no more may be."
            raise AdministrationError("list_full", text)
        asked.make(actor.source.mask, reason)
        if change.publish() is None:
            raise nothing_to_do(f"{called} is that already in {shown}.")
        return MemberRole(shown, called, standing_in(actor.hub, live, member).value)


def room_set(
    administration: Administration, room: str, *, kind: str = "", history: str = "", reason: str = ""
) -> RoomSettings:
    """Let a room be of another kind, which is a name for some of its modes, or show newcomers more or less."""
    check_reason(reason)
    wanted, word = KINDS.get(kind.lower()), history.lower()
    if wanted is None and (kind or not history):
        raise AdministrationError("unknown_kind", f"Say what kind of room it is to be: --kind {'|'.join(KINDS)}.")
    if word and word not in HISTORY_FOR_NEWCOMERS:
        text = f"Say what newcomers are to read: --history {'|'.join(HISTORY_FOR_NEWCOMERS)}."
        raise AdministrationError("unknown_history", text)
    with acting(administration) as actor:
        live = room_of(administration, room)
        change = ModeChange(actor, live, ADMINISTRATOR)
        if wanted is not None:
            set_kind(change, wanted, reason)
        if word:
            set_history(change, word, reason)
        if change.publish() is None:
            raise nothing_to_do(f"{room_to_people(live.room.name)} is that already.")
        rules = live.room.rules
        return RoomSettings(room_to_people(live.room.name), kind_of(rules), rules.history)


_READ: Final = {
    "all": "Newcomers read all that was ever said there",
    "joined": "Newcomers read what is said from their joining on",
    "none": "Newcomers read nothing of before, and members only what they may have missed",
}


def _set_text(done: dict[str, Any]) -> str:
    kind = KINDS.get(done["kind"])
    about = f" {kind.summary}." if kind is not None else ""
    return f"{done['room']} is now a room of this kind: {done['kind']}.{about} {_READ[done['history']]}."


OPERATIONS = (
    Operation(
        "room role",
        room_role,
        lambda done: f"In {done['room']}, {done['name']} is now: {done['role']}.",
        "Let a member be owner, moderator, member or reader.",
        (
            ROOM,
            Argument("name", "a nick or an account", needed=True, metavar="NAME"),
            Argument("role", ", ".join(STANDINGS), needed=True, metavar="ROLE"),
            REASON,
        ),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room set",
        room_set,
        _set_text,
        "Let a room be open, private or for announcements, and choose what newcomers read.",
        (
            ROOM,
            Argument("kind", "; ".join(f"{one.word}: {one.summary}" for one in KINDS.values()), metavar="KIND"),
            Argument("history", f"what newcomers read: {', '.join(HISTORY_FOR_NEWCOMERS)}", metavar="WORD"),
            REASON,
        ),
        over_irc=Action.MANAGE,
    ),
)
