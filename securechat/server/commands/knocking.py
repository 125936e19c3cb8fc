"""KNOCK: asking to be let into a room that is for the invited."""

from securechat.domain.permissions import Action, may, require
from securechat.errors import NoSuchRoom
from securechat.protocol.message import cut
from securechat.protocol.numerics import ERR_CHANOPEN, ERR_KNOCKONCHAN, ERR_TOOMANYKNOCK, RPL_KNOCKDLVR
from securechat.server.context import Context
from securechat.server.knocks import MOST_OPEN, Knock, open_knocks, tell
from securechat.server.limits import Limited, may_not_yet
from securechat.server.registry import command
from securechat.server.targets import visible_room
from securechat.server.users import LiveRoom

REASON_BYTES = 200


@command("KNOCK", params=1, help="KNOCK <room> [:<reason>]: ask to be let into a room that is for the invited")
def knock(context: Context) -> None:
    """Ask once; of a secret room nobody outside learns that it is there."""
    hub, user = context.hub, context.user
    live = visible_room(hub, user, context.params[0])
    if live is None:
        _knock_unseen(context, context.params[0])
        return
    name, subject = live.room.name, live.subject_of(user)
    if subject.in_room:
        context.response.numeric(ERR_KNOCKONCHAN, room=name)
        return
    for action in (Action.ENTER_UNBANNED, Action.ENTER_ABANDONED):
        require(subject, action, hub.policy, name)
    if may(subject, Action.ENTER_INVITED, hub.policy):
        context.response.numeric(ERR_CHANOPEN, room=name)
        return
    require(subject, Action.KNOCK, hub.policy, name)
    asking = open_knocks(hub, live)
    if user.key in asking:
        context.response.numeric(
            ERR_TOOMANYKNOCK, room=name, reason="You have asked already; wait until you are let in"
        )
    elif len(asking) >= MOST_OPEN:
        context.response.numeric(ERR_TOOMANYKNOCK, room=name, reason="Too many people are asking; try again later")
    elif not may_not_yet(context, Limited.KNOCKS, name):
        _ask(context, live)
        context.response.numeric(RPL_KNOCKDLVR, room=name, words="Your KNOCK has been delivered")


def _knock_unseen(context: Context, name: str) -> None:
    """Ask at a room that is secret, or not there: both are answered and counted in the same way.

    So a private room can be entered by the approval of who looks after it, and stays unknown to who guesses its name.
    """
    hub, user = context.hub, context.user
    if not name.startswith("#"):
        raise NoSuchRoom(name)
    if may_not_yet(context, Limited.KNOCKS, name):
        return
    live = hub.find_room(name)
    if live is not None:
        subject, asking = live.subject_of(user), open_knocks(hub, live)
        may_ask = may(subject, Action.KNOCK, hub.policy) and not may(subject, Action.ENTER_INVITED, hub.policy)
        if may_ask and user.key not in asking and len(asking) < MOST_OPEN:
            _ask(context, live)
    context.response.numeric(RPL_KNOCKDLVR, room=name, words="Your KNOCK has been delivered, if there is such a room")


def _ask(context: Context, live: LiveRoom) -> None:
    hub, user = context.hub, context.user
    made = Knock(user.username, cut(context.param(1) or "", REASON_BYTES), hub.monotonic())
    open_knocks(hub, live)[user.key] = made
    tell(hub, live, user.key, made)
