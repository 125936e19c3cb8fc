"""What the server tells about itself: counts of users, the message of the day."""

from securechat.domain.masks import matches
from securechat.names import fold
from securechat.protocol.message import cut
from securechat.protocol.numerics import (
    ERR_NOMOTD,
    RPL_ENDOFMOTD,
    RPL_GLOBALUSERS,
    RPL_LOCALUSERS,
    RPL_LUSERCHANNELS,
    RPL_LUSERCLIENT,
    RPL_LUSERME,
    RPL_LUSEROP,
    RPL_LUSERUNKNOWN,
    RPL_MOTD,
    RPL_MOTDSTART,
)
from securechat.server.hub import Hub
from securechat.server.response import Response

MOTD_LINE_BYTES = 400


def is_this_server(hub: Hub, name: str) -> bool:
    """Whether a command's server parameter means this server: its name, a mask of it, or the nick of a user here."""
    return matches(fold(name), fold(hub.configuration.server.name)) or fold(name) in hub.users


def send_lusers(hub: Hub, response: Response) -> None:
    """Send the counts (modern-irc, "LUSERS message")."""
    users = len(hub.users)
    visible = len(hub.unusual["i"])
    response.numeric(RPL_LUSERCLIENT, users=visible, invisible=users - visible, servers=1)
    response.numeric(RPL_LUSEROP, operators=len(hub.unusual["o"]))
    response.numeric(RPL_LUSERUNKNOWN, connections=len(hub.sessions) - hub.present_sessions)
    response.numeric(RPL_LUSERCHANNELS, rooms=len(hub.rooms) - len(hub.secret_rooms))
    response.numeric(RPL_LUSERME, clients=users, servers=0)
    response.numeric(RPL_LOCALUSERS, users=users, maximum=hub.most_users)
    response.numeric(RPL_GLOBALUSERS, users=users, maximum=hub.most_users)


def send_motd(hub: Hub, response: Response) -> None:
    """Send the message of the day of the configuration, or 422."""
    text = hub.configuration.server.motd.strip()
    if not text:
        response.numeric(ERR_NOMOTD)
        return
    response.numeric(RPL_MOTDSTART, server=hub.configuration.server.name)
    for line in text.splitlines():
        response.numeric(RPL_MOTD, line=cut(line, MOTD_LINE_BYTES) or " ")
    response.numeric(RPL_ENDOFMOTD)
