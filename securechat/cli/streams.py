"""What all commands do with their standard streams."""

import os
import sys
from pathlib import Path


def open_what_is_closed() -> None:
    """Give a command that was started without standard streams (`<&-`, `>&-`) empty ones: Python has None there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good


def reader_has_gone() -> int:
    """Return the exit code when whoever read our output has gone, as `head` and `grep -q` do: that is no error.

    Keeps the interpreter from complaining at its end about what cannot be written any more.
    """
    write_no_more()
    return 0


def write_no_more() -> None:
    """Let go what waits for standard output, as it cannot be written: the reader has gone, or the disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
