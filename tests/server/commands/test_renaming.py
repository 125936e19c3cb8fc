"""Section "channel-rename" of the IRC surface: RENAME (draft/channel-rename)."""

from pathlib import Path
from typing import Any

import pytest

from securechat.server import room_renaming, roster
from securechat.server.former_names import MOST_OF_ROOM, FormerNames
from securechat.server.limits import RENAMES_PER_MINUTE
from tests.server.harness import Harness, Person, code_of, running

PASSWORD = "correct horse"
CAPS = "draft/channel-rename"
PAGES = "draft/chathistory batch server-time message-tags"


def people(harness: Harness, room: str = "#tea") -> tuple[Person, Person, Person]:
    """The owner of a room and two members; the last one knows no RENAME."""
    alice, bob, old = harness.person("alice", CAPS), harness.person("bob", CAPS), harness.person("old")
    for one in (alice, bob, old):
        one.sends(f"JOIN {room}")
    for one in (alice, bob, old):
        one.received()
    return alice, bob, old


def test_the_room_stays_what_it_is_under_another_name(harness: Harness) -> None:
    alice, bob, old = people(harness)
    alice.sends("TOPIC #tea :about tea", "MODE #tea +t")
    for one in (alice, bob, old):
        one.received()
    live = harness.hub.rooms["#tea"]
    assert alice.answers("RENAME #TEA #Coffee :better  so") == [
        ":alice!alice@securechat RENAME #tea #Coffee :better  so"
    ]
    assert bob.received() == [":alice!alice@securechat RENAME #tea #Coffee :better  so"]
    lines = old.received()
    assert lines[:3] == [
        ":old!old@securechat PART #tea :better  so",
        ":old!old@securechat JOIN #Coffee",
        ":chat.test 332 old #Coffee :about tea",
    ]
    assert [code_of(line) for line in lines[3:]] == ["333", "353", "366"]
    assert lines[-2] == ":chat.test 353 old = #Coffee :@alice bob old"
    assert harness.hub.rooms["#coffee"] is live
    old.sends("PRIVMSG #coffee :hi")
    assert bob.received() == [":old!old@securechat PRIVMSG #Coffee :hi"]
    assert [code_of(line) for line in old.answers("TOPIC #coffee :mine")] == ["482"]
    carl = harness.person("carl")
    carl.sends("JOIN #tea")  # the name is free again
    assert ":chat.test 353 carl = #tea :@carl" in carl.received()
    assert harness.hub.rooms["#tea"] is not live


def test_members_who_ask_by_an_old_name_are_told_the_new_one(harness: Harness) -> None:
    """After a restart as well; who looks after the room may make another one of that name."""
    harness.account("alice", PASSWORD)
    harness.account("bob", PASSWORD)
    alice, bob = harness.person("alice", password=PASSWORD), harness.person("bob", password=PASSWORD)
    alice.sends("JOIN #tea")
    bob.sends("JOIN #tea", "JOIN #bar")
    alice.sends("RENAME #tea #coffee", "RENAME #coffee #cocoa")
    alice.received()
    told = [f":chat.test 470 bob {name} #cocoa :The room has another name now" for name in ("#TEA", "#coffee")]
    bob.received()
    assert bob.answers("JOIN #TEA,#coffee,#cocoa,#bar") == told
    assert bob.answers("JOIN #coffee token-of_22_characters") == told[1:]
    assert alice.answers("JOIN #coffee token-of_22_characters") == [told[1].replace("bob", "alice")]
    alice.vanishes()
    bob.vanishes()
    harness.restart()
    bob = harness.person("bob", password=PASSWORD)
    assert bob.answers("JOIN #TEA,#coffee") == told
    bob.sends("PART #cocoa")
    bob.received()
    assert ":chat.test 353 bob = #coffee :@bob" in bob.answers("JOIN #coffee"), "it is not theirs any more"
    alice = harness.person("alice", password=PASSWORD)
    assert ":chat.test 353 alice = #tea :@alice" in alice.answers("JOIN #tea")
    bob.sends("JOIN #cocoa")
    assert any(" JOIN #tea" in line for line in bob.answers("JOIN #tea")), "a room that has the name comes first"


