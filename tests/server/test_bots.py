"""Accounts of programs, at the server: always shown as such, and kept from what nobody should leave to a program."""

from pathlib import Path

import pytest

from tests.server.commands.logins import PASSWORD, plain
from tests.server.harness import Harness, Person, code_of, running

SERVER = ":chat.test"


@pytest.fixture
def robo(harness: Harness) -> Person:
    """A program, logged in to its account; it has nothing left to read."""
    harness.account("robo", bot=True)
    return harness.person("robo", "message-tags echo-message", password=PASSWORD)


def test_a_program_is_shown_as_one_from_its_login_on(harness: Harness, robo: Person) -> None:
    (anna,) = harness.members_of("#tea", "anna", capabilities="message-tags")
    assert robo.answers("MODE robo") == [f"{SERVER} 221 robo +Bi"]
    robo.sends("JOIN #tea")
    robo.received()
    anna.received()
    assert f"{SERVER} 335 anna robo :is a program" in anna.answers("WHOIS robo")
    assert anna.answers("WHO robo")[0] == f"{SERVER} 352 anna #tea robo securechat chat.test robo HB :0 Robo"
    robo.sends("PRIVMSG #tea :beep")
    (said,) = anna.received()
    assert "bot" in said.partition(" ")[0].removeprefix("@").split(";")


@pytest.mark.parametrize("asked", ["-B", "-B+B-B", "-iB"])
def test_a_program_cannot_take_the_sign_away(robo: Person, asked: str) -> None:
    assert all("-B" not in line and "B-" not in line for line in robo.answers(f"MODE robo {asked}"))
    assert "B" in robo.answers("MODE robo")[0].split()[-1]


def test_a_guest_who_logs_in_to_the_account_of_a_program_is_one(harness: Harness) -> None:
    harness.account("robo", bot=True)
    gina = harness.person("gina", "sasl")
    assert ":gina!gina@securechat MODE gina +B" in plain(gina, "robo", PASSWORD)


def test_a_program_gets_no_powers(harness: Harness, robo: Person) -> None:
    harness.account("root", administrator=True)
    refused = [f"{SERVER} 481 robo :Only administrators may do this"]
    for line in ("OPER root :correct horse", "KILL root", "MANAGE user list", "WALLOPS :x"):
        assert robo.answers(line) == refused
    assert robo.answers("MODE robo") == [f"{SERVER} 221 robo +Bi"]


def test_a_program_makes_no_rooms_and_no_links(harness: Harness, robo: Person) -> None:
    words = "There is no room of that name that you may enter as you ask, and a program makes none"
    assert robo.answers("JOIN #new") == [f"{SERVER} 403 robo #new :{words}"]
    assert harness.hub.find_room("#new") is None
    (anna,) = harness.members_of("#tea", "anna")
    robo.sends("JOIN #tea")
    anna.sends("MODE #tea +o robo")
    robo.received()
    assert robo.answers("INVITES CREATE #tea 1 1h :x") == [f"{SERVER} 482 robo #tea :You're not channel operator"]
    assert [code_of(line) for line in robo.answers("TOPIC #tea :set by a program")] == ["TOPIC"]


def test_a_program_is_not_the_first_in_a_room_that_all_have_left(harness: Harness, robo: Person) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends("PART #tea")
    words = "Nobody is a member of this room, and a program cannot be the first one"
    assert robo.answers("JOIN #tea") == [f"{SERVER} 437 robo #tea :{words}"]
    anna.sends("JOIN #tea")
    assert code_of(robo.answers("JOIN #tea")[0]) == "JOIN"


def test_a_program_makes_no_accounts(harness: Harness, robo: Person) -> None:
    (answer,) = robo.answers("REGISTER other * :correct horse")
    assert answer.startswith(f"{SERVER} FAIL REGISTER ALREADY_AUTHENTICATED")


def test_no_policy_asks_a_program_for_a_second_factor(tmp_path: Path) -> None:
    with running(tmp_path, accounts__second_factor="everybody") as harness:
        harness.account("robo", bot=True)
        harness.account("anna")
        robo = harness.person("robo", password=PASSWORD)
        assert robo.answers("MODE robo") == [f"{SERVER} 221 robo +Bi"]
        anna = harness.connection()
        anna.sends("CAP REQ sasl", "NICK anna", "USER anna 0 * :A")
        anna.received()
        plain(anna, "anna", PASSWORD)
        assert "SECOND_FACTOR_REQUIRED" in str(anna.answers("CAP END"))


def test_a_restart_knows_the_programs(harness: Harness) -> None:
    harness.account("robo", bot=True)
    harness.account("anna")
    again = {one.name: one.bot for one in harness.database.read(lambda unit: unit.accounts.all())}
    assert again == {"robo": True, "anna": False}
