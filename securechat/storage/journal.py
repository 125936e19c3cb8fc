"""The journal: the one thread that writes. It turns what is queued into one transaction, and publishes it after that.

Nobody sees an event before it is on disk, and everybody sees events in the order in which they were submitted.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

from securechat.domain.ports import Entry, UnitOfWork
from securechat.errors import StorageError
from securechat.storage import timeline
from securechat.storage.engine import Database
from securechat.storage.faults import ROW_FAULTS, as_storage_error, is_general
from securechat.storage.recorder import Failure, Recorder, forget_sequence
from securechat.storage.unit_of_work import SqlUnitOfWork

T = TypeVar("T")
Publish = Callable[[list[Entry], StorageError | None], None]

logger = logging.getLogger(__name__)

MAX_BATCH = 2000
"""Most entries in one transaction, so that the first of them does not wait too long for the last."""
_GATHER_BELOW = 256  # a batch of this size has nothing to gain from waiting for more
_CHECKPOINT_ROWS = 4000  # about 1,000 pages of write-ahead log, SQLite's own measure
_CHECKPOINT_BATCHES = 250  # each batch writes some pages however small it is
_PURGE_AGAIN_SECONDS = 60.0  # after taking away a part of a room has failed
_TIMELINE_ROWS = 4096  # how many events readers may have to look through themselves


@dataclass(slots=True, eq=False)
class _Call:
    """Work that somebody waits for."""

    work: Callable[[UnitOfWork], Any]
    future: "Future[Any]"
    result: Any = None
    error: BaseException | None = None
    wanted: bool | None = None  # None: not asked yet

    def claim(self) -> bool:
        """Whether anybody still waits; from then on it cannot be cancelled any more."""
        if self.wanted is None:
            self.wanted = self.future.set_running_or_notify_cancel()
        return self.wanted

    def settle(self, failure: StorageError | None) -> None:
        """Tell whoever waits: that the commit failed, or else what came out."""
        if not self.claim():
            return
        error = failure or self.error
        if error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(error)


class Journal:
    """Implements domain.ports.Journal.

    `publish(entries, None)` is called after a commit and `publish(entries, error)` for entries that could not be
    stored, on the journal's thread and in order; it must be cheap and must not raise. Only events of RECORDED kinds
    get a sequence number; with an error, none has one.
    """

    def __init__(
        self,
        database: Database,
        publish: Publish,
        gather_seconds: float = 0.002,
        *,
        max_queued: int = 20_000,
        on_fatal: Callable[[], None] | None = None,
        before_commit: Callable[[], None] | None = None,
    ) -> None:
        """`database` must be migrated. `on_fatal` is told when the thread ends by a bug: the server must end, too.

        `before_commit` is for tests: it runs inside each transaction, and what it raises fails the commit.
        """
        self._database = database
        self._publish = publish
        self._gather_seconds = gather_seconds
        self._max_queued = max_queued
        self._on_fatal = on_fatal
        self.before_commit = before_commit
        self._queue: SimpleQueue[Entry | _Call | None] = SimpleQueue()  # None: stop
        self._closing = threading.Lock()  # guards `_stopped` against a `call` that comes at the same moment
        self._stopped = False
        self._in_hand: list[Entry | _Call] = []  # the batch that the thread is at work on
        self._awaited: dict[Entry, Future[None]] = {}  # entries whose outcome somebody waits for
        self._last_commit = -math.inf  # time.monotonic(), which is small on a machine that has just started
        self._purge_again = -math.inf  # time.monotonic(): not before; inf: nothing was stored since it has failed
        self._purge_failed = 0.0  # time.monotonic()
        self._unchecked_rows = 0  # written since the last checkpoint
        self._unchecked_batches = 0
        # Whether old copies of what was taken away may stand in the write-ahead log; a server that died may have left
        # some, too.
        self._copies_left = True
        self.healthy = True
        """Whether the last transaction was committed."""
        self.epoch = database.epoch
        """The short name of the database, part of every message id."""
        with database.writer.begin():
            self._recorder = Recorder(database.writer)
        self._covered = 0
        self._thread = threading.Thread(target=self._run, name="journal")

    # Called by any thread

    @property
    def full(self) -> bool:
        """Whether so much is queued that nobody should read more from clients for now."""
        return self._queue.qsize() > self._max_queued

    def submit(self, entry: Entry) -> None:
        """Queue it; it is published (or reported as failed) with its batch. Never blocks.

        What comes after `stop` is dropped: neither stored nor published.
        """
        self._queue.put(entry)

    def store(self, entry: Entry) -> "Future[None]":
        """Do the same for somebody who waits: the future is set after the commit, or has the StorageError.

        It is set when the outcome was published. After `stop` it has an error at once.
        """
        outcome: Future[None] = Future()
        with self._closing:
            if not self._stopped:
                self._awaited[entry] = outcome  # before the thread can have stored it
                self.submit(entry)
                return outcome
        outcome.set_exception(_stopped())
        return outcome

    def call(self, work: Callable[[UnitOfWork], T]) -> "Future[T]":
        """Run `work` in the writing transaction, in its place in the order; the future is set after the commit.

        What was submitted before is published before the future is set. What `work` raises comes through the future and
        undoes only its own changes. Raises StorageError through the future when the commit fails, or after `stop`.
        """
        call = _Call(work, Future())
        with self._closing:
            if not self._stopped:
                self._queue.put(call)
                return call.future
        call.settle(_stopped())
        return call.future

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Commit and publish all that is queued, end the thread and fold the write-ahead log into the database.

        From the journal's own thread (in `on_fatal`) it does not wait for itself.
        """
        with self._closing:
            already = self._stopped
            self._stopped = True
        if not already:
            self._queue.put(None)
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()

    # The journal's thread

    def _run(self) -> None:
        """Nobody calls this but the thread: every exception ends here, is logged and told to `on_fatal`."""
        try:
            self._catch_up()
            while self._turn():
                pass
            self._checkpoint("TRUNCATE")
        except BaseException:
            logger.critical("the journal ended by a bug; nothing can be stored any more", exc_info=True)
            self.healthy = False
            self._abandon()
            if self._on_fatal is not None:
                self._on_fatal()

    def _turn(self) -> bool:
        """Store and publish one batch, and take a part of what is to go; False when it was the last batch."""
        purging = self._recorder.departing and self.healthy and time.monotonic() >= self._purge_again
        items, more = ([], True) if purging and self._queue.empty() else self._next_batch()
        if items:
            self._in_hand = items
            self._store(items)
            self._last_commit = time.monotonic()
            if self.healthy:
                self._purge_again = min(self._purge_again, self._purge_failed + _PURGE_AGAIN_SECONDS)
        if purging and more:
            self._purge()
        if items or purging:
            self._upkeep()
        return more

    def _next_batch(self) -> tuple[list[Entry | _Call], bool]:
        """Wait for something to do and take it; the flag is False when `stop` was reached."""
        get = self._queue.get
        item = get()
        if item is not None and self._gathering_helps():
            time.sleep(self._gather_seconds)
        items: list[Entry | _Call] = []
        for _ in range(min(self._queue.qsize(), MAX_BATCH - 1)):
            if item is None:
                break
            items.append(item)
            item = get()
        if item is None:
            return items, False
        items.append(item)
        return items, True

    def _gathering_helps(self) -> bool:
        """Whether more will likely come in a moment: not for somebody who writes alone, nor after a pile-up."""
        waiting = self._queue.qsize()
        if waiting >= _GATHER_BELOW or not self._gather_seconds:
            return False
        return waiting > 0 or time.monotonic() - self._last_commit < self._gather_seconds

    def _store(self, items: list[Entry | _Call]) -> None:
        """Commit a batch, publish it, and only then set the futures."""
        before = self._recorder.newest
        writer = self._database.writer
        failures: list[Failure] = []
        failure: StorageError | None = None
        try:
            with writer.begin():
                self._record(items, failures)
                if self.before_commit is not None:
                    self.before_commit()
        except (*ROW_FAULTS, OSError, StorageError) as error:
            if not isinstance(error, (OSError, StorageError)) and not is_general(error):
                raise
            failure = as_storage_error(error, "store")
            self._recorder.newest = before
            self._recorder.note_failed(item for item in items if type(item) is not _Call)  # type: ignore[misc]
        self._note_health(failure)
        self._unchecked_rows += self._recorder.newest - before
        self._unchecked_batches += 1
        entries = [item for item in items if type(item) is not _Call]
        calls = len(entries) < len(items)
        if entries:
            self._publish_outcome(entries, failures, failure)  # type: ignore[arg-type]  # no _Call is left in it
        if self._awaited:
            self._settle_awaited(entries, failures, failure)  # type: ignore[arg-type]
        if calls:
            for item in items:
                if type(item) is _Call:
                    item.settle(failure)

    def _record(self, items: list[Entry | _Call], failures: list[Failure]) -> None:
        """Store the entries, and run each call in its place between them."""
        run: list[Entry] = []
        for item in items:
            if type(item) is _Call:
                failures += self._recorder.record(run)
                run = []
                self._perform(item)
            else:
                run.append(item)  # type: ignore[arg-type]  # mypy does not narrow by `type() is` in the negative
        failures += self._recorder.record(run)

    def _perform(self, call: _Call) -> None:
        """Run somebody's work in a transaction of its own within ours; only a fault of the whole database gets out."""
        if not call.claim():
            return
        writer = self._database.writer
        try:
            with writer.begin_nested():
                call.result = call.work(SqlUnitOfWork(writer))
        except Exception as error:  # whatever it is, it is the caller's
            if is_general(error):
                raise
            call.error = error

    def _publish_outcome(self, entries: list[Entry], failures: Sequence[Failure], failure: StorageError | None) -> None:
        """Publish a batch in order; the neighbours of an entry that failed by itself are published as stored."""
        if failure is not None:
            for entry in entries:
                forget_sequence(entry)
        if failure is not None or not failures:
            self._publish(entries, failure)
            return
        errors = {id(entry): error for entry, error in failures}
        stored: list[Entry] = []
        for entry in entries:
            error = errors.get(id(entry))
            if error is None:
                stored.append(entry)
                continue
            logger.error("one event could not be stored: %s", as_storage_error(error, "store it"))
            if stored:
                self._publish(stored, None)
                stored = []
            self._publish([entry], as_storage_error(error, "store it"))
        if stored:
            self._publish(stored, None)

    def _settle_awaited(self, entries: list[Entry], failures: Sequence[Failure], failure: StorageError | None) -> None:
        """Tell those who wait for one of the entries."""
        errors = {id(entry): as_storage_error(error, "store it") for entry, error in failures}
        for entry in entries:
            outcome = self._awaited.pop(entry, None)
            if outcome is None:
                continue
            error = failure or errors.get(id(entry))
            if error is None:
                outcome.set_result(None)
            else:
                outcome.set_exception(error)

    def _note_health(self, failure: StorageError | None) -> None:
        if failure is not None and self.healthy:
            logger.error("%s; messages are refused until this is mended", failure)
        elif failure is None and not self.healthy:
            logger.info("the database can store again")
        self.healthy = failure is None

    # What keeps the files in shape; nobody waits for it

    def _upkeep(self) -> None:
        if self._recorder.newest - self._covered >= _TIMELINE_ROWS:
            self._catch_up()
        due = self._unchecked_rows >= _CHECKPOINT_ROWS or self._unchecked_batches >= _CHECKPOINT_BATCHES
        if due or self._recorder.erased:
            self._copies_left |= self._recorder.erased
            self._recorder.erased = False
            # A reader that stays long makes it fail: the next one that is due tries again, not every batch.
            if self._copies_left and self._checkpoint("TRUNCATE"):
                self._copies_left = False
            elif not self._copies_left:
                self._checkpoint("PASSIVE")

    def _purge(self) -> None:
        """Take away a slice of the rooms that are gone; whoever has something to store waits for no more than that."""
        try:
            with self._database.writer.begin():
                self._unchecked_rows += self._recorder.purge()
                self._unchecked_batches += 1
        except ROW_FAULTS as error:
            if not is_general(error):
                raise
            # Nobody waits for it, and what is smaller may find room. Again when that did, but not with each message.
            self._purge_again, self._purge_failed = math.inf, time.monotonic()
            why = as_storage_error(error, "take away the messages of a deleted room")
            logger.warning("%s; nobody reads them, and it is tried again later", why)

    def _catch_up(self) -> None:
        """Let the timeline cover all events. If that fails, readers look through more of them until it succeeds."""
        writer = self._database.writer
        try:
            with writer.begin():
                self._covered = timeline.covered(writer)
                if self._recorder.newest - self._covered >= _TIMELINE_ROWS:
                    self._covered = timeline.advance(writer)
        except ROW_FAULTS as error:
            if not is_general(error):
                raise
            self._covered = self._recorder.newest
            logger.warning("the index of conversations is behind: %s", as_storage_error(error, "extend it"))

    def _checkpoint(self, mode: str) -> bool:
        """Copy the write-ahead log into the database, as far as readers allow; False when they did not allow all."""
        self._unchecked_rows = self._unchecked_batches = 0
        # Outside any transaction of SQLAlchemy's, in which SQLite would refuse it.
        connection = self._database.writer.connection.driver_connection
        try:
            ((busy, *_),) = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()  # type: ignore[union-attr]
        except ROW_FAULTS as error:
            if not is_general(error):
                raise
            logger.warning("%s", as_storage_error(error, "do a checkpoint"))
            return False
        return not busy

    def _abandon(self) -> None:
        """After a bug: let nobody wait for ever."""
        with self._closing:
            self._stopped = True
            waiting = self._in_hand + [self._queue.get() for _ in range(self._queue.qsize())]
            awaited, self._awaited = self._awaited, {}
        for outcome in awaited.values():
            outcome.set_exception(_stopped())
        for item in waiting:
            if type(item) is _Call and not item.future.done():
                item.settle(_stopped())


def _stopped() -> StorageError:
    return StorageError("the journal has stopped")
