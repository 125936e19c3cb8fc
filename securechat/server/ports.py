"""What the server's logic asks of the threads and sockets around it; `net` implements it, tests fake it."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol


class Pool(Enum):
    """The kinds of slow work. Each has its own workers, so that history never waits behind password hashing."""

    HASHING = "hash"
    READING = "read"
    MANAGING = "manage"  # operations of administration, one at a time; these take the hub lock themselves


class Outlet(Protocol):
    """The way out to one connection. All methods but `post` are called on the I/O thread that owns the connection."""

    address: str
    """The peer's IP address."""

    @property
    def thread_index(self) -> int:
        """Which I/O thread owns the connection."""

    @property
    def delivered_sequence(self) -> int:
        """Up to here everything committed was put to the connections of its I/O thread."""

    def put(self, data: bytes) -> None:
        """Queue whole lines; they leave at the end of the tick. Closes the connection when its queue is full."""

    def hold(self) -> None:
        """Keep back what is put from now on, until `release`."""

    def release(self, data: bytes) -> None:
        """Put `data` before everything that was kept back, and keep nothing back any more."""

    def close(self, reason: str) -> None:
        """Send what is queued, then end the connection; `reason` goes to the log."""

    def resume(self) -> None:
        """Run the lines that waited while a command of the session was at work elsewhere."""

    def post(self, action: Callable[[], None]) -> None:
        """Run `action` on the owning I/O thread, under the hub lock. From any thread."""


class Workers(Protocol):
    """Threads for slow work."""

    def submit(self, pool: Pool, job: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> bool:
        """Run `job` on a worker, then `done(result, error)` there. False when the pool's queue is full."""


class NoWorkers:
    """Implements Workers where nobody is served."""

    def submit(self, pool: Pool, job: Callable[[], Any], done: Callable[[Any, BaseException | None], None]) -> bool:  # noqa: ARG002
        """Refuse it."""
        return False
