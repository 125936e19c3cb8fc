"""LIST and the filters of ELIST."""

import pytest

from tests.server.harness import Harness

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
