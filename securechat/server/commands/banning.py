"""BAN, UNBAN, MUTE and UNMUTE: the list +b of a room for people, by name and with an end."""

from dataclasses import dataclass
from functools import partial

from securechat.clock import format_moment
from securechat.domain.durations import looks_like_duration, parse_duration
from securechat.domain.mask_lists import BANS, is_mute, is_possible_mask
from securechat.domain.permissions import Action, require
from securechat.domain.roles import ListEntry
from securechat.errors import NoSuchRoom, NotInRoom
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import (
    ERR_BANLISTFULL,
    ERR_CHANOPRIVSNEEDED,
    ERR_INVALIDMODEPARAM,
    ERR_NEEDMOREPARAMS,
)
from securechat.server.context import Context
from securechat.server.members import Member, find_member
from securechat.server.putting_out import may_put_out
from securechat.server.registry import command
from securechat.server.room_bans import ban_entry, bans_of, lift_bans, masks_of, put_out_banned
from securechat.server.room_modes import ModeChange
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom
from securechat.server.waiting import seconds_of, try_again


@dataclass(slots=True, frozen=True)
class _Asked:
    """What is asked for: masks that may mean the same, the best one first, for how long (ms; 0: for good), and why."""

    masks: tuple[str, ...]
    member: Member | None  # who is in the room and was named
    lasts: int
    reason: str


@command(
    "BAN", params=1, help="BAN <room> [<nick, account or mask> [<time as 2h>] [:<reason>]]: keep out, or show who is"
)
def ban(context: Context) -> None:
    """Put somebody on the list of bans, and out of the room; without a name, show the bans."""
    _put_on(context, mute=False)


@command(
    "MUTE", params=1, help="MUTE <room> [<nick, account or mask> [<time as 2h>] [:<reason>]]: silence, or show who is"
)
def mute(context: Context) -> None:
    """Let somebody say nothing more in a room; without a name, show who may not."""
    _put_on(context, mute=True)


@command("UNBAN", params=2, help="UNBAN <room> <nick, account or mask> [:<reason>]: let in again")
def unban(context: Context) -> None:
    """Take a ban off the list."""
    _take_off(context, mute=False)


@command("UNMUTE", params=2, help="UNMUTE <room> <nick, account or mask> [:<reason>]: let speak again")
def unmute(context: Context) -> None:
    """Let somebody speak again."""
    _take_off(context, mute=True)


def _put_on(context: Context, *, mute: bool) -> None:
    live = visible_room(context.hub, context.user, context.params[0])
    if live is None:
        raise NoSuchRoom(context.params[0])
    if not context.param(1):
        _show(context, live, mute=mute)
        return
    change = allowed_change(context, live)
    asked = _asked(context, live, mute=mute) if change is not None else None
    if change is None or asked is None:
        return
    if asked.member is not None and not may_put_out(context, live, asked.member):
        context.response.numeric(ERR_CHANOPRIVSNEEDED, room=live.room.name)
        return
    entry = ban_entry(context, change, asked.masks[0], asked.lasts, asked.reason)
    if entry is None:
        context.response.numeric(ERR_BANLISTFULL, room=live.room.name, mode=BANS)
        return
    publication = change.publish()
    assert publication is not None, "there is an entry"
    if not mute:
        left = put_out_banned(context, live, asked.member, entry, asked.reason, partial(may_put_out, context, live))
        if left:
            text = f"{left} of those who are banned are still in the room: put them out by KICK"
            context.response.note("BAN", replies.NOT_ALL_PUT_OUT, live.room.name, str(left), text=text)
    context.response.stands_or_falls_with(publication)
    row = replies.MUTED if mute else replies.BANNED
    context.response.note(context.message.command, row, live.room.name, entry.mask, text=_sentence(entry))


def _take_off(context: Context, *, mute: bool) -> None:
    live = visible_room(context.hub, context.user, context.params[0])
    if live is None:
        raise NoSuchRoom(context.params[0])
    change = allowed_change(context, live)
    asked = _asked(context, live, mute=mute) if change is not None else None
    if change is None or asked is None:
        return
    known = lift_bans(change, asked.masks, asked.reason)
    if not known:
        context.response.fail(context.message.command, replies.NOT_ON_LIST, live.room.name, asked.masks[0])
        return
    publication = change.publish()
    assert publication is not None, "something is taken off"
    context.response.stands_or_falls_with(publication)
    row = replies.UNMUTED if mute else replies.UNBANNED
    for entry in known:
        context.response.note(context.message.command, row, live.room.name, entry.mask)


def allowed_change(context: Context, live: LiveRoom) -> ModeChange | None:
    """Return what changes the room, for who may; None when they have to wait, and were told."""
    subject = context.user.subject(live)
    if not subject.in_room:
        raise NotInRoom(live.room.name)
    require(subject, Action.CHANGE_MODES, context.hub.policy, live.room.name)
    change = ModeChange(context, live, subject)
    wait = change.wait()
    if not wait:
        return change
    text = try_again("Too many changes of modes", wait)
    command_name = context.message.command
    context.response.fail(command_name, replies.RATE_LIMITED, live.room.name, str(seconds_of(wait)), text=text)
    return None


def _asked(context: Context, live: LiveRoom, *, mute: bool) -> _Asked | None:
    """Read what is asked for; None when it cannot be read, and was answered."""
    name, lasts, words = context.params[1], 0, context.params[2:]
    if not name:
        context.response.numeric(ERR_NEEDMOREPARAMS, command=context.message.command)
        return None
    if words and looks_like_duration(words[0]):
        try:
            lasts = parse_duration(words[0])
        except ValueError:
            context.response.fail(context.message.command, replies.BAD_DURATION, live.room.name, words[0])
            return None
        words = words[1:]
    masks = masks_of(context.hub, name, mute=mute)
    if not all(is_possible_mask(mask) and is_mute(mask) is mute for mask in masks):
        context.response.numeric(
            ERR_INVALIDMODEPARAM, room=live.room.name, mode=BANS, parameter="*", problem="This cannot be a mask"
        )
        return None
    return _Asked(masks, find_member(context.hub, live, name), lasts, words[0] if words else "")


def _show(context: Context, live: LiveRoom, *, mute: bool) -> None:
    """Tell who is on the list, and until when."""
    row = replies.MUTED if mute else replies.BANNED
    shown = bans_of(context.hub, live, mute=mute)
    for entry in shown:
        context.response.note(context.message.command, row, live.room.name, entry.mask, text=_sentence(entry))
    if not shown:
        text = "Nobody is muted in this room" if mute else "Nobody is banned from this room"
        context.response.note(context.message.command, replies.NOT_ON_LIST, live.room.name, text=text)


def _sentence(entry: ListEntry) -> str:
    return f"Until {format_moment(entry.expires)}" if entry.expires else "Until it is taken back"
