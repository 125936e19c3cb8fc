"""A control that must fail: the same client, but it sends again whatever was not confirmed, without looking for it.

A test of cut links that this client passes proves nothing.
"""

import sys

from securechat.cli import client as command
from securechat.client.outbox import Outbox, Stage


def send_again(self: Outbox) -> None:
    """Take for granted that nothing arrived. The messages get new names: by the old ones the server would know them."""
    waiting, self._pending = list(self._pending.values()), {}
    for outgoing in waiting:
        outgoing.stage = Stage.QUEUED
        outgoing.token += "x"
        self._pending[outgoing.token] = outgoing


if __name__ == "__main__":
    Outbox.link_lost = send_again  # type: ignore[method-assign]
    sys.exit(command.main())
