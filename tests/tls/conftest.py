"""A folder of certificates, and folders that this process may not touch."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from securechat.tls import authority

NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An authority, and a server's certificate for localhost, chat.lan and the loopback addresses."""
    made = tmp_path / "certs"
    authority.make(made, ["localhost", "chat.lan"], [ip_address("127.0.0.1"), ip_address("::1")])
    return made


@contextlib.contextmanager
def forbidden(mode: int) -> Iterator[Path]:
    """An empty folder of this mode, for a process without root's powers, even when the tests are run by root."""
    with tempfile.TemporaryDirectory() as outer:
        inner = Path(outer, "certs")
        inner.mkdir()
        inner.chmod(mode)
        Path(outer).chmod(0o755)
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            yield inner
        finally:
            os.seteuid(user)
            inner.chmod(0o700)


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """An empty folder that may be read but not written."""
    with forbidden(0o555) as folder:
        yield folder


@pytest.fixture
def hidden_folder() -> Iterator[Path]:
    """A folder that may not even be read."""
    with forbidden(0) as folder:
        yield folder
