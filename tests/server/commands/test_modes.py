"""MODE: what clients ask when they connect and join."""

import pytest

from tests.server.harness import Harness

SERVER = ":chat.test"
CREATED = 1_764_000_000


def test_the_modes_of_a_room_and_its_age(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    shown = [f"{SERVER} 324 anna #tea +n", f"{SERVER} 329 anna #tea {CREATED}"]
    assert anna.answers("MODE #TEA") == shown
    assert anna.answers("MODE #tea :") == shown
    assert harness.person("bob").answers("MODE #tea")[0] == f"{SERVER} 324 bob #tea +n"


def test_a_room_that_is_not_there(harness: Harness) -> None:
    anna = harness.person("anna")
    assert anna.answers("MODE #none") == [f"{SERVER} 403 anna #none :No such channel"]
    assert anna.answers("MODE #none +n") == [f"{SERVER} 403 anna #none :No such channel"]


@pytest.mark.parametrize("asked", ["b", "+b"])
def test_the_list_of_bans_is_empty(harness: Harness, asked: str) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    assert anna.answers(f"MODE #tea {asked}") == [f"{SERVER} 368 anna #tea :End of channel ban list"]


@pytest.mark.parametrize("change", ["-n", "+n", "+b bob!*@*", "-nb bob!*@*"])
def test_nobody_may_change_the_modes_of_a_room(harness: Harness, change: str) -> None:
    harness.account("anna")
    anna = harness.person("anna", password="correct horse")
    anna.sends("JOIN #tea")
    anna.received()
    assert anna.answers(f"MODE #tea {change}") == [f"{SERVER} 482 anna #tea :You're not channel operator"]


def test_modes_that_do_not_exist_are_refused_each_once(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    assert anna.answers("MODE #tea +io-on bob bob") == [
        f"{SERVER} 472 anna i :is unknown mode char to me",
        f"{SERVER} 472 anna o :is unknown mode char to me",
    ]


@pytest.mark.parametrize("asked", ["", " +i", " -i", " :"])
def test_own_modes(harness: Harness, asked: str) -> None:
    assert harness.person("anna").answers(f"MODE ANNA{asked}") == [f"{SERVER} 221 anna +i"]


def test_modes_of_nicks_that_do_not_exist_or_belong_to_others(harness: Harness) -> None:
    anna = harness.person("anna")
    harness.person("bob")
    assert anna.answers("MODE anna +ix") == [f"{SERVER} 501 anna :Unknown MODE flag"]
    assert anna.answers("MODE bob") == [f"{SERVER} 502 anna :Cant change mode for other users"]
    assert anna.answers("MODE nobody") == [f"{SERVER} 401 anna nobody :No such nick/channel"]


def test_what_the_welcome_announces_is_what_mode_tells(harness: Harness) -> None:
    one = harness.connection()
    one.sends("NICK anna", "USER anna 0 * :Anna")
    lines = one.received()
    (information,) = [line for line in lines if " 004 " in line]
    assert information.split()[-2:] == ["i", "n"]
    assert any(" CHANMODES=,,,n " in line for line in lines)
