"""WebSocket transport, without sockets: the library's own client talks to our side of it."""

import inspect
import logging
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.uri import parse_uri

from securechat.protocol.line_buffer import TOO_LONG
from securechat.protocol.websocket import (
    IDLE_FRAMES_PER_SECOND,
    MOST_IDLE_FRAMES,
    MOST_MESSAGE_BYTES,
    MOST_REQUEST_BYTES,
    Framer,
    WebSocket,
)

LOGGER = logging.getLogger("tests.websocket")
LISTED = "https://chat.example.org"
MASK = b"\x01\x80\x00\xff"


def request(*lines: str, path: str = "/", method: str = "GET", host: str = "chat.lan:8097") -> bytes:
    """A request that opens a WebSocket, with more header lines."""
    fixed = (
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    return "".join(f"{line}\r\n" for line in (*fixed, *lines, "")).encode()


def opened(subprotocol: str = "text.ircv3.net") -> WebSocket:
    web = WebSocket((), LOGGER)
    answer = web.shake_hands(request(f"Sec-WebSocket-Protocol: {subprotocol}"))
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 101 ")
    return web


def masked(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    """A frame of a client's, always under the same mask, so that a property test finds what it found again."""
    plain = Frame(opcode, data, fin).serialize(mask=False)
    head = plain[: len(plain) - len(data)]
    hidden = bytes(byte ^ key for byte, key in zip(data, cycle(MASK), strict=False))
    return head[:1] + bytes([head[1] | 0x80]) + head[2:] + MASK + hidden


def frames_in(data: bytes) -> list[Frame]:
    """The frames that a client finds in what the server sends."""
    client = ClientProtocol(parse_uri("wss://chat.lan"))
    client.state = type(client.state).OPEN
    client.parser = super(ClientProtocol, client).parse()
    next(client.parser)
    client.receive_data(data)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, Frame)]


def answer_to(data: bytes, origins: tuple[str, ...] = ()) -> str:
    answer = WebSocket(origins, LOGGER).shake_hands(data)
    assert answer is not None
    return answer.decode()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("text.ircv3.net", "text.ircv3.net"),
        ("binary.ircv3.net", "binary.ircv3.net"),
        ("binary.ircv3.net, text.ircv3.net", "binary.ircv3.net"),
        ("text.ircv3.net, binary.ircv3.net", "text.ircv3.net"),
        ("chat, binary.ircv3.net", "binary.ircv3.net"),
    ],
)
def test_the_clients_order_of_subprotocols_counts(offered: str, chosen: str) -> None:
    answer = answer_to(request(f"Sec-WebSocket-Protocol: {offered}"))
    assert answer.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert f"\r\nSec-WebSocket-Protocol: {chosen}\r\n" in answer
    assert "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer


@pytest.mark.parametrize("lines", [(), ("Sec-WebSocket-Protocol: chat",)])
def test_without_a_subprotocol_of_ours_none_is_named_and_lines_are_text(lines: tuple[str, ...]) -> None:
    web = WebSocket((), LOGGER)
    answer = web.shake_hands(request(*lines))
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Protocol" not in answer
    assert [frame.opcode for frame in frames_in(web.frames(b"PING 1\r\n"))] == [Opcode.TEXT]


def test_compression_is_not_negotiated() -> None:
    assert "Extensions" not in answer_to(
        request("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
    )


def test_the_request_may_come_byte_by_byte() -> None:
    web = WebSocket((), LOGGER)
    *before, last = [web.shake_hands(bytes([byte])) for byte in request("Sec-WebSocket-Protocol: text.ircv3.net")]
    assert set(before) == {None}
    assert last is not None
    assert web.is_open


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(path="/irc"), "404 Not Found"),
        (request(path="/?token=1"), "101 Switching Protocols"),
        (b"GET / HTTP/1.1\r\nHost: chat.lan\r\n\r\n", "426 Upgrade Required"),
        (request().replace(b"Version: 13", b"Version: 12"), "400 Bad Request"),
        (request(method="POST"), "405 Method Not Allowed"),
        (request().replace(b"HTTP/1.1", b"HTTP/1.0"), "505 HTTP Version Not Supported"),
        (b"CAP LS 302\r\n", "400 Bad Request"),
        (b"\x00\xff\r\n", "400 Bad Request"),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", "400 Bad Request"),
        (request("Origin: https://a", "Origin: https://b"), "403 Forbidden"),
        (request() + masked(Opcode.TEXT, b"NICK early"), "400 Bad Request"),
    ],
)
def test_what_is_not_for_us_gets_a_plain_answer(data: bytes, status: str) -> None:
    answer = answer_to(data)
    assert answer.startswith(f"HTTP/1.1 {status}\r\n")
    if "101" not in status:
        head, _, body = answer.partition("\r\n\r\n")
        assert "Content-Type: text/plain" in head
        assert f"Content-Length: {len(body)}" in head
        assert body.endswith(".\n")


