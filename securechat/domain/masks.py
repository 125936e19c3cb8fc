"""Masks with `*` and `?`, as people write them for nicks, hosts and rooms (modern-irc, "Wildcard Expressions").

Matched from left to right with one place to go back to, never by a regular expression: what a stranger writes costs
at most its length (that of a line at most) times that of the text.
"""

_WILD = frozenset("*?")


def is_mask(text: str) -> bool:
    """Whether `text` holds a wildcard."""
    return not _WILD.isdisjoint(text)


def matches(mask: str, text: str) -> bool:
    """Whether the whole of `text` fits `mask`: `*` is any characters, `?` exactly one. Both are folded already."""
    at_mask = at_text = 0
    star = -1  # where the newest `*` stands, and how far the text goes that it stands for
    taken = 0
    while at_text < len(text):
        here = mask[at_mask] if at_mask < len(mask) else ""
        if here == "*":
            star, taken = at_mask, at_text
            at_mask += 1
        elif here and here in ("?", text[at_text]):
            at_mask += 1
            at_text += 1
        elif star >= 0:
            taken += 1
            at_mask, at_text = star + 1, taken
        else:
            return False
    return not mask[at_mask:].strip("*")
