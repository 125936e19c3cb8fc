"""MOTD and LUSERS: what the server tells about itself (modern-irc, "Server Queries and Commands")."""

from securechat.server.context import Context
from securechat.server.information import send_lusers, send_motd
from securechat.server.registry import command


@command("MOTD", help="MOTD: the message of the day")
def motd(context: Context) -> None:
    """Send the message of the day."""
    send_motd(context.hub, context.response)


@command("LUSERS", help="LUSERS: how many users and rooms there are")
def lusers(context: Context) -> None:
    """Send the counts."""
    send_lusers(context.hub, context.response)
