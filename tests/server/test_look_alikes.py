"""Look-alikes are refused at every door: NICK, REGISTER, JOIN, RENAME, links, securechat-admin (domain.look_alikes)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.errors import InvalidName
from securechat.names import fold
from securechat.server.live_effects import HubEffects
from securechat.server.operations import perform
from tests.domain.test_look_alikes import PROTECTED, confused
from tests.server.harness import Harness, code_of, running

PASSWORD = "correct horse"

IN_USE = "Nickname looks like one that is in use"


def test_a_nick_like_that_of_somebody_present_or_of_an_account(harness: Harness) -> None:
    harness.account("support", PASSWORD)
    harness.person("bill")
    carol = harness.person("carol")
    assert carol.answers("NICK bi1l") == [f":chat.test 433 carol bi1l :{IN_USE}"]
    assert carol.answers("NICK supp0rt") == [f":chat.test 433 carol supp0rt :{IN_USE}"]
    assert carol.answers("NICK саrol")[0].startswith(":chat.test 432 carol саrol :Erroneous nickname: it mixes scripts")
    assert carol.answers("NICK car0l") == [":carol!carol@securechat NICK :car0l"]
    assert carol.answers("NICK carol") == [":car0l!carol@securechat NICK :carol"]


def test_a_connection_is_told_to_choose_another_nick(harness: Harness) -> None:
    harness.person("bill")
    late = harness.connection()
    late.sends("USER u 0 * :u")
    assert late.answers("NICK bilI") == [f":chat.test 433 bilI bilI :{IN_USE}"]
    assert code_of(late.answers("NICK william")[0]) == "001"


def test_a_nick_is_free_again_when_its_look_alike_is_gone(harness: Harness) -> None:
    bill = harness.person("bill")
    carol = harness.person("carol")
    bill.sends("QUIT")
    assert carol.answers("NICK bilI") == [":carol!carol@securechat NICK :bilI"]
    carol.sends("NICK carol")
    assert harness.person("bill").session.user is not None


def test_a_room_like_another_one(harness: Harness) -> None:
    alice = harness.person("alice")
    alice.answers("JOIN #sa1es")
    assert alice.answers("JOIN #sales") == [
        ":chat.test 476 alice #sales :Bad Channel Mask: it looks like the name of another room"
    ]
    alice.answers("PART #sa1es")
    assert code_of(alice.answers("JOIN #SA1ES")[0]) == "JOIN"
    assert alice.answers("JOIN #genera1")[0].startswith(":chat.test 476 alice #genera1 :")
    assert alice.answers("JOIN #te\u2800a")[0].startswith(":chat.test 476 ")


def test_an_account_of_the_console_and_one_that_registers_do_not_meet(harness: Harness) -> None:
    """While one of them is being made the other is refused, whichever was first."""
    effects = HubEffects(harness.hub)
    with effects.name_reserved("paull"):
        assert harness.hub.names_of_people.has_alike("paul1")
    assert not harness.hub.names_of_people.has_alike("paul1")
    harness.hub.names_of_people.add("paul1")  # as REGISTER does while the hash is made
    with pytest.raises(InvalidName), effects.name_reserved("paull"):
        pytest.fail("the name was given")
    with effects.name_reserved("paul1"):
        pass  # the same name: the database decides


def test_no_account_is_made_that_passes_for_another(tmp_path: Path) -> None:
    """Every confusable character in each of 20 names (domain.test_look_alikes), by REGISTER and by NICK."""
    with running(tmp_path, access__registration="open") as harness:
        for name in PROTECTED:
            harness.account(name, PASSWORD)
        before = len(harness.hub.accounts)
        stranger = harness.connection()
        stranger.sends("CAP LS 302", "NICK stranger", "CAP REQ draft/account-registration")
        stranger.received()
        visitor = harness.person("visitor")
        taken = []
        for name in PROTECTED:
            for candidate in confused(name):
                if " " in candidate:
                    continue  # two parameters: another command
                answers = stranger.answers(f"REGISTER {candidate} * {PASSWORD.replace(' ', '-')}")
                if [code_of(one) for one in answers] != ["FAIL"]:
                    taken.append(answers)
                answers = visitor.answers(f"NICK {candidate}") or ["nothing"]
                if answers[0].split()[1:2] not in (["432"], ["433"]):
                    taken.append([candidate, *answers])
        assert taken == []
        assert len(harness.hub.accounts) == before


def confused_names() -> Iterator[str]:
    """Every name of `confused` that is one word, and another name."""
    folded = {fold(name) for name in PROTECTED}
    for name in PROTECTED:
        yield from (one for one in confused(name) if not set(one) & set(" ,") and fold(one) not in folded)


def test_no_room_is_made_that_passes_for_another(tmp_path: Path) -> None:
    """Every confusable character in each of 20 names, by JOIN, by RENAME and by a link into a room that is to be."""
    with running(tmp_path) as harness:
        harness.account("root", PASSWORD, administrator=True)
        root = harness.person("root", password=PASSWORD)
        root.sends(*(f"JOIN #{name}" for name in PROTECTED), "JOIN #other")
        root.received()
        before = set(harness.hub.rooms)
        made = []
        for candidate in confused_names():
            for line in (f"JOIN #{candidate}", f"RENAME #other #{candidate}", f"INVITES CREATE #{candidate}"):
                codes = {code_of(one) for one in root.answers(line)}
                if not codes or not codes <= {"403", "476", "479", "FAIL"}:
                    made.append((line, codes))
        assert made == []
        assert set(harness.hub.rooms) == before


@pytest.mark.slow
def test_nor_does_securechat_admin_make_an_account_or_a_link_into_such_a_room(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        for name in PROTECTED:
            harness.account(name, PASSWORD)
        visitor = harness.person("visitor")
        visitor.sends(*(f"JOIN #{name}" for name in PROTECTED))
        administration = harness.hub.administration
        assert administration is not None
        made = []
        for candidate in confused_names():
            for request in (
                {"operation": "user add", "name": candidate, "password": PASSWORD},
                {"operation": "invite create", "rooms": [candidate]},
            ):
                answer = perform(administration, request)
                if answer.get("code") != "invalid_name":
                    made.append((request, answer))
        assert made == []
