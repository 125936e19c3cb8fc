"""Databases and journals for the tests of storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.storage.engine import Database, open_database
from securechat.storage.journal import Journal
from tests.storage.harness import Published


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'chat.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A migrated, empty database of this process."""
    opened = open_database(url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def journal(database: Database, published: Published) -> Iterator[Journal]:
    """A journal that is not started yet, so that a test can make one batch of what it submits first."""
    made = Journal(database, published, 0)
    yield made
    made.stop()
