"""Links that let people into a room: made by the server, for whoever may let somebody in."""

from securechat.client.errors import ClientError
from securechat.client.library import Client
from securechat.client.texts import _

LIFETIMES = ("1h", "1d", "7d", "30d", "never")
"""How long a link may work, as the server writes it; the dialogs offer these."""
MOST_USES = 100
"""So many people may come in by one link; the server has the last word."""


def make_link(client: Client, room: str, *words: str) -> str:
    """Return a new link into a room; `words` are the number of uses and how long it works (INVITES CREATE).

    Raises RoomRefused.
    """
    for line in client.ask("INVITES", "CREATE", room, *words):
        if line.command == "NOTE" and "INVITE_CREATED" in line.params[1:2]:
            return line.params[-1]
    raise ClientError(_("The server made no link."))
