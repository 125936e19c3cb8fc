"""Keeping the peace in a room from outside: `securechat-admin room kick`, `ban`, `mute`, `slow`, `lock` and others."""

from dataclasses import dataclass
from typing import Any

from securechat.clock import format_time
from securechat.domain.durations import parse_duration
from securechat.domain.mask_lists import BANS, MUTE, is_mute, is_possible_mask
from securechat.domain.permissions import Action
from securechat.domain.roles import ListEntry
from securechat.names import fold, room_to_people
from securechat.server.administration import Administration, AdministrationError, check_reason, nothing_to_do
from securechat.server.hub import Hub
from securechat.server.management.acting import ADMINISTRATOR, Acting, acting, room_of
from securechat.server.management.rows import REASON, Argument, Operation
from securechat.server.management.tables import table, time
from securechat.server.members import Member, find_member, name_of
from securechat.server.putting_out import put_out
from securechat.server.room_bans import ban_entry, banned_in, bans_of, lift_bans, masks_of, put_out_banned
from securechat.server.room_modes import MOST, ModeChange
from securechat.server.users import LiveRoom


@dataclass(frozen=True, slots=True)
class Kicked:
    """Somebody who was put out of a room."""

    room: str
    name: str


@dataclass(frozen=True, slots=True)
class RoomBan:
    """Somebody who may not enter a room, or not speak there."""

    room: str
    mask: str  # a:NAME is an account
    mute: bool
    made_by: str
    created: str
    expires: str | None


@dataclass(frozen=True, slots=True)
class Banned:
    """What a ban from a room, or a mute, has done."""

    ban: RoomBan
    left: int  # of those whom it means so many are in the room still


@dataclass(frozen=True, slots=True)
class Slowed:
    """How a room is used now."""

    room: str
    slow_seconds: int
    locked: bool


def room_kick(administration: Administration, room: str, name: str, *, reason: str = "") -> Kicked:
    """Put somebody out of a room, here or not; they may come again."""
    check_reason(reason)
    with acting(administration) as actor:
        live = room_of(administration, room)
        member = member_of(actor.hub, live, name)
        put_out(actor, live, member, reason or "Put out by an administrator", reason)
        return Kicked(room_to_people(live.room.name), name_of(member))


def member_of(hub: Hub, live: LiveRoom, name: str) -> Member:
    """Return who is in a room, here or not, by nick or account. Needs the hub lock. Raises AdministrationError."""
    member = find_member(hub, live, name)
    if member is None:
        shown = room_to_people(live.room.name)
        text = f"{name} is not in {shown}. See: securechat-admin room members {shown}"
        raise AdministrationError("not_in_room", text)
    return member


def room_ban(administration: Administration, room: str, who: str, *, lasts: str = "", reason: str = "") -> Banned:
    """Keep somebody out of a room; who is there goes at once."""
    return _put_on(administration, room, who, lasts, reason, mute=False)


def room_mute(administration: Administration, room: str, who: str, *, lasts: str = "", reason: str = "") -> Banned:
    """Let somebody only read in a room."""
    return _put_on(administration, room, who, lasts, reason, mute=True)


def room_unban(administration: Administration, room: str, who: str, *, reason: str = "") -> list[RoomBan]:
    """Let somebody come in again."""
    return _take_off(administration, room, who, reason, mute=False)


def room_unmute(administration: Administration, room: str, who: str, *, reason: str = "") -> list[RoomBan]:
    """Let somebody speak again."""
    return _take_off(administration, room, who, reason, mute=True)


def room_bans(administration: Administration, room: str) -> list[RoomBan]:
    """Who may not enter a room, and then who may not speak there, oldest first."""
    with administration.hub.lock:
        live = room_of(administration, room)
        rows = (*bans_of(administration.hub, live, mute=False), *bans_of(administration.hub, live, mute=True))
        return [_shown(live, entry) for entry in rows]


