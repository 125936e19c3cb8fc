"""WHOIS and WHOWAS."""

import pytest

from securechat.server import whowas as remembered
from tests.server.harness import Harness

SERVER = ":chat.test"


def test_whois(harness: Harness) -> None:
    harness.account("carol")
    carol = harness.person("carol", password="correct horse")
    (anna,) = harness.members_of("#tea", "anna")
    carol.sends("JOIN #tea", "JOIN #den", "AWAY :lunch")
    anna.received()
    harness.now += 60
    harness.time += 60_000
    assert anna.answers("WHOIS CAROL") == [
        f"{SERVER} 311 anna carol carol securechat * :Carol",
        next(line for line in anna.answers("WHOIS carol") if " 319 " in line),
        f"{SERVER} 312 anna carol chat.test :securechat",
        f"{SERVER} 330 anna carol carol :is logged in as",
        f"{SERVER} 671 anna carol :is using a secure connection",
        f"{SERVER} 301 anna carol :lunch",
        f"{SERVER} 317 anna carol 60 1764000000 :seconds idle, signon time",
        f"{SERVER} 318 anna CAROL :End of /WHOIS list",
    ]
    rooms = next(line for line in anna.answers("WHOIS carol") if " 319 " in line)
    assert "#tea" in rooms
    assert "#den" not in rooms  # anna is not in it, and carol is not listed to outsiders
    assert "#den" in next(line for line in carol.answers("WHOIS carol") if " 319 " in line)


def test_whois_of_an_administrator_and_of_idle_people(harness: Harness) -> None:
    harness.account("root", administrator=True)
    root = harness.person("root", password="correct horse")
    anna = harness.person("anna")
    harness.now += 100
    root.session.heard_at = harness.now
    root.sends("PRIVMSG anna :hello")
    harness.now += 7
    anna.received()
    answer = anna.answers("WHOIS root")
    assert any(line.startswith(f"{SERVER} 317 anna root 7 ") for line in answer)


@pytest.mark.parametrize("server", ["chat.test", "CHAT.*", "bob"])
def test_whois_with_a_server(harness: Harness, server: str) -> None:
    anna = harness.person("anna")
    harness.person("bob")
    assert anna.answers(f"WHOIS {server} bob")[0] == f"{SERVER} 311 anna bob bob securechat * :Bob"


def test_whois_of_nobody(harness: Harness) -> None:
    anna = harness.person("anna")
    assert anna.answers("WHOIS bob") == [
        f"{SERVER} 401 anna bob :No such nick/channel",
        f"{SERVER} 318 anna bob :End of /WHOIS list",
    ]
    assert anna.answers("WHOIS other.example anna") == [f"{SERVER} 402 anna other.example :No such server"]
    assert anna.answers("WHOIS") == [f"{SERVER} 431 anna :Say which nick you mean"]


def test_many_rooms_take_several_lines(harness: Harness) -> None:
    anna = harness.person("anna")
    rooms = [f"#{'r' * 50}{index}" for index in range(20)]
    anna.sends(*(f"JOIN {room}" for room in rooms))
    anna.received()
    lines = [line for line in anna.answers("WHOIS anna") if " 319 " in line]
    assert len(lines) > 1
    shown = [word.lstrip("@") for line in lines for word in line.split(" :", 1)[1].split()]
    assert shown == rooms
    assert all(len(line) <= 510 for line in lines)


def test_whowas_tells_the_newest_first(harness: Harness) -> None:
    anna = harness.person("anna")
    for name in ("one", "two"):
        bob = harness.person("bob")
        bob.sends(f"NICK {name}")
        bob.vanishes()
        harness.time += 1000
    bob = harness.person("bob")
    bob.sends("QUIT")
    answer = anna.answers("WHOWAS BOB")
    assert [line.split()[1] for line in answer] == ["314", "312"] * 3 + ["369"]
    assert answer[0] == f"{SERVER} 314 anna bob bob securechat * :Bob"
    assert answer[1].startswith(f"{SERVER} 312 anna bob chat.test :2025-11-24T")
    assert answer[1].endswith(":02.000Z")
    for count, entries in (("1", 1), ("2", 2), ("0", 3), ("-1", 3), ("x", 3)):
        assert len(anna.answers(f"WHOWAS bob {count}")) == 2 * entries + 1
    assert anna.answers("WHOWAS one")[0] == f"{SERVER} 314 anna one bob securechat * :Bob"


def test_whowas_tells_the_account(harness: Harness) -> None:
    harness.account("carol")
    harness.person("carol", password="correct horse").vanishes()
    anna = harness.person("anna")
    assert f"{SERVER} 330 anna carol carol :is logged in as" in anna.answers("WHOWAS carol")


def test_whowas_of_nobody(harness: Harness) -> None:
    anna = harness.person("anna")
    anna.sends("NICK ANNA", "NICK anna")
    anna.received()
    assert anna.answers("WHOWAS anna") == [
        f"{SERVER} 406 anna anna :There was no such nickname",
        f"{SERVER} 369 anna anna :End of WHOWAS",
    ]
    assert anna.answers("WHOWAS") == [f"{SERVER} 431 anna :Say which nick you mean"]


def test_the_memory_of_who_was_here_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST_REMEMBERED", 3)
    departures = remembered.Departures()
    for time, nick in enumerate(("a", "b", "A", "c", "a")):
        departures.remember(remembered.Departure(nick, "u", "r", "", time))
    assert [one.time for one in departures.of("a")] == [4, 2]
    assert departures.of("b") == []
    assert [one.time for one in departures.of("c", 1)] == [3]


def test_one_nick_has_few_entries(harness: Harness) -> None:
    bob = harness.person("bob")
    for _ in range(2 * remembered.MOST_OF_A_NICK):
        bob.sends("NICK other", "NICK bob")
    entries = [line for line in harness.person("anna").answers("WHOWAS bob,other") if " 314 " in line]
    assert len(entries) == 2 * remembered.MOST_OF_A_NICK


@pytest.mark.parametrize(("capabilities", "shown"), [("", {"@#tea", "+#cake"}), ("multi-prefix", {"@+#tea", "+#cake"})])
def test_rooms_are_shown_with_what_one_is_there(harness: Harness, capabilities: str, shown: set[str]) -> None:
    anna, bob = harness.members_of("#tea", "anna", "bob", capabilities=capabilities)
    bob.sends("JOIN #cake")
    anna.sends("JOIN #cake", "MODE #tea +v anna")
    bob.sends("MODE #cake +v anna")
    bob.received()
    rooms = next(line for line in bob.answers("WHOIS anna") if " 319 " in line).partition(" :")[2]
    assert set(rooms.split()) == shown
