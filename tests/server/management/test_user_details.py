"""`securechat-admin user show`: who let somebody in is told whatever way they came, and so is all that counts."""

from pathlib import Path

import pytest

from securechat.server.operations import perform
from tests.server.harness import Harness, running
from tests.server.management.test_rooms import console, done, member, record, refused

PASSWORD = "correct horse"


def comes_by(harness: Harness, name: str, token: str = "") -> None:
    """Let somebody make an account, by an invite or (without) openly."""
    one = harness.connection()
    one.sends("CAP REQ :draft/account-registration", *([f"PASS {token}"] if token else []))
    one.sends(f"NICK {name}", f"USER {name} 0 * :x", f"REGISTER * * :{PASSWORD}", "CAP END")
    assert "001" in one.codes()


def made(harness: Harness, name: str) -> str:
    """The line that tells who has let somebody in."""
    (line,) = [one for one in done(harness, "user show", name=name).splitlines() if one.startswith("Made ")]
    return line.removeprefix("Made").strip()


def test_all_about_an_account(harness: Harness) -> None:
    bob = member(harness, "bob")
    bob.sends("JOIN #ops", "APPPASSWORD ADD phone :" + PASSWORD)
    done(harness, "user suspend", name="bob")
    assert done(harness, "user show", name="BOB").splitlines() == [
        "Account        bob",
        "Role           member",
        "State          suspended",
        "Created        2025-11-24 16:00 UTC",
        "Made           not on the record: registered openly",
        "Second factor  no",
        "App passwords  1",
        "Sessions       0",
        "Rooms          ops, tea",
    ]
    assert refused(harness, "user show", name="eve").startswith("no_such_account: ")


def test_who_let_somebody_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By an invite of a person or of the console, at the console, openly: in the account, the record and the log."""
    with running(tmp_path, access__registration="open") as harness:
        link = perform(console(harness), {"operation": "invite create", "note": "for Dora"})["result"]["link"]
        token = link.partition("invite=")[2].partition("&")[0]
        with caplog.at_level("INFO"):
            comes_by(harness, "dora", token)
            comes_by(harness, "olga")
        done(harness, "user add", name="robo", password=PASSWORD, bot=True)
        assert made(harness, "dora") == "by invite 1 of securechat-admin (for Dora)"
        assert made(harness, "olga") == "not on the record: registered openly"
        assert made(harness, "robo") == "at the console, by root"
        assert "dora user register dora  invite 1 of securechat-admin" in record(harness)
        logged = [one for one in caplog.records if one.message == "Account made"]
        assert [getattr(one, "invite", None) for one in logged][:2] == [1, None]
