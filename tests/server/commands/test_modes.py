"""MODE: the sections "MODE query", "channel mode …", "multi-prefix" and the extbans."""

import base64
from pathlib import Path

import pytest

from securechat.protocol.modes import BY_LETTER, USER_MODE_BY_LETTER
from securechat.server.commands import modes
from securechat.server.presence import BANNED_MEANWHILE, MOST_MODES
from tests.server.harness import Harness, Person, code_of, running

SERVER = ":chat.test"
CREATED = 1_764_000_000
OP = ":anna!anna@securechat"


def logs_in(one: Person, name: str) -> None:
    """Log in to an account; what comes is kept."""
    plain = base64.b64encode(f"\0{name}\0correct horse".encode()).decode()
    one.sends("CAP REQ sasl", f"NICK {name}", f"USER {name} 0 * :x", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}")
    one.sends("CAP END")


def room(harness: Harness, *nicks: str) -> list[Person]:
    """People in #tea; the first one made it, nobody has anything left to read."""
    return harness.members_of("#tea", *(nicks or ("anna", "bob")))


# MODE query


def test_the_modes_of_a_room_and_its_age(harness: Harness) -> None:
    anna, bob = room(harness)
    shown = [f"{SERVER} 324 anna #tea +n", f"{SERVER} 329 anna #tea {CREATED}"]
    assert anna.answers("MODE #TEA") == shown
    assert anna.answers("MODE #tea :") == shown
    assert anna.answers("MODE #tea +tlk-n 5 green") == [f"{OP} MODE #tea +tlk-n 5 green"]
    assert bob.answers("MODE #tea")[-2] == f"{SERVER} 324 bob #tea +tkl green 5"
    assert harness.person("eve").answers("MODE #tea")[0] == f"{SERVER} 324 eve #tea +tkl * 5"


def test_a_room_that_is_not_there(harness: Harness) -> None:
    anna = harness.person("anna")
    assert anna.answers("MODE #none") == [f"{SERVER} 403 anna #none :No such channel"]
    assert anna.answers("MODE #none +n") == [f"{SERVER} 403 anna #none :No such channel"]


# Roles


def test_who_makes_a_room_leads_it_and_makes_others_lead(harness: Harness) -> None:
    anna, bob, carol = room(harness, "anna", "bob", "carol")
    assert bob.answers("MODE #tea +o carol") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert anna.answers("MODE #tea +ov bob carol") == [f"{OP} MODE #tea +ov bob carol"]
    assert carol.received() == [f"{OP} MODE #tea +ov bob carol"]
    bob.received()
    assert anna.answers("MODE #tea +o bob") == []
    assert bob.answers("NAMES #tea")[0] == f"{SERVER} 353 bob = #tea :@anna @bob +carol"
    assert [line.split()[8] for line in bob.answers("WHO #tea")[:-1]] == ["H@", "H@", "H+"]
    assert bob.answers("MODE #tea -o anna") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert bob.answers("MODE #tea -ov bob carol") == [":bob!bob@securechat MODE #tea -ov bob carol"]
    assert anna.answers("MODE #tea -o anna")[-1] == f"{OP} MODE #tea -o anna"
    assert anna.answers("MODE #tea +n") == [f"{SERVER} 482 anna #tea :You're not channel operator"]


def test_roles_of_nobody_and_of_people_elsewhere(harness: Harness) -> None:
    anna, _ = room(harness)
    eve = harness.person("eve")
    assert anna.answers("MODE #tea +o nobody") == [f"{SERVER} 401 anna nobody :No such nick/channel"]
    assert anna.answers("MODE #tea +v eve") == [f"{SERVER} 441 anna eve #tea :They are not in that room"]
    assert anna.answers("MODE #tea +o") == [f"{SERVER} 461 anna MODE :Not enough parameters"]
    assert eve.answers("MODE #tea +o eve") == [f"{SERVER} 442 eve #tea :You're not on that channel"]


