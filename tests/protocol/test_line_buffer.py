"""Lines out of a stream of bytes: whole, byte by byte, with trailing bytes, and at the limits."""

import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.protocol.line_buffer import MAX_CLIENT_TAGS, MAX_LINE, MAX_TAGS, TOO_LONG, LineBuffer, TooLong

BODY = MAX_LINE - 2

STREAMS: list[tuple[bytes, list[bytes | TooLong]]] = [
    (b"PING a\r\n", [b"PING a"]),
    (b"PING a\n", [b"PING a"]),
    (b"PING a\r\nPING b\nPING c\r\n", [b"PING a", b"PING b", b"PING c"]),
    (b"\r\n\n\r\nPING a\r\n\r\n", [b"PING a"]),
    ("PRIVMSG #чай :Привет\r\n".encode(), ["PRIVMSG #чай :Привет".encode()]),
    (b"PING a\rb\r\n", [b"PING a\rb"]),  # a CR inside is for the parser to refuse
    (b"PING a\r\r\n", [b"PING a\r"]),
    (b"x" * BODY + b"\r\n", [b"x" * BODY]),
    (b"x" * BODY + b"\n", [b"x" * BODY]),
    (b"x" * (BODY + 1) + b"\r\n", [TOO_LONG]),
    (b"x" * (BODY + 1) + b"\n", [TOO_LONG]),
    (b"a\r\n" + b"x" * 70_000 + b"\r\nb\r\n", [b"a", TOO_LONG, b"b"]),
    (b"@" + b"t" * 4094 + b" " + b"x" * BODY + b"\r\n", [b"@" + b"t" * 4094 + b" " + b"x" * BODY]),
    (b"@" + b"t" * 4095 + b" PING\r\n", [TOO_LONG]),
    (b"@" + b"t" * 4094 + b" " + b"x" * (BODY + 1) + b"\r\n", [TOO_LONG]),
    (b"@t " + b"x" * (BODY + 1) + b"\r\nPING\r\n", [TOO_LONG, b"PING"]),
    (b"@t " + b"x" * BODY + b"\nPING\n", [b"@t " + b"x" * BODY, b"PING"]),
    (b"@" + b"t" * 4096 + b"\r\n", [TOO_LONG]),
    (b"x" * 600 + b"\n" + b"y" * 600 + b"\nPING\n", [TOO_LONG, TOO_LONG, b"PING"]),
    (b"x" * 600 + b"\n\nPING\n", [TOO_LONG, b"PING"]),
]


def held(buffer: LineBuffer) -> int:
    return len(buffer._pending)


@pytest.mark.parametrize(("stream", "expected"), STREAMS)
class TestFraming:
    def test_whole(self, stream: bytes, expected: list[bytes | TooLong]) -> None:
        assert list(LineBuffer().feed(stream)) == expected

    def test_byte_by_byte(self, stream: bytes, expected: list[bytes | TooLong]) -> None:
        buffer = LineBuffer()
        lines: list[bytes | TooLong] = []
        for position in range(len(stream)):
            lines.extend(buffer.feed(stream[position : position + 1]))
            assert held(buffer) <= MAX_CLIENT_TAGS + MAX_LINE
        assert lines == expected
        assert held(buffer) == 0

    def test_trailing_bytes_wait_for_their_end(self, stream: bytes, expected: list[bytes | TooLong]) -> None:
        buffer = LineBuffer()
        assert list(buffer.feed(stream + b"PONG z")) == expected
        assert list(buffer.feed(b"\r")) == []
        assert list(buffer.feed(b"\nrest")) == [b"PONG z"]


def test_an_end_split_between_cr_and_lf_at_the_limit() -> None:
    buffer = LineBuffer()
    assert list(buffer.feed(b"x" * BODY + b"\r")) == []
    assert list(buffer.feed(b"\n")) == [b"x" * BODY]


def test_a_cr_at_the_limit_that_is_no_end_makes_the_line_too_long() -> None:
    buffer = LineBuffer()
    assert list(buffer.feed(b"x" * BODY + b"\r")) == []
    assert list(buffer.feed(b"x\n")) == [TOO_LONG]


def test_a_flood_without_newline_keeps_nothing_and_is_reported_once() -> None:
    buffer = LineBuffer()
    for _ in range(100):
        assert list(buffer.feed(b"x" * 65_536)) == []
        assert held(buffer) == 0
    assert list(buffer.feed(b"\nPING\n")) == [TOO_LONG, b"PING"]


def test_a_flood_of_tags_is_dropped_at_the_limit() -> None:
    buffer = LineBuffer()
    buffer.feed(b"@" + b"t" * 4094)
    assert held(buffer) == 4095
    buffer.feed(b"t")
    assert held(buffer) == 0
    assert list(buffer.feed(b" PING\n")) == [TOO_LONG]


@pytest.mark.parametrize("split", [False, True])
def test_the_tags_of_an_over_long_line_are_kept_when_they_are_whole(split: bool) -> None:
    buffer = LineBuffer()
    data = b"@label=a PRIVMSG #tea :" + b"x" * 600 + b"\n" + b"@" + b"t" * 4096 + b" PING\n"
    pieces = [data[start : start + 100] for start in range(0, len(data), 100)] if split else [data]
    marks = [line for piece in pieces for line in buffer.feed(piece)]
    assert [mark.tags for mark in marks if isinstance(mark, TooLong)] == [b"@label=a ", b""]


def test_a_client_takes_the_tags_of_a_server() -> None:
    buffer = LineBuffer(max_tags=MAX_TAGS)
    line = b"@" + b"t" * (MAX_TAGS - 2) + b" " + b"x" * BODY
    assert list(buffer.feed(line + b"\r\n@" + b"t" * (MAX_TAGS - 1) + b" PING\r\n")) == [line, TOO_LONG]


def test_an_idle_buffer_is_small() -> None:
    buffer = LineBuffer()
    buffer.feed(b"PING a\r\n")
    assert buffer._pending is b""  # noqa: F632 - the one empty bytes object of the interpreter, so no memory of its own
    assert sys.getsizeof(buffer) <= 64


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=8))
def test_cutting_the_stream_anywhere_changes_nothing(stream: bytes, cuts: list[int]) -> None:
    positions = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    buffer = LineBuffer(max_line=40, max_tags=30)
    lines: list[bytes | TooLong] = []
    for start, end in pairwise(positions):
        lines.extend(buffer.feed(stream[start:end]))
        assert held(buffer) <= 70
    assert lines == list(LineBuffer(max_line=40, max_tags=30).feed(stream))


@given(st.lists(st.one_of(st.binary(max_size=120), st.binary(max_size=80).map(lambda tags: b"@" + tags + b" PING"))))
def test_every_line_is_given_out_or_marked(parts: list[bytes]) -> None:
    """Each non-empty line comes back unchanged, or as the marker exactly when a part of it is over its limit."""
    parts = [part.replace(b"\n", b"").replace(b"\r", b"") for part in parts]
    expected: list[bytes | TooLong] = []
    for part in filter(None, parts):
        tags, space, body = part.partition(b" ") if part.startswith(b"@") else (b"", b"", part)
        # A tags part without a space after it is over the limit when not even the space would fit.
        too_long = len(tags) + max(len(space), len(tags) > 0) > 50 or len(body) > 58
        expected.append(TOO_LONG if too_long and len(part) > 58 else part)
    stream = b"".join(part + b"\r\n" for part in parts)
    assert list(LineBuffer(max_line=60, max_tags=50).feed(stream)) == expected
