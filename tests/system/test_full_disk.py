"""A full disk: messages are refused with a clear answer, the server stays up, and goes on by itself when there is room.

A small ext4 image on a loop device is filled to its last block: a real disk with a real ENOSPC.
"""

import errno
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.process import DEADLINE, OPEN, RawClient, ServerProcess, run_server
from tests.system.load import CAPABILITIES, ROOM

pytestmark = pytest.mark.slow

DISK_BYTES = 48 * 1_048_576
FULL = "the database cannot store: database or disk is full; messages are refused until this is mended"
WELL = "the database can store again"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of a small disk, mounted for the test."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    for tool in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing")
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as made:
        made.truncate(DISK_BYTES)
    folder.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a loop device cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Take every free block."""
    descriptor = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT, 0o600)
    at = 0
    for piece in (1_048_576, 65_536, 4_096, 1_024):
        while _is_taken(descriptor, at, piece):
            at += piece
    os.close(descriptor)


def _is_taken(descriptor: int, at: int, size: int) -> bool:
    """Let the file grow by a piece; False when there is no room for it."""
    try:
        os.posix_fallocate(descriptor, at, size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
    return True


def free(disk: Path) -> None:
    """Make room again."""
    (disk / "filler").unlink()


class Talker:
    """Somebody who says numbered texts and keeps what became of each."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self.client: RawClient = server.member(name, CAPABILITIES)
        self.client.ask(f"JOIN {ROOM}")
        self.echoed: list[str] = []
        self.refused: list[str] = []
        self._number = 0

    def say(self, count: int) -> None:
        """Say so many texts in one write; each must come back as an echo or as a refusal, with its label."""
        texts = [f"text {self._number + step}" for step in range(count)]
        self._number += count
        self.client.send(*(f"@label={text.replace(' ', '-')} PRIVMSG {ROOM} :{text}" for text in texts))
        answered: list[str] = []
        for line in self.client.lines():
            label = re.match(r"@(?:\S*;)?label=(text-\d+)[; ]", line)
            if label is None:
                continue
            text = label[1].replace("-", " ")
            answered.append(text)
            if line.endswith(f" PRIVMSG {ROOM} :{text}"):
                self.echoed.append(text)
            else:
                assert f" FAIL PRIVMSG MESSAGE_NOT_STORED {ROOM} :" in line
                self.refused.append(text)
            if len(answered) == count:
                break
        assert answered == texts

    def say_until_refused(self) -> None:
        """The last blocks of the write-ahead log may still take some."""
        before = len(self.refused)
        for _ in range(100):
            self.say(20)
            if len(self.refused) > before:
                return
        raise AssertionError("nothing was refused")


def stored(disk: Path) -> list[str]:
    """The texts in the database of a server that has ended, in order."""
    with closing(sqlite3.connect(disk / "securechat.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = database.execute("SELECT text FROM events WHERE text LIKE 'text %' ORDER BY sequence")
        return [text for (text,) in rows]


def wait_until_told_well(server: ServerProcess, cycles: int) -> None:
    """Return when the log has told of the end of each trouble; of at least so many.

    There may be more: on a nearly full disk a small commit fits now and then between two that do not.
    """

    def is_told() -> bool:
        return cycles <= times_in_log(server, FULL) == times_in_log(server, WELL)

    with server._news:
        assert server._news.wait_for(is_told, DEADLINE), server.log


def times_in_log(server: ServerProcess, message: str) -> int:
    """How often exactly this was logged."""
    return sum(1 for record in server.log if record.get("message") == message)


def test_a_server_says_that_it_finds_a_full_disk(disk: Path) -> None:
    """Before its first start and later; it leaves nothing that would be in its way when there is room."""
    fill(disk)
    for _ in range(2):
        ended = run_server(disk.parent, "--database", f"sqlite:///{disk}/securechat.db")
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert re.search(
            "^securechat-server: .*(No space left on device|the disk is full: make room)", ended.stderr, re.MULTILINE
        )
        free(disk)
        with ServerProcess(disk.parent, arguments=("--database", f"sqlite:///{disk}/securechat.db")):
            pass
        fill(disk)


def test_a_full_disk_refuses_messages_and_heals(disk: Path) -> None:
    with ServerProcess(disk, OPEN) as server:
        server.sign_up("ann")
        witness = server.guest("witness", "message-tags")
        witness.ask(f"JOIN {ROOM}")
        ann = Talker(server, "ann")
        ann.say(50)
        for cycle in range(1, 4):
            fill(disk)
            ann.say_until_refused()
            server.wait_for_log(re.escape(FULL))
            ann.say(50)  # and it stays so
            assert server.process.poll() is None
            with server.guest("newcomer") as newcomer:  # people still come, and are told what does not go
                newcomer.ask(f"JOIN {ROOM}")
            history = ann.client.ask("CAP REQ :draft/chathistory", f"CHATHISTORY LATEST {ROOM} * 10")
            assert any(line.endswith(f" :{ann.echoed[-1]}") for line in history)
            free(disk)
            ann.say(50)
            assert ann.echoed[-1] not in ann.refused
            assert ann.refused[-1] not in ann.echoed
            wait_until_told_well(server, cycle)
        ann.client.send(f"PRIVMSG {ROOM} :the end")
        seen = [line.rpartition(" :")[2] for line in witness.until(" :the end$") if f" PRIVMSG {ROOM} :text " in line]
        assert seen == ann.echoed
        print(f"{len(ann.echoed)} echoed, {len(ann.refused)} refused in 3 full disks")
        for client in (witness, ann.client):
            client.close()
    assert server.process.returncode == 0
    assert stored(disk) == ann.echoed


def test_a_server_that_stops_or_dies_on_a_full_disk_loses_nothing(disk: Path) -> None:
    with ServerProcess(disk, OPEN) as server:
        server.sign_up("ann")
        ann = Talker(server, "ann")
        ann.say(200)
        fill(disk)
        ann.say_until_refused()
        server.kill()
    with ServerProcess(disk, OPEN) as server:
        ann.client = server.member("ann", CAPABILITIES)
        ann.say(10)
        free(disk)
        ann.say(10)
        fill(disk)
        ann.say_until_refused()
    assert server.process.returncode == 0
    assert stored(disk) == ann.echoed
