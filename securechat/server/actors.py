"""For whom it is counted what somebody does: an account over all of its sessions, guests by their address."""

from securechat.server.admission import counted_as
from securechat.server.sessions import Session


def counted_for(session: Session) -> str:
    """Return the key for limits of a session: guests are counted by address, as a nick is quickly given up."""
    account = session.user.account if session.user is not None else session.account
    return counted_as(session.outlet.address) if account is None else f"account {account.id}"
