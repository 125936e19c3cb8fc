"""Masks with `*` and `?`, as people write them for nicks, hosts and rooms (modern-irc, "Wildcard Expressions").

A mask is taken apart once. What a stranger writes costs no more than a few steps for each character of the text that
it is held against, however many wildcards it has: never by a regular expression, never by going back.
"""

_WILD = frozenset("*?")
_COST_OF_STEPS = 20  # of going through a text step by step


def is_mask(text: str) -> bool:
    """Whether `text` holds a wildcard."""
    return not _WILD.isdisjoint(text)


class Mask:
    """A mask, ready to be held against many texts: `*` is any characters, `?` exactly one."""

    __slots__ = ("_fitting", "_loops", "_pieces", "_shortest", "_whole", "cost")

    def __init__(self, mask: str) -> None:
        """`mask` is folded already, as every text is."""
        pieces = mask.split("*")
        self._shortest = len(mask) - len(pieces) + 1
        self._pieces = pieces
        self._whole = mask if len(pieces) == 1 else None
        # Only for `?`. Of numbers that stand for sets, bit n means: the first n characters of the mask have been found.
        self._fitting: dict[str, int] | None = None  # by character of a text: where the next of the mask is this one
        self._loops = 0  # where a `*` lets any character pass
        self.cost = 1  # of holding it against a text, in looks at a thing
        if "?" in mask:
            self.cost = _COST_OF_STEPS
            self._take_apart(pieces)

    def _take_apart(self, pieces: list[str]) -> None:
        self._fitting = {"?": 0}
        place = 0
        for index, piece in enumerate(pieces):
            if index:
                self._loops |= 1 << place
            for character in piece:
                self._fitting[character] = self._fitting.get(character, 0) | 1 << place
                place += 1
        for character in self._fitting:
            self._fitting[character] |= self._fitting["?"]

    def fits(self, text: str) -> bool:
        """Whether the whole of `text` fits."""
        if len(text) < self._shortest:
            return False
        if self._fitting is not None:
            return self._follow(self._fitting, text)
        if self._whole is not None:
            return text == self._whole
        first, *inner, last = self._pieces
        if not (text.startswith(first) and text.endswith(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for piece in inner:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    def _follow(self, fitting: dict[str, int], text: str) -> bool:
        """Keep all places of the mask at once that the text may have reached."""
        loops, anything = self._loops, fitting["?"]
        reached = 1
        for character in text:
            reached = (reached & fitting.get(character, anything)) << 1 | reached & loops
            if not reached:
                return False
        return bool(reached >> self._shortest)


def matches(mask: str, text: str) -> bool:
    """Whether the whole of `text` fits `mask`. Both are folded already."""
    return Mask(mask).fits(text)
