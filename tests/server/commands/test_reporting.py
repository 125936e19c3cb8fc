"""REPORT: whoever may read a message may report it, and those who look after the place learn of it."""

from pathlib import Path

import pytest

from securechat.domain.audit import AuditRecord
from securechat.server.commands import reporting
from tests.server.harness import MODERN, Harness, Person, running

PASSWORD = "correct horse"


def people(harness: Harness) -> tuple[Person, Person, Person]:
    """Ann, who owns #ops, Bob and Carol in it; what came before is forgotten."""
    found = []
    for name in ("ann", "bob", "carol"):
        harness.account(name)
        found.append(harness.person(name, MODERN, password=PASSWORD))
        found[-1].sends("JOIN #ops")
    for one in found:
        one.received()
    return found[0], found[1], found[2]


def said(one: Person, target: str, text: str) -> str:
    """Let somebody say something; return its id."""
    *_, line = one.answers(f"PRIVMSG {target} :{text}")
    return next(tag[6:] for tag in line[1:].split(" ")[0].split(";") if tag.startswith("msgid="))


def test_a_report_goes_to_the_leaders_and_is_closed_by_them(harness: Harness) -> None:
    ann, bob, carol = people(harness)
    identifier = said(bob, "#ops", "buy pills")
    assert len(carol.received()) == len(ann.received()) == 1
    thanks = ":Thank you: those who look after this have been told"
    assert carol.answers(f"REPORT {identifier} :spam") == [f":chat.test NOTE REPORT REPORTED 1 {thanks}"]
    assert ann.received() == [":chat.test NOTICE ann :carol reports what bob said in #ops: REPORT LIST #ops"]
    assert bob.received() == []
    assert carol.answers(f"REPORT {identifier} :again") == [f":chat.test NOTE REPORT REPORTED 1 {thanks}"]
    row, end = ann.answers("REPORT LIST #ops")
    assert row.startswith(f":chat.test NOTE REPORT OPEN_REPORT 1 #ops {identifier} :carol about bob (spam): 20")
    assert row.endswith(" UTC: buy pills")
    assert end.startswith(":chat.test NOTE REPORT END_OF_REPORTS 1 :")
    for other in (bob, carol):
        assert other.answers("REPORT LIST") == [end.replace(" 1 ", " 0 ")]
        unknown = [":chat.test FAIL REPORT UNKNOWN_REPORT 1 :There is no such open report; REPORT LIST shows them"]
        assert other.answers("REPORT CLOSE 1") == unknown
    assert ann.answers("REPORT CLOSE 1 :warned")[0].startswith(":chat.test NOTE REPORT REPORT_CLOSED 1 :")
    assert "UNKNOWN_REPORT 1" in ann.answers("REPORT CLOSE 1")[0]
    acts = [(one.act, one.actor, one.target, one.room, one.reason) for one in records(harness)]
    assert acts == [("report", "carol", "bob", "#ops", "spam"), ("report close", "ann", "bob", "#ops", "warned")]


def records(harness: Harness) -> list[AuditRecord]:
    return harness.database.read(lambda unit: unit.audit.page(0, 100))


def test_what_one_may_not_read_is_unknown(harness: Harness) -> None:
    ann, bob, carol = people(harness)
    ann.sends("JOIN #den", "MODE #den +is")
    ann.received()
    hidden = said(ann, "#den", "secret")
    private = said(ann, "bob", "psst")
    epoch = hidden.partition("-")[0]
    for identifier in (hidden, private, f"{epoch}-999999", "nonsense", "LISTS"):
        (line,) = carol.answers(f"REPORT {identifier}")
        text = "There is no such message here; it may be deleted already"
        assert line == f":chat.test FAIL REPORT UNKNOWN_MSGID {identifier} :{text}"
    assert "REPORTED" in bob.answers(f"REPORT {private}")[-1]


def test_direct_messages_go_to_administrators_and_a_deleted_text_is_gone(harness: Harness) -> None:
    ann, bob, _ = people(harness)
    harness.account("root", administrator=True)
    root = harness.person("root", MODERN, password=PASSWORD)
    identifier = said(ann, "bob", "threat")
    bob.received()
    bob.sends(f"REPORT {identifier}")
    assert root.received() == [":chat.test NOTICE root :bob reports what ann said in a direct message: REPORT LIST"]
    row = root.answers("REPORT LIST")[0]
    assert f" OPEN_REPORT 1 * {identifier} :bob about ann: " in row
    assert row.endswith("threat")
    ann.sends("CAP REQ :draft/message-redaction", f"REDACT bob {identifier}")
    row = root.answers("REPORT LIST")[0]
    assert row.endswith(":bob about ann: it was deleted since")
    assert "END_OF_REPORTS 0" in ann.answers("REPORT LIST")[-1]


def test_whoever_comes_later_is_told_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        ann, bob, carol = people(harness)
        ann.sends("QUIT")
        for text in ("one", "two"):
            carol.sends(f"REPORT {said(bob, '#ops', text)}")
    with running(tmp_path) as harness:
        ann = harness.connection()
        ann.sends("CAP REQ :sasl draft/chathistory", "NICK ann", "USER a 0 * :A", "AUTHENTICATE PLAIN")
        ann.sends("AUTHENTICATE AGFubgBjb3JyZWN0IGhvcnNl", "CAP END")
        assert ann.received()[-1] == ":chat.test NOTICE ann :2 open reports in #ops: REPORT LIST #ops"
        bob = harness.person("bob", MODERN, password=PASSWORD)
        carol = harness.person("carol", MODERN, password=PASSWORD)
        assert " REPORTED 3 " in carol.answers(f"REPORT {said(bob, '#ops', 'three')}")[-1]


def test_reports_are_bounded(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob, carol = people(harness)
    for number in range(10):
        assert "REPORTED" in carol.answers(f"REPORT {said(bob, '#ops', str(number))}")[-1]
    identifier = said(bob, "#ops", "more")
    assert "RATE_LIMITED" in carol.answers(f"REPORT {identifier}")[-1]
    monkeypatch.setattr(reporting, "MOST_OPEN", 10)
    assert "TOO_MANY_REPORTS" in ann.answers(f"REPORT {identifier}")[-1]


def test_what_could_not_be_stored_does_not_stand(harness: Harness) -> None:
    ann, bob, carol = people(harness)
    first, second = said(bob, "#ops", "one"), said(bob, "#ops", "two")
    carol.sends(f"REPORT {first}")
    for one in (ann, carol):
        one.received()
    with harness.disk_full():
        carol.sends(f"REPORT {second}")
        ann.sends("REPORT CLOSE 1")
    for one in (ann, carol):
        (line,) = one.received()
        assert "FAIL REPORT NOT_STORED" in line
    assert [line.split()[3] for line in ann.answers("REPORT LIST")] == ["OPEN_REPORT", "END_OF_REPORTS"]
