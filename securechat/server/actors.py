"""For whom it is counted what somebody does: an account over all of its sessions, guests by their address."""

from securechat.server.admission import counted_as
from securechat.server.context import Context


def counted_for(context: Context) -> str:
    """Return the key for limits of whoever runs a command: guests by their address, as a nick is quickly given up."""
    account, address = context.user.account, context.session.outlet.address
    return counted_as(address) if account is None else f"account {account.id}"
