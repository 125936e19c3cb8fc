"""A fresh server without sockets for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.harness import Harness, running


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with running(tmp_path) as made:
        yield made