def room_slow(administration: Administration, room: str, seconds: int, *, reason: str = "") -> Slowed:
    """Let everybody wait so many seconds after each message; 0: no more."""
    if not 0 <= seconds <= MOST["f"]:
        raise AdministrationError("bad_seconds", f"Slow mode takes from 0 (none) to {MOST['f']:,} seconds.")
    shown = ("+", "f", str(seconds)) if seconds else ("-", "f", "")
    return _set_rule(administration, room, shown, "slow_seconds", seconds, reason)


def room_lock(administration: Administration, room: str, *, reason: str = "") -> Slowed:
    """Let only those speak who look after a room, and nobody but administrators come in."""
    return _set_rule(administration, room, ("+", "L", ""), "locked", True, reason)


def room_unlock(administration: Administration, room: str, *, reason: str = "") -> Slowed:
    """Open a locked room."""
    return _set_rule(administration, room, ("-", "L", ""), "locked", False, reason)


def _set_rule(
    administration: Administration, room: str, shown: tuple[str, str, str], rule: str, value: bool | int, reason: str
) -> Slowed:
    check_reason(reason)
    with acting(administration) as actor:
        live = room_of(administration, room)
        change = ModeChange(actor, live, ADMINISTRATOR)
        change.set_rule(shown, rule, value, reason)
        if change.publish() is None:
            raise nothing_to_do(f"That is so already in {room_to_people(live.room.name)}.")
        rules = live.room.rules
        return Slowed(room_to_people(live.room.name), rules.slow_seconds, rules.locked)


def _masks(actor: Acting, who: str, *, mute: bool) -> tuple[str, ...]:
    masks = masks_of(actor.hub, who, mute=mute) if who else ()
    if not masks or not all(is_possible_mask(mask) and is_mute(mask) is mute for mask in masks):
        text = f"{who!r} is neither a name nor a mask: nick!user@host with * and ?, or a:ACCOUNT."
        raise AdministrationError("bad_mask", text)
    return masks


def _milliseconds(lasts: str) -> int:
    try:
        return parse_duration(lasts) if lasts else 0
    except ValueError:
        text = "It lasts for a time like 10m, 2h or 7d (at most 3650d); without one it has no end."
        raise AdministrationError("bad_duration", text) from None


def _put_on(administration: Administration, room: str, who: str, lasts: str, reason: str, *, mute: bool) -> Banned:
    check_reason(reason)
    duration = _milliseconds(lasts)
    with acting(administration) as actor:
        live = room_of(administration, room)
        masks = _masks(actor, who, mute=mute)
        change = ModeChange(actor, live, ADMINISTRATOR)
        member = None if mute else find_member(actor.hub, live, who)
        there = member is not None or (not mute and banned_in(actor, live))
        if not duration and not there and _is_for_good(change, masks[0]):
            shown, what = room_to_people(live.room.name), "muted in" if mute else "banned from"
            raise nothing_to_do(f"{who} is {what} {shown} already, for good. See: securechat-admin room bans {shown}")
        entry = ban_entry(actor, change, masks[0], duration, reason)
        if entry is None:
            text = f"The list of {room_to_people(live.room.name)} is full; take something off it first."
            raise AdministrationError("list_full", text)
        change.publish()
        left = 0
        if not mute:
            left = put_out_banned(actor, live, member, entry, reason, lambda _: True)
        return Banned(_shown(live, entry), left)


def _is_for_good(change: ModeChange, mask: str) -> bool:
    return any(fold(one.mask) == fold(mask) and not one.expires for one in change.entries(BANS))


def _take_off(administration: Administration, room: str, who: str, reason: str, *, mute: bool) -> list[RoomBan]:
    check_reason(reason)
    with acting(administration) as actor:
        live = room_of(administration, room)
        change = ModeChange(actor, live, ADMINISTRATOR)
        lifted = lift_bans(change, _masks(actor, who, mute=mute), reason)
        if not lifted:
            shown, what = room_to_people(live.room.name), "muted in" if mute else "banned from"
            text = f"{who} is not {what} {shown}. See: securechat-admin room bans {shown}"
            raise nothing_to_do(text)
        change.publish()
        return [_shown(live, entry) for entry in lifted]


