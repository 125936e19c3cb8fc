"""What docs/operations.md tells to do is done: backup, restore, upgrade and moving, beside a server that has talkers.

Only what belongs to the machine is replaced: systemd, the user of the service, the folders and `pip install`.
"""

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from securechat.tls import authority
from tests.process import DEADLINE, OPEN, ServerProcess

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
CAPABILITIES = "batch server-time message-tags draft/chathistory"

pytestmark = pytest.mark.skipif(shutil.which("sqlite3") is None, reason="not installed: sqlite3")


def blocks(section: str) -> list[str]:
    """The blocks of commands of one section, in order."""
    _, _, text = PAGE.read_text(encoding="utf-8").partition(f"\n{section}\n")
    text = re.split(r"\n##+ ", text)[0]
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


class Machine:
    """The folders of one machine, and what stands in for its programs."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.backup = folder / "backup"
        self.programs = folder / "bin"
        for one in (self.home, self.backup, self.programs):
            one.mkdir(parents=True)
        self._program("python", shlex.join([sys.executable]))
        self._program("pip", "true")
        for name in ("admin", "gencert", "server"):
            self._program(f"securechat-{name}", shlex.join([sys.executable, "-m", f"securechat.cli.{name}"]))

    def _program(self, name: str, command: str) -> None:
        path = self.programs / name
        path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)

    def pieces(self, block: str) -> list[str]:
        """The commands of a block, divided where systemd stops or starts the service."""
        for pattern, here in (
            (r"sudo -u securechat ", ""),
            (r" -o securechat -g securechat", ""),
            (r"chown -R \S+ \S+", "true"),
            (r"/opt/securechat/bin/", f"{self.programs}/"),
            (r"/var/lib/securechat", str(self.home)),
            (r"database new-epoch ", "database new-epoch --yes "),  # there is no terminal to be asked on
            (r"/backup/", f"{self.backup}/"),
        ):
            block = re.sub(pattern, here, block)
        return re.split(r"^systemctl (?:stop|start|enable --now) securechat.*\n", block, flags=re.MULTILINE)

    def run(self, commands: str) -> None:
        done = subprocess.run(
            ["bash", "-e", "-c", commands], cwd=self.home, capture_output=True, text=True, timeout=3 * DEADLINE
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which anna has said something in #team."""
    made = Machine(tmp_path / "old")
    with ServerProcess(made.home, OPEN) as server:
        server.sign_up("anna")
        say(server, "before")
    return made


def say(server: ServerProcess, text: str) -> None:
    with server.member("anna") as anna:
        anna.ask("JOIN #team", f"PRIVMSG #team :{text}")


def read(server: ServerProcess) -> tuple[list[str], set[str]]:
    """What was said in #team, and the names of the databases in the ids."""
    with server.member("anna", CAPABILITIES) as anna:
        lines = [line for line in anna.ask("CHATHISTORY LATEST #team * 50") if " PRIVMSG #team " in line]
    texts = [line.partition(" PRIVMSG #team :")[2] for line in lines]
    return texts, {found[1] for line in lines if (found := re.search(r"msgid=([^-;]+)-", line))}


def test_a_backup_is_made_beside_the_server_and_restored(machine: Machine) -> None:
    by_sqlite, by_python, trying = blocks("## Backup")
    with ServerProcess(machine.home, OPEN) as server:
        for block in (by_sqlite, by_python):
            (commands,) = machine.pieces(block)
            machine.run(commands)
        say(server, "after")
        _, before = read(server)
    (dated,) = machine.backup.glob("securechat-*.db")
    copy = machine.backup / "copy.db"
    for made in (dated, copy):
        assert made.stat().st_mode & 0o077 == 0
        with closing(sqlite3.connect(made)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    words = shlex.split(trying)
    assert (words[0], words[-2]) == ("securechat-server", "--listen")
    shutil.copytree(machine.home / "certs", machine.backup / "certs")
    with ServerProcess(machine.backup, OPEN, words[1:-2]) as tried:
        assert read(tried)[0] == ["before"]
    (restoring,) = blocks("### Restoring")
    nothing, commands, rest = machine.pieces(restoring)
    assert (nothing, rest) == ("", "")
    dated.rename(machine.backup / "securechat-2026-11-22.db")
    machine.run(commands)
    with ServerProcess(machine.home, OPEN) as server:
        texts, names = read(server)
        assert texts == ["before"]
        assert len(names | before) == 2, "no id is given twice"
        assert "database new-epoch" in server.admin("audit", "list").stdout


def test_an_upgrade_leaves_a_way_back(machine: Machine) -> None:
    (upgrading,) = blocks("## Upgrading")
    _, commands, rest = machine.pieces(upgrading)
    assert rest == ""
    machine.run(commands)
    assert (machine.backup / "before-upgrade.db").stat().st_mode & 0o077 == 0
    with ServerProcess(machine.home, OPEN) as server:
        assert read(server)[0] == ["before"]


def test_the_server_moves_to_another_machine_and_is_the_same(machine: Machine, tmp_path: Path) -> None:
    packing, unpacking = blocks("## Moving to another machine")
    _, commands = machine.pieces(packing)
    machine.run(commands)
    other = Machine(tmp_path / "new")
    (machine.home / "securechat.tar.gz").rename(other.home / "securechat.tar.gz")
    commands, rest = other.pieces(unpacking)
    assert rest == ""
    other.run(commands)
    certificates = [authority.certificate_der(one.home / "certs" / "ca.pem") for one in (machine, other)]
    assert certificates[0] == certificates[1]
    with ServerProcess(other.home, OPEN) as server:
        assert read(server)[0] == ["before"]
        assert oct((other.home / "securechat.db").stat().st_mode & 0o777) == "0o600"
