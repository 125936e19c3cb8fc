"""The pages commands.md, capabilities.md, isupport.md and modes.md in docs/, written from the tables of the server."""

import dataclasses
import sys
from typing import Any

import securechat.server.commands  # noqa: F401 - fills the registry
from securechat.protocol.capabilities import CAPABILITIES
from securechat.protocol.isupport import MEANINGS, Isupport
from securechat.protocol.modes import ROOM_MODES, USER_MODES
from securechat.server.registry import COMMANDS

_COMMANDS_HEAD = """\
# Commands

<!-- Generated: python -m securechat.server.reference commands > docs/commands.md -->

What a client may send. `HELP <command>` tells the same. "Free" commands cost nothing of the number of commands that a
connection may send in a while; parameters are counted as the server needs them at least.

| command | usage and meaning | parameters | when | free |
|---|---|---|---|---|
"""

_CAPABILITIES_HEAD = """\
# Capabilities

<!-- Generated: python -m securechat.server.reference capabilities > docs/capabilities.md -->

What `CAP LS` offers. A capability that changes the look of a line changes it only for those who negotiated it.
`chghost` is not offered: nobody's user name or host ever changes here, so there would never be anything to send.

| capability | what for | wants beside it |
|---|---|---|
"""

_ISUPPORT_HEAD = """\
# ISUPPORT

<!-- Generated: python -m securechat.server.reference isupport > docs/isupport.md -->

What `005` tells a client when it has logged in. A limit that the configuration switches off is not announced.

| token | meaning |
|---|---|
"""

_MODES_HEAD = """\
# Modes

<!-- Generated: python -m securechat.server.reference modes > docs/modes.md -->

`MODE <room>` and `MODE <own nick>` show them, `MODE <room> +<letters> <parameters>` and `MODE <own nick> +<letters>`
change them. Those of a room are kept; those of a user belong to all connections of an account, until the last one ends.

## Of rooms

| mode | parameter | meaning |
|---|---|---|
"""

_USER_MODES_HEAD = """
## Of users

| mode | everybody begins with it | meaning |
|---|---|---|
"""


def commands() -> str:
    """Return docs/commands.md."""
    rows = []
    for name, row in sorted(COMMANDS.items()):
        usage, _, meaning = row.help.partition(": ")
        about = f"`{_cell(usage)}` {_cell(meaning)}".strip()
        rows.append(f"| {name} | {about} | {row.params} | {row.stage.value} | {'yes' if row.free else ''} |\n")
    return _COMMANDS_HEAD + "".join(rows)


def capabilities() -> str:
    """Return docs/capabilities.md."""
    rows = []
    for one in CAPABILITIES:
        needs = ", ".join(f"`{other.name}`" for other in one.requires)
        rows.append(f"| [`{one.name}`]({one.spec}) | {_cell(one.summary)} | {needs} |\n")
    return _CAPABILITIES_HEAD + "".join(rows)


def isupport() -> str:
    """Return docs/isupport.md."""
    samples: dict[object, object] = {int: 1, str: "x", bool: True}
    values: dict[str, Any] = {one.name: samples.get(one.type, {"JOIN": 1}) for one in dataclasses.fields(Isupport)}
    names = sorted(token.partition("=")[0] for token in Isupport(**values).tokens())
    rows = [f"| `{name}` | {_cell(MEANINGS[name])} |\n" for name in names]
    return _ISUPPORT_HEAD + "".join(rows)


def modes() -> str:
    """Return docs/modes.md."""
    rooms = "".join(f"| `{one.letter}` | {one.parameter} | {_cell(one.summary)} |\n" for one in ROOM_MODES)
    users = "".join(
        f"| `{one.letter}` | {'yes' if one.initial else ''} | {_cell(one.summary)} |\n" for one in USER_MODES
    )
    return f"{_MODES_HEAD}{rooms}{_USER_MODES_HEAD}{users}"


PAGES = {"commands": commands, "capabilities": capabilities, "isupport": isupport, "modes": modes}
"""Every page by the name that it has in docs/."""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
