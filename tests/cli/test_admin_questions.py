"""securechat-admin asks before what cannot be undone: on a terminal, or it wants --yes."""

import io
import json
import sys
from pathlib import Path

import pytest

from securechat.cli import admin
from securechat.server import operations
from securechat.server.management import rooms
from securechat.server.management.rows import Argument, Family, Operation
from tests.server.management.test_rows import burn

Capture = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """Standard input on which somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "securechat.toml").write_text(
        "[accounts]\nargon2_memory_kib = 8\nargon2_iterations = 1\nscram_iterations = 4096\n"
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"correct horse\n"), "utf-8"))
    assert admin.main(["user", "add", "ann", "--password-stdin"]) == 0
    row = Operation(
        "room burn",
        burn,
        str,
        "Burn a room.",
        (Argument("name", "which", needed=True),),
        question=lambda _, name: f"All of {name} goes for good.",
    )
    family = Family("room", "rooms", (*rooms.FAMILY.operations, row))
    monkeypatch.setattr(operations, "FAMILIES", (family,))
    monkeypatch.setattr(operations, "OPERATIONS", {row.name: row})
    capsys.readouterr()


@pytest.mark.parametrize("typed", ["y\n", "YES\n"])
def test_yes_on_a_terminal(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert admin.main(["room", "burn", "tea"]) == 0
    assert capsys.readouterr() == ("tea 1 None\n", "All of tea goes for good.\nGo on? [y/N] ")


@pytest.mark.parametrize("typed", ["", "\n", "n\n", "yea\n"])
def test_anything_else_is_no(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert admin.main(["room", "burn", "tea"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.endswith("securechat-admin: Nothing was done.\n")) == ("", True)


@pytest.mark.parametrize("as_json", [False, True])
def test_without_a_terminal_it_takes_yes(as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    options = ["--json"] if as_json else []
    assert admin.main(["room", "burn", "tea", *options]) == 2
    out, err = capsys.readouterr()
    sentence = "All of tea goes for good. There is no terminal to ask on; if you mean it, repeat it with --yes."
    shown = json.loads(err) if as_json else err.strip()
    assert out == ""
    assert shown == ({"code": "not_confirmed", "error": sentence} if as_json else f"securechat-admin: {sentence}")
    assert admin.main(["room", "burn", "tea", "--yes", *options]) == 0
