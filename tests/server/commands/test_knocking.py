"""KNOCK, and INVITE as its answer, also to somebody who is not here."""

from base64 import b64encode
from pathlib import Path

import pytest

from securechat.server.knocks import MOST_OPEN, OPEN_SECONDS
from tests.server.harness import Harness, Person, running

PASSWORD = "correct horse"
TOLD = ":chat.test 710 {} #tea {} :has asked for an invite"
DELIVERED = ":chat.test 711 {} #tea :Your KNOCK has been delivered"


def member(harness: Harness, name: str, capabilities: str = "", *, administrator: bool = False) -> Person:
    """Somebody with an account."""
    if name not in harness.hub.accounts:
        harness.account(name, PASSWORD, administrator=administrator)
    return harness.person(name, capabilities, password=PASSWORD)


def comes(harness: Harness, name: str) -> list[str]:
    """Somebody logs in; what they are told of knocks and invitations."""
    one = harness.connection()
    one.sends("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :x", "CAP REQ :sasl", "AUTHENTICATE PLAIN")
    one.sends(f"AUTHENTICATE {b64encode(f'{chr(0)}{name}{chr(0)}{PASSWORD}'.encode()).decode()}", "CAP END")
    return [line for line in one.received() if " 710 " in line or " INVITE " in line]


@pytest.fixture
def owner(harness: Harness) -> Person:
    """Anna, who looks after a room that is for the invited."""
    anna = member(harness, "anna")
    anna.sends("JOIN #tea", "MODE #tea +i")
    anna.received()
    return anna


def test_those_who_can_let_somebody_in_are_told_and_nobody_else(harness: Harness, owner: Person) -> None:
    mod, plain = member(harness, "mod"), member(harness, "plain")
    for one in (mod, plain):
        owner.sends(f"INVITE {one.session.nick} #tea")
        one.sends("JOIN #tea")
    owner.sends("MODE #tea +o mod")
    for one in (owner, mod, plain):
        one.received()
    gina = harness.person("gina")
    assert gina.answers("KNOCK #TEA :I bring cake") == [DELIVERED.format("gina")]
    for one in (owner, mod):
        assert one.received() == [TOLD.format(one.session.nick, "gina!gina@securechat") + ": I bring cake"]
    assert plain.received() == []


