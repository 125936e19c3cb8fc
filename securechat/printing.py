"""Text of others as it may stand in a line for people: everything that does not print is written out."""


def printable(text: str) -> str:
    """Return `text` with everything that does not print (control, bidi, line separators) as \\n, \\x1b or \\u202e."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
