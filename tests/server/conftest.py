"""A fresh server without sockets for each test, and no bug in its log at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.server.harness import Harness, running

settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")


@pytest.fixture
def harness(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Harness]:
    with running(tmp_path) as made:
        yield made
    assert [one for one in caplog.get_records("call") if "Bug" in one.getMessage()] == []
