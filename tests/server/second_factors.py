"""Accounts with a second factor, for tests."""

from securechat.server.one_time_codes import STEP_SECONDS, code_at
from tests.server.harness import Harness, Person

PASSWORD = "correct horse"


def code(harness: Harness, secret: bytes, steps: int = 0) -> str:
    """The code of now, or of that many steps later."""
    return code_at(secret, harness.time // 1000 // STEP_SECONDS + steps)


def next_code(harness: Harness, secret: bytes) -> str:
    """Let a step go by, and return its code."""
    harness.time += STEP_SECONDS * 1000
    return code(harness, secret)


def set_up(one: Person, given: str = PASSWORD) -> tuple[bytes, list[str]]:
    """Set up a second factor for who is logged in; its secret and the recovery codes."""
    one.received()
    one.sends(f"TOTP SETUP :{given}")
    setup = one.session.setup
    assert setup is not None, one.received()
    one.received()
    lines = one.answers(f"TOTP CONFIRM {code(one.harness, setup.secret)}")
    return setup.secret, [line.rpartition(":")[2] for line in lines if " RECOVERY_CODE " in line]
