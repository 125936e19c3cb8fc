"""`securechat-admin report`: what is shown of what was reported, and closing it, as the moderators can."""

from pathlib import Path

from securechat.domain.audit import Origin
from securechat.server.operations import OPERATIONS, perform
from tests.server.harness import MODERN, Harness, Person, running
from tests.server.management.test_rooms import console, done, member, record, refused

UNKNOWN = (
    "no_such_report: There is no open report {}: see securechat-admin report list. What was closed is on the record."
)


def said(one: Person, target: str, text: str) -> str:
    """Let somebody say something; return its id."""
    *_, line = one.answers(f"PRIVMSG {target} :{text}")
    return next(tag[6:] for tag in line[1:].split(" ")[0].split(";") if tag.startswith("msgid="))


def reported(harness: Harness) -> tuple[Person, Person, str, str]:
    """Ann owns #tea, Bob has said something in it and to Ann; report 1 is about the first, 2 about the second."""
    ann, bob = member(harness, "ann", MODERN), member(harness, "bob", MODERN)
    in_room, alone = said(bob, "#tea", "buy pills"), said(bob, "ann", "or \x1belse")
    ann.sends(f"REPORT {in_room} :spam", f"REPORT {alone}")
    ann.received(), bob.received()
    return ann, bob, in_room, alone


def test_reports_are_listed_without_what_was_said(harness: Harness) -> None:
    assert done(harness, "report list") == "No report is open."
    reported(harness)
    assert done(harness, "report list").splitlines() == [
        "NUMBER  TIME (UTC)        ROOM      ABOUT  BY   WHY",
        "1       2025-11-24 16:00  tea       bob    ann  spam",
        "2       2025-11-24 16:00  (direct)  bob    ann",
    ]
    assert len(done(harness, "report list", room="#Tea").splitlines()) == 2
    assert refused(harness, "report list", room="den").startswith("no_such_room: ")
    assert "pills" not in str(perform(console(harness), {"operation": "report list"}))


def test_showing_one_is_recorded(harness: Harness) -> None:
    _, _, in_room, alone = reported(harness)
    before = len(record(harness))
    assert done(harness, "report show", number=1).splitlines() == [
        "Report   1 of 2025-11-24 16:00 UTC, by ann",
        "Why      spam",
        "Room     tea",
        "Author   bob",
        f"Message  {in_room}",
        "Said     2025-11-24 16:00 UTC",
        "    buy pills",
    ]
    assert done(harness, "report show", number=2).endswith("\n    or \\x1belse")
    assert record(harness)[before:] == ["root report show bob #tea 1", "root report show bob  2"]
    with harness.disk_full():
        assert refused(harness, "report show", number=1).startswith("storage: ")
    done(harness, "message delete", id=in_room)
    assert done(harness, "report show", number=1).endswith("\nIt was deleted since.")
    assert refused(harness, "report show", number=3) == UNKNOWN.format(3)
    assert alone in done(harness, "report show", number=2)


def test_closing_one_is_closing_it_for_the_moderators(harness: Harness) -> None:
    ann, _, _, _ = reported(harness)
    with harness.disk_full():
        assert refused(harness, "report close", number=1).startswith("storage: ")
    assert " OPEN_REPORT 1 " in ann.answers("REPORT LIST")[0]
    assert done(harness, "report close", number=1, reason="warned") == "Closed report 1."
    assert record(harness)[-1] == "root report close bob #tea 1 warned"
    assert " END_OF_REPORTS 0 " in ann.answers("REPORT LIST")[-1]
    assert refused(harness, "report close", number=1) == UNKNOWN.format(1)
    assert refused(harness, "report close", number=0) == UNKNOWN.format(0)


def test_what_was_closed_stays_so_over_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        reported(harness)
        done(harness, "report close", number=1, reason="warned")
    with running(tmp_path) as harness:
        assert [one["number"] for one in perform(console(harness), {"operation": "report list"})["result"]] == [2]


def test_over_irc_nobody_sees_to_a_report_about_themselves(harness: Harness) -> None:
    reported(harness)
    administration = console(harness).on_behalf_of("bob", Origin.IRC)
    assert perform(administration, {"operation": "report list"})["result"] == []
    for verb in ("show", "close"):
        answer = perform(administration, {"operation": f"report {verb}", "number": 1})
        assert answer["code"] == "no_such_report"
    answer = perform(console(harness).on_behalf_of("ann", Origin.IRC), {"operation": "report close", "number": 1})
    assert OPERATIONS["report close"].text(answer["result"]) == "Closed report 1."
    assert record(harness)[-1] == "ann report close bob #tea 1"
