"""What all commands do with their standard streams."""

import os
import sys


def reader_has_gone() -> int:
    """Return the exit code when whoever read our output has gone, as `head` and `grep -q` do: that is no error.

    Keeps the interpreter from complaining at its end about what cannot be written any more.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