def _shown(live: LiveRoom, entry: ListEntry) -> RoomBan:
    expires = format_time(entry.expires) if entry.expires else None
    mute = is_mute(entry.mask)
    mask = entry.mask.removeprefix(f"{MUTE}:")
    made_by = entry.setter.partition("!")[0]
    return RoomBan(room_to_people(live.room.name), mask, mute, made_by, format_time(entry.time), expires)


def _person(mask: str) -> str:
    """How a mask reads to people: an account or a nick by its name."""
    return mask.removeprefix("a:").removesuffix("!*@*")


def _banned_text(done: dict[str, Any]) -> str:
    ban, left = done["ban"], done["left"]
    until = f" until {time(ban['expires'])} UTC" if ban["expires"] else ""
    text = f"{_person(ban['mask'])} is {'muted in' if ban['mute'] else 'banned from'} {ban['room']}{until}."
    return f"{text} {left} of those whom it means are in the room still: put them out by room kick." if left else text


def _lifted_text(bans: list[dict[str, Any]]) -> str:
    ban = bans[0]
    return f"{_person(ban['mask'])} is not {'muted in' if ban['mute'] else 'banned from'} {ban['room']} any more."


def _bans_text(bans: list[dict[str, Any]]) -> str:
    rows = [
        (
            one["mask"],
            "may not speak" if one["mute"] else "may not enter",
            time(one["expires"]) if one["expires"] else "never",
            one["made_by"],
            time(one["created"]),
        )
        for one in bans
    ]
    return (
        table(("WHO", "WHAT", "ENDS (UTC)", "BY", "SINCE (UTC)"), rows) if rows else "Nobody is banned or muted there."
    )


def _slow_text(room: dict[str, Any]) -> str:
    if room["slow_seconds"]:
        return f"In {room['room']} everybody waits {room['slow_seconds']} seconds after each message."
    return f"{room['room']} is not in slow mode any more."


def _lock_text(room: dict[str, Any]) -> str:
    if room["locked"]:
        return f"{room['room']} is locked: only those speak who look after it, and only administrators come in."
    return f"{room['room']} is open again."


ROOM = Argument("room", "as `room list` shows it", needed=True, metavar="ROOM")
_WHO = Argument("who", "a name, or a mask: nick!user@host with * and ?, a:ACCOUNT", needed=True, metavar="WHO")
_LASTS = Argument("lasts", "for how long: 10m, 2h, 7d (default: for good)", metavar="TIME", option="--for")

OPERATIONS = (
    Operation(
        "room kick",
        room_kick,
        lambda done: f"Put {done['name']} out of {done['room']}.",
        "Put somebody out of a room; they may come again.",
        (ROOM, Argument("name", "a nick or an account", needed=True, metavar="NAME"), REASON),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room ban",
        room_ban,
        _banned_text,
        "Keep somebody out of a room; who is there goes at once.",
        (ROOM, _WHO, _LASTS, REASON),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room unban", room_unban, _lifted_text, "Let somebody in again.", (ROOM, _WHO, REASON), over_irc=Action.MANAGE
    ),
    Operation(
        "room mute",
        room_mute,
        _banned_text,
        "Let somebody only read in a room.",
        (ROOM, _WHO, _LASTS, REASON),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room unmute",
        room_unmute,
        _lifted_text,
        "Let somebody speak again.",
        (ROOM, _WHO, REASON),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room bans",
        room_bans,
        _bans_text,
        "Show who may not enter a room, or not speak.",
        (ROOM,),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room slow",
        room_slow,
        _slow_text,
        "Let everybody wait between two messages.",
        (ROOM, Argument("seconds", "how long; 0: not at all", type=int, needed=True, metavar="SECONDS"), REASON),
        over_irc=Action.MANAGE,
    ),
    Operation(
        "room lock",
        room_lock,
        _lock_text,
        "Let only those speak who look after a room, and nobody come in.",
        (ROOM, REASON),
        over_irc=Action.MANAGE,
    ),
    Operation("room unlock", room_unlock, _lock_text, "Open a locked room.", (ROOM, REASON), over_irc=Action.MANAGE),
)
