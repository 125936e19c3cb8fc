"""ROLE and KIND: what members are and what kind a room is, in words instead of modes."""

from securechat.domain.mask_lists import BANS
from securechat.domain.permissions import Action, changing_roles, may, require
from securechat.domain.roles import KINDS, OTHER_KIND, STANDINGS, Standing, kind_of
from securechat.errors import NoSuchRoom, NotInRoom
from securechat.protocol import standard_replies as replies
from securechat.protocol.numerics import ERR_BANLISTFULL
from securechat.server.commands.banning import allowed_change
from securechat.server.commands.modes import member_meant
from securechat.server.context import Context
from securechat.server.members import Member, name_of
from securechat.server.presence import MOST_MASKS
from securechat.server.registry import command
from securechat.server.standings import StandingChange, set_kind, standing_in
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom


@command(
    "ROLE",
    params=2,
    help="ROLE <room> <nick or account> [owner|moderator|member|reader]: what somebody is in a room, or let them be it",
)
def role(context: Context) -> None:
    """Tell what a member of the room is, or let them be something else."""
    live = _visible(context)
    if not may(context.user.subject(live), Action.READ_HISTORY, context.hub.policy):
        raise NotInRoom(live.room.name)
    word = (context.param(2) or "").lower()
    if word and word not in STANDINGS:
        text = f"The roles in a room are {', '.join(STANDINGS)}"
        context.response.fail("ROLE", replies.UNKNOWN_ROLE, live.room.name, word, text=text)
        return
    member = member_meant(context, live, context.params[1])
    if member is None or (word and not _give(context, live, member, STANDINGS[word])):
        return
    is_now = standing_in(context.hub, live, member).value
    text = f"{name_of(member)} is {'an' if is_now == 'owner' else 'a'} {is_now} of {live.room.name}"
    context.response.note("ROLE", replies.ROOM_ROLE, live.room.name, name_of(member), is_now, text=text)


def _give(context: Context, live: LiveRoom, member: Member, standing: Standing) -> bool:
    """Let a member be something; return whether they are, else it was answered why not."""
    change = allowed_change(context, live)
    if change is None:
        return False
    asked = StandingChange(context.hub, live, change, member, standing)
    needed = changing_roles(asked.before, asked.after, own=member is context.user)
    require(change.subject, needed, context.hub.policy, live.room.name)
    if asked.is_overruled:
        context.response.fail("ROLE", replies.ROLE_OVERRULED, live.room.name, name_of(member))
        return False
    if asked.adds and len(change.entries(BANS)) >= MOST_MASKS:
        context.response.numeric(ERR_BANLISTFULL, room=live.room.name, mode=BANS)
        return False
    asked.make(context.user.source.mask)
    publication = change.publish()
    if publication is not None:
        context.response.stands_or_falls_with(publication)
    return True


@command(
    "KIND",
    params=1,
    help="KIND <room> [open|private|announcement]: what kind of room it is, or let it be another",
)
def kind(context: Context) -> None:
    """Tell what kind of room it is, or let it be another: a name for some of its modes."""
    live = _visible(context)
    word = (context.param(1) or "").lower()
    if word and word not in KINDS:
        text = f"The kinds of rooms are {', '.join(KINDS)}"
        context.response.fail("KIND", replies.UNKNOWN_KIND, live.room.name, word, text=text)
        return
    if word:
        change = allowed_change(context, live)
        if change is None:
            return
        set_kind(change, KINDS[word])
        publication = change.publish()
        if publication is not None:
            context.response.stands_or_falls_with(publication)
    is_now = kind_of(live.room.rules)
    text = f"A room with modes of its own: MODE {live.room.name}" if is_now == OTHER_KIND else KINDS[is_now].summary
    context.response.note("KIND", replies.ROOM_KIND, live.room.name, is_now, text=text)


def _visible(context: Context) -> LiveRoom:
    live = visible_room(context.hub, context.user, context.params[0])
    if live is None:
        raise NoSuchRoom(context.params[0])
    return live