def test_an_invitation_answers_it(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    assert bob.answers("KNOCK #tea") == [DELIVERED.format("bob")]
    assert owner.received() == [TOLD.format("anna", "bob!bob@securechat")]
    owner.sends("INVITE bob #tea")
    assert bob.received() == [":anna!anna@securechat INVITE bob #tea"]
    assert bob.answers("KNOCK #tea") == [":chat.test 713 bob #tea :Channel is open: you may come in as it is"]
    assert " JOIN #tea" in bob.answers("JOIN #tea")[0]
    assert bob.answers("KNOCK #tea") == [":chat.test 714 bob #tea :You are already on that channel"]
    assert harness.hub.rooms["#tea"].knocks == {}


def test_nobody_asks_where_nothing_is_in_the_way(harness: Harness, owner: Person) -> None:
    bob = harness.person("bob")
    owner.sends("MODE #tea -i+k cake")
    assert " 713 " in bob.answers("KNOCK #tea")[0]
    root = member(harness, "root", administrator=True)
    owner.sends("MODE #tea +i")
    assert " 713 " in root.answers("KNOCK #tea")[0], "who needs no invitation"
    owner.sends("MODE #tea +I carl!*@*")
    assert " 713 " in harness.person("carl").answers("KNOCK #tea")[0]


def test_who_may_not_ask_is_told_why(harness: Harness, owner: Person) -> None:
    bob, carl, dora = (harness.person(name) for name in ("bob", "carl", "dora"))
    owner.sends("MODE #tea +bb bob!*@* m:carl!*@*")
    assert bob.answers("KNOCK #tea")[0].startswith(":chat.test 474 bob #tea :")
    assert carl.answers("KNOCK #tea :a way to speak") == [":chat.test 404 carl #tea :Cannot send to channel"]
    owner.sends("PART #tea")
    assert dora.answers("KNOCK #tea")[0].startswith(":chat.test 473 dora #tea :")
    assert " 461 " in dora.answers("KNOCK")[0]


def test_a_secret_room_is_answered_as_one_that_is_not_there_and_hears_of_it(harness: Harness, owner: Person) -> None:
    bob = harness.person("bob")
    owner.sends("MODE #tea +s")
    owner.received()
    for room in ("#tea", "#none", "#tea"):
        unseen = f":chat.test 711 bob {room} :Your KNOCK has been delivered, if there is such a room"
        assert bob.answers(f"KNOCK {room}") == [unseen]
    assert owner.received() == [TOLD.format("anna", "bob!bob@securechat")], "once"
    owner.sends("INVITE bob #tea")
    assert bob.received() == [":anna!anna@securechat INVITE bob #tea"]
    assert " JOIN #tea" in bob.answers("JOIN #tea")[0]
    assert " 403 " in bob.answers("KNOCK tea")[0]


def test_who_may_not_ask_is_not_heard_in_a_secret_room(harness: Harness, owner: Person) -> None:
    bob, carl, dora = (harness.person(name) for name in ("bob", "carl", "dora"))
    owner.sends("MODE #tea +sbbI bob!*@* m:carl!*@* dora!*@*")
    owner.received()
    for one in (bob, carl, dora):
        assert " 711 " in one.answers("KNOCK #tea :let me in")[0]
    assert owner.received() == []
    assert harness.hub.rooms["#tea"].knocks == {}


def test_once_is_enough(harness: Harness, owner: Person) -> None:
    bob = harness.person("bob")
    bob.sends("KNOCK #tea")
    owner.received()
    assert bob.answers("KNOCK #tea")[-1] == (
        ":chat.test 712 bob #tea :You have asked already; wait until you are let in"
    )
    assert owner.received() == []
    harness.now += OPEN_SECONDS + 1
    assert bob.answers("KNOCK #tea")[-1] == DELIVERED.format("bob")
    bob.sends("QUIT")
    assert harness.person("bob").answers("KNOCK #tea") == [DELIVERED.format("bob")], "another guest of that nick"


def test_only_so_many_ask_at_once(harness: Harness, owner: Person) -> None:
    for number in range(MOST_OPEN):
        harness.person(f"guest{number}").sends("KNOCK #tea")
    bob = harness.person("bob")
    assert bob.answers("KNOCK #tea") == [":chat.test 712 bob #tea :Too many people are asking; try again later"]
    assert len(harness.hub.rooms["#tea"].knocks) == MOST_OPEN
    owner.sends("INVITE guest0 #tea")
    assert bob.answers("KNOCK #tea") == [DELIVERED.format("bob")]


def test_asking_everywhere_has_a_limit(tmp_path: Path) -> None:
    with running(tmp_path, limits__knocks_per_hour=1) as harness:
        anna, bob = member(harness, "anna"), harness.person("bob")
        anna.sends("JOIN #tea,#cake", "MODE #tea +i", "MODE #cake +i")
        assert " 711 " in bob.answers("KNOCK #tea")[-1]
        for room in ("#cake", "#none"):
            (refusal,) = bob.answers(f"KNOCK {room}")
            assert refusal.startswith(f":chat.test FAIL KNOCK RATE_LIMITED {room} ")


def test_who_comes_later_is_told_who_waits(harness: Harness, owner: Person) -> None:
    bob, gina = member(harness, "bob"), harness.person("gina")
    owner.vanishes()
    bob.sends("KNOCK #tea :please")
    gina.sends("KNOCK #tea", "NICK georgia")
    bob.vanishes()
    assert comes(harness, "anna") == [
        TOLD.format("anna", "bob!bob@securechat") + ": please",
        TOLD.format("anna", "georgia!gina@securechat"),
    ]
    gina.sends("QUIT")
    assert comes(harness, "anna") == [TOLD.format("anna", "bob!bob@securechat") + ": please"]
    anna = member(harness, "anna")
    anna.sends("MODE #tea -i")
    assert comes(harness, "anna") == []


def test_who_is_blocked_is_not_heard(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    owner.sends("SILENCE +bob")
    owner.received()
    assert bob.answers("KNOCK #tea") == [DELIVERED.format("bob")]
    assert owner.received() == []
    assert comes(harness, "anna") == []


def test_a_guest_who_logs_in_asks_no_more_as_a_guest(harness: Harness, owner: Person) -> None:
    harness.account("gina", PASSWORD)
    guest = harness.person("guest")
    guest.sends("KNOCK #tea", "CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGdpbmEAY29ycmVjdCBob3JzZQ==")
    assert guest.answers("KNOCK #tea")[-1] == DELIVERED.format("guest")
    assert list(harness.hub.rooms["#tea"].knocks) == [harness.hub.accounts["gina"].id]


def test_who_is_not_here_is_let_in_and_told_when_they_come(harness: Harness, owner: Person) -> None:
    member(harness, "bob").sends("KNOCK #tea", "QUIT")
    owner.received()
    assert owner.answers("INVITE Bob #tea") == [":chat.test 341 anna bob #tea"]
    assert harness.hub.rooms["#tea"].knocks == {}
    deeds = harness.database.read(lambda unit: unit.audit.page(None, 100))
    assert (deeds[-1].act, deeds[-1].target) == ("room invite", "bob")
    assert comes(harness, "bob") == [":anna!anna@securechat INVITE bob #tea"]
    assert comes(harness, "bob") == [], "told once"
    bob = member(harness, "bob")
    assert " JOIN #tea" in bob.answers("JOIN #tea")[0]
    bob.sends("QUIT")
    assert owner.answers("INVITE bob #tea")[-1] == ":chat.test 443 anna bob #tea :is already on channel"


def test_a_guest_is_told_at_the_login_that_makes_them_that_account(harness: Harness, owner: Person) -> None:
    harness.account("gina", PASSWORD)
    owner.sends("INVITE gina #tea")
    guest = harness.person("guest")
    guest.sends("CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE AGdpbmEAY29ycmVjdCBob3JzZQ==")
    assert ":anna!anna@securechat INVITE guest #tea" in guest.received()


def test_who_is_here_under_another_nick_is_found_by_the_account(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    bob.sends("NICK robert")
    bob.received()
    owner.sends("INVITE bob #tea")
    assert bob.received() == [":anna!anna@securechat INVITE robert #tea"]


def test_who_cannot_let_anybody_in_asks_only_those_who_are_here(harness: Harness, owner: Person) -> None:
    harness.account("bob", PASSWORD)
    owner.sends("MODE #tea -i")
    plain = harness.person("plain")
    plain.sends("JOIN #tea")
    plain.received()
    assert plain.answers("INVITE bob #tea") == [":chat.test 401 plain bob :No such nick/channel"]
    assert owner.answers("INVITE nobody #tea")[-1] == ":chat.test 401 anna nobody :No such nick/channel"


def test_an_invitation_that_is_not_stored_opens_nothing_and_answers_nobody(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    bob.sends("KNOCK #tea", "QUIT")
    with harness.disk_full():
        owner.sends_unsettled(b"INVITE bob #tea\r\n")
    harness.settle()
    live = harness.hub.rooms["#tea"]
    assert (len(live.knocks), live.invited) == (1, {})
    assert comes(harness, "bob") == []


def test_an_invitation_of_a_blocked_one_is_not_told(harness: Harness, owner: Person) -> None:
    bob = member(harness, "bob")
    bob.sends("SILENCE +anna", "QUIT")
    owner.sends("INVITE bob #tea")
    assert comes(harness, "bob") == []
    assert " JOIN #tea" in member(harness, "bob").answers("JOIN #tea")[0]
