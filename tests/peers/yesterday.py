"""The same server, but its clock is a day behind: what is said there was said yesterday when the next one starts."""

import sys

from securechat.cli import server as command
from securechat.clock import wall_clock
from securechat.server import app
from securechat.server.configuration import Configuration

DAY_MS = 24 * 60 * 60 * 1000


class YesterdaysServer(app.Server):
    """Lives a day earlier."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration, lambda: wall_clock() - DAY_MS)


if __name__ == "__main__":
    vars(app)["Server"] = YesterdaysServer
    sys.exit(command.main())
