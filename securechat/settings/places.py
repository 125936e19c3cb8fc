"""Where in a TOML file a key stands: its line, for whoever has to mend it. The reader of TOML does not tell."""

import re
from collections.abc import Iterator
from typing import Final

_NAME: Final = r'(?:[\w-]+|"[^"]*"|\'[^\']*\')'
_TABLE: Final = re.compile(rf"\s*\[\s*({_NAME})\s*\]")
_KEY: Final = re.compile(rf"\s*({_NAME})\s*(?:\.\s*({_NAME})\s*)?=")
_LONG: Final = re.compile(r'"""|\'\'\'')


def lines_of(text: str) -> dict[tuple[str, str], int]:
    """Return the line, from 1 on, of each key in a TOML text by its table and name, and of each table with no name."""
    found: dict[tuple[str, str], int] = {}
    for number, table, key in _places(text):
        found.setdefault((table, key), number)
    return found


def _places(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the table and the key of what begins on it; the key is empty where a table begins."""
    table, quote = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if not quote and (found := _TABLE.match(line)):
            table = _plain(found[1])
            yield number, table, ""
        elif not quote and (found := _KEY.match(line)):
            first, second = _plain(found[1]), _plain(found[2] or "")
            yield (number, table, first) if table or not second else (number, first, second)
            if not table and not second:
                yield number, first, ""  # a table that is written on one line, or a key outside of any
        for mark in _LONG.findall(line):  # what stands between two of them is text
            quote = "" if mark == quote else quote or mark


def _plain(name: str) -> str:
    return name[1:-1] if name[:1] in ('"', "'") and name else name
