"""How long to wait before the next attempt to connect: longer each time, never the same for two clients."""

from collections.abc import Callable

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0


class Backoff:
    """Doubles from `FIRST_SECONDS` up to `LONGEST_SECONDS`; each wait is a random part, half of it at least."""

    def __init__(self, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 up to, but not including, 1."""
        self._random = random
        self._ceiling = FIRST_SECONDS

    def next_wait(self) -> float:
        """Return the seconds to wait now. A thousand clients that lost one server come back spread out."""
        ceiling = self._ceiling
        self._ceiling = min(2 * ceiling, LONGEST_SECONDS)
        return ceiling * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        """The last attempt was good: begin anew."""
        self._ceiling = FIRST_SECONDS
