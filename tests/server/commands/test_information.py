"""VERSION, TIME, INFO, ADMIN and STATS."""

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
