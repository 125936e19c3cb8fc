"""Who gives orders from the machine itself, as the kernel knows it."""

import os
from pathlib import Path
from typing import Final

_UNSET: Final = 2**32 - 1
"""What /proc/PID/loginuid holds when nobody logged in: in a container, for a service."""


def machine_user(uid: int, pid: int | None) -> str:
    """Return how the user `uid` of this machine is called, whose process is `pid`.

    If somebody else logged in and then became that user (sudo, su), Linux knows it: `anna as securechat`.
    """
    name = _name(uid)
    login = None if pid is None else _login_uid(Path(f"/proc/{pid}/loginuid"))
    return name if login is None or login == uid else f"{_name(login)} as {name}"


def this_user() -> str:
    """Return how the user of this process is called."""
    return machine_user(os.geteuid(), os.getpid()) if hasattr(os, "geteuid") else "console"


def _login_uid(path: Path) -> int | None:
    """Return who logged in to the session of a process; None when that is not known."""
    try:
        uid = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _UNSET else uid


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
