"""Completing names, rooms and commands."""

import pytest

from securechat.client.screen.completion import complete


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("", ()),
        ("an", ("anton: ", "anna: ")),  # who spoke last comes first
        ("hello an", ("anton ", "anna ")),
        ("hello @AN", ("anton ", "anna ")),
        ("hello @", ()),
        ("two\nan", ("anton ", "anna ")),
        ("see #o", ("#office ", "#Ops ")),
        ("/to", ("/topic ",)),
        ("/TO", ("/topic ",)),
        ("//to", ()),
        ("say /to", ()),
        ("zzz", ()),
    ],
)
def test_choices(line: str, choices: tuple[str, ...]) -> None:
    found = complete(
        line,
        speakers=["anton"],
        people=["anna", "anton", "Boris"],
        rooms=["#Ops", "#office", "#general"],
        commands=["topic", "join"],
    )
    assert found.choices == choices
    assert line[: found.start] == line[: len(line) - len(line.rsplit(" ", maxsplit=1)[-1].rsplit("\n", maxsplit=1)[-1])]
