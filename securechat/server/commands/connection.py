"""PING, PONG and QUIT (modern-irc, "Connection Messages")."""

from securechat.protocol.numerics import ERR_NOORIGIN
from securechat.server.context import Context
from securechat.server.heartbeat import answered
from securechat.server.presence import end_session
from securechat.server.registry import Stage, command


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
    context.response.line("PONG", (context.hub.configuration.server.name, token))


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
