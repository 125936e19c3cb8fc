"""JOIN, PART, TOPIC, NAMES and LIST, one room or several at once."""

from pathlib import Path

import pytest

from securechat.server.membership import ROOMS_PER_USER
from securechat.server.presence import MOST_ROOMS
from tests.server.harness import Harness, code_of, running

PASSWORD = "correct horse"


def test_joining_an_empty_room(harness: Harness) -> None:
    alice = harness.person("alice")
    assert alice.answers("JOIN #tea") == [
        ":alice!alice@securechat JOIN #tea",
        ":chat.test 353 alice = #tea :@alice",
        ":chat.test 366 alice #tea :End of /NAMES list",
    ]


def test_others_see_it_and_joining_again_is_silent(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    carol = harness.person("carol")
    assert ":chat.test 353 carol = #tea :@alice bob carol" in carol.answers("JOIN #Tea")
    for one in (alice, bob):
        assert one.received() == [":carol!carol@securechat JOIN #tea"]
    assert carol.answers("JOIN #TEA") == []
    assert alice.received() == []


def test_several_rooms_and_a_bad_name_among_them(harness: Harness) -> None:
    alice = harness.person("alice", "batch labeled-response")
    lines = alice.answers("JOIN #a,b,#c,#a,,#d:e key,key2")
    assert [line.split()[1:4] for line in lines if code_of(line) in ("JOIN", "476", "432", "403")] == [
        ["JOIN", "#a"],
        ["476", "alice", "b"],
        ["JOIN", "#c"],
        ["476", "alice", "#d:e"],
    ]
    labelled = alice.answers("@label=x JOIN #e,#f")
    assert labelled[0] == "@label=x :chat.test BATCH +1 labeled-response"
    assert labelled[-1] == ":chat.test BATCH -1"
    assert all(line.startswith("@batch=1 ") for line in labelled[1:-1])
    assert [code_of(line) for line in labelled[1:-1]] == ["JOIN", "353", "366"] * 2
    assert alice.answers("@label=y JOIN #e") == ["@label=y :chat.test ACK"]


def test_names_that_no_room_can_have(harness: Harness) -> None:
    alice = harness.person("alice")
    for name in ("#", "#a b", "#a*", "#a?", "#a!", "#a@", "#\x07", "#e\u0301", f"#{'x' * 64}"):
        assert [code_of(line) for line in alice.answers(f"JOIN :{name}")] == ["476"]
    assert list(harness.hub.rooms) == ["#general"]


def test_too_many_rooms_in_one_line_are_refused_one_by_one(harness: Harness) -> None:
    alice = harness.person("alice")
    names = ",".join(f"#r{number}" for number in range(MOST_ROOMS + 2))
    lines = alice.answers(f"JOIN {names}")
    assert [code_of(line) for line in lines].count("JOIN") == MOST_ROOMS
    assert [line.split()[4] for line in lines if "TOO_MANY_TARGETS" in line] == [
        f"#r{MOST_ROOMS}",
        f"#r{MOST_ROOMS + 1}",
    ]


def test_too_many_rooms_for_one_user(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROOMS_PER_USER >= 100
    monkeypatch.setattr("securechat.server.commands.rooms.ROOMS_PER_USER", 2)
    alice = harness.person("alice")
    alice.sends("JOIN #a,#b")
    alice.received()
    assert alice.answers("JOIN #c") == [
        ":chat.test 405 alice #c :You are in as many rooms as one can be; leave one first"
    ]
    assert any(f" CHANLIMIT=#:{ROOMS_PER_USER} " in line for line in alice.answers("VERSION"))


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("JOIN :", "461 alice JOIN :Not enough parameters"),
        ("JOIN ,", "461 alice JOIN :Not enough parameters"),
        ("PART :", "461 alice PART :Not enough parameters"),
        ("NAMES :", "366 alice * :End of /NAMES list"),
    ],
)
def test_no_name_at_all_is_answered(harness: Harness, line: str, answer: str) -> None:
    assert harness.person("alice").answers(line) == [f":chat.test {answer}"]


def test_join_0_leaves_all(harness: Harness) -> None:
    alice = harness.person("alice")
    alice.sends("JOIN #a,#b")
    alice.received()
    assert alice.answers("JOIN 0") == [":alice!alice@securechat PART #a", ":alice!alice@securechat PART #b"]
    assert alice.answers("JOIN 0") == []


