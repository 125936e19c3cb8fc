"""One process writes: the lock beside the database."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from securechat.errors import StorageError
from securechat.storage.engine import open_database
from securechat.storage.lock import WriterLock
from tests.storage.harness import SECONDS


def test_a_second_writer_is_told_who_is_first(url: str, tmp_path: Path) -> None:
    first = open_database(url)
    first.migrate()
    second = open_database(url)
    with pytest.raises(StorageError, match=f"^{tmp_path / 'chat.db'} is in use by process {os.getpid()}; stop"):
        second.migrate()
    assert second.read(lambda unit: unit.accounts.all()) == []
    first.close()
    second.migrate()
    second.close()


def test_a_full_disk_is_told_as_such(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", refuse)
        database = open_database(url)
        with pytest.raises(StorageError, match=f"^cannot write {tmp_path / 'chat.db.lock'}: No space left on device$"):
            database.migrate()
    database.migrate()
    database.close()


def test_taking_it_twice_is_taking_it_once(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "chat.db")
    lock.acquire()
    lock.acquire()
    assert lock.held
    lock.release()
    lock.release()
    assert not lock.held
    other = WriterLock(tmp_path / "chat.db")
    other.acquire()
    other.release()


def test_the_kernel_frees_the_lock_of_a_killed_process(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from securechat.storage.lock import WriterLock
WriterLock(Path("{tmp_path}/chat.db")).acquire()
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        lock = WriterLock(tmp_path / "chat.db")
        with pytest.raises(StorageError, match=f"in use by process {process.pid}; stop"):
            lock.acquire()
        process.kill()
        process.wait(SECONDS)
    lock.acquire()
    assert (tmp_path / "chat.db.lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_says_why_the_lock_file_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot open .*chat.db.lock: No such file or directory"):
        WriterLock(tmp_path / "missing" / "chat.db").acquire()
