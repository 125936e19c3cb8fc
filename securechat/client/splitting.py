"""Cut what somebody typed or piped into pieces that fit into one message each, at words if possible."""

import unicodedata


def split_text(text: str, longest: int) -> list[str]:
    """Return the pieces of one line, each at most `longest` bytes of UTF-8; put together with spaces they are the text.

    A piece ends behind a word if one ends in its second half, else behind a whole character with its marks.
    """
    if longest < 16:
        raise ValueError("no room for text in a line")
    pieces = []
    while len(text.encode()) > longest:
        end = _whole_characters(text, longest)
        space = text.rfind(" ", end // 2, end + 1)
        if space > 0:
            pieces.append(text[:space])
            text = text[space + 1 :]
        else:
            pieces.append(text[:end])
            text = text[end:]
    return [*pieces, text] if text or not pieces else pieces


def _whole_characters(text: str, longest: int) -> int:
    """Return how many characters of `text` fit, without parting a character from its accents or emoji from its rest."""
    # Four bytes a character at most, so no more than `longest` characters have to be looked at.
    end = len(text[:longest].encode()[:longest].decode(errors="ignore"))
    cut = end
    while cut > end // 2 and _belongs_together(text[cut - 1 : cut + 1]):
        cut -= 1
    return cut if cut > end // 2 else end


def _belongs_together(pair: str) -> bool:
    """Whether two neighbours make one sign: a mark, joiner or skin tone follows, or a joiner precedes."""
    if len(pair) < 2:
        return False
    first, second = pair[0], pair[1]
    return (
        unicodedata.category(second) in {"Mn", "Mc", "Me"}
        or second == "\u200d"
        or first == "\u200d"
        or "\U0001f3fb" <= second <= "\U0001f3ff"
    )


def lines_of(text: str) -> list[str]:
    """Return the lines of a text that may hold any line ends; NUL, which no message can hold, is left out."""
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
