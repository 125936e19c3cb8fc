"""What is wrong with the beginning of one session ends that connection, or less, and nothing else."""

import logging
from collections import deque
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from securechat.net.connection import Connection
from securechat.net.io_thread import IoThread
from securechat.net.opening import open_session
from securechat.server.presence import INTERNAL_ERROR
from tests.server.harness import Harness, running


@pytest.fixture
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running(tmp_path_factory.mktemp("opening")) as made:
        yield made


def connection(peer_certificate: Any) -> Connection:
    """What opening a session asks of a connection, with a certificate to come from `peer_certificate`."""
    made = SimpleNamespace(
        refusal="", asked_host="", address="192.0.2.1", thread_index=0, session=None, peer_certificate=peer_certificate
    )
    return cast("Connection", made)


def unreadable() -> bytes:
    b"ann\xe4".decode()
    return b""


def read_shown(_: bytes) -> tuple[str, int, str] | None:
    raise ValueError("secret words")


@pytest.mark.parametrize("peer_certificate", [unreadable, lambda: b"certificate"])
def test_a_certificate_that_cannot_be_read_is_none(
    harness: Harness, caplog: pytest.LogCaptureFixture, peer_certificate: Any
) -> None:
    with caplog.at_level(logging.INFO):
        session = open_session(harness.hub, connection(peer_certificate), read_shown, 0.0)
    assert session is not None
    assert session in harness.hub.sessions
    assert session.certificate_account == ""
    (record,) = [one for one in caplog.records if one.name == "securechat.net.opening"]
    assert record.levelno == logging.INFO
    assert record.getMessage().endswith("; it counts as none")
    assert "secret" not in record.getMessage()


def test_nothing_is_left_of_a_session_that_could_not_begin(harness: Harness) -> None:
    broken = connection(bytes)
    del broken.asked_host
    with pytest.raises(AttributeError):
        open_session(harness.hub, broken, read_shown, 0.0)
    assert broken.session is None
    assert not harness.hub.sessions


def test_a_bug_in_it_ends_that_connection_alone(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    broken = connection(bytes)
    del broken.asked_host
    lost: list[tuple[Connection, str]] = []
    thread = SimpleNamespace(
        _hub=harness.hub,
        _read_shown=read_shown,
        _parting=deque(),
        _timers=[],
        _resumed=deque(),
        _lose=lambda one, reason: lost.append((one, reason)),
    )
    IoThread._run(cast("IoThread", thread), [(broken, [])], [], [], 0.0)
    assert lost == [(broken, INTERNAL_ERROR)]
    assert "Bug while running the lines of a connection" in caplog.text
