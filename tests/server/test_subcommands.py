"""Commands of several forms are all taken apart in one way (server.subcommands)."""

import pytest

from securechat.server.registry import COMMANDS, Stage
from securechat.server.subcommands import TABLES
from tests.server.harness import Harness, Person

PASSWORD = "correct horse"
FORMS = [(name, row) for name, table in sorted(TABLES.items()) for row in table.rows.values()]
FOR_ACCOUNTS = ["APPPASSWORD", "INVITES", "PASSWD", "SESSIONS", "TOTP"]


def refusal(one: Person, line: str) -> list[str]:
    """The code of the FAIL that answers a line, and what stands between it and the text."""
    (answer,) = one.answers(line)
    head, _, _ = answer.partition(" :")
    return head.split()[3:] if head.startswith(":chat.test FAIL ") else []


def member(harness: Harness) -> Person:
    harness.account("anna", PASSWORD)
    return harness.person("anna", "standard-replies", password=PASSWORD)


def test_every_form_is_told_by_help_and_has_its_words() -> None:
    assert sorted(TABLES) == sorted([*FOR_ACCOUNTS, "REPORT"])
    for name, row in FORMS:
        assert f"{name} {row.written}" in COMMANDS[name].help
        assert row.help
        assert row.name == row.name.upper()
        assert row.params <= 2


@pytest.mark.parametrize("name", FOR_ACCOUNTS)
def test_an_account_comes_first_then_the_word_then_the_parameters(harness: Harness, name: str) -> None:
    guest, anna = harness.person("guest", "standard-replies"), member(harness)
    for line in (f"{name} LIST", f"{name} nonsense", f"{name} REVOKE"):
        assert refusal(guest, line) == ["ACCOUNT_REQUIRED"]
    unknown = refusal(anna, f"{name} {'x' * 60}")
    assert unknown == (["INVALID_SUBCOMMAND"] if name == "PASSWD" else ["INVALID_SUBCOMMAND", "x" * 50])
    for row in (row for of, row in FORMS if of == name and row.params):
        assert refusal(anna, f"{name} {row.name.lower()}") == ["NEED_MORE_PARAMS", row.name]
        assert refusal(anna, f"{name} {row.name} :") == ["NEED_MORE_PARAMS", row.name]


def test_what_may_be_a_password_is_not_repeated(harness: Harness) -> None:
    anna = member(harness)
    assert "horse" not in "".join(anna.answers(f"PASSWD :{PASSWORD}"))


def test_a_form_without_a_word_takes_whatever_is_none(harness: Harness) -> None:
    guest = harness.person("guest", "standard-replies")
    assert refusal(guest, "REPORT nonsense") == ["UNKNOWN_MSGID", "nonsense"]
    assert refusal(guest, "REPORT CLOSE") == ["NEED_MORE_PARAMS", "CLOSE"]
    assert COMMANDS["REPORT"].stage is Stage.PRESENT
