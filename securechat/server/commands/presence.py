"""AWAY: whether a present user is there (modern-irc, "AWAY message"). NICK is in `registration`."""

from securechat.protocol.numerics import RPL_NOWAWAY, RPL_UNAWAY
from securechat.server.context import Context
from securechat.server.registry import command

AWAY_CHARACTERS = 300


@command("AWAY", help="AWAY [:<text>]: say that you are not here, and why; without a text: here again")
def away(context: Context) -> None:
    """Set or clear the away message of the user; it goes to whoever writes to them."""
    text = context.param(0) or ""
    context.user.away = text[:AWAY_CHARACTERS]
    context.response.numeric(RPL_NOWAWAY if text else RPL_UNAWAY)
