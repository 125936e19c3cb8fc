"""Worker threads for slow work: hashing, reading from the database, administration; each with its own bounded queue."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from securechat.server.ports import Pool

logger = logging.getLogger(__name__)

THREADS = {Pool.HASHING: 2, Pool.READING: 2, Pool.MANAGING: 1}
"""How many threads each pool has. Two derivations of Argon2 at once are what memory and two cores bear."""
MOST_WAITING = 4000
"""How many jobs of a pool may wait: a whole server's users who come back at once, and no more."""

_Job = tuple[Callable[[], Any], Callable[[Any, BaseException | None], None]]


class WorkerPools:
    """Implements server.ports.Workers."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._queues: dict[Pool, queue.Queue[_Job | None]] = {pool: queue.Queue(most_waiting) for pool in Pool}
        self._threads = [
            threading.Thread(target=self._run, args=(self._queues[pool],), name=f"worker-{pool.value}-{index}")
            for pool, count in THREADS.items()
            for index in range(count)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def submit(self, pool: Pool, job: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> bool:
        """Queue a job; False when the queue is full. `done(result, error)` is called on the worker."""
        try:
            self._queues[pool].put_nowait((job, done))
        except queue.Full:
            return False
        return True

    def stop(self, timeout: float) -> None:
        """Drop what waits, let what runs finish, and end the threads; waits `timeout` seconds at most."""
        for pool, jobs in self._queues.items():
            while True:
                try:
                    jobs.get_nowait()
                except queue.Empty:
                    break
            for _ in range(THREADS[pool]):
                jobs.put(None)
        for thread in self._threads:
            thread.join(timeout / len(self._threads))

    @staticmethod
    def _run(jobs: "queue.Queue[_Job | None]") -> None:
        """Run jobs until told to stop. Has no caller: an error of a job goes to its `done`, any other to the log."""
        while (job := jobs.get()) is not None:
            work, done = job
            result, error = None, None
            try:
                result = work()
            except Exception as raised:  # noqa: BLE001 - the one who asked decides what it means
                error = raised
            try:
                done(result, error)
            except Exception:
                logger.exception("Bug while a worker gave back its result")
            # Nothing of this job may live on while the thread waits: it may hold a password.
            del job, work, done, result, error
