"""Bans from rooms, and mutes: whom a name means, and what one more on the list, or one less, brings with it."""

from collections.abc import Callable, Collection

from securechat.clock import format_moment
from securechat.domain.mask_lists import ACCOUNT, BANS, MUTE, is_mute, normalize
from securechat.domain.permissions import Action, Policy, Subject, may
from securechat.domain.roles import ListEntry
from securechat.names import fold
from securechat.server.actors import Actor
from securechat.server.hub import Hub
from securechat.server.members import Member
from securechat.server.presence import MOST_MASKS
from securechat.server.putting_out import put_out
from securechat.server.room_modes import ModeChange
from securechat.server.users import LiveRoom, User

MOST_PUT_OUT = 20
"""How many one ban puts out at most."""


def masks_of(hub: Hub, name: str, *, mute: bool) -> tuple[str, ...]:
    """Return the masks that may mean somebody: their account, if they have one, before their nick."""
    user = hub.users.get(fold(name))
    account = user.account if user is not None else hub.accounts.get(fold(name))
    by_name = normalize(user.nick if user is not None else name)
    masks = (f"{ACCOUNT}:{account.name}", by_name) if account is not None else (by_name,)
    return tuple(normalize(f"{MUTE}:{mask}") for mask in masks) if mute else masks


def bans_of(hub: Hub, live: LiveRoom, *, mute: bool) -> list[ListEntry]:
    """The bans of a room that count now, or its mutes, oldest first."""
    now = hub.now()
    return [one for one in live.room.lists.get(BANS, ()) if is_mute(one.mask) is mute and not 0 < one.expires <= now]


def ban_entry(actor: Actor, change: ModeChange, mask: str, lasts: int, reason: str) -> ListEntry | None:
    """Put a mask on the list for `lasts` ms (0: for good), in place of what stands there; None when the list is full.

    Nothing happens before the change is published.
    """
    now = actor.hub.now()
    known = next((one for one in change.entries(BANS) if fold(one.mask) == fold(mask)), None)
    if known is None and len(change.entries(BANS)) >= MOST_MASKS:
        return None
    entry = ListEntry(mask, actor.source.mask, now, now + lasts if lasts else 0)
    if known is not None:
        change.remove(("-", BANS, known.mask), BANS, known, reason)
    change.add(("+", BANS, mask), BANS, entry, reason)
    return entry


def lift_bans(change: ModeChange, masks: Collection[str], reason: str) -> list[ListEntry]:
    """Take off the list whatever of `masks` stands there, and return it. Nothing happens before it is published."""
    wanted = {fold(mask) for mask in masks}
    known = [entry for entry in change.entries(BANS) if fold(entry.mask) in wanted]
    for entry in known:
        change.remove(("-", BANS, entry.mask), BANS, entry, reason)
    return known


def put_out_banned(
    actor: Actor,
    live: LiveRoom,
    named: Member | None,
    entry: ListEntry,
    reason: str,
    may_put_out: Callable[[Member], bool],
) -> int:
    """Put out who was named, here or not, and whom the mask means that are here, as far as `may_put_out` lets.

    Whom the bans do not keep from coming back, as those who look after the room, and administrators, does not go for a
    mask alone, nor does the actor. Return how many are left: one ban puts out MOST_PUT_OUT at most.
    """
    until = f"Banned until {format_moment(entry.expires)}" if entry.expires else "Banned"
    shown = f"{until}: {reason}" if reason else until
    if named is not None:
        put_out(actor, live, named, shown, reason)
    meant = banned_in(actor, live, may_put_out)
    for user in meant[:MOST_PUT_OUT]:
        put_out(actor, live, user, shown, reason)
    return max(0, len(meant) - MOST_PUT_OUT)


def banned_in(actor: Actor, live: LiveRoom, may_put_out: Callable[[Member], bool] = lambda _: True) -> list[User]:
    """Return who is in the room although the bans mean them, without the actor and those who may come back."""
    policy = actor.hub.policy
    own = actor.session.user if actor.session is not None else None
    return [
        user
        for user in live.members
        if user is not own and not _may_come_back(live.subject_of(user), policy) and may_put_out(user)
    ]


def _may_come_back(subject: Subject, policy: Policy) -> bool:
    """Whether no ban keeps somebody out for good, who is in the room or enters it again."""
    return may(subject, Action.RETURN_TO_ROOM, policy) or may(subject, Action.ENTER_UNBANNED, policy)
