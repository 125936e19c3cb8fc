"""Who may open one more connection, by address and in all."""

import ipaddress
import threading

from securechat.server.throttle import Window
from securechat.server.waiting import try_again

RATE_SECONDS = 600.0


IPV6_NETWORK_BITS = 64
"""Who has one IPv6 address has all of its /64: such addresses are counted together."""


def counted_as(address: str) -> str:
    """Return what stands for `address` wherever addresses are counted."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
    except ValueError:
        return address


class Admission:
    """Counts connections by address. Its lock guards the counts only and is never held while another is taken."""

    def __init__(self, most_at_once: int, most_in_ten_minutes: int, most_in_all: int = 0) -> None:
        """`most_in_all` is what the machine bears, the others are for each address; 0 means no limit."""
        self._most_at_once = most_at_once
        self._most_in_ten_minutes = most_in_ten_minutes
        self._most_in_all = most_in_all
        self._in_all = 0
        self._open: dict[str, int] = {}
        self._window = Window(most_in_ten_minutes, RATE_SECONDS)
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether there is no room for anybody: a new connection must be closed without a word, and not counted."""
        return bool(self._most_in_all) and self._in_all >= self._most_in_all

    def admit(self, address: str, now: float, *, trusted: bool = False) -> str:
        """Count a new connection; return why it must be closed again, or an empty string. `now`: monotonic seconds.

        Every admitted or refused connection is given back by `released`. Nothing holds up who is `trusted`.
        """
        address = counted_as(address)
        with self._lock:
            self._in_all += 1
            count = self._open[address] = self._open.get(address, 0) + 1
            if trusted:
                return ""
            if self._most_at_once and count > self._most_at_once:
                return f"More than {self._most_at_once} connections from your address; close one first"
            wait = self._window.wait(address, now)
            if wait:
                most = self._most_in_ten_minutes
                return try_again(f"More than {most} new connections from your address in 10 minutes", wait)
            self._window.count(address, now)
            return ""

    def released(self, address: str) -> None:
        """A connection from `address` is gone."""
        address = counted_as(address)
        with self._lock:
            count = self._open.get(address, 0) - 1
            self._in_all -= count >= 0
            if count > 0:
                self._open[address] = count
            else:
                self._open.pop(address, None)
