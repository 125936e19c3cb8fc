"""The rows of operations: what is made from them, and that questions come before what cannot be undone."""

import argparse

import pytest

from securechat.server.administration import Administration
from securechat.server.administration_ports import NoEffects, ServerAddress
from securechat.server.configuration import Configuration
from securechat.server.management.arguments import add_arguments, request_of
from securechat.server.management.rows import Argument, Family, Operation, Where
from securechat.server.operations import FAMILIES, OPERATIONS, perform
from tests.fakes import InMemoryStore


def administration() -> Administration:
    return Administration(Configuration(), InMemoryStore(), NoEffects(), lambda: ServerAddress("h", 1, ""))


def burn(_: Administration, name: str, *, often: int = 1, tags: list[str] | None = None) -> str:
    return f"{name} {often} {tags}"


ROW = Operation(
    "room burn",
    burn,
    str,
    "Burn a room.",
    (
        Argument("name", needed=True),
        Argument("often", type=int, default=3),
        Argument("tags", type=list, option="--tag"),
    ),
    question=lambda _, name, **__: f"All of {name} goes for good.",
)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.name)
def test_every_row_tells_what_people_need(family: Family) -> None:
    for operation in family.operations:
        assert operation.name.split()[0] == family.name
        assert operation.help.endswith(".")
        assert all(one.help for one in operation.arguments if not one.secret and not one.hidden)
        assert operation.over_irc is None or not operation.has_secret


def test_arguments_become_a_request() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser, ROW)
    given = parser.parse_args(["tea", "--tag", "a", "--tag", "b", "--yes"])
    assert given.yes
    expected = {"operation": "room burn", "name": "tea", "often": 3, "tags": ["a", "b"]}
    assert request_of(ROW, given) == expected
    assert "tags" not in request_of(ROW, parser.parse_args(["tea"]))


def test_a_question_is_asked_without_doing_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("securechat.server.operations.OPERATIONS", {**OPERATIONS, ROW.name: ROW})
    request = {"operation": "room burn", "name": "tea"}
    answer = perform(administration(), request | {"question": True})
    assert answer == {"ok": True, "result": "All of tea goes for good."}
    assert perform(administration(), request)["result"] == "tea 1 None"
    assert perform(administration(), {"operation": "user list", "question": True})["code"] == "bad_request"


@pytest.mark.parametrize(("where", "code"), [(Where.RUNNING, "no_server"), (Where.STOPPED, None)])
def test_where_an_operation_can_be_run(where: Where, code: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Operation("room stop", lambda _: "done", str, "Stop.", where=where)
    monkeypatch.setattr("securechat.server.operations.OPERATIONS", {row.name: row})
    assert perform(administration(), {"operation": row.name}).get("code") == code
