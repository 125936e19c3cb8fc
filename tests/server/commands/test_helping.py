"""HELP and HELPOP."""

import pytest

from securechat.server.registry import COMMANDS
from tests.server.harness import Harness, code_of

SERVER = ":chat.test"


@pytest.mark.parametrize("name", ["HELP", "HELPOP"])
def test_the_index_names_every_command(harness: Harness, name: str) -> None:
    lines = harness.person("anna").answers(name)
    codes = [code_of(line) for line in lines]
    assert codes == ["704", *["705"] * (len(lines) - 2), "706"]
    assert {word for line in lines[1:-1] for word in line.split(" :", 1)[1].split()} == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_explained(harness: Harness, name: str) -> None:
    lines = harness.person("anna").answers(f"HELP {name.lower()}")
    codes = [code_of(line) for line in lines]
    assert codes == ["704", *["705"] * (len(lines) - 2), "706"]
    assert f"It may be used {COMMANDS[name].when}." in lines[-2]
    assert lines[0].startswith(f"{SERVER} 704 anna {name} :{name}")
    assert all(line.split(" :", 1)[1] for line in lines)


def test_an_unknown_subject(harness: Harness) -> None:
    anna = harness.person("anna")
    assert anna.answers("HELP nonsense") == [f"{SERVER} 524 anna nonsense :No help available on this topic"]
