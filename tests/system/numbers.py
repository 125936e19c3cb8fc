"""Somebody who says 1, 2, 3... in a room at a steady pace, over a link of their own, and knows what was confirmed."""

import ssl
import threading
import time
from typing import Self

from tests.process import DEADLINE, PASSWORD, RawClient, ServerProcess
from tests.system.load import ROOM

_ENDED = (OSError, ssl.SSLError, AssertionError)


class Counting:
    """Says the numbers up to `last`. One that was on its way when the link broke is not said again."""

    def __init__(self, server: ServerProcess, name: str, last: int, per_second: float) -> None:
        self.acknowledged: list[int] = []
        self._server = server
        self._name = name
        self._last = last
        self._seconds = 1 / per_second
        self._up = threading.Event()
        self._up.set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counting")
        with self._join(server):
            pass  # the room is there before the first number

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopped.set()
        self._up.set()
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()

    @property
    def newest(self) -> int:
        """The highest number that was confirmed."""
        return self.acknowledged[-1] if self.acknowledged else 0

    @property
    def done(self) -> bool:
        """Whether the last number was said."""
        return not self._thread.is_alive()

    def server_goes(self) -> None:
        """Say nothing until there is a server again."""
        self._up.clear()

    def server_is_back(self, server: ServerProcess) -> None:
        """Go on."""
        self._server = server
        self._up.set()

    def _join(self, server: ServerProcess) -> RawClient:
        client = server.client()
        client.register(self._name, "echo-message", password=PASSWORD)
        client.ask(f"JOIN {ROOM}")
        return client

    def _run(self) -> None:
        number = 0
        while number < self._last and not self._stopped.is_set():
            self._up.wait()
            try:
                with self._join(self._server) as client:
                    begin, first = time.monotonic(), number
                    while number < self._last and not self._stopped.is_set():
                        number += 1
                        client.send(f"PRIVMSG {ROOM} :{number}")
                        client.until(rf" PRIVMSG {ROOM} :{number}$")
                        self.acknowledged.append(number)
                        self._stopped.wait(max(0.0, begin + (number - first) * self._seconds - time.monotonic()))
            except _ENDED:
                self._stopped.wait(self._seconds)
