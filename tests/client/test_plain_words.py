"""No English stands in the client that nobody could translate: every text for people goes through the catalogues."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.client import texts

PACKAGE = texts.DIRECTORY.parent
DOCUMENTS = {PACKAGE / "client" / "reference.py"}
"""What makes generated documents, which are in English."""
SOURCES = [*sorted({*PACKAGE.glob("client/**/*.py")} - DOCUMENTS), PACKAGE / "cli" / "client.py"]

MARKS = {"_", "N_", "ngettext", "Check"}
"""What marks a text; the catalogues are compared with those by tests/client/test_texts.py."""
LOG = {"debug", "info", "warning", "error", "exception"}
LOOKED_FOR = {"compile", "endswith", "partition", "removeprefix", "removesuffix", "rpartition", "startswith"}
"""Who takes a text that is looked for in that of a server, and never shown."""
BUGS = {"AttributeError", "RuntimeError", "ValueError"}
"""What people never see: a bug of the program, or caught where it is worded."""
DOCUMENTED = {"setting"}
"""Texts of generated documents, which are in English."""
SHOWN_BY = {
    "Button",
    "ClientError",
    "CannotConnect",
    "Label",
    "LoginRefused",
    "NotDelivered",
    "Option",
    "ProtocolError",
    "Question",
    "RoomRefused",
    "Static",
    "Text",
    "Untrusted",
    "UsageError",
    "add_argument_group",
    "ask_hidden",
    "note",
    "notify",
    "tell",
    "update",
}
"""Whoever calls these shows the text to people, if it is only one word."""
SHOWN_AS = {
    "border_subtitle",
    "border_title",
    "description",
    "epilog",
    "help",
    "label",
    "placeholder",
    "prompt",
    "title",
}
"""The same of arguments by these names, but for our own name."""
NO_WORDS = {"classes", "id"}

SENTENCE = re.compile(r"[A-Za-z]{2,}[,.:;]? [A-Za-z]{2,}")
WORD = re.compile(r"(?<![/a-z])[A-Za-z]?[a-z]{2,}(?![/a-z])")
MARKDOWN = re.compile(r"\s*#")
ALLOWED = {"Cannot send to channel", "No such channel", "securechat", "securechat-client"}
"""What a server says, by which it is told apart from others; and what is called the same in all languages."""


def called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def unmarked(node: ast.AST, *, shown: bool = False) -> Iterator[tuple[int, str]]:
    """Give the line and the text of each literal that people could see, and that no mark stands around."""
    match node:
        case ast.Constant(value=str(text)):
            wanted = WORD if shown else SENTENCE
            if wanted.search(text) and text not in ALLOWED and not MARKDOWN.match(text):
                yield node.lineno, text
        case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.Compare():
            pass  # a docstring; what cannot happen; what is looked for
        case ast.Call():
            name = called(node)
            if name in LOOKED_FOR:
                yield from unmarked(node.func)
                return
            if name in MARKS | LOG | BUGS | DOCUMENTED:
                return
            yield from unmarked(node.func)
            for argument in node.args:
                yield from unmarked(argument, shown=name in SHOWN_BY)
            for keyword in node.keywords:
                if keyword.arg not in NO_WORDS:
                    yield from unmarked(keyword.value, shown=keyword.arg in SHOWN_AS)
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from unmarked(value)
        case ast.JoinedStr() | ast.FormattedValue() | ast.BinOp() | ast.IfExp() | ast.Tuple() | ast.List():
            for child in ast.iter_child_nodes(node):
                yield from unmarked(child, shown=shown)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from unmarked(child)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_text_for_people_is_marked(path: Path) -> None:
    assert list(unmarked(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('desk.note("It is done.")', ["It is done."]),
        ('desk.note("Done")', ["Done"]),
        ('desk.note(_("Done"))', []),
        ('raise UsageError(f"There is no {name} here")', ["There is no ", " here"]),
        ('raise UsageError(f"Missing {name}")', ["Missing "]),
        ('raise UsageError("Missing" if bad else _("Bad"))', ["Missing"]),
        ('add("--x", help="what it does")', ["what it does"]),
        ('Input(placeholder="Name")', ["Name"]),
        ('text = "two words"', ["two words"]),
        ('text: Final = "two words"', ["two words"]),
        ('log.warning("two words")', []),
        ('if "two words" in said or said.startswith("two words"): pass', []),
        ('_("Done").join(f("two words")).partition("two words")', ["two words"]),
        ('Static("", id="left side", classes="dialog question")', []),
        ('def f():\n    "A docstring of words."', []),
    ],
)
def test_the_finder_finds(source: str, found: list[str]) -> None:
    assert [text for _, text in unmarked(ast.parse(source))] == found
