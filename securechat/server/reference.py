"""The pages of docs/ that are written from the tables of the server: see PAGES."""

import dataclasses
import sys
from typing import Any

import securechat.server.commands  # noqa: F401 - fills the registry
from securechat.domain.audit import LONGEST_TEXT, Act, Origin
from securechat.protocol.capabilities import CAPABILITIES
from securechat.protocol.isupport import MEANINGS, Isupport
from securechat.protocol.modes import ROOM_MODES, USER_MODES
from securechat.server.permission_page import permissions
from securechat.server.registry import COMMANDS
from securechat.server.subcommands import TABLES

_COMMANDS_HEAD = """\
# Commands

<!-- Generated: python -m securechat.server.reference commands > docs/commands.md -->

What a client may send. `HELP <command>` tells the same. "Free" commands cost nothing of the number of commands that a
connection may send in a while; parameters are counted as the server needs them at least.

| command | usage and meaning | parameters | when | free |
|---|---|---|---|---|
"""

_FORMS_HEAD = """
## Commands of several forms

| form | meaning | parameters |
|---|---|---|
"""

_CAPABILITIES_HEAD = """\
# Capabilities

<!-- Generated: python -m securechat.server.reference capabilities > docs/capabilities.md -->

What `CAP LS` offers. A capability that changes the look of a line changes it only for those who negotiated it.
`chghost` is not offered: nobody's user name or host ever changes here, so there would never be anything to send.
What begins with `draft/` may still change. `draft/metadata-3` is the IRCv3 draft *Metadata*, whose published text has
the version 2; the codes of refusals are `INVALID_KEY`, `INVALID_VALUE` and `INVALID_SUBCOMMAND` here, which it calls
`KEY_INVALID`, `VALUE_INVALID` and `SUBCOMMAND_INVALID`.

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

_AUDIT_HEAD = """\
# The record of acts of power

<!-- Generated: python -m securechat.server.reference audit > docs/audit.md -->

Whoever has power over others leaves a row when they use it: in the table `audit` of the database, in the same
transaction as the act itself. What could not be recorded did not happen, and what did not happen is not recorded. How
to read and to check the record is told in [operations.md](operations.md#the-record-of-acts-of-power).

## What is recorded

| act | what happened |
|---|---|
"""

_AUDIT_TAIL = """\

Topics and messages are in the history of their room and therefore not here. Nor is what the server does by itself:
certificates, and the one-time link of the first start (who becomes administrator by it is recorded).

| field | what it holds |
|---|---|
| `number` | 1, 2, 3 … |
| `time` | UTC; `milliseconds` is the same as a number |
| `actor` | who: by `console` a user of the machine (`anna as securechat` if anna used sudo), by `irc` an account or \
`nick (guest)` |
| `origin` | from where: ORIGINS |
| `act` | what: a word of the table above |
| `target` | on whom: an account, `nick (guest)`, a mask, or `invite 7` |
| `room` | where |
| `detail` | what exactly: a mode, the id of a message, the uses of an invite |
| `reason` | why: the reason of KICK, KILL and REDACT, `--reason` or `--note` of securechat-admin |
| `previous`, `hash` | the hashes of the row before and of this one |

A text is cut at LONGEST characters. No password, token or key is in any of them, and no text of a message. **Addresses
are not there either**: nobody on the server is shown an address, and a row can never be deleted, while an address is
somebody's personal data that has to go some day. The log has the address of each login, by the name of the account, for
as long as you keep it.

## The chain

`hash` is the SHA-256, in hexadecimal, of these fields in this order, each as its length in bytes, a colon, itself in
UTF-8 and a comma: previous, number, milliseconds, origin, actor, act, target, room, detail, reason. `previous` of the
first row is the SHA-256 of `securechat record` and the name that the database had when the record began (`audit_origin`
in the table `settings`), written in the same way. The newest number and hash, the *head*, are kept in `settings`, too.

This program checks an export, and needs nothing of ours:

```python
import hashlib, json, sys

previous, number = None, 0
for line in open(sys.argv[1], encoding="utf-8"):
    row, number = json.loads(line), number + 1
    names = "previous number milliseconds origin actor act target room detail reason".split()
    fields = [str(row[name]).encode() for name in names]
    right = hashlib.sha256(b"".join(b"%d:%s," % (len(one), one) for one in fields)).hexdigest()
    if row["number"] != number or row["hash"] != right or previous not in (None, row["previous"]):
        sys.exit(print(f"row {number} is wrong"))
    previous = row["hash"]
print(f"in order up to {number}:{previous}")
```

## What it proves, and what it cannot

| somebody who has the database file … | is found by |
|---|---|
| changes a row, swaps two, takes one out or puts one in | \
`audit verify`, which names the first such row (if its hash was made anew as well: it, or the row after it) |
| takes rows away from the end | `audit verify`, by the head in `settings` |
| takes rows away from the end and sets the head back, or writes the whole chain anew | \
`audit verify --head HEAD` with a head that was kept elsewhere; by nothing else |
| puts an old backup in place | the same |
| changes rows that are newer than the newest head that was kept, or runs a program that does not record | nothing |

The triggers of the table refuse UPDATE and DELETE, which is a guard against mistakes: whoever may write the file can
remove them. So the record protects against those who have power in the chat, and against an administrator of the
machine only as far as somebody else keeps heads. Meddling does not stop it: acts go on to be recorded after it.
"""


def commands() -> str:
    """Return docs/commands.md."""
    rows = []
    for name, row in sorted(COMMANDS.items()):
        usage, _, meaning = row.help.partition(": ")
        about = f"`{_cell(usage)}` {_cell(meaning)}".strip()
        rows.append(f"| {name} | {about} | {row.params} | {row.when} | {'yes' if row.free else ''} |\n")
    forms = [
        f"| `{_cell(f'{name} {row.written}')}` | {_cell(row.help)} | {row.params + bool(row.name)} |\n"
        for name, table in sorted(TABLES.items())
        for row in table.all
    ]
    return f"{_COMMANDS_HEAD}{''.join(rows)}{_FORMS_HEAD}{''.join(forms)}"


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


def audit() -> str:
    """Return docs/audit.md."""
    rows = [f"| `{act.word}` | {_cell(act.meaning)} |\n" for act in Act]
    origins = ", ".join(f"`{origin.value}`" for origin in Origin)
    tail = _AUDIT_TAIL.replace("ORIGINS", origins).replace("LONGEST", str(LONGEST_TEXT))
    return _AUDIT_HEAD + "".join(rows) + tail


PAGES = {
    "commands": commands,
    "capabilities": capabilities,
    "isupport": isupport,
    "modes": modes,
    "audit": audit,
    "permissions": permissions,
}
"""Every page by the name that it has in docs/."""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
