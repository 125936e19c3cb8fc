"""VERSION, TIME, INFO, LINKS, ADMIN and STATS."""

import pytest

from securechat import __version__
from tests.server.harness import Harness, code_of

SERVER = ":chat.test"


def test_version(harness: Harness) -> None:
    anna = harness.person("anna")
    answer = anna.answers("VERSION")
    assert answer[0] == f"{SERVER} 351 anna securechat-{__version__} chat.test :IRCv3 over TLS"
    assert {code_of(line) for line in answer[1:]} == {"005"}


def test_time(harness: Harness) -> None:
    harness.time = 1_764_000_000_000
    anna = harness.person("anna")
    assert anna.answers("TIME") == [f"{SERVER} 391 anna chat.test 1764000000 0 :2025-11-24T16:00:00.000Z"]


def test_info_and_admin(harness: Harness) -> None:
    anna = harness.person("anna")
    assert [code_of(line) for line in anna.answers("INFO")] == ["371", "371", "371", "374"]
    assert [code_of(line) for line in anna.answers("ADMIN")] == ["256", "257", "258", "259"]


@pytest.mark.parametrize("line", ["LINKS", "LINKS *", "LINKS chat.*", "LINKS chat.test CHAT.TEST"])
def test_links_names_the_one_server(harness: Harness, line: str) -> None:
    assert harness.person("anna").answers(line) == [
        f"{SERVER} 364 anna chat.test chat.test :0 securechat",
        f"{SERVER} 365 anna * :End of /LINKS list",
    ]


def test_links_to_others_are_none(harness: Harness) -> None:
    for line in ("LINKS *.example", "LINKS chat.test other.example"):
        assert harness.person(f"a{len(line)}").answers(line)[0].split()[1] == "365"


def test_stats_tells_the_uptime_only(harness: Harness) -> None:
    anna = harness.person("anna")
    harness.time += ((2 * 24 + 3) * 3600 + 4 * 60 + 5) * 1000
    assert anna.answers("STATS u") == [
        f"{SERVER} 242 anna :Server Up 2 days 3:04:05",
        f"{SERVER} 219 anna u :End of /STATS report",
    ]
    assert anna.answers("STATS o") == [f"{SERVER} 219 anna o :End of /STATS report"]


@pytest.mark.parametrize("line", ["MOTD", "VERSION", "TIME", "INFO", "ADMIN", "STATS u"])
def test_the_server_may_be_named(harness: Harness, line: str) -> None:
    anna = harness.person("anna")
    assert anna.answers(f"{line} other.example") == [f"{SERVER} 402 anna other.example :No such server"]
    for name in ("chat.test", "chat*", "anna"):
        assert "402" not in [code_of(one) for one in anna.answers(f"{line} {name}")]


def test_isupport_before_login_is_for_those_who_negotiated_it(harness: Harness) -> None:
    one = harness.connection()
    one.sends("CAP LS 302")
    one.received()
    assert one.answers("ISUPPORT") == [f"{SERVER} 451 * :You have not registered"]
    one.sends("CAP REQ draft/extended-isupport")
    one.received()
    lines = one.answers("ISUPPORT")
    assert {code_of(line) for line in lines} == {"005"}
    assert lines[0].startswith(f"{SERVER} 005 * NETWORK=")


def test_isupport_comes_in_a_batch_with_both_capabilities(harness: Harness) -> None:
    anna = harness.person("anna", "batch draft/extended-isupport labeled-response")
    lines = anna.answers("ISUPPORT")
    assert lines[0] == f"{SERVER} BATCH +n draft/isupport"
    assert lines[-1] == f"{SERVER} BATCH -n"
    assert all(line.startswith(f"@batch=n {SERVER} 005 anna ") for line in lines[1:-1])
    labelled = anna.answers("@label=x ISUPPORT")
    assert labelled[0] == f"@label=x {SERVER} BATCH +n draft/isupport"
    assert labelled[1:] == lines[1:]
    plain = harness.person("plain")
    assert {code_of(line) for line in plain.answers("ISUPPORT")} == {"005"}


def test_lusers_does_not_count_secret_rooms(harness: Harness) -> None:
    anna, eve = harness.person("anna"), harness.person("eve")
    anna.sends("JOIN #tea,#cake", "MODE #cake +s")
    assert ":chat.test 254 eve 2 :channels formed" in eve.answers("LUSERS")