def test_multi_prefix(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("MODE #tea +v anna")
    bob.received()
    assert bob.answers("NAMES #tea")[0] == f"{SERVER} 353 bob = #tea :@anna bob"
    assert bob.answers("WHO #tea")[0].split()[8] == "H@"
    bob.sends("CAP REQ multi-prefix")
    bob.received()
    assert bob.answers("NAMES #tea")[0] == f"{SERVER} 353 bob = #tea :@+anna bob"
    assert bob.answers("WHO #tea")[0].split()[8] == "H@+"


def test_roles_rules_and_lists_outlive_the_server(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        for name in ("anna", "bob"):
            harness.account(name)
        anna, bob = (harness.person(name, password="correct horse") for name in ("anna", "bob"))
        anna.sends("JOIN #tea")
        bob.sends("JOIN #tea")
        anna.sends("MODE #tea +vsm-n bob", "MODE #tea +bk x!*@* green")
    with running(tmp_path) as harness:
        bob, anna = (harness.person(name, password="correct horse") for name in ("bob", "anna"))
        assert bob.answers("NAMES #tea")[-2] == f"{SERVER} 353 bob @ #tea :+bob @anna"
        assert anna.answers("MODE #tea")[0] == f"{SERVER} 324 anna #tea +msk green"
        assert anna.answers("MODE #tea b")[0] == f"{SERVER} 367 anna #tea x!*@* {OP[1:]} {CREATED}"
        assert anna.answers("MODE #tea -s") == [f"{OP} MODE #tea -s"]


def test_a_room_that_everybody_has_left_is_its_finders(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("PART #tea")
    carol = harness.person("carol")
    assert f"{SERVER} 353 carol = #tea :bob carol" in carol.answers("JOIN #tea")
    bob.sends("PART #tea")
    carol.sends("PART #tea")
    carol.received()
    assert f"{SERVER} 353 carol = #tea :@carol" in carol.answers("JOIN #tea")


@pytest.mark.parametrize("doors", ["+s", "+i"])
def test_a_closed_room_that_everybody_has_left_is_the_administrators(harness: Harness, doors: str) -> None:
    """Its history is not for whoever comes by; an administrator opens it again."""
    harness.account("anna")
    harness.account("root", administrator=True)
    anna = harness.person("anna", password="correct horse")
    anna.sends("JOIN #tea", f"MODE #tea {doors}", "MODE #tea +I anna", "PART #tea")
    anna.received()
    assert [code_of(line) for line in anna.answers("JOIN #tea")] == ["473"]
    root = harness.person("root", password="correct horse")
    assert f"{SERVER} 353 root {'@' if doors == '+s' else '='} #tea :@root" in root.answers("JOIN #tea")
    root.sends(f"MODE #tea -{doors[1:]}")
    assert code_of(anna.answers("JOIN #tea")[0]) == "JOIN"


@pytest.mark.parametrize("doors", ["+i", "+l 1", "+k green", "+b root!*@*"])
def test_nothing_keeps_an_administrator_out(harness: Harness, doors: str) -> None:
    harness.account("root", administrator=True)
    (anna,) = harness.members_of("#tea", "anna")
    anna.sends(f"MODE #tea {doors}")
    anna.received()
    root = harness.person("root", password="correct horse")
    assert code_of(root.answers("JOIN #tea")[0]) == "JOIN"
    assert anna.received() == [":root!root@securechat JOIN #tea"]
    root.sends("PART #tea", "MODE root -o")
    root.received()
    assert [code_of(line)[0] for line in root.answers("JOIN #tea")] == ["4"]


def test_the_general_room_is_the_administrators(harness: Harness) -> None:
    harness.account("root", administrator=True)
    harness.person("anna").sends("JOIN #general")
    root = harness.person("root", password="correct horse")
    assert f"{SERVER} 353 root = #general :anna @root" in root.answers("JOIN #general")


def test_one_change_that_is_refused_leaves_the_others(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        for name in ("anna", "carol"):
            harness.account(name)
        anna = harness.person("anna", password="correct horse")
        anna.sends("JOIN #tea")
        bob, _ = harness.members_of("#tea", "bob", "dora")
        carol = harness.person("carol", password="correct horse")
        carol.sends("JOIN #tea")
        anna.sends("MODE #tea +o bob")
        for one in (anna, bob, carol):
            one.received()
        assert bob.answers("MODE #tea +s+o-o carol anna") == [
            f"{SERVER} 482 bob #tea :You're not channel operator",
            ":bob!bob@securechat MODE #tea +so carol",
        ]
        assert carol.received() == [":bob!bob@securechat MODE #tea +so carol"]
    with running(tmp_path) as harness:
        carol = harness.person("carol", password="correct horse")
        assert carol.answers("NAMES #tea")[0] == f"{SERVER} 353 carol @ #tea :@carol"


def test_an_account_that_is_not_here_gets_and_loses_roles(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("bob")
        (anna,) = harness.members_of("#tea", "anna")
        bob = harness.person("bob", password="correct horse")
        bob.sends("JOIN #tea", "QUIT")
        anna.received()
        assert anna.answers("MODE #tea +ov bob BOB") == [f"{OP} MODE #tea +ov bob bob"]
        with harness.disk_full():
            anna.sends("MODE #tea -v bob")
        anna.received()
        assert anna.answers("MODE #tea -o bob") == [f"{OP} MODE #tea -o bob"]
    with running(tmp_path) as harness:
        bob = harness.person("bob", password="correct horse")
        assert bob.answers("NAMES #tea")[0] == f"{SERVER} 353 bob = #tea :+bob"


# channel mode +k, +l, +i, +I, +b and +e


@pytest.mark.parametrize(
    ("mode", "code", "way_in"),
    [
        ("+k green", "475", "JOIN #tea green"),
        ("+l 1", "471", ""),
        ("+i", "473", ""),
        ("+b eve!*@*", "474", ""),
        ("+b *!eve@securechat", "474", ""),
    ],
)
def test_who_does_not_come_in(harness: Harness, mode: str, code: str, way_in: str) -> None:
    anna, eve = harness.members_of("#tea", "anna")[0], harness.person("eve")
    anna.sends(f"MODE #tea {mode}")
    assert [code_of(line) for line in eve.answers("JOIN #tea")] == [code]
    assert [code_of(line) for line in eve.answers("JOIN #tea wrong")] == [code]
    if not way_in:
        anna.sends(f"MODE #tea -{mode[1:]}")
    assert code_of(eve.answers(way_in or "JOIN #tea")[0]) == "JOIN"


def test_keys_go_with_their_rooms(harness: Harness) -> None:
    anna, eve = harness.person("anna"), harness.person("eve")
    anna.sends("JOIN #a,#b,#c", "MODE #b +k green")
    lines = eve.answers("JOIN #a,#b,#c x,green,y")
    assert [line.split()[2] for line in lines if code_of(line) == "JOIN"] == ["#a", "#b", "#c"]


@pytest.mark.parametrize("key", [":", ":a b", "a,b", ":x\ty", "x" * (modes.KEY_LENGTH + 1), ":\x01"])
def test_channel_mode_k_refuses_what_nobody_could_say(harness: Harness, key: str) -> None:
    anna, _ = room(harness)
    assert anna.answers(f"MODE #tea +k {key}") == [
        f"{SERVER} 525 anna #tea :A key has 1 to 32 printable characters, no space or comma, and no colon in front"
    ]
    assert code_of(harness.person("eve").answers("JOIN #tea")[0]) == "JOIN"


def test_channel_mode_k_without_a_key(harness: Harness) -> None:
    anna, _ = room(harness)
    assert anna.answers("MODE #tea +kk") == [f"{SERVER} 461 anna MODE :Not enough parameters"]
    assert anna.answers("MODE #tea -k") == []


@pytest.mark.parametrize("limit", ["0", "-1", "x", "٣", "1" * 30, ""])
def test_channel_mode_l_takes_numbers(harness: Harness, limit: str) -> None:
    anna, _ = room(harness)
    (line,) = anna.answers(f"MODE #tea +l {limit}")
    assert line.startswith(f"{SERVER} 696 anna #tea l ")


def test_channel_modes_b_e_and_capital_i(harness: Harness) -> None:
    anna, bob = room(harness)
    eve = harness.person("eve")
    assert anna.answers("MODE #tea +bee eve *!x@* y") == [f"{OP} MODE #tea +bee eve!*@* *!x@* y!*@*"]
    bob.received()
    setter = f"{OP[1:]} {CREATED}"
    ends = {"b": "368", "e": "349", "I": "347"}
    assert bob.answers("MODE #tea +b") == [
        f"{SERVER} 367 bob #tea eve!*@* {setter}",
        f"{SERVER} 368 bob #tea :End of channel ban list",
    ]
    assert [code_of(line) for line in anna.answers("MODE #tea e")] == ["348", "348", ends["e"]]
    assert [code_of(line) for line in bob.answers("MODE #tea e")] == ["482"]
    assert [code_of(line) for line in eve.answers("JOIN #tea")] == ["474"]
    anna.sends("MODE #tea +e eve!*@*", "MODE #tea +i")
    assert [code_of(line) for line in eve.answers("JOIN #tea")] == ["473"]
    anna.sends("MODE #tea +I EVE!*@*")
    anna.received()
    assert anna.answers("MODE #tea I")[0] == f"{SERVER} 346 anna #tea EVE!*@* {setter}"
    assert code_of(eve.answers("JOIN #tea")[0]) == "JOIN"
    anna.received()
    assert anna.answers("MODE #tea -b EVE!*@*") == [f"{OP} MODE #tea -b eve!*@*"]
    assert anna.answers("MODE #tea -b eve!*@*") == []
    assert anna.answers("MODE #tea b") == [f"{SERVER} 368 anna #tea :End of channel ban list"]


def test_lists_are_shown_once_and_those_that_may_be_seen(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("MODE #tea +b x")
    bob.received()
    assert [code_of(line) for line in bob.answers("MODE #tea +ebbebIb")] == ["482", "367", "368", "482"]
    anna.received()
    assert [code_of(line) for line in anna.answers(f"MODE #tea {'beI' * 100}")] == ["367", "368", "349", "347"]


def test_the_order_of_changes_to_a_list_counts(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        anna, _ = room(harness)
        assert anna.answers("MODE #tea +b-b+b-b+b x x y y z") == [
            f"{OP} MODE #tea +b-b+b-b+b x!*@* x!*@* y!*@* y!*@* z!*@*"
        ]
        assert anna.answers("MODE #tea -b+b z Z") == [f"{OP} MODE #tea -b+b z!*@* Z!*@*"]
        assert anna.answers("MODE #tea +b x") == [f"{OP} MODE #tea +b x!*@*"]
        with harness.disk_full():
            anna.sends("MODE #tea -b+b x x", "MODE #tea -b+b+i-i z w")
        lists = harness.hub.rooms["#tea"].room.lists
        assert [entry.mask for entry in lists["b"]] == ["Z!*@*", "x!*@*"]
    with running(tmp_path) as harness:
        stored = harness.hub.rooms["#tea"].room.lists["b"]
        assert sorted(entry.mask for entry in stored) == ["Z!*@*", "x!*@*"]


def test_a_list_is_bounded_and_holds_nothing_twice(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "MOST_MASKS", 2)
    anna, _ = room(harness)
    assert anna.answers("MODE #tea +bbb x X!*@* y") == [f"{OP} MODE #tea +bb x!*@* y!*@*"]
    assert anna.answers("MODE #tea +b z") == [
        f"{SERVER} 478 anna #tea b :The list is full; take something off it first"
    ]
    assert [code_of(line) for line in anna.answers(f"MODE #tea +e {'x' * 250}")] == ["696"]


# channel mode +m, +n, +C, +t; mute and account extban


def test_channel_mode_m(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("MODE #tea +m")
    bob.received()
    assert bob.answers("PRIVMSG #tea :hi") == [f"{SERVER} 404 bob #tea :Only those with a voice may speak in this room"]
    assert bob.answers("NOTICE #tea :hi") == []
    anna.sends("MODE #tea +v bob")
    bob.sends("PRIVMSG #tea :hi")
    assert anna.received()[-1] == ":bob!bob@securechat PRIVMSG #tea :hi"


def test_channel_mode_n(harness: Harness) -> None:
    anna, _ = room(harness)
    eve = harness.person("eve")
    assert eve.answers("PRIVMSG #tea :hi") == [f"{SERVER} 404 eve #tea :Cannot send to channel"]
    anna.sends("MODE #tea -n")
    anna.received()
    eve.sends("PRIVMSG #tea :hi")
    assert anna.received() == [":eve!eve@securechat PRIVMSG #tea :hi"]


def test_channel_mode_capital_c(harness: Harness) -> None:
    anna, bob = room(harness)
    bob.sends("PRIVMSG #tea :\x01VERSION\x01")
    assert len(anna.received()) == 1
    anna.sends("MODE #tea +C")
    anna.received()
    bob.received()
    assert [code_of(line) for line in bob.answers("PRIVMSG #tea :\x01VERSION\x01")] == ["404"]
    bob.sends("PRIVMSG #tea :\x01ACTION drinks\x01")
    assert anna.received() == [":bob!bob@securechat PRIVMSG #tea :\x01ACTION drinks\x01"]


def test_channel_mode_t(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("MODE #tea +t")
    bob.received()
    assert bob.answers("TOPIC #tea :mine") == [f"{SERVER} 482 bob #tea :You're not channel operator"]
    assert anna.answers("TOPIC #tea :hers")[-1] == f"{OP} TOPIC #tea :hers"


def test_mute_extban(harness: Harness) -> None:
    anna, bob = room(harness)
    assert anna.answers("MODE #tea +b m:bob") == [f"{OP} MODE #tea +b m:bob!*@*"]
    bob.received()
    assert [code_of(line) for line in bob.answers("PRIVMSG #tea :hi")] == ["404"]
    bob.sends("PART #tea")
    bob.received()
    assert code_of(bob.answers("JOIN #tea")[0]) == "JOIN"
    anna.sends("MODE #tea +e m:*!bob@*")
    anna.received()
    bob.sends("PRIVMSG #tea :hi")
    assert len(anna.received()) == 1
    anna.sends("MODE #tea -e m:*!bob@*", "MODE #tea +v bob")
    anna.received()
    bob.sends("PRIVMSG #tea :voiced")
    assert len(anna.received()) == 1


def test_a_mute_follows_who_one_is(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("MODE #tea +b m:bob")
    bob.sends("NICK bill", "PRIVMSG #tea :free")
    assert anna.received()[-1] == ":bill!bob@securechat PRIVMSG #tea :free"
    bob.sends("NICK bob")
    bob.received()
    assert [code_of(line) for line in bob.answers("PRIVMSG #tea :hi")] == ["404"]


def test_account_extban(harness: Harness) -> None:
    (anna,) = harness.members_of("#tea", "anna")
    harness.account("bob")
    bob = harness.person("rob", password="correct horse", account="bob")
    guest = harness.person("bobby")
    assert anna.answers("MODE #tea +b a:bob") == [f"{OP} MODE #tea +b a:bob"]
    assert [code_of(line) for line in bob.answers("JOIN #tea")] == ["474"]
    assert code_of(guest.answers("JOIN #tea")[0]) == "JOIN"


def test_who_is_muted_does_not_speak_through_anything_else(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities="message-tags draft/message-redaction")
    bob.sends("PRIVMSG #tea :early")
    identifier = anna.received()[-1].partition("msgid=")[2].partition(" ")[0]
    anna.sends("MODE #tea +b m:bob")
    bob.received()
    assert [code_of(line) for line in bob.answers("TOPIC #tea :shout")] == ["482"]
    anna.received()
    bob.sends(f"REDACT #tea {identifier} :shout", "PART #tea :shout")
    lines = anna.received()
    assert [code_of(line) for line in lines] == ["REDACT", "PART"]
    assert "shout" not in "".join(lines)
    bob.sends("JOIN #tea")
    anna.sends("MODE #tea +v bob")
    bob.sends("TOPIC #tea :heard")
    assert anna.bodies()[-1] == ":bob!bob@securechat TOPIC #tea :heard"


def test_who_was_banned_while_away_does_not_come_back(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        for name in ("bob", "carol"):
            harness.account(name)
        (anna,) = harness.members_of("#tea", "anna")
        for name in ("bob", "carol"):
            harness.person(name, password="correct horse").sends("JOIN #tea", "QUIT")
        anna.sends("MODE #tea +bbo a:bob a:carol carol")
        anna.received()
        with harness.disk_full():
            bob = harness.connection()
            logs_in(bob, "bob")
        assert [line for line in anna.received() if "KICK" in line] == []
        assert bob.bodies()[-1] == f"{SERVER} KICK #tea bob :{BANNED_MEANWHILE}"
        bob.sends("QUIT")
        bob = harness.connection()
        logs_in(bob, "bob")
        assert anna.received() == [f"{SERVER} KICK #tea bob :{BANNED_MEANWHILE}"]
        assert bob.bodies()[-2:] == [
            ":bob!bob@securechat JOIN #tea",
            f"{SERVER} KICK #tea bob :{BANNED_MEANWHILE}",
        ]
        assert bob.answers("PRIVMSG #tea :hi") == [f"{SERVER} 404 bob #tea :Cannot send to channel"]
        harness.person("carol", password="correct horse")
        assert anna.received() == [":carol!carol@securechat JOIN #tea"]
    with running(tmp_path) as harness:
        assert list(harness.hub.memberships[1].values()) == []


# Bad input, long lines, the disk


def test_modes_that_do_not_exist_are_refused_each_once(harness: Harness) -> None:
    anna, _ = room(harness)
    assert anna.answers("MODE #tea +xi-xq") == [
        f"{SERVER} 472 anna x :There is no such mode of rooms",
        f"{SERVER} 472 anna q :There is no such mode of rooms",
        f"{OP} MODE #tea +i",
    ]


def test_many_changes_are_announced_in_lines_that_fit(harness: Harness) -> None:
    anna, bob = room(harness)
    masks = [f"{letter * 37}@*" for letter in "abcdefghijkl"]
    anna.sends(f"MODE #tea +{'b' * MOST_MODES} {' '.join(masks[:MOST_MODES])}")
    lines = bob.received()
    assert all(len(line.encode()) <= 510 for line in lines)
    assert [word for line in lines for word in line.split()[4:]] == [f"*!{mask}" for mask in masks]
    anna.received()
    too_many = " ".join("abcdefghijklm")
    assert len(anna.answers(f"MODE #tea +{'e' * 13} {too_many}")[0].split()) == 4 + MOST_MODES


def test_what_is_not_stored_did_not_happen(harness: Harness) -> None:
    anna, bob = room(harness)
    anna.sends("MODE #tea +bt x")
    anna.received()
    bob.received()
    live = harness.hub.rooms["#tea"]
    before = (live.room.rules, {letter: list(rows) for letter, rows in live.room.lists.items()}, dict(live.members))
    with harness.disk_full():
        anna.sends("MODE #tea +mov-bt+k bob bob x green", "MODE #tea +e-m y")
        assert [line.split()[1:4] for line in anna.received()] == [["FAIL", "MODE", "NOT_STORED"]] * 2
    after = (live.room.rules, {letter: rows for letter, rows in live.room.lists.items() if rows}, live.members)
    assert after == before
    assert bob.received() == []
    assert [code_of(line) for line in bob.answers("MODE #tea +m")] == ["482"]


def test_a_join_that_is_not_stored_leaves_no_owner(harness: Harness) -> None:
    harness.account("anna")
    anna = harness.person("anna", password="correct horse")
    with harness.disk_full():
        anna.sends("JOIN #tea")
    assert "#tea" not in harness.hub.rooms
    anna.received()
    assert f"{SERVER} 353 anna = #tea :@anna" in anna.answers("JOIN #tea")


def test_what_the_welcome_announces_is_the_table(harness: Harness) -> None:
    one = harness.connection()
    one.sends("NICK anna", "USER anna 0 * :Anna")
    lines = one.received()
    (information,) = [line for line in lines if " 004 " in line]
    assert information.split()[-2:] == ["".join(sorted(USER_MODE_BY_LETTER)), "".join(sorted(BY_LETTER))]
    tokens = " ".join(line for line in lines if " 005 " in line).split()
    assert {"PREFIX=(ov)@+", "CHANMODES=beI,k,lfH,CLimnst", "MAXLIST=beI:100", f"MODES={MOST_MODES}"} <= set(tokens)
    assert {f"USERMODES=,,,{''.join(USER_MODE_BY_LETTER)}", "BOT=B"} <= set(tokens)


def recorded(harness: Harness) -> list[str]:
    """The modes on the record."""
    return [one.detail for one in harness.database.read(lambda unit: unit.audit.page(None, 1000))]


def test_the_net_change_of_a_line_is_announced_and_recorded(harness: Harness) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob")
    assert anna.answers("MODE #tea +m-m+m-m+m-m") == bob.received() == []
    assert recorded(harness) == []
    assert anna.answers("MODE #tea +m-m+ims-i+k-s key") == [":anna!anna@securechat MODE #tea +mk key"]
    assert bob.received() == [":anna!anna@securechat MODE #tea +mk key"]
    assert anna.answers("MODE #tea -m+l-k+l-l+kl 5 * 6 other 7") == [":anna!anna@securechat MODE #tea -m+kl other 7"]
    assert recorded(harness) == ["+m", "+k", "-m", "+k", "+l 7"]
    rules = harness.hub.rooms["#tea"].room.rules
    assert (rules.moderated, rules.invite_only, rules.secret, rules.key, rules.member_limit) == (
        False,
        False,
        False,
        "other",
        7,
    )


def test_so_many_changes_a_minute(harness: Harness) -> None:
    harness.account("root", "correct horse", administrator=True)
    root = harness.person("root", password="correct horse")
    (anna,) = harness.members_of("#tea", "anna")
    for _ in range(30):
        anna.sends("MODE #tea +m", "MODE #tea -m")
    anna.received()
    refusal = ":chat.test FAIL MODE RATE_LIMITED #tea 60 :Too many changes of modes; try again in 60 seconds"
    assert anna.answers("MODE #tea +m") == [refusal]
    anna.sends("NICK other")
    assert anna.answers("MODE #tea +m")[-1] == refusal
    assert len(recorded(harness)) == 60
    assert anna.answers("MODE #tea")[0].startswith(":chat.test 324 other #tea +")
    root.sends("JOIN #tea")
    root.received()
    assert root.answers("MODE #tea +m") == [":root!root@securechat MODE #tea +m"]
    harness.now += 60
    assert anna.answers("MODE #tea -m")[-1] == ":other!anna@securechat MODE #tea -m"
