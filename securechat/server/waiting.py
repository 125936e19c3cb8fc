"""How a refusal says when something may be tried again: one wording for all of them."""

import math


def seconds_of(wait: float) -> int:
    """Return whole seconds after which `wait` is certainly over."""
    return max(1, math.ceil(wait))


def try_again(what: str, wait: float) -> str:
    """Return a refusal: what was too much, and after how many seconds it may be tried again."""
    seconds = seconds_of(wait)
    return f"{what}; try again in {seconds} {'second' if seconds == 1 else 'seconds'}"
