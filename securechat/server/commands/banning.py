"""BAN, UNBAN, MUTE and UNMUTE: the list +b of a room for people, by name and with an end."""

from dataclasses import dataclass

from securechat.clock import format_moment
from securechat.domain.durations import looks_like_duration, parse_duration
from securechat.domain.mask_lists import ACCOUNT, BANS, MUTE, is_mute, normalize
from securechat.domain.permissions import Action, may, require
from securechat.domain.roles import ListEntry
from securechat.errors import NoSuchRoom, NotInRoom
from securechat.names import fold
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import (
    ERR_BANLISTFULL,
    ERR_CHANOPRIVSNEEDED,
    ERR_INVALIDMODEPARAM,
    ERR_NEEDMOREPARAMS,
)
from securechat.server.commands.modes import is_possible_mask
from securechat.server.context import Context
from securechat.server.members import Member, find_member
from securechat.server.presence import MOST_MASKS
from securechat.server.putting_out import may_put_out, put_out
from securechat.server.registry import command
from securechat.server.room_modes import ModeChange
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom, User
from securechat.server.waiting import seconds_of, try_again

MOST_PUT_OUT = 20
"""How many one BAN puts out at most."""


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
    entry = _entry(context, live, change, asked)
    if entry is None:
        return
    publication = change.publish()
    assert publication is not None, "there is an entry"
    if not mute:
        _put_out_all(context, live, asked, entry)
    context.response.stands_or_falls_with(publication)
    row = replies.MUTED if mute else replies.BANNED
    context.response.note(context.message.command, row, live.room.name, entry.mask, text=_sentence(entry))


def _entry(context: Context, live: LiveRoom, change: ModeChange, asked: _Asked) -> ListEntry | None:
    """Put the mask on the list, in place of what stands there for it; None when that cannot be, and was answered."""
    hub, mask = context.hub, asked.masks[0]
    now = hub.now()
    known = next((one for one in change.entries(BANS) if fold(one.mask) == fold(mask)), None)
    entry = ListEntry(mask, context.user.source.mask, now, now + asked.lasts if asked.lasts else 0)
    if known is None and len(change.entries(BANS)) >= MOST_MASKS:
        context.response.numeric(ERR_BANLISTFULL, room=live.room.name, mode=BANS)
        return None
    if known is not None:
        change.remove(("-", BANS, known.mask), BANS, known, asked.reason)
    change.add(("+", BANS, mask), BANS, entry, asked.reason)
    return entry


def _take_off(context: Context, *, mute: bool) -> None:
    live = visible_room(context.hub, context.user, context.params[0])
    if live is None:
        raise NoSuchRoom(context.params[0])
    change = allowed_change(context, live)
    asked = _asked(context, live, mute=mute) if change is not None else None
    if change is None or asked is None:
        return
    wanted = {fold(mask) for mask in asked.masks}
    known = [entry for entry in change.entries(BANS) if fold(entry.mask) in wanted]
    if not known:
        context.response.fail(context.message.command, replies.NOT_ON_LIST, live.room.name, asked.masks[0])
        return
    for entry in known:
        change.remove(("-", BANS, entry.mask), BANS, entry, asked.reason)
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
    masks = tuple(normalize(f"{MUTE}:{mask}") if mute else mask for mask in _masks(context, name))
    if not all(is_possible_mask(mask) and is_mute(mask) is mute for mask in masks):
        context.response.numeric(
            ERR_INVALIDMODEPARAM, room=live.room.name, mode=BANS, parameter="*", problem="This cannot be a mask"
        )
        return None
    return _Asked(masks, find_member(context.hub, live, name), lasts, words[0] if words else "")


def _masks(context: Context, name: str) -> tuple[str, ...]:
    """Return the masks that may mean somebody: their account, if they have one, before their nick."""
    hub = context.hub
    user = hub.users.get(fold(name))
    account = user.account if user is not None else hub.accounts.get(fold(name))
    by_name = normalize(user.nick if user is not None else name)
    return (f"{ACCOUNT}:{account.name}", by_name) if account is not None else (by_name,)


def _put_out_all(context: Context, live: LiveRoom, asked: _Asked, entry: ListEntry) -> None:
    """Put out who was named, here or not, and whom the mask means that are here, as far as one may."""
    until = f"Banned until {format_moment(entry.expires)}" if entry.expires else "Banned"
    shown = f"{until}: {asked.reason}" if asked.reason else until
    if asked.member is not None:
        put_out(context, live, asked.member, shown, asked.reason)
    meant = [user for user in live.members if _is_meant(context, live, user)]
    for user in meant[:MOST_PUT_OUT]:
        put_out(context, live, user, shown, asked.reason)
    if len(meant) > MOST_PUT_OUT:
        left = len(meant) - MOST_PUT_OUT
        text = f"{left} of those who are banned are still in the room: put them out by KICK"
        context.response.note("BAN", replies.NOT_ALL_PUT_OUT, live.room.name, str(left), text=text)


def _is_meant(context: Context, live: LiveRoom, user: User) -> bool:
    """Whether somebody in the room is banned from it now, and has to go."""
    if user is context.user or may(live.subject_of(user), Action.RETURN_TO_ROOM, context.hub.policy):
        return False
    return may_put_out(context, live, user)


def _show(context: Context, live: LiveRoom, *, mute: bool) -> None:
    """Tell who is on the list, and until when."""
    now, row = context.hub.now(), replies.MUTED if mute else replies.BANNED
    shown = [one for one in live.room.lists.get(BANS, ()) if is_mute(one.mask) is mute and not 0 < one.expires <= now]
    for entry in shown:
        context.response.note(context.message.command, row, live.room.name, entry.mask, text=_sentence(entry))
    if not shown:
        text = "Nobody is muted in this room" if mute else "Nobody is banned from this room"
        context.response.note(context.message.command, replies.NOT_ON_LIST, live.room.name, text=text)


def _sentence(entry: ListEntry) -> str:
    return f"Until {format_moment(entry.expires)}" if entry.expires else "Until it is taken back"
