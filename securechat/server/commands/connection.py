"""PING, PONG and QUIT (modern-irc, "Connection Messages")."""

from securechat.protocol.message import cut
from securechat.protocol.numerics import ERR_NOORIGIN
from securechat.server.context import Context
from securechat.server.heartbeat import answered
from securechat.server.presence import end_session
from securechat.server.registry import Stage, command
from securechat.server.rendering import LINE_BYTES


@command(
    "PING",
    stage=Stage.ANY,
    help="PING <token>: is the server there? Answered in order, so it also says: all before is done",
)
def ping(context: Context) -> None:
    """Answer with PONG; behind the session's own messages, so it also means that they are on disk."""
    token = context.param(0)
    if not token:
        context.response.numeric(ERR_NOORIGIN)
        return
    server = context.hub.configuration.server.name
    overhead = len(f":{server} PONG {server} :\r\n")
    context.response.line("PONG", (server, cut(token, LINE_BYTES - overhead)))


@command("PONG", stage=Stage.ANY, free=True, help="PONG <token>: the answer to the server's PING")
def pong(context: Context) -> None:
    """Take the answer to our PING."""
    answered(context.session, context.param(len(context.params) - 1) or "" if context.params else "")


@command("QUIT", stage=Stage.ANY, free=True, help="QUIT [<reason>]: leave the server")
def quit_(context: Context) -> None:
    """End the session with the reason given."""
    reason = context.param(0)
    context.response.flush()
    context.deferred = True  # flushed here, before the session ends
    end_session(context.hub, context.session, f"Quit: {reason}" if reason else "Quit", orderly=True)
