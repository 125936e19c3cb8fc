"""Cuts the stream of bytes of a connection into lines, within fixed bounds of memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MAX_LINE: Final = 512
"""Longest message without its tags, in bytes, CR LF included (RFC 1459 section 2.3)."""
MAX_CLIENT_TAGS: Final = 4096
"""Longest tags part that a client may send, in bytes, `@` and the space included (IRCv3 message-tags, "Size limit")."""
MAX_TAGS: Final = 8191
"""Longest tags part that a client must accept from a server, in bytes, `@` and the space included (same section)."""

_LINE_END_LENGTH: Final = 2  # CR LF counts against MAX_LINE, even when the peer sends LF alone


@dataclass(slots=True, frozen=True)
class TooLong:
    """Stands for a line over the limits, whose bytes were thrown away; the answer is 417 ERR_INPUTTOOLONG."""

    tags: bytes = field(default=b"", compare=False)
    """Its tags, `@` and the space included, if these are whole: the answer may need the label that is among them."""


TOO_LONG: Final = TooLong()
"""Any line over the limits: all are equal."""


class LineBuffer:
    """Collects bytes and gives out complete lines in the order in which they came.

    Keeps at most `max_tags + max_line` bytes whatever the peer sends, and nothing between lines.
    """

    __slots__ = ("_max_body", "_max_tags", "_pending", "_skipping")

    def __init__(self, max_line: int = MAX_LINE, max_tags: int = MAX_CLIENT_TAGS) -> None:
        self._max_body = max_line - _LINE_END_LENGTH
        self._max_tags = max_tags
        self._pending = b""  # the beginning of a line whose end has not come yet
        self._skipping: TooLong | None = None  # that line is over the limits already; dropped until its end

    def feed(self, data: bytes) -> Sequence[bytes | TooLong]:
        """Return the lines that `data` completes, without their ends; a line over the limits becomes TOO_LONG.

        Lines end with LF; one CR before it belongs to the end. Empty lines are dropped (modern-irc, "Compatibility
        with incorrect software").
        """
        if self._pending:
            data = self._pending + data
        pieces = data.replace(b"\r\n", b"\n").split(b"\n")
        rest = pieces.pop()
        if len(data) <= self._max_body and self._skipping is None:
            # The usual case: everything together is shorter than a line may be.
            self._pending = rest
            return [line for line in pieces if line] if b"" in pieces else pieces
        return self._check(pieces, rest)

    def _check(self, pieces: list[bytes], rest: bytes) -> list[bytes | TooLong]:
        """Return the lines with the over-long ones marked; keep `rest` unless no end could make it a line."""
        lines: list[bytes | TooLong] = []
        if self._skipping is not None:
            if not pieces:
                return lines
            lines.append(self._skipping)
            self._skipping = None
            del pieces[0]
        limit = self._max_body  # a line within it fits whatever part of it is tags
        lines += [line if len(line) <= limit or self._fits(line) else self._mark(line) for line in pieces if line]
        # A last CR may be the first half of the end.
        self._skipping = None if self._fits(rest.removesuffix(b"\r")) else self._mark(rest)
        self._pending = rest if self._skipping is None else b""
        return lines

    def _mark(self, line: bytes) -> TooLong:
        """Return what stands for an over-long line, or the beginning of one."""
        tags_length = line.find(b" ") + 1 if line.startswith(b"@") else 0
        return TooLong(line[:tags_length]) if 0 < tags_length <= self._max_tags else TOO_LONG

    def _fits(self, line: bytes) -> bool:
        """Tell whether a line, or its beginning, is within the limits of its two parts."""
        if len(line) <= self._max_body:
            return True
        if not line.startswith(b"@"):
            return False
        tags_length = line.find(b" ") + 1
        if not tags_length:
            return len(line) < self._max_tags
        return tags_length <= self._max_tags and len(line) - tags_length <= self._max_body
