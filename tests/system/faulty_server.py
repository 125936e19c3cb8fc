"""A control: the same server, but with a bug that breaks its I/O thread when somebody connects."""

import sys

from securechat.cli import server as command
from securechat.net.io_thread import IoThread


def break_down(*_: object) -> None:
    """Stand in for a bug."""
    raise RuntimeError("a bug made for this test")


if __name__ == "__main__":
    IoThread._run = break_down  # type: ignore[method-assign,assignment]
    sys.exit(command.main())
