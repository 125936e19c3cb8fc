"""A journal without a thread, for securechat-admin beside no server: each entry is a transaction of its own."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from securechat.domain.ports import Entry, UnitOfWork
from securechat.storage.engine import Database
from securechat.storage.faults import ROW_FAULTS, as_storage_error, is_general
from securechat.storage.recorder import Recorder, forget_sequence

T = TypeVar("T")

logger = logging.getLogger(__name__)


class DirectJournal:
    """Implements domain.ports.Journal in the thread that calls it. Nobody is there to whom anything is published."""

    full = False

    def __init__(self, database: Database) -> None:
        """`database` must be migrated, and no other journal may run on it."""
        self._database = database
        self.epoch = database.epoch
        with database.writer.begin():
            self._recorder = Recorder(database.writer)

    def submit(self, entry: Entry) -> None:
        """Store it; whether that went well is not said (see `store`)."""
        self.store(entry)

    def store(self, entry: Entry) -> "Future[None]":
        """Store it; the future has the outcome already."""
        outcome: Future[None] = Future()
        newest = self._recorder.newest
        try:
            with self._database.writer.begin():
                failures = self._recorder.record((entry,))
        except (*ROW_FAULTS, OSError) as error:
            if not isinstance(error, OSError) and not is_general(error):
                raise
            self._recorder.newest = newest
            forget_sequence(entry)
            outcome.set_exception(as_storage_error(error, "store"))
            return outcome
        if failures:
            outcome.set_exception(as_storage_error(failures[0][1], "store it"))
        else:
            outcome.set_result(None)
            self._purge()
        return outcome

    def _purge(self) -> None:
        """Leave nothing of rooms that are gone; what cannot be done now is done when the server starts."""
        try:
            while self._recorder.departing:
                with self._database.writer.begin():
                    self._recorder.purge()
        except (*ROW_FAULTS, OSError) as error:
            if not isinstance(error, OSError) and not is_general(error):
                raise
            logger.warning("%s", as_storage_error(error, "take away the messages of a deleted room"))

    def call(self, work: Callable[[UnitOfWork], T]) -> "Future[T]":
        """Run `work` in a transaction of its own; the future has the outcome already."""
        future: Future[T] = Future()
        try:
            future.set_result(self._database.write(work))
        except Exception as error:  # noqa: BLE001 - the future carries it, as that of the real journal does
            future.set_exception(error)
        return future
