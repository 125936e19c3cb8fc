"""The lock by which only one process writes to a database: a file beside it, locked for as long as that lives."""

import fcntl
import os
from pathlib import Path

from securechat.errors import StorageError


class WriterLock:
    """An exclusive lock on `<database>.lock`. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}.lock")
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock; nothing happens if it is held already. Raises StorageError "in use by process N"."""
        if self._descriptor is not None:
            return
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"cannot open {self._path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StorageError(
                f"{self._database} is in use by process {holder}; stop that one first, or give another database"
            ) from None
        except OSError as error:
            os.close(descriptor)
            raise StorageError(f"cannot lock {self._path}: {error.strerror}") from error
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(descriptor)
            raise StorageError(f"cannot write {self._path}: {error.strerror}") from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock, if it is held. The file stays: removing it would let two processes lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