def test_a_request_has_a_longest_length() -> None:
    web = WebSocket((), LOGGER)
    filler = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(MOST_REQUEST_BYTES // 1000 + 1))
    assert web.shake_hands(request()[:-2] + filler) is not None
    assert web.refusal == "431 Request Header Fields Too Large"


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://chat.lan:8097", "chat.lan:8097", True),
        ("https://chat.lan:8097", "CHAT.lan:8097", True),
        ("https://chat.lan", "chat.lan:443", True),
        ("https://[::1]:8097", "[::1]:8097", True),
        (LISTED, "chat.lan:8097", True),
        ("https://chat.lan", "chat.lan:8097", False),
        ("http://chat.lan:8097", "chat.lan:8097", False),
        ("https://evil.example", "chat.lan:8097", False),
        ("https://chat.lan:8097.evil.example", "chat.lan:8097", False),
        ("http://chat.example.org", "chat.lan:8097", False),
        ("null", "chat.lan:8097", False),
        ("", "chat.lan:8097", False),
    ],
)
def test_only_our_own_and_listed_pages_may_connect(origin: str, host: str, allowed: bool) -> None:
    web = WebSocket((LISTED,), LOGGER)
    answer = web.shake_hands(request(f"Origin: {origin}", host=host))
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 101 " if allowed else b"HTTP/1.1 403 ")
    assert web.refusal == ("" if allowed else f"403 Forbidden: a page of {origin}")


@pytest.mark.parametrize("subprotocol", ["text.ircv3.net", "binary.ircv3.net"])
def test_each_line_is_a_frame_without_its_end(subprotocol: str) -> None:
    frames = frames_in(opened(subprotocol).frames("PING 1\r\n:a PRIVMSG #b :ü\r\n".encode() + b"x" * 600 + b"\r\n"))
    assert [bytes(frame.data) for frame in frames] == [b"PING 1", ":a PRIVMSG #b :ü".encode(), b"x" * 600]
    assert {frame.opcode.name for frame in frames} == {subprotocol.partition(".")[0].upper()}
    assert all(frame.fin for frame in frames)


def test_what_many_are_sent_is_framed_once() -> None:
    framer = Framer(Opcode.TEXT)
    chunk = b"".join([b"PING 1\r\n"])
    frames = framer.frames(chunk)
    assert framer.frames(chunk) is frames
    assert framer.frames(b"".join([b"PING 2\r\n"])) != frames
    long = b"x" * 100_000 + b"\r\n"
    assert framer.frames(long) is not framer.frames(long)


@pytest.mark.parametrize("step", [1, 3, 10_000])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_lines_come_whole_or_in_pieces_and_in_either_kind_of_frame(opcode: Opcode, step: int) -> None:
    text = "PRIVMSG #b :дом".encode()
    data = (
        masked(opcode, text)
        + masked(opcode, text[:14], fin=False)  # within a character
        + masked(Opcode.PING, b"here?")
        + masked(Opcode.CONT, b"", fin=False)
        + masked(Opcode.CONT, text[14:])
        + masked(opcode, b"")
        + masked(opcode, b"NICK a\r\n")
    )
    web = opened()
    lines = [line for start in range(0, len(data), step) for line in web.feed(data[start : start + step])]
    assert lines == [text, text, b"NICK a"]
    assert frames_in(web.data_to_send()) == [Frame(Opcode.PONG, b"here?")]


def test_a_line_end_within_a_message_does_not_make_two_lines_of_it() -> None:
    (line,) = opened().feed(masked(Opcode.TEXT, b"PRIVMSG #b :x\r\nQUIT"))
    assert b"\r" in line  # type: ignore[operator] # not the marker; refused by the parser
    assert b"\n" not in line  # type: ignore[operator]


def test_the_limits_of_a_line_are_those_of_tcp_without_the_line_end() -> None:
    web = opened()
    tags = b"@" + b"t" * 4094 + b" "
    fits, longer = b"PRIVMSG #b :".ljust(510, b"x"), b"PRIVMSG #b :".ljust(511, b"x")
    for line, expected in (
        (fits, fits),
        (longer, TOO_LONG),
        (tags + fits, tags + fits),
        (b"@t" + tags[1:] + fits, TOO_LONG),
        (b"x" * MOST_MESSAGE_BYTES, TOO_LONG),
    ):
        assert web.feed(masked(Opcode.TEXT, line)) == [expected]
    assert web.is_open


@pytest.mark.parametrize(
    ("data", "code", "end"),
    [
        (masked(Opcode.TEXT, b"x" * (MOST_MESSAGE_BYTES + 1)), 1009, "A WebSocket message was longer than 8192 bytes"),
        (masked(Opcode.TEXT, b"PRIVMSG #b :caf\xe9"), 1007, "A WebSocket text message was not UTF-8"),
        (Frame(Opcode.TEXT, b"not masked").serialize(mask=False), 1002, "The WebSocket's frames were wrong"),
        (masked(Opcode.CONT, b"of nothing"), 1002, "The WebSocket's frames were wrong"),
        (b"\xc1\x80\x00\x00\x00\x00", 1002, "The WebSocket's frames were wrong"),  # said to be compressed
        (masked(Opcode.CLOSE, b"\x03\xe8bye"), 1000, "Connection closed by the client"),
        (masked(Opcode.CLOSE, b""), 1005, "Connection closed by the client"),
    ],
)
def test_mistakes_and_a_close_end_it_behind_the_lines_before(data: bytes, code: int, end: str) -> None:
    web = opened()
    assert web.feed(masked(Opcode.TEXT, b"NICK a") + data + masked(Opcode.TEXT, b"NICK b")) == [b"NICK a"]
    assert web.end == end
    assert not web.is_open
    (frame,) = frames_in(web.data_to_send())
    assert frame.opcode is Opcode.CLOSE
    assert int.from_bytes(frame.data[:2], "big") == (code if code != 1005 else 0)
    web.close("too late")
    assert web.feed(b"anything") == []
    assert web.data_to_send() == b""


