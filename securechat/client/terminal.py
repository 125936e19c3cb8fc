"""The line that is being typed, and lines of others above it, without one destroying the other.

With GNU readline everything happens on the main thread: readline calls us about ten times a second while it waits for
a key (PyOS_InputHook), and only there the typed line is taken off the screen, others' lines are written, and it is
drawn again, cursor in place. So no two threads ever touch readline or the screen at once.
"""

import ctypes
import locale
import os
import shutil
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

Pump = Callable[[], list[tuple[bool, str]]]
"""Returns the lines to show now, each with whether it is a message (standard output) or not (standard error)."""


class _TypingEnded(Exception):  # noqa: N818 - not an error
    """Typing is ended from outside; the editor knows why."""


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGALRM", "SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Editor(Protocol):
    """Reads lines from the person."""

    def read(self, prompt: str) -> str:
        """Return the next line, without its end. Raises EOFError, KeyboardInterrupt or what showing has raised."""

    def show(self) -> None:
        """Show what there is to show now, while nothing is being typed."""

    def close(self) -> None:
        """Give the terminal back."""


def write_lines(lines: list[tuple[bool, str]]) -> None:
    """Write messages to standard output and everything else to standard error, in order."""
    for is_message, text in lines:
        stream = sys.stdout if is_message else sys.stderr
        stream.write(f"{text}\n")
        stream.flush()


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a printable text takes."""
    return sum(
        0
        if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def rows_of(text: str, width: int) -> int:
    """Return how many rows of a terminal a line took that was typed and sent: one that just fills a row takes no more.

    Rather one too few than too many, as they are wiped: what stands above them is what others have said.
    """
    return max(1, -(-columns_of(text) // max(1, width)))


class ReadlineEditor:
    """A terminal with GNU readline."""

    def __init__(self, pump: Pump, *, escapes: bool) -> None:
        """`escapes`: whether the terminal knows cursor movements; if so the typed line goes when it was sent."""
        _make_locale_utf8()
        import readline

        self._pump = pump
        self._escapes = escapes
        # The module itself is linked with the library, so that its functions are found through it.
        self._library: Any = ctypes.CDLL(getattr(readline, "__file__", None))
        self._flush: Any = ctypes.CDLL(None).fflush
        self._redraw = (self._library.rl_clear_visible_line, self._library.rl_on_new_line, self._library.rl_redisplay)
        self._callback = ctypes.CFUNCTYPE(ctypes.c_int)(self._hook)
        self._slot = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyOS_InputHook")
        self._previous = self._slot.value
        self._failure: BaseException | None = None
        self._old_handlers = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}

    def read(self, prompt: str) -> str:
        """Return the next line (see Editor)."""
        self.show()
        self._slot.value = ctypes.cast(self._callback, ctypes.c_void_p).value
        try:
            line = input(prompt)
        except _TypingEnded:
            failure, self._failure = self._failure, None
            raise failure or KeyboardInterrupt from None
        finally:
            self._slot.value = self._previous
        if self._escapes:
            rows = rows_of(prompt + line, shutil.get_terminal_size().columns)
            sys.stdout.write(f"\x1b[{rows}A\r\x1b[J")
            sys.stdout.flush()
        return line

    def show(self) -> None:
        """Show what there is to show (see Editor)."""
        write_lines(self._pump())

    def close(self) -> None:
        """Give the hook and the signals back."""
        self._slot.value = self._previous
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def _hook(self) -> int:
        """Called by readline between two keys."""
        try:
            lines = self._pump()
            if lines:
                clear, new_line, redisplay = self._redraw
                clear()
                self._flush(None)
                write_lines(lines)
                new_line()
                redisplay()
                self._flush(None)
        except BaseException as error:  # noqa: BLE001 - an error cannot pass through C: `read` raises it again
            self._end_typing(error)
        return 0

    def _end_typing(self, failure: BaseException) -> None:
        """Have `read` raise `failure`. Readline heeds signals only while no hook is set."""
        if self._failure is None:
            self._failure = failure
        self._slot.value = None
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.1)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Runs on the main thread, but perhaps inside of the hook, where raising would be lost."""
        if number == signal.SIGALRM:
            if self._is_in_hook(frame):
                return  # it comes again
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise _TypingEnded
        failure = KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
        if not self._is_in_hook(frame):
            raise failure
        self._end_typing(failure)

    def _is_in_hook(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code is ReadlineEditor._hook.__code__:
                return True
            frame = frame.f_back
        return False


def _make_locale_utf8() -> None:
    """Let readline count characters and not bytes, also where the locale that was asked for is not installed."""
    try:
        locale.setlocale(locale.LC_CTYPE, "")
        works = locale.nl_langinfo(locale.CODESET).upper() == "UTF-8"
    except locale.Error:
        works = False
    if not works:
        os.environ["LC_ALL"] = "C.UTF-8"  # readline looks there itself
        try:
            locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        except locale.Error:
            pass  # then bytes it is


class PlainEditor:
    """Standard input without editing: a thread shows the lines of others as they come."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self._guard = threading.Lock()
        """Guards the order of what is shown: one thread pumps at a time."""
        # A daemon, as it holds nothing.
        self._thread = threading.Thread(target=self._show_for_ever, name="screen", daemon=True)
        self._thread.start()

    def read(self, prompt: str) -> str:  # noqa: ARG002 - see below
        """Return the next line (see Editor); the prompt is not shown, as nobody may be there."""
        line = sys.stdin.readline()
        if self._failure is not None:
            raise self._failure
        if not line:
            raise EOFError
        return line.rstrip("\r\n")

    def show(self) -> None:
        """Show what there is to show (see Editor)."""
        with self._guard:
            write_lines(self._pump())

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(1.0)

    def _show_for_ever(self) -> None:
        """Show until closed; what fails is kept for the reading thread, which a signal wakes where there are any."""
        while not self._ended.wait(0.05):
            try:
                self.show()
            except BaseException as error:  # noqa: BLE001 - it is raised again by `read`
                self._failure = error
                if hasattr(signal, "pthread_kill"):
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                return

    @property
    def failure(self) -> BaseException | None:
        """What ended the showing."""
        return self._failure


def make_editor(pump: Pump) -> Editor:
    """Return the best editor for where we are."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        try:
            return ReadlineEditor(pump, escapes=os.environ.get("TERM", "dumb") != "dumb")
        except (ImportError, AttributeError, OSError, ValueError):
            pass  # another system or another library in place of GNU readline
    return PlainEditor(pump)