def test_parting_is_seen_with_its_reason_and_refused_where_one_is_not(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    bob.sends("JOIN #other")
    bob.received()
    assert alice.answers("PART #TEA,#other,#nowhere :so long") == [
        ":alice!alice@securechat PART #tea :so long",
        ":chat.test 442 alice #other :You're not on that channel",
        ":chat.test 403 alice #nowhere :No such channel",
    ]
    assert bob.received() == [":alice!alice@securechat PART #tea :so long"]
    bob.sends("PRIVMSG #tea :gone?")
    assert alice.received() == []
    assert bob.answers("PART #tea") == [":bob!bob@securechat PART #tea"]


def test_membership_and_topic_outlive_the_server(tmp_path: Path) -> None:
    with running(tmp_path) as harness:
        harness.account("alice", PASSWORD)
        alice = harness.person("alice", password=PASSWORD)
        alice.sends("JOIN #tea,#left", "TOPIC #tea :Зелёный", "PART #left")
    with running(tmp_path) as harness:
        alice = harness.connection()
        alice.sends("CAP LS 302", "NICK alice", "USER alice 0 * :x", "AUTHENTICATE PLAIN")
        alice.sends("AUTHENTICATE AGFsaWNlAGNvcnJlY3QgaG9yc2U=", "CAP END")
        lines = alice.received()
        after = lines[[code_of(line) for line in lines].index("221") + 1 :]
        assert after == [
            ":alice!alice@securechat JOIN #tea",
            ":chat.test 332 alice #tea :Зелёный",
            f":chat.test 333 alice #tea alice!alice@securechat {harness.time // 1000}",
            ":chat.test 353 alice = #tea :@alice",
            ":chat.test 366 alice #tea :End of /NAMES list",
        ]


# TOPIC


def test_topics(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    carol = harness.person("carol")
    assert alice.answers("TOPIC #tea") == [":chat.test 331 alice #tea :No topic is set"]
    assert alice.answers("TOPIC #TEA :green") == [":alice!alice@securechat TOPIC #tea :green"]
    assert bob.received() == [":alice!alice@securechat TOPIC #tea :green"]
    shown = [
        ":chat.test 332 carol #tea :green",
        f":chat.test 333 carol #tea alice!alice@securechat {harness.time // 1000}",
    ]
    assert carol.answers("TOPIC #tea") == shown
    assert carol.answers("TOPIC #tea :mine") == [":chat.test 442 carol #tea :You're not on that channel"]
    assert carol.answers("TOPIC #nowhere :x") == [":chat.test 403 carol #nowhere :No such channel"]
    assert carol.answers("JOIN #tea")[1:3] == shown
    alice.received()
    assert alice.answers("TOPIC #tea :") == [":alice!alice@securechat TOPIC #tea :"]
    assert alice.answers("TOPIC #tea") == [":chat.test 331 alice #tea :No topic is set"]


def test_a_long_topic_is_cut_to_what_everybody_can_be_told(tmp_path: Path) -> None:
    with running(tmp_path, limits__topic_length=300) as harness:
        alice, bob = harness.members_of("#tea", "alice", "bob")
        for letter in ("x", "я"):
            alice.sends(f"TOPIC #tea :{letter * (480 // len(letter.encode()))}")
            (line,) = bob.received()
            assert len(line.encode()) <= 510
            topic = line.partition(" :")[2]
            assert topic == letter * len(topic)
            assert len(topic) == 300 if letter == "x" else len(line.encode()) >= 508
            assert harness.hub.rooms["#tea"].room.topic == topic


@pytest.mark.parametrize("letter", ["x", "я"])
def test_a_long_reason_is_cut_to_what_everybody_can_be_told(harness: Harness, letter: str) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    reason = letter * (490 // len(letter.encode()))
    alice.sends(f"PART #tea :{reason}", "JOIN #tea")
    part = bob.received()[0]
    assert 508 <= len(part.encode()) <= 510
    alice.sends(f"QUIT :{reason}")
    (quit_,) = bob.received()
    assert quit_.startswith(":alice!alice@securechat QUIT :Quit: ")
    assert len(quit_.encode()) <= 510
    assert len(alice.received()[-1].encode()) <= 510


# NAMES and LIST


def test_names_of_several_rooms(harness: Harness) -> None:
    alice, bob = harness.members_of("#tea", "alice", "bob")
    carol = harness.person("carol")
    bob.sends("MODE bob -i")
    assert alice.answers("NAMES #tea")[0] == ":chat.test 353 alice = #tea :@alice bob"
    assert carol.answers("NAMES #tea,#nowhere,#general") == [
        ":chat.test 353 carol = #tea :bob",  # who is invisible is so to those who are not in the room
        ":chat.test 366 carol #tea :End of /NAMES list",
        ":chat.test 366 carol #nowhere :End of /NAMES list",
        ":chat.test 366 carol #general :End of /NAMES list",
    ]
    assert carol.answers("NAMES") == [":chat.test 366 carol * :End of /NAMES list"]


def test_many_long_names_are_told_in_lines_that_lose_none(tmp_path: Path) -> None:
    server = "a-server-with-a-rather-long-name." + "x" * 30
    room = "#" + "r" * 63
    with running(tmp_path, server__name=server) as harness:
        nicks = [f"{'n' * 29}{number:03d}" for number in range(30)]
        people = harness.members_of(room, *nicks)
        people[-1].sends(f"NAMES {room}")
        lines = [line for line in people[-1].received() if " 353 " in line]
        assert len(lines) > 2
        assert all(len(line.encode()) <= 510 for line in lines)
        assert [nick for line in lines for nick in line.partition(" :")[2].split()] == [f"@{nicks[0]}", *nicks[1:]]


def test_the_list_of_rooms(harness: Harness) -> None:
    alice, _ = harness.members_of("#tea", "alice", "bob")
    alice.sends("TOPIC #tea :green")
    alice.received()
    head, end = ":chat.test 321 alice Channel :Users  Name", ":chat.test 323 alice :End of /LIST"
    tea = ":chat.test 322 alice #tea 2 :green"
    assert alice.answers("LIST") == [head, ":chat.test 322 alice #general 0 :", tea, end]
    assert alice.answers("LIST #TEA,#nowhere") == [head, tea, end]
    assert alice.answers("LIST #nowhere") == [head, end]
