"""Reports on disk."""

from dataclasses import replace

import pytest

from securechat.domain.events import Kind
from securechat.domain.reports import Report, encode
from securechat.storage import reports
from securechat.storage.engine import Database
from securechat.storage.journal import Journal
from tests.storage.harness import ROOM, Published, happened, settle, submit


def test_the_newest_closed_ones_stay_and_no_number_comes_twice(
    database: Database, journal: Journal, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_KEPT", 0)
    made = [Report(number, 5, "carol", ROOM, 7, "bob", "spam") for number in (1, 2, 3)]
    closed = [replace(made[index], closed=9, closed_by="ann", outcome="warned") for index in (0, 2)]
    submit(journal, [happened(Kind.REPORT, text=encode(one)) for one in (*made, *closed)])
    journal.start()
    settle(journal)
    assert published.failed == []
    assert database.read(lambda unit: (unit.reports.open(), unit.reports.last_number())) == ([made[1]], 3)
