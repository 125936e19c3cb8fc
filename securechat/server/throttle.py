"""Rates as pure arithmetic: how many commands a session may run, how often an address may come back."""

from collections import deque

PER_COMMAND = 1000
"""How many things that are looked at for an answer cost as much of a session's budget as one command."""


class Budget:
    """A burst, then a steady rate. Over it a session is slowed by not reading from it; nothing is dropped."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        """Allow `burst` at once and `rate` per second after; 0 for either means no limit. `now`: monotonic seconds."""
        self._rate = rate if burst else 0.0
        self._burst = max(burst, 1.0)
        self._tokens = self._burst
        self._at = now

    def wait(self, now: float) -> float:
        """Return 0 and take one command, or take nothing and return the seconds until one will be there."""
        if not self._rate:
            return 0.0
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate

    def seconds_short(self, now: float) -> float:
        """Return the seconds until one command may be taken, and take none."""
        if not self._rate:
            return 0.0
        tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        return 0.0 if tokens >= 1 else (1 - tokens) / self._rate

    def charge(self, commands: float) -> None:
        """Take as much as `commands` commands on top, in debt if need be: for one that has cost as much as they do."""
        self._tokens -= commands


class Window:
    """At most `limit` events of a key within `seconds`; 0 means no limit. Bounded in keys: old ones are forgotten."""

    def __init__(self, limit: int, seconds: float, most_keys: int = 10_000) -> None:
        self._limit = limit
        self._seconds = seconds
        self._most_keys = most_keys
        self._times: dict[str, deque[float]] = {}

    @property
    def seconds(self) -> float:
        """How long an event counts."""
        return self._seconds

    def wait(self, key: str, now: float) -> float:
        """Return 0 if `key` is below its limit at `now` (monotonic seconds), or the seconds until it will be."""
        times = self._times.get(key)
        if not self._limit or times is None:
            return 0.0
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if not times:
            del self._times[key]
        return times[-self._limit] + self._seconds - now if len(times) >= self._limit else 0.0

    def is_full(self, key: str, now: float) -> bool:
        """Whether `key` has reached its limit at `now`. Changes nothing: any thread may ask without a lock."""
        times = self._times.get(key)
        recent = tuple(times) if times is not None else ()
        return bool(self._limit) and len(recent) >= self._limit and recent[-self._limit] > now - self._seconds

    def count(self, key: str, now: float) -> None:
        """Note an event of `key`."""
        if not self._limit:
            return
        times = self._times.pop(key, None)
        if times is None:
            if len(self._times) >= self._most_keys:
                del self._times[next(iter(self._times))]  # the key that was quiet for longest
            times = deque(maxlen=self._limit)
        times.append(now)
        self._times[key] = times


class Budgets:
    """A budget for each key. Bounded in keys: which was given out first is forgotten, and begins anew."""

    def __init__(self, rate: float, burst: float, most_keys: int = 10_000) -> None:
        """As of Budget."""
        self._rate = rate
        self._burst = burst
        self._most_keys = most_keys
        self._budgets: dict[str, Budget] = {}

    def of(self, key: str, now: float) -> Budget:
        """Return the budget of `key`; the same one each time."""
        budget = self._budgets.get(key)
        if budget is None:
            if len(self._budgets) >= self._most_keys:
                del self._budgets[next(iter(self._budgets))]
            budget = self._budgets[key] = Budget(self._rate, self._burst, now)
        return budget