def test_many_small_fragments_do_not_add_up_beyond_the_longest_message() -> None:
    web = opened()
    web.feed(masked(Opcode.TEXT, b"x", fin=False))
    for _ in range(MOST_MESSAGE_BYTES - 1):
        web.feed(masked(Opcode.CONT, b"x", fin=False))
    assert web.is_open
    web.feed(masked(Opcode.CONT, b"x", fin=False))
    assert web.end == "A WebSocket message was longer than 8192 bytes"


@pytest.mark.parametrize("frame", [masked(Opcode.PING, b""), masked(Opcode.TEXT, b""), masked(Opcode.PONG, b"")])
def test_frames_without_lines_have_a_rate(frame: bytes) -> None:
    web = opened()
    for second in range(1, 5):
        web.feed(frame * IDLE_FRAMES_PER_SECOND)
        web.limit_idle_frames(1000.0 + second)
    web.feed(frame * MOST_IDLE_FRAMES)
    web.limit_idle_frames(1004.0)
    assert web.is_open
    web.feed(frame)
    web.limit_idle_frames(1004.0)
    assert web.end == "Too many WebSocket frames that were no lines"


def test_lines_are_not_counted_as_frames_without_lines() -> None:
    web = opened()
    web.feed(masked(Opcode.TEXT, b"PING 1") * (MOST_IDLE_FRAMES + 1))
    web.limit_idle_frames(0.0)
    assert web.is_open


header_value = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
header_name = st.sampled_from(
    ["Host", "Origin", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version"]
)


@given(st.lists(st.tuples(header_name, header_value), max_size=6), st.booleans())
def test_any_request_is_answered(headers: list[tuple[str, str]], after_good_ones: bool) -> None:
    start = request()[:-2] if after_good_ones else b"GET / HTTP/1.1\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")
    web = WebSocket((), LOGGER)
    answer = web.shake_hands(start + lines + b"\r\n")
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 4" if web.refusal else b"HTTP/1.1 101 ")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_wait_for_their_end(data: bytes) -> None:
    web = WebSocket((), LOGGER)
    answer = web.shake_hands(data + b"\r\n\r\n")
    assert answer is None or answer.startswith(b"HTTP/1.1 4")


frames = st.lists(
    st.one_of(
        st.builds(
            lambda head, data: bytes([head]) + masked(Opcode.BINARY, data)[1:],
            st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A, 0x09, 0x83, 0xC1]),
            st.one_of(st.binary(max_size=130), st.text(max_size=40).map(str.encode)),
        ),
        st.binary(max_size=8),
    ),
    max_size=12,
)


@given(frames, st.lists(st.integers(0, 300), max_size=8))
def test_any_frames_cut_anywhere_make_the_same_whole_lines_and_one_end(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    whole, cut = opened(), opened()
    lines = list(whole.feed(data))
    places = [0, *sorted(cuts), len(data)]
    cut_lines = [line for start, end in pairwise(places) if end > start for line in cut.feed(data[start:end])]
    assert cut_lines == lines
    assert bool(cut.end) == bool(whole.end)  # of two mistakes that come together either may be told
    assert all(isinstance(line, bytes) and line and b"\n" not in line for line in lines)
    sent = frames_in(whole.data_to_send())
    assert [frame.opcode for frame in sent if frame.opcode is not Opcode.PONG] == ([Opcode.CLOSE] if whole.end else [])


def test_our_goodbye_gives_the_reason_as_far_as_it_fits() -> None:
    web = opened()
    web.close("ü" * 100)
    (frame,) = frames_in(web.data_to_send())
    assert frame.opcode is Opcode.CLOSE
    assert frame.data == CloseCode.NORMAL_CLOSURE.to_bytes(2, "big") + "ü".encode() * 61


def test_nothing_of_it_waits_for_the_collector() -> None:
    web = opened()
    web.feed(masked(Opcode.TEXT, b"NICK a"))
    web.drop()
    assert inspect.getgeneratorstate(web._protocol.parser) == inspect.GEN_CLOSED


@pytest.mark.parametrize("frames", [b"\x81\x05hello", b"\xff\xff\xff", masked(Opcode.TEXT, b"NICK a")])
def test_frames_in_the_same_read_as_the_request_are_refused_right_or_wrong(frames: bytes) -> None:
    web = WebSocket((), LOGGER)
    answer = web.shake_hands(request() + frames)
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert web.refusal == "400 Bad Request"
