"""RENAME: another name for a room, which stays what it is (draft/channel-rename)."""

from securechat.domain.permissions import Action, require
from securechat.errors import NoSuchRoom, NotInRoom
from securechat.protocol import standard_replies as replies
from securechat.server.context import Context
from securechat.server.registry import command
from securechat.server.room_renaming import problem_of_name, rename_room
from securechat.server.targets import visible_room


@command(
    "RENAME", params=2, help="RENAME <room> <new name> [:<reason>]: give a room another name; it stays the same room"
)
def rename(context: Context) -> None:
    """Rename a room, for whoever looks after it."""
    hub, user = context.hub, context.user
    old, new = context.params[:2]
    live = visible_room(hub, user, old)
    if live is None:
        raise NoSuchRoom(old)
    if live.room.id not in user.rooms:
        raise NotInRoom(live.room.name)
    require(user.subject(live), Action.RENAME, hub.policy, live.room.name)
    old = live.room.name
    holder = hub.find_room(new)
    if holder is not None and holder is not live:
        context.response.fail("RENAME", replies.CHANNEL_NAME_IN_USE, old, new)
        return
    problem = problem_of_name(context, live, new)
    if problem:
        context.response.fail("RENAME", replies.CANNOT_RENAME, old, new, text=problem)
    elif new != old:
        rename_room(context, live, new, context.param(2) or "", context.response)
