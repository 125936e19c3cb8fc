"""WHO and USERHOST."""

import pytest

from securechat.server.commands import who
from tests.server.harness import Harness

SERVER = ":chat.test"


def row(asker: str, room: str, nick: str, flags: str = "H") -> str:
    return f"{SERVER} 352 {asker} {room} {nick} securechat chat.test {nick} {flags} :0 {nick.title()}"


def end(asker: str, mask: str) -> str:
    return f"{SERVER} 315 {asker} {mask} :End of /WHO list"


def test_who_is_in_a_room(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    bob.sends("AWAY :lunch")
    assert anna.answers("WHO #TEA") == [
        row("anna", "#tea", "anna"),
        row("anna", "#tea", "bob", "G"),
        end("anna", "#TEA"),
    ]
    bob.sends("AWAY")
    assert row("anna", "#tea", "bob") in anna.answers("WHO #tea")
    assert anna.answers("WHO #none") == [end("anna", "#none")]


def test_administrators_are_marked_and_can_be_asked_for(harness: Harness) -> None:
    harness.account("root", administrator=True)
    harness.account("carol")
    anna, bob = harness.members_of("#tea", "anna", "bob")
    for name in ("root", "carol"):
        harness.person(name, password="correct horse").sends("JOIN #tea")
    anna.received()
    assert anna.answers("WHO #tea o") == [row("anna", "#tea", "root", "H*"), end("anna", "#tea")]
    assert [line.split()[7] for line in bob.answers("WHO #tea") if " 352 " in line] == ["anna", "bob", "root", "carol"]


@pytest.mark.parametrize("mask", ["", "*", "0"])
def test_everybody_is_who_shares_a_room_with_the_asker(harness: Harness, mask: str) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    harness.members_of("#secret", "eve")
    anna.sends("JOIN #cake")
    bob.sends("JOIN #cake")
    anna.received()
    assert anna.answers(f"WHO {mask}") == [
        row("anna", "#tea", "anna"),
        row("anna", "#tea", "bob"),
        end("anna", mask or "*"),
    ]
    assert harness.person("lone").answers("WHO") == [row("lone", "*", "lone"), end("lone", "*")]


def test_one_person(harness: Harness) -> None:
    (anna, _) = harness.members_of("#tea", "anna", "bob")
    harness.members_of("#secret", "eve")
    assert anna.answers("WHO BOB") == [row("anna", "#tea", "bob"), end("anna", "BOB")]
    assert anna.answers("WHO eve") == [row("anna", "*", "eve"), end("anna", "eve")]
    assert anna.answers("WHO nobody") == [end("anna", "nobody")]


def test_a_long_list_is_cut_and_says_so(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who, "MOST_MATCHES", 2)
    anna, _ = harness.members_of("#tea", "anna", "bob")
    assert [line.split()[1] for line in anna.answers("WHO #tea")] == ["352", "352", "315"]
    harness.members_of("#tea", "carol")
    anna.received()
    assert anna.answers("WHO #tea")[2:] == [
        f"{SERVER} 416 anna WHO :Only the first 2 matches are shown",
        end("anna", "#tea"),
    ]


def test_userhost(harness: Harness) -> None:
    harness.account("root", administrator=True)
    harness.person("root", password="correct horse")
    anna = harness.person("anna")
    harness.person("bob").sends("AWAY :lunch")
    assert anna.answers("USERHOST anna BOB nobody root") == [
        f"{SERVER} 302 anna :anna=+anna@securechat bob=-bob@securechat root*=+root@securechat"
    ]
    assert anna.answers("USERHOST nobody") == [f"{SERVER} 302 anna :"]
    assert anna.answers("USERHOST a b c d e anna") == [f"{SERVER} 302 anna :"]
    assert anna.answers("USERHOST") == [f"{SERVER} 461 anna USERHOST :Not enough parameters"]
