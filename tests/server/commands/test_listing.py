"""LIST and the filters of ELIST."""

from pathlib import Path

import pytest

from securechat.server import throttle
from securechat.server.commands import listing
from securechat.server.throttle import Budget
from tests.server.harness import Harness, running

MINUTE = 60_000


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", {"#general", "#tea", "#cake"}),
        (" #TEA", {"#tea"}),
        (" #tea,#none", {"#tea"}),
        (" #none", set()),
        (" >1", {"#tea"}),
        (" <2", {"#general", "#cake"}),
        (" >0,<2", {"#cake"}),
        (" <0", set()),
        (" *e*,!#tea", {"#general", "#cake"}),
        (" #t*", {"#tea"}),
        (" C>15", {"#general"}),
        (" c<15", {"#tea", "#cake"}),
        (" T<5", {"#cake"}),
        (" T>5", {"#tea"}),
        (" #tea,#cake,>1", {"#tea"}),
        (" >x", set()),
        (" #tea >0", {"#tea"}),
        (" #tea,#cake >1", {"#tea"}),
        (" #t*,#c*", {"#tea", "#cake"}),
        (" #tea,#c*", {"#tea", "#cake"}),
        (" #?ea,#c* !*a*,>0", set()),
    ],
)
def test_what_is_listed(harness: Harness, asked: str, expected: set[str]) -> None:
    harness.time += 20 * MINUTE
    anna, bob = harness.members_of("#tea", "anna", "bob")
    bob.sends("TOPIC #tea :old", "JOIN #cake")
    anna.sends("TOPIC #tea :old")
    harness.time += 10 * MINUTE
    bob.sends("TOPIC #cake :new")
    anna.received()
    lines = anna.answers(f"LIST{asked}")
    assert [line.split()[1] for line in lines] == ["321", *["322"] * len(expected), "323"]
    assert {line.split()[3] for line in lines[1:-1]} == expected


def names_of(lines: list[str]) -> list[str]:
    return [line.split()[3] for line in lines if line.split()[1] == "322"]


def test_too_many_filters_are_refused(harness: Harness) -> None:
    anna = harness.person("anna")
    words = [f"!#x{number}" for number in range(listing.MOST_FILTERS)]
    assert names_of(anna.answers(f"LIST {','.join(words)}")) == ["#general"]
    assert anna.answers(f"LIST {','.join(words)} >0") == [
        ":chat.test 407 anna >0 :Too many targets in one command",
        ":chat.test 323 anna :End of /LIST",
    ]


def rooms(harness: Harness, count: int) -> None:
    with harness.hub.lock:
        for number in range(count):
            harness.hub.create_room(f"#r{number}", harness.hub.server_source)


def test_a_long_list_is_cut_instead_of_ending_the_connection(tmp_path: Path) -> None:
    with running(tmp_path, limits__send_queue_bytes=4096) as harness:
        rooms(harness, 1000)
        answer = harness.person("anna").answers("LIST")
        shown = len(names_of(answer))
        assert 10 < shown < 100
        assert sum(len(line) + 2 for line in answer) < 4096
        assert answer[-2:] == [
            f":chat.test 416 anna LIST :Only the first {shown} matches are shown",
            ":chat.test 323 anna :End of /LIST",
        ]


def test_without_a_limit_everything_is_shown(tmp_path: Path) -> None:
    with running(tmp_path, limits__send_queue_bytes=0) as harness:
        rooms(harness, 1000)
        assert len(names_of(harness.person("anna").answers("LIST"))) == 1001


def test_others_go_on_while_many_rooms_are_looked_at(harness: Harness) -> None:
    anna = harness.person("anna")
    (bob,) = harness.members_of("#tea", "bob")
    rooms(harness, 5000)
    bob.sends("MODE #tea +s")
    bob.received()
    anna.sends_unsettled(b"LIST\r\nPING late\r\n")
    bob.sends_unsettled(b"PING now\r\n")
    assert bob.received() == [":chat.test PONG chat.test now"]
    assert anna.received() == []
    harness.settle()
    answer = anna.received()
    assert len(names_of(answer)) == 5001
    assert answer[-1] == ":chat.test PONG chat.test late"


def test_what_it_costs_is_charged(harness: Harness) -> None:
    anna = harness.person("anna")
    rooms(harness, 5000)
    budget = anna.session.budget = Budget(rate=1, burst=100, now=harness.now)
    anna.sends("LIST *a?b*,>5")
    cost = (100 - 1 - (5001 * 22) / throttle.PER_COMMAND) * -1
    assert budget.wait(harness.now) == pytest.approx(cost + 1)