def test_a_name_that_was_not_given_up_is_no_old_one(harness: Harness) -> None:
    """And one whose room is deleted is that of none; if that fails, it is as it was."""
    alice, bob, _ = people(harness)
    with harness.disk_full():
        alice.sends("RENAME #tea #coffee")
    alice.sends("RENAME #tea #cocoa")
    bob.received()
    assert [code_of(line) for line in bob.answers("JOIN #tea")] == ["470"]
    assert any(" JOIN #coffee" in line for line in bob.answers("JOIN #coffee"))
    names = harness.hub.former_names
    (room,) = names.rooms("#tea")
    with harness.hub.lock:
        bring_back = names.forget(room)
        assert list(names.rooms("#tea")) == []
        bring_back()
        assert list(names.rooms("#tea")) == [room]


def test_the_record_of_a_deleted_room_is_not_that_of_its_successor() -> None:
    """Who had a name last comes first, and only so many are remembered."""
    names = FormerNames()
    names.fill(
        [("#a", "#b"), ("#b", ""), ("#c", "#b"), ("#a", "#d"), ("#b", "#e"), ("#b", "#f")], {"#e": 5, "#d": 4, "#f": 6}
    )
    assert {name: list(names.rooms(name)) for name in ("#a", "#b", "#c")} == {"#a": [4], "#b": [6, 5], "#c": [5]}
    for number in range(MOST_OF_ROOM):
        names.note(f"#n{number}", 5)
    assert list(names.rooms("#c")) == []
    assert list(names.rooms("#b")) == [6]
    assert list(names.rooms("#n0")) == [5]


def test_who_asks_without_the_capability_is_shown_the_room_anew(harness: Harness) -> None:
    alice = harness.person("alice", "batch labeled-response extended-join")
    alice.sends("JOIN #tea")
    alice.received()
    lines = alice.answers("@label=1 RENAME #tea #coffee")
    assert lines[0] == "@label=1 :chat.test BATCH +1 labeled-response"
    assert [line.removeprefix("@batch=1 ") for line in lines[1:-1]] == [
        ":alice!alice@securechat PART #tea",
        ":alice!alice@securechat JOIN #coffee * :Alice",
        ":chat.test 353 alice = #coffee :@alice",
        ":chat.test 366 alice #coffee :End of /NAMES list",
    ]


def test_another_case_of_the_same_name_is_news_for_those_alone_who_know_it(harness: Harness) -> None:
    alice, bob, old = people(harness)
    assert alice.answers("RENAME #tea #TEA") == [":alice!alice@securechat RENAME #tea #TEA :"]
    assert bob.received() == [":alice!alice@securechat RENAME #tea #TEA :"]
    assert old.received() == []
    assert old.answers("NAMES #tea")[0] == ":chat.test 353 old = #TEA :@alice bob old"
    assert alice.answers("RENAME #tea #TEA") == bob.received() == []


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("RENAME #tea", "461 alice RENAME"),
        ("RENAME #nowhere #x", "403 alice #nowhere"),
        ("RENAME #others #x", "442 alice #others"),
        ("RENAME #bobs #x", "482 alice #bobs"),
        ("RENAME #tea #others", "FAIL RENAME CHANNEL_NAME_IN_USE #tea #others"),
        ("RENAME #tea #OTHERS", "FAIL RENAME CHANNEL_NAME_IN_USE #tea #OTHERS"),
        ("RENAME #tea tea", "FAIL RENAME CANNOT_RENAME #tea tea"),
        ("RENAME #tea #a,b", "FAIL RENAME CANNOT_RENAME #tea #a,b"),
        ("RENAME #tea :#a b", "FAIL RENAME CANNOT_RENAME #tea *"),
        ("RENAME #tea #0thers", "FAIL RENAME CANNOT_RENAME #tea #0thers"),
        (f"RENAME #tea #{'x' * 64}", f"FAIL RENAME CANNOT_RENAME #tea #{'x' * 64}"),
    ],
)
def test_refusals(harness: Harness, line: str, answer: str) -> None:
    bart, carol = harness.person("bart"), harness.person("carol")
    carol.sends("JOIN #others")
    bart.sends("JOIN #bobs")
    alice, *_ = people(harness)
    alice.sends("JOIN #bobs")
    alice.received()
    assert [one.partition(" :")[0] for one in alice.answers(line)] == [f":chat.test {answer}"]
    assert "#tea" in harness.hub.rooms


