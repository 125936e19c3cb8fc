"""How long something lasts, as people write it: `30s`, `10m`, `2h`, `7d`."""

import re
from typing import Final

_FORM: Final = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST: Final = 3_650 * _UNITS["d"]
"""The longest time that can be asked for, in milliseconds."""


def looks_like_duration(text: str) -> bool:
    """Whether `text` is meant as a time, be it one that is too long."""
    return _FORM.fullmatch(text) is not None


def parse_duration(text: str) -> int:
    """Return the milliseconds that `text` stands for. Raises ValueError when it is no time, or over LONGEST."""
    found = _FORM.fullmatch(text)
    milliseconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < milliseconds <= LONGEST:
        raise ValueError(f"not a time like 10m, 2h or 7d: {text!r}")
    return milliseconds
