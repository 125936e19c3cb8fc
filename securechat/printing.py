"""Text of others as it may stand in a line for people: everything that does not print is written out."""

from collections.abc import Callable

Translate = Callable[[str], str]
"""Returns a text in another language; without one it is English, and `str` does."""


def printable(text: str) -> str:
    """Return `text` with everything that does not print (control, bidi, line separators) as \\n, \\x1b or \\u202e."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
