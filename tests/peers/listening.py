"""The same server, but it tells on standard output every byte that it is sent: what a client has given away."""

import sys
from collections.abc import Sequence

from securechat.cli import server as command
from securechat.net import connection
from securechat.protocol.line_buffer import LineBuffer, TooLong


class ListeningBuffer(LineBuffer):
    """Tells what it is fed."""

    __slots__ = ()

    def feed(self, data: bytes) -> Sequence[bytes | TooLong]:
        """Tell, then do as usual."""
        print("Received", data, flush=True)
        return super().feed(data)


if __name__ == "__main__":
    vars(connection)["LineBuffer"] = ListeningBuffer
    sys.exit(command.main())
