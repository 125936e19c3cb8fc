"""Give the terminal back when a signal ends the program: Textual itself leaves it with the mouse on."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from functools import partial


def end_by_signals(end: Callable[[int], object]) -> None:
    """Call `end` with the number of the signal, on the screen's thread, when SIGINT, SIGTERM or SIGHUP comes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(number, partial(end, number))