def test_what_looks_like_the_old_name_alone_may_be_the_new_one(harness: Harness) -> None:
    alice, *_ = people(harness, "#rooml")
    assert code_of(alice.answers("RENAME #rooml #room1")[0]) == "RENAME"
    assert [code_of(line) for line in harness.person("carol").answers("JOIN #rooml")] == ["476"]


def test_general_is_always_there(harness: Harness) -> None:
    harness.account("root", PASSWORD, administrator=True)
    root = harness.person("root", password=PASSWORD)
    root.sends("JOIN #general")
    root.received()
    for name in ("#lobby", "#General"):
        (line,) = root.answers(f"RENAME #general {name}")
        assert line == f":chat.test FAIL RENAME CANNOT_RENAME #general {name} :#general is always there"


def test_to_outsiders_a_secret_room_is_none_at_all(harness: Harness) -> None:
    alice, *_ = people(harness)
    alice.sends("MODE #tea +s")
    outsider = harness.person("carol", CAPS)
    assert outsider.answers("RENAME #tea #x") == [":chat.test 403 carol #tea :No such channel"]


def test_not_again_and_again_and_not_before_a_crowd(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, _, old = people(harness)
    for number in range(RENAMES_PER_MINUTE):
        alice.sends(f"RENAME {'#tea' if not number else f'#tea{number}'} #tea{number + 1}")
    alice.received()
    last = f"#tea{RENAMES_PER_MINUTE}"
    assert "CANNOT_RENAME" in alice.answers(f"RENAME {last} #again")[0]
    harness.now += 61
    monkeypatch.setattr(room_renaming, "MOST_NAMES", 2)
    assert "CANNOT_RENAME" in alice.answers(f"RENAME {last} #again")[0]
    old.vanishes()
    alice.received()
    assert code_of(alice.answers(f"RENAME {last} #again")[0]) == "RENAME"


def test_the_names_are_put_together_once_for_each_look_and_no_values_are_told_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = "draft/metadata-3 batch"
    looks = ["", "", metadata, metadata, "multi-prefix", "userhost-in-names", "no-implicit-names"]
    nicks = ["ann", "ben", "cid", "dan", "eva", "florentine", "gus"]
    everybody = [harness.person(nick, caps) for nick, caps in zip(nicks, looks, strict=True)]
    everybody[2].sends("METADATA * SUB url", "METADATA * SET url :hers")
    everybody[3].sends("METADATA * SUB status")
    for one in everybody:
        one.sends("JOIN #tea")
    everybody[0].sends("METADATA #tea SET url :the-rooms")
    for one in everybody:
        one.received()
    made: list[tuple[object, ...]] = []
    real = roster._names

    def names_of(*args: Any) -> list[str]:
        made.append(args[2:])
        return real(*args)

    monkeypatch.setattr(roster, "_names", names_of)
    answers = [everybody[0].answers("RENAME #tea #coffee"), *(one.received() for one in everybody[1:])]
    assert sorted(made) == [(False, False), (False, True), (True, False)]
    names = " ".join(["@ann", *nicks[1:]])
    for nick, lines in zip(nicks[:5], answers, strict=False):
        assert f":chat.test 353 {nick} = #coffee :{names}" in lines
    assert any(":@ann!ann@securechat ben!ben@securechat" in line for line in answers[5])
    assert [code_of(line) for line in answers[6]] == ["PART", "JOIN"]
    assert answers[2][-1] == ":chat.test 774 cid #coffee 4"
    assert not {"761", "BATCH"} & {code_of(line) for lines in answers for line in lines}
    assert "774" not in {code_of(line) for line in answers[3]}


def test_every_line_keeps_its_bounds(harness: Harness) -> None:
    first, second = "#" + "𝐚" * 39, "#" + "𝐛" * 30
    alice, bob, old = people(harness, first)
    assert "CANNOT_RENAME" in alice.answers(f"RENAME {first} #{'𝐜' * 63}")[0]
    alice.sends(f"RENAME {first} {second} :{'я' * 5}")
    for one in (alice, bob, old):
        lines = one.received()
        assert lines
        assert all(len(line.encode()) <= 510 for line in lines)


def test_a_fragmented_line_with_many_bytes(harness: Harness) -> None:
    alice, bob, _ = people(harness)
    for byte in "RENAME #tea #чай :потому 💜\r\n".encode():
        alice.sends_bytes(bytes([byte]))
    assert alice.received() == bob.received() == [":alice!alice@securechat RENAME #tea #чай :потому 💜"]


def test_history_and_all_else_last_under_the_new_name(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        alice = harness.person("alice", f"{CAPS} {PAGES}", password=PASSWORD)
        alice.sends("JOIN #tea", "PRIVMSG #tea :before", "PRIVMSG #tea :" + "x" * 460)
        alice.sends("RENAME #tea #a-longer-name", "PRIVMSG #a-longer-name :behind", "JOIN #tea", "PRIVMSG #tea :new")
        alice.received()
        before = alice.answers("CHATHISTORY LATEST #a-longer-name * 9")
    with running(tmp_path) as harness:
        alice = harness.connection()
        alice.sends("CAP REQ :sasl", "NICK alice", "USER alice 0 * :A", "AUTHENTICATE PLAIN")
        alice.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        lines = alice.received()
        assert sorted(line.split()[2] for line in lines if " JOIN " in line) == ["#a-longer-name", "#tea"]
        shown = [line.split(maxsplit=3)[2:] for line in lines if code_of(line) in ("PRIVMSG", "NOTICE")]
        assert ["#a-longer-name", "behind"] in [[target, text.split()[-1]] for target, text in shown]
        assert not any(target == "#tea" and "before" in text for target, text in shown)
        reader = harness.person("alice", f"{CAPS} {PAGES}", password=PASSWORD)
        after = reader.answers("CHATHISTORY LATEST #a-longer-name * 9")
    bodies = [line.partition(" ")[2] for line in after[1:-1]]
    assert bodies == [line.partition(" ")[2] for line in before[1:-1]]
    assert [body.split()[2] for body in bodies] == ["#a-longer-name"] * 3
    assert all(len(body.encode()) <= 510 for body in bodies)


@pytest.mark.parametrize("capabilities", ["", CAPS])
def test_what_cannot_be_stored_did_not_happen(harness: Harness, capabilities: str) -> None:
    harness.account("alice", PASSWORD)
    alice = harness.person("alice", f"{capabilities} batch labeled-response", password=PASSWORD)
    alice.sends("JOIN #tea")
    bob, old = harness.person("bob", CAPS), harness.person("old")
    for one in (bob, old):
        one.sends("JOIN #tea")
    for one in (alice, bob, old):
        one.received()
    with harness.disk_full():
        lines = alice.answers("@label=1 RENAME #tea #coffee")
        fails = [line for line in lines if code_of(line) == "FAIL"]
        assert len(fails) == 1
        assert ":chat.test FAIL RENAME NOT_STORED #tea :" in fails[0]
        assert not {"RENAME", "PART", "JOIN", "353"} & {code_of(line) for line in lines}
    assert bob.received() == old.received() == []
    assert set(harness.hub.rooms) == {"#general", "#tea"}
    assert code_of(alice.answers("RENAME #tea #coffee")[0]) in ("RENAME", "PART")


def test_a_room_made_under_the_old_name_meanwhile_is_not_mixed_up(harness: Harness) -> None:
    alice, bob, _ = people(harness)
    live = harness.hub.rooms["#tea"]
    with harness.one_batch(fails=True):
        alice.sends_unsettled(b"RENAME #tea #coffee\r\n")
        bob.sends_unsettled(b"JOIN #tea\r\n")
    harness.settle()
    assert harness.hub.rooms["#tea"] is live
    assert set(harness.hub.rooms) == {"#general", "#tea"}
    assert harness.hub.rooms_by_id.keys() >= {live.room.id}
    alice.received()
    assert alice.answers("NAMES #tea")[0] == ":chat.test 353 alice = #tea :@alice bob old"
