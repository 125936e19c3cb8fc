"""WHO and WHOX."""

import pytest

from securechat.server import slices
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
        row("anna", "#tea", "anna", "H@"),
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
        row("anna", "#tea", "anna", "H@"),
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


@pytest.mark.parametrize("mask", ["bo*", "B?B", "*realm", "bob real*", "bobuser", "BOBUS*", ":*bob realm"])
def test_a_mask_fits_nick_username_and_real_name(harness: Harness, mask: str) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    bob = harness.connection()
    bob.sends("NICK bob", "USER bobuser 0 * :Bob Realm", "JOIN #tea")
    anna.received()
    answer = anna.answers(f"WHO :{mask.removeprefix(':')}")
    assert [line.split()[1] for line in answer] == ["352", "315"]
    assert answer[0] == f"{SERVER} 352 anna #tea bobuser securechat chat.test bob H :0 Bob Realm"


def test_masks_find_nobody_who_shares_no_room(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    harness.members_of("#secret", "eve")
    assert anna.answers("WHO ev*") == [end("anna", "ev*")]
    assert anna.answers("WHO *securechat*") == [row("anna", "#tea", "anna", "H@"), end("anna", "*securechat*")]
    assert len(anna.answers("WHO eve")) == 2


def test_masks_find_everybody_who_is_not_invisible(harness: Harness) -> None:
    anna = harness.person("anna")
    (eve,) = harness.members_of("#secret", "eve")
    eve.sends("MODE eve -i")
    assert anna.answers("WHO ev*") == [row("anna", "#secret", "eve", "H@"), end("anna", "ev*")]


ALL = "chat.test 354 anna 77 #tea bob 255.255.255.255 securechat chat.test bob H 0 5 0 n/a :Bob"


@pytest.mark.parametrize("fields", ["tcuihsnfdlaor", "roaldfnshiuct"])
def test_whox_sends_its_fields_in_a_fixed_order(harness: Harness, fields: str) -> None:
    anna, _ = harness.members_of("#tea", "anna", "bob")
    harness.now += 5
    line, last = anna.answers(f"WHO bob %{fields},77")
    assert line.replace(" H@ ", " H ") == f":{ALL}"
    assert last == end("anna", "bob")


def test_whox_of_one_field_and_of_an_account(harness: Harness) -> None:
    harness.account("carol")
    harness.person("carol", password="correct horse").sends("NICK caro")
    anna = harness.person("anna")
    assert anna.answers("WHO caro %a")[0] == f"{SERVER} 354 anna :carol"
    assert anna.answers("WHO anna %na")[0] == f"{SERVER} 354 anna anna :0"
    assert anna.answers("WHO anna %tn,4444")[0] == f"{SERVER} 354 anna 0 :anna"
    assert anna.answers("WHO anna o%n") == [end("anna", "anna")]
    assert anna.answers("WHO anna %zzz") == [end("anna", "anna")]


def test_who_is_invisible_is_so_to_those_who_are_not_in_the_room(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    bob.sends("MODE bob -i")
    eve = harness.person("eve")
    assert eve.answers("WHO #tea") == [row("eve", "#tea", "bob"), end("eve", "#tea")]
    assert len(anna.answers("WHO #tea")) == 3


@pytest.mark.parametrize("asked", ["#tea", "*", "b*"])
def test_others_go_on_while_many_are_looked_at(harness: Harness, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(slices, "SLICE", 2)
    anna, bob, carol = harness.members_of("#tea", "anna", "bob", "bert")
    whole = anna.answers(f"WHO {asked}")
    assert len(whole) > 2
    anna.sends_unsettled(f"WHO {asked}\r\n".encode())
    carol.vanishes()
    answer = anna.received()
    assert end("anna", asked) in answer
    assert row("anna", "#tea", "bob") in answer
    assert row("anna", "#tea", "bert") not in answer
    assert bob.outlet.closed is None


def test_who_vanishes_meanwhile_is_not_told_the_rest(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 2)
    anna, bob = harness.members_of("#tea", "anna", "bob")
    bob.sends("WHO #tea")
    anna.sends_unsettled(b"WHO #tea\r\n")
    anna.vanishes()
    assert "315" not in anna.codes()
    assert not anna.session.busy
