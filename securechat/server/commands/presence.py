"""AWAY and SETNAME: how a present user appears (modern-irc, "AWAY message"; extensions/setname; draft/pre-away).

NICK is in `registration`.
"""

from securechat.domain.events import Event, Kind
from securechat.protocol import standard_replies as replies
from securechat.protocol.capabilities import PRE_AWAY, SETNAME
from securechat.protocol.message import cut
from securechat.protocol.numerics import ERR_NOTREGISTERED, RPL_NOWAWAY, RPL_UNAWAY
from securechat.server.context import Context
from securechat.server.lifecycle import State
from securechat.server.notices import ABSENT, about, count_absent, set_away
from securechat.server.presence import REALNAME_BYTES, REALNAME_CHARACTERS
from securechat.server.registry import Stage, command
from securechat.server.rendering import text_bytes


@command("AWAY", stage=Stage.ANY, help="AWAY [:<text>]: say that you are not here, and why; without a text: here again")
def away(context: Context) -> None:
    """Set or clear the away message of the user; it goes to whoever writes to them."""
    session = context.session
    text = context.param(0) or ""
    if session.state is not State.PRESENT and not session.has(PRE_AWAY.bit):
        context.response.numeric(ERR_NOTREGISTERED)
        return
    session.absent = text == ABSENT
    if session.state is not State.PRESENT:
        session.away_at_login = text
    elif text == ABSENT and session.has(PRE_AWAY.bit):
        count_absent(context.hub, context.user, session)
    else:
        set_away(context.hub, context.user, text, session)
    context.response.numeric(RPL_NOWAWAY if text else RPL_UNAWAY)


@command("SETNAME", params=1, help="SETNAME :<real name>: change your real name")
def setname(context: Context) -> None:
    """Change the real name, and tell those who want to know."""
    name = context.params[0]
    if not name.strip() or len(name) > REALNAME_CHARACTERS:
        context.response.fail("SETNAME", replies.INVALID_REALNAME)
        return
    user = context.user
    session = context.session
    name = cut(name, min(REALNAME_BYTES, text_bytes(Kind.SETNAME, user.source.mask, "")))
    user.set_realname(name)
    event = Event(Kind.SETNAME, context.hub.now(), user.source, text=name)
    publication = about(context.hub, event, user, SETNAME.bit, session)
    publication.echo = session.has(SETNAME.bit)
    context.response.publish(publication)
