"""USERHOST and ISON."""

from tests.server.harness import Harness

SERVER = ":chat.test"


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


def test_ison(harness: Harness) -> None:
    anna = harness.person("anna")
    harness.person("bob")
    assert anna.answers("ISON BOB nobody :anna bob") == [f"{SERVER} 303 anna :bob anna"]
    assert anna.answers("ISON nobody") == [f"{SERVER} 303 anna :"]
    assert anna.answers("ISON") == [f"{SERVER} 461 anna ISON :Not enough parameters"]


def test_what_does_not_fit_is_left_out_whole(harness: Harness) -> None:
    nicks = [f"{'好' * 31}{digit}" for digit in "一二三四五"]
    for nick in nicks:
        one = harness.connection()
        one.sends(f"NICK {nick}", f"USER {'好' * 16} 0 * :x")
    anna = harness.person("anna")
    (line,) = anna.answers(f"USERHOST {' '.join(nicks)}")
    entries = line.partition(" :")[2].split()
    assert 1 < len(entries) < 5
    assert all(entry.endswith("@securechat") for entry in entries)
