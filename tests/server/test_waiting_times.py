"""Whoever may do something only so often is told after how many seconds they may again, wherever that is decided."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import securechat.server
from securechat.protocol.message import parse
from securechat.server.admission import Admission
from securechat.server.context import Context
from securechat.server.invites import MADE_PER_HOUR
from securechat.server.limits import MODE_CHANGES_PER_MINUTE, RENAMES_PER_MINUTE, Limited, may_not_yet
from securechat.server.metadata import CHANGES_PER_MINUTE
from securechat.server.reports import MOST_PER_HOUR
from securechat.server.response import Response
from tests.server.harness import Harness, Person, running

SOURCES = Path(next(iter(securechat.server.__path__)))
SETTINGS = {
    "limits__rooms_per_hour": 2,
    "limits__invitations_per_minute": 1,
    "limits__kicks_per_minute": 1,
    "limits__failed_logins_per_minute": 1,
}
"""As little as the steps before need: one has made #tea."""

Lines = Callable[[Harness], list[str]]


def repeated(*lines: str, times: int) -> Lines:
    """The same lines again and again, with the number of each time in them."""
    return lambda _: [line.format(number=number) for number in range(times) for line in lines]


def reports(harness: Harness) -> list[str]:
    """A report of each of several messages."""
    ben, lines = harness.person("ben"), []
    ben.sends("JOIN #tea")
    for number in range(MOST_PER_HOUR + 1):
        ben.sends(f"PRIVMSG #tea :{number}")
        lines.append(f"REPORT {harness.hub.message_ids.format(harness.delivery.delivered_sequence)} :spam")
    return lines


WAYS: dict[str, tuple[str, Lines]] = {
    "new rooms": ("limits", repeated("JOIN #room{number}", times=2)),
    "invitations": ("limits", repeated("INVITE erin #tea", times=2)),
    "kicks": ("limits", lambda _: ["KICK #tea bob", "KICK #tea carol"]),
    "modes": ("modes", repeated("MODE #tea +v bob", "MODE #tea -v bob", times=MODE_CHANGES_PER_MINUTE)),
    "bans": ("banning", repeated("BAN #tea x{number}!*@*", times=MODE_CHANGES_PER_MINUTE + 1)),
    "names of rooms": ("room_renaming", repeated("RENAME #tea #cake", "RENAME #cake #tea", times=RENAMES_PER_MINUTE)),
    "values": ("metadata", repeated("METADATA * SET colour :{number}", times=CHANGES_PER_MINUTE + 1)),
    "reports": ("reporting", reports),
    "links": ("invites", repeated("INVITES CREATE #tea", times=MADE_PER_HOUR + 1)),
    "messages in slow mode": ("speaking", repeated("PRIVMSG #slow :{number}", times=2)),
    "failed logins": ("login", repeated("OPER root wrong", times=2)),
}
"""What may be done only so often, the module that decides about it, and lines of which the last are too many."""


def anna_among_others(harness: Harness) -> Person:
    """Anna, who owns #tea with bob and carol in it; erin is elsewhere, and #slow is carol's."""
    harness.account("anna")
    anna = harness.person("anna", password="correct horse")
    bob, carol, _ = (harness.person(nick) for nick in ("bob", "carol", "erin"))
    anna.sends("JOIN #tea")
    bob.sends("JOIN #tea")
    carol.sends("JOIN #slow", "MODE #slow +f 30", "JOIN #tea")
    anna.sends("JOIN #slow")
    anna.received()
    return anna


@pytest.mark.parametrize("way", WAYS)
def test_whoever_does_it_too_often_is_told_the_seconds_to_wait(tmp_path: Path, way: str) -> None:
    with running(tmp_path, **SETTINGS) as harness:
        anna = anna_among_others(harness)
        for line in WAYS[way][1](harness):
            refusals = [one for one in anna.answers(line) if " try again in " in one]
            if refusals:
                break
        (refusal,) = refusals
        seconds = re.search(" try again in ([0-9]+) seconds?$", refusal)
        assert seconds is not None, refusal
        assert 0 < int(seconds[1]) <= 3600
        if " RATE_LIMITED " in refusal:
            assert refusal.split(" :")[0].split()[-1] == seconds[1]  # for programs
        assert not any("try again" in one for one in anna.answers("PING x"))
        harness.now += int(seconds[1])
        harness.time += int(seconds[1]) * 1000
        assert not any(" try again in " in one for one in anna.answers(line)), "the seconds were too few"


def test_too_many_connections_of_an_address_are_told_the_seconds_to_wait() -> None:
    admission = Admission(most_at_once=0, most_in_ten_minutes=1)
    assert admission.admit("192.0.2.1", 0) == ""
    assert admission.admit("192.0.2.1", 10).endswith("; try again in 590 seconds")


@pytest.mark.parametrize("limited", Limited, ids=lambda one: one.name)
def test_every_row_of_the_table_is_asked_by_a_command_and_refuses_with_the_seconds(
    tmp_path: Path, limited: Limited
) -> None:
    with running(tmp_path, **{f"limits__{limited.setting}": 1}) as harness:
        one = harness.person("anna")
        context = Context(harness.hub, one.session, parse(b"PING"), Response(one.session, harness.journal, "chat.test"))
        assert not may_not_yet(context, limited, "it")
        harness.now += 1
        assert may_not_yet(context, limited, "it")
        context.response.flush()
        seconds = limited.seconds - 1
        text = f"{limited.words}; try again in {seconds} seconds"
        assert one.received() == [f":chat.test FAIL PING RATE_LIMITED it {seconds} :{text}"]
    asking = [path for path in SOURCES.rglob("*.py") if f"Limited.{limited.name}" in path.read_text(encoding="utf-8")]
    assert asking, "no command asks for it"


def test_every_place_that_lets_somebody_wait_is_among_them() -> None:
    deciding = {
        path.stem
        for path in SOURCES.rglob("*.py")
        if re.search(r"RATE_LIMITED|\b(try_again|tell_to_wait)\(", path.read_text(encoding="utf-8"))
    }
    assert deciding - {"waiting"} == {module for module, _ in WAYS.values()} | {"admission"}
