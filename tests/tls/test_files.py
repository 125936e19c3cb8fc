"""Pairs of key and certificate: replaced together, whenever the writer dies and however many write at once."""

import multiprocessing
import os
from pathlib import Path

import pytest

from securechat.errors import TrustError
from securechat.tls import authority, files
from securechat.tls.contexts import client_context, server_context
from tests.tls.handshakes import shake


class Killed(BaseException):
    """Stands for the end of the process: no handler of the program may see it."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ALL = ["ca.key", "ca.pem", "server.key", "server.pem"]


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_writer_that_is_killed_between_two_renames(
    folder: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """After 0 renames the old pair is served, after 1 and 2 the new one; never is there a mixture."""
    before = authority.certificate_der(folder / "server.pem")
    done = 0
    replace = Path.replace

    def die(self: Path, target: Path) -> Path:
        nonlocal done
        if done == renames:
            raise Killed
        done += 1
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        if renames < 2:
            with pytest.raises(Killed):
                authority.renew(folder, [], [])
        else:
            authority.renew(folder, [], [])
    if renames < 2:
        assert len(names(folder)) > 4  # the control: something was left half done
    assert not authority.ensure(folder, [], [])  # what the next start of the server does first
    assert names(folder) == ALL
    after = shake(server_context(folder), client_context(folder / "ca.pem")).certificate
    assert (after == before) == (renames == 0)


def test_the_control_without_repair_the_mixture_cannot_be_served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def die(self: Path, target: Path) -> Path:
        if target.name == "server.pem":
            raise Killed
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(Killed):
            authority.renew(folder, [], [])
    with pytest.raises(TrustError, match="belongs to another"):
        server_context(folder)


def test_the_first_start_may_be_killed_at_any_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace
    for renames in range(4):
        folder = tmp_path / str(renames)
        left = renames

        def die(self: Path, target: Path) -> Path:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", die)
            with pytest.raises(Killed):
                authority.ensure(folder, ["localhost"], [])
        authority.ensure(folder, ["localhost"], [])
        assert names(folder) == ALL
        assert shake(server_context(folder), client_context(folder / "ca.pem")).heard == b"hello"


def test_a_failed_write_leaves_everything_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: (folder / name).read_bytes() for name in ALL}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(TrustError) as caught:
            authority.renew(folder, [], [])
    assert str(caught.value) == f"cannot write to the folder {folder}: No space left on device"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_leftovers_that_fit_nothing_are_removed(folder: Path) -> None:
    before = (folder / "server.pem").read_bytes()
    (folder / ".server.pem.0123.new").write_text("garbage")
    (folder / ".server.key.4567.new").write_text("garbage")
    (folder / ".ca.pem.89.new").write_bytes(before)
    with files.exclusive(folder):
        assert names(folder) == ALL
    assert (folder / "server.pem").read_bytes() == before


def test_other_files_are_nobodys_business(folder: Path) -> None:
    (folder / "README.md").write_text("ours")
    (folder / ".server.pem.bak").write_text("ours")
    authority.renew(folder, [], [])
    assert set(names(folder)) == {*ALL, "README.md", ".server.pem.bak"}


def renew_often(folder: Path) -> None:
    for _ in range(10):
        authority.renew(folder, [], [])


def test_processes_that_write_at_once_leave_a_pair(folder: Path) -> None:
    """The server and an operator may renew in the same instant."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=renew_often, args=(folder,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert names(folder) == ALL
    assert shake(server_context(folder), client_context(folder / "ca.pem")).heard == b"hello"


def test_a_folder_that_may_not_be_looked_into(hidden_folder: Path) -> None:
    for look in (lambda: files.present(hidden_folder), lambda: authority.ensure(hidden_folder, [], [])):
        with pytest.raises(TrustError) as caught:
            look()
        assert str(caught.value) == f"cannot look into the folder {hidden_folder}: Permission denied"
