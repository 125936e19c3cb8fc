"""PASS, NICK and USER: who a connection says it is (modern-irc, "Connection Messages")."""

from securechat.domain.events import Event, Kind
from securechat.domain.look_alikes import check_person_name
from securechat.names import USERNAME_BYTES
from securechat.protocol.message import cut
from securechat.protocol.numerics import (
    ERR_NEEDMOREPARAMS,
    ERR_NICKNAMEINUSE,
    ERR_NONICKNAMEGIVEN,
)
from securechat.server.context import Context
from securechat.server.lifecycle import State
from securechat.server.notices import tell_renamed
from securechat.server.presence import REALNAME_BYTES, REALNAME_CHARACTERS, register_when_ready
from securechat.server.registry import Stage, command

USERNAME_CHARACTERS = 16
PASSWORD_CHARACTERS = 300


@command("PASS", params=1, stage=Stage.BEFORE, help="PASS <token>: an invite's token, or the server's password")
def pass_(context: Context) -> None:
    """Keep what was given until it is needed."""
    context.session.password = context.params[0][:PASSWORD_CHARACTERS]


@command("NICK", stage=Stage.ANY, help="NICK <nick>: the name that you go by")
def nick(context: Context) -> None:
    """Choose a nick before login, or change it after."""
    wanted = context.param(0)
    if not wanted:
        context.response.numeric(ERR_NONICKNAMEGIVEN)
        return
    check_person_name(wanted, context.hub.configuration.limits.nick_length)
    if context.session.state is State.PRESENT:
        _change(context, wanted)
    else:
        context.session.nick = wanted
        # Whether it is free shows when registration completes: until then it may turn out to be one's own.
        register_when_ready(context.hub, context.session, context.response)


def _change(context: Context, wanted: str) -> None:
    hub = context.hub
    user = context.user
    if wanted == user.nick:
        return
    problem = hub.nick_problem(wanted, user.account, user)
    if problem:
        context.response.numeric(ERR_NICKNAMEINUSE, nick=wanted, problem=problem)
        return
    event = Event(Kind.NICK, hub.now(), user.source, text=wanted)
    publication = hub.tell_peers(event, user, context.session)
    before = user.nick
    hub.rename_user(user, wanted)
    context.response.publish(publication)
    tell_renamed(hub, before, user)


@command("USER", stage=Stage.BEFORE, help="USER <username> 0 * :<real name>: the rest of who you are")
def user(context: Context) -> None:
    """Take the user name and the real name."""
    params = context.params
    if len(params) < 4 or not params[0] or not params[3]:
        context.response.numeric(ERR_NEEDMOREPARAMS, command="USER")
        return
    # The user name stands between `!` and `@` of every relayed line: nothing but letters and digits survives.
    clean = "".join(one for one in params[0] if one.isalnum() or one in "-_.~")[:USERNAME_CHARACTERS]
    clean = cut(clean, USERNAME_BYTES)
    context.session.username = clean or "user"
    context.session.realname = cut(params[3][:REALNAME_CHARACTERS], REALNAME_BYTES)
    register_when_ready(context.hub, context.session, context.response)
