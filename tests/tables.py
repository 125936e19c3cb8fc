"""That the tables hold nothing dead: every numeric, FAIL code and capability leaves the server in some test.

`note` is told everything that the server of tests.server.harness puts to a connection; tests/conftest.py gathers it
from all processes of a run and asks `missing` at the end, if all tests ran (part of them proves nothing of the rest).
"""

import re

from securechat.protocol import standard_replies
from securechat.protocol.capabilities import CAPABILITIES
from securechat.protocol.numerics import NUMERICS
from securechat.protocol.standard_replies import StandardReply

REASONS: dict[str, str] = {"CAP sts": "a client never asks for it: it is told in CAP LS (extensions/sts)"}
"""What is in the tables but is not sent to a connection of the harness, and why that is right."""

SENT: set[str] = set()
"""What this process has seen: numerics by their digits, `FAIL code`, and `CAP name` once it was granted to somebody."""

_LINE = re.compile(rb"(?m)^(?:@\S+ )?:[^\s!]+ (?:(\d{3}) |(?:FAIL|WARN|NOTE) \S+ ([A-Z0-9_]+) |CAP \S+ ACK :(.*)\r$)")


def note(data: bytes) -> None:
    """Remember what is in lines that go to a connection."""
    for numeric, code, capabilities in _LINE.findall(data):
        if numeric:
            SENT.add(numeric.decode())
        elif code:
            SENT.add(f"FAIL {code.decode()}")
        else:
            SENT.update(f"CAP {name}" for name in capabilities.decode().split() if not name.startswith("-"))


def all_rows() -> set[str]:
    """What the tables hold, written as in SENT."""
    replies = {reply.code for reply in vars(standard_replies).values() if isinstance(reply, StandardReply)}
    return {*NUMERICS, *(f"FAIL {code}" for code in replies), *(f"CAP {one.name}" for one in CAPABILITIES)}


def missing(sent: set[str]) -> list[str]:
    """Return what is wrong after a whole run: rows that were not sent, and reasons that hold no longer."""
    unsent = [f"{row}: in the tables, but no test makes the server send it" for row in all_rows() - sent - set(REASONS)]
    needless = [f"{row}: has a reason in tests/tables.py not to be sent" for row in set(REASONS) & sent]
    unknown = [f"{row}: has a reason in tests/tables.py, but is in no table" for row in set(REASONS) - all_rows()]
    return sorted(unsent + needless + unknown)
