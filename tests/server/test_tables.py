"""The check of what leaves the server in tests, which is made at the end of a whole run."""

import pytest

from tests import tables
from tests.server.harness import Harness


def test_what_leaves_the_server_is_seen(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    monkeypatch.setattr(tables, "SENT", seen)
    alice = harness.person("alice", "message-tags batch labeled-response")
    assert {"001", "005", "422", "CAP message-tags", "CAP batch", "CAP labeled-response"} <= seen
    assert not {"401", "FAIL INVALID_UTF8", "CAP sasl"} & seen
    alice.sends("@label=1 PRIVMSG nobody :401 said by alice", "PRIVMSG alice :482 FAIL CAP x")
    alice.sends_bytes(b"NOTICE \xff\r\n")
    assert {"401", "FAIL INVALID_UTF8"} <= seen
    assert "482" not in seen


def test_people_cannot_send_a_numeric(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    monkeypatch.setattr(tables, "SENT", seen)
    tables.note(b":bob!bob@securechat PRIVMSG #tea :x\r\n:bob!bob@securechat 482 x\r\nCAP * ACK :sasl\r\n")
    assert seen == set()


def test_a_row_that_is_never_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    every = tables.all_rows()
    assert {"001", "FAIL INVALID_UTF8", "CAP sasl"} <= every
    monkeypatch.setattr(tables, "REASONS", {})
    assert tables.missing(every) == []
    assert tables.missing(every - {"482"}) == ["482: in the tables, but no test makes the server send it"]
    monkeypatch.setattr(tables, "REASONS", {"482": "a reason", "999": "another"})
    assert tables.missing(every - {"482"}) == ["999: has a reason in tests/tables.py, but is in no table"]
    assert tables.missing(every)[0] == "482: has a reason in tests/tables.py not to be sent"
