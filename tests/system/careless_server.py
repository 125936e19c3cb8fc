"""A control that must fail: the same server, but it shows events when they are submitted, before they are stored.

A test of durability that this server passes proves nothing.
"""

import itertools
import sys
import threading
from typing import Any

from securechat.cli import server as command
from securechat.domain.events import RECORDED
from securechat.domain.ports import Entry
from securechat.server import app
from securechat.storage.engine import Database
from securechat.storage.journal import Journal, Publish


class CarelessJournal(Journal):
    """Publishes at `submit`."""

    def __init__(self, database: Database, publish: Publish, **options: Any) -> None:
        super().__init__(database, lambda entries, error: None, **options)
        self._show = publish
        self._sequences = itertools.count(self._recorder.newest + 1)
        self._order = threading.Lock()

    def submit(self, entry: Entry) -> None:
        """Give it the number that it will be stored under, if it will; show it; queue it."""
        with self._order:
            if entry.event is not None and entry.event.kind in RECORDED:
                entry.event.sequence = next(self._sequences)
            self._show([entry], None)
            super().submit(entry)


if __name__ == "__main__":
    vars(app)["Journal"] = CarelessJournal
    sys.exit(command.main())
