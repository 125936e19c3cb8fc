"""The table of commands: complete help, documented, and no name twice."""

import re
from pathlib import Path
from typing import Any

import pytest

from securechat.client.commands import BY_NAME, COMMANDS, ELSEWHERE, execute, help_lines
from securechat.client.errors import UsageError

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "client.md"


def test_no_name_stands_twice() -> None:
    assert len(BY_NAME) == sum(1 + len(command.aliases) for command in COMMANDS)


def test_the_user_guide_lists_every_command() -> None:
    rows = set(DOCUMENT.read_text(encoding="utf-8").splitlines())
    for command in COMMANDS:
        aliases = "".join(f" (`/{alias}`)" for alias in command.aliases)
        assert f"| `/{f'{command.name} {command.usage}'.rstrip()}`{aliases} | {command.summary} |" in rows


def test_the_help_shows_every_command() -> None:
    shown = "\n".join(help_lines())
    assert all(f"/{command.name}" in shown and command.summary in shown for command in COMMANDS)


@pytest.mark.parametrize(("word", "command"), ELSEWHERE.items())
def test_what_is_known_from_other_programs_leads_to_what_does_it_here(word: str, command: str) -> None:
    assert word not in BY_NAME
    for name in re.findall(r"/(\w+)", command):
        assert name in BY_NAME
    desk: Any = None
    with pytest.raises(UsageError, match=re.escape(command)):
        execute(desk, f"/{word} anna")
