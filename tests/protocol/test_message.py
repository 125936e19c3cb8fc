"""Messages: bytes to values and back."""

import re
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.errors import ProtocolError
from securechat.protocol.line_buffer import LineBuffer
from securechat.protocol.message import (
    NO_TAGS,
    InvalidUtf8,
    MalformedLine,
    Message,
    cut,
    escape_tag_value,
    format_message,
    format_reply,
    format_tags,
    nick_of,
    parse,
    parse_text,
    unescape_tag_value,
)

PARSED = [
    # Examples of modern-irc, sections "Parameters" and "Message Format".
    (":irc.example.com CAP * LIST :", Message("CAP", ["*", "LIST", ""], "irc.example.com")),
    ("CAP * LS :multi-prefix sasl", Message("CAP", ["*", "LS", "multi-prefix sasl"])),
    ("CAP REQ :sasl message-tags foo", Message("CAP", ["REQ", "sasl message-tags foo"])),
    (":dan!d@localhost PRIVMSG #chan :Hey!", Message("PRIVMSG", ["#chan", "Hey!"], "dan!d@localhost")),
    (":dan!d@localhost PRIVMSG #chan Hey!", Message("PRIVMSG", ["#chan", "Hey!"], "dan!d@localhost")),
    (":dan!d@localhost PRIVMSG #chan ::-)", Message("PRIVMSG", ["#chan", ":-)"], "dan!d@localhost")),
    ("@id=234AB :dan!d@localhost PRIVMSG #chan :Hey what's up!",
     Message("PRIVMSG", ["#chan", "Hey what's up!"], "dan!d@localhost", {"id": "234AB"})),
    # Examples of message-tags.
    ("@aaa=bbb;ccc;example.com/ddd=eee :nick!ident@host.com PRIVMSG me :Hello",
     Message("PRIVMSG", ["me", "Hello"], "nick!ident@host.com", {"aaa": "bbb", "ccc": "", "example.com/ddd": "eee"})),
    ("@url=;netsplit=tur,ty PING", Message("PING", [], tags={"url": "", "netsplit": "tur,ty"})),
    ("@a=1;a=2 PING", Message("PING", [], tags={"a": "2"})),
    ("@a=b=c;;=d PING", Message("PING", [], tags={"a": "b=c"})),
    ("@ PING", Message("PING", [])),
    ("@a=\\:\\s\\\\\\r\\n\\b\\ PING", Message("PING", [], tags={"a": "; \\\r\nb"})),
    # Spaces where one would do, and where they are the content.
    ("  ping   a  b  ", Message("PING", ["a", "b"])),
    ("@a   :s   ping  :  x ", Message("PING", ["  x "], "s", {"a": ""})),
    ("PRIVMSG #a :", Message("PRIVMSG", ["#a", ""])),
    ("PRIVMSG #a :a :b", Message("PRIVMSG", ["#a", "a :b"])),
    ("PRIVMSG a:b c:d", Message("PRIVMSG", ["a:b", "c:d"])),
    ("PRIVMSG #чай :Привет, мир\u2003!", Message("PRIVMSG", ["#чай", "Привет, мир\u2003!"])),
    ("PRIVMSG\t#a", Message("PRIVMSG\t#A", [])),  # only a space separates
    ("joın #a", Message("joın", ["#a"])),  # the dotless i does not become JOIN
    (": PING", Message("PING", [])),
    ("X " + "a " * 300 + ":b c", Message("X", ["a"] * 300 + ["b c"])),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), PARSED)
def test_parse(line: str, message: Message) -> None:
    assert parse(line.encode()) == message
    assert parse_text(line) == message


@pytest.mark.parametrize(("line", "message"), PARSED)
def test_parse_after_the_stream_came_byte_by_byte(line: str, message: Message) -> None:
    """The two halves of the door together: a stream of single bytes, lines that may end in the middle of a letter."""
    buffer = LineBuffer(max_line=1024)
    lines = [each for byte in f"{line}\r\n".encode() for each in buffer.feed(bytes([byte]))]
    assert [parse(each) for each in lines if isinstance(each, bytes)] == [message]


@pytest.mark.parametrize(
    "line", ["", " ", "   ", "@a", "@a ", "@a  ", ":s", ":s ", "@a :s", ":s  :text", " :text", "@a=b  :s  "]
)
def test_a_line_without_command_is_malformed(line: str) -> None:
    with pytest.raises(MalformedLine, match="no command"):
        parse(line.encode())


@pytest.mark.parametrize("character", ["\0", "\r", "\n"])
@pytest.mark.parametrize("line", ["PRIVMSG #a :hunter2{}", "PASS{} hunter2", "{}PING", "@a={} PING", "PING{}"])
def test_control_characters_of_the_protocol_are_malformed(line: str, character: str) -> None:
    with pytest.raises(MalformedLine) as caught:
        parse(line.format(character).encode())
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "command", "tags"),
    [
        (b"privmsg #a :\xff", "PRIVMSG", {}),
        (b"@label=x :s PRIVMSG #a :\xff", "PRIVMSG", {"label": "x"}),
        (b"@label=\xff PRIVMSG #a :b", "PRIVMSG", {}),
        (b"@label=x :\xff!u@h  USER a", "USER", {"label": "x"}),
        (b"\xffPING", "*", {}),
        (b"@a=\xff", "*", {}),
        (b":\xff", "*", {}),
        (b"PI-NG \xff", "*", {}),
        (b"  PING \xc3", "PING", {}),
        (b"PING \xed\xa0\x80", "PING", {}),  # a surrogate is no character
        (b"PING \xc0\x80", "PING", {}),  # nor is an overlong NUL
    ],
)
def test_invalid_utf8_says_what_it_can(line: bytes, command: str, tags: dict[str, str]) -> None:
    with pytest.raises(InvalidUtf8) as caught:
        parse(line)
    assert caught.value.command == command
    assert caught.value.tags == tags


def test_the_error_of_invalid_utf8_does_not_hold_the_line() -> None:
    """A UnicodeDecodeError keeps its input; a password must not travel inside an exception."""
    with pytest.raises(InvalidUtf8) as caught:
        parse(b"PASS hunter2\xff")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "hunter2" not in repr(caught.value)


def test_a_repr_shows_no_parameter() -> None:
    assert repr(parse(b"@label=secret PASS hunter2 x")) == "<Message PASS with 2 parameters>"


def test_messages_compare_by_content_and_are_not_hashable() -> None:
    assert parse(b"PING a") != parse(b"PING b")
    assert parse(b"PING a") != parse(b"@x PING a")
    assert parse(b"PING a") != "PING a"
    with pytest.raises(TypeError):
        hash(parse(b"PING a"))


def test_the_tags_of_all_messages_without_tags_are_one_that_cannot_change() -> None:
    assert parse(b"PING").tags is NO_TAGS
    assert parse(b"@; PING").tags is NO_TAGS
    with pytest.raises(TypeError):
        NO_TAGS["a"] = "b"  # type: ignore[index]


FORMATTED = [
    (("PING", []), {}, b"PING\r\n"),
    (("PING", ["a"]), {}, b"PING a\r\n"),
    (("PRIVMSG", ["#a", ""]), {}, b"PRIVMSG #a :\r\n"),
    (("PRIVMSG", ["#a", "b c"]), {}, b"PRIVMSG #a :b c\r\n"),
    (("PRIVMSG", ["#a", ":)"]), {}, b"PRIVMSG #a ::)\r\n"),
    (("PRIVMSG", ["#a", "a:"]), {}, b"PRIVMSG #a a:\r\n"),
    (("001", ["a", "Привет"]), {"source": "irc"}, ":irc 001 a Привет\r\n".encode()),
    (("TAGMSG", ["#a"]), {"source": "n!u@h", "tags": {"+a": "x y", "b": ""}}, b"@+a=x\\sy;b :n!u@h TAGMSG #a\r\n"),
    (("PING", ("a",)), {"tags": {}}, b"PING a\r\n"),
]


@pytest.mark.parametrize(("arguments", "options", "line"), FORMATTED)
def test_format(arguments: tuple[str, list[str]], options: dict[str, object], line: bytes) -> None:
    assert format_message(*arguments, **options) == line  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["a\r", "a\n", "\0", "x\r\nQUIT"])
def test_format_refuses_to_forge_a_line(bad: str) -> None:
    calls: list[Callable[[], bytes]] = [
        lambda: format_message("PRIVMSG", ["#a", bad]),
        lambda: format_message("PRIVMSG", [bad, "a"]),
        lambda: format_message("PING", [], source=bad),
        lambda: format_message(bad, []),
        lambda: format_message("PING", [], tags={bad: "a"}),
        lambda: format_reply("irc", "400", ["a"], bad),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()
    with pytest.raises(ValueError):
        format_message("PING", [], tags={"a": "\0"})


@pytest.mark.parametrize("bad", ["", "hunter2 x", ":hunter2"])
def test_format_refuses_a_middle_that_would_shift_the_others_and_does_not_quote_it(bad: str) -> None:
    with pytest.raises(ValueError, match=r"^a middle parameter of PASS is empty, ") as caught:
        format_message("PASS", [bad, "x"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("source", ["", "a b"])
def test_format_refuses_a_source_that_is_none(source: str) -> None:
    with pytest.raises(ValueError, match=r"^a source of PING "):
        format_message("PING", [], source=source)


@pytest.mark.parametrize("command", ["", "A B", ":A", "@a", "É"])
def test_format_refuses_a_command_that_is_none(command: str) -> None:
    with pytest.raises(ValueError, match=r"^a command is "):
        format_message(command, [])


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a;b", "a\n"])
def test_format_tags_refuses_a_key_that_would_not_come_back(key: str) -> None:
    with pytest.raises(ValueError, match=r"^not the key of a tag: "):
        format_tags({key: "x"})


class TestFormatReply:
    def test_values_that_cannot_stand_in_their_place_become_a_star(self) -> None:
        bad = ["", "a b", ":a", "a\r\nQUIT", "\0", "a\tb"]
        assert format_reply("irc", "432", ["me", *bad, 7], "No") == b":irc 432 me * * * * * * 7 :No\r\n"

    def test_without_text_there_is_no_colon(self) -> None:
        assert format_reply("irc", "004", ["me", "x"]) == b":irc 004 me x\r\n"

    def test_an_empty_text_stays_a_parameter(self) -> None:
        assert format_reply("irc", "332", ["me", "#a"], "") == b":irc 332 me #a :\r\n"

    def test_a_long_text_is_cut_on_a_whole_character(self) -> None:
        line = format_reply("irc", "332", ["you", "#a"], "я" * 400)
        assert len(line) == 511  # one byte short, because the last letter needs two
        assert parse(line[:-2]).params == ["you", "#a", "я" * 246]

    def test_long_parameters_are_cut_and_none_is_lost(self) -> None:
        line = format_reply("irc", "441", ["me", "a" * 500, "#" + "b" * 500], "They aren't on that channel")
        assert len(line) <= 512
        assert [value[:2] for value in parse(line[:-2]).params] == ["me", "aa", "#b", ""]

    def test_what_cannot_be_cut_by_parameter_is_cut_at_the_end(self) -> None:
        line = format_reply("irc", "FAIL", ["x"] * 400, "text")
        assert len(line) == 512
        assert set(parse(line[:-2]).params) == {"*", "x"}

    @given(st.lists(st.text(max_size=300), max_size=20), st.none() | st.text(max_size=600))
    def test_any_reply_fits_and_no_field_shifts(self, values: list[str], text: str | None) -> None:
        text = text and re.sub(r"[\0\r\n]", "", text)
        line = format_reply("irc", "400", values, text)
        assert line.endswith(b"\r\n")
        assert len(line) <= 512
        message = parse(line[:-2])
        assert (message.source, message.command) == ("irc", "400")
        assert len(message.params) == len(values) + (text is not None)
        for value, shown in zip(values, message.params, strict=False):
            assert shown == "*" or value.startswith(shown)


@pytest.mark.parametrize(
    ("value", "escaped"), [("", ""), ("a", "a"), ("; \\\r\n", "\\:\\s\\\\\\r\\n"), ("\\s", "\\\\s"), ("я:=", "я:=")]
)
def test_tag_values_are_escaped(value: str, escaped: str) -> None:
    assert escape_tag_value(value) == escaped
    assert unescape_tag_value(escaped) == value


@pytest.mark.parametrize(("escaped", "value"), [("test\\", "test"), ("\\b", "b"), ("\\\n", "\n"), ("\\\\\\", "\\")])
def test_a_backslash_that_escapes_nothing_is_dropped(escaped: str, value: str) -> None:
    assert unescape_tag_value(escaped) == value


@pytest.mark.parametrize(
    ("source", "nick"),
    [("dan!d@localhost", "dan"), ("dan@localhost", "dan"), ("dan", "dan"), ("irc.a.org", "irc.a.org"), ("", ""),
     (None, ""), ("a!b!c@d@e", "a")],
)  # fmt: skip
def test_nick_of(source: str | None, nick: str) -> None:
    assert nick_of(source) == nick


@pytest.mark.parametrize(
    ("text", "longest", "expected"), [("abc", 3, "abc"), ("abc", 2, "ab"), ("яя", 3, "я"), ("😀", 3, ""), ("a", 0, "")]
)
def test_cut(text: str, longest: int, expected: str) -> None:
    assert cut(text, longest) == expected


any_text = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]))
middles = any_text.map(lambda text: text.replace(" ", "").lstrip(":")).filter(bool)
sources = any_text.map(lambda text: text.replace(" ", "")).filter(bool)
keys = st.text(string.ascii_letters + string.digits + "-+/.", min_size=1)
tag_values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@st.composite
def messages(draw: st.DrawFn) -> Message:
    params = draw(st.lists(middles)) + draw(st.lists(any_text, max_size=1))
    return Message(
        draw(st.text(string.ascii_uppercase, min_size=1) | st.from_regex("[0-9]{3}", fullmatch=True)),
        params,
        draw(st.none() | sources),
        draw(st.dictionaries(keys, tag_values)),
    )


@given(messages())
def test_what_is_formatted_parses_to_the_same(message: Message) -> None:
    line = format_message(message.command, message.params, source=message.source, tags=message.tags)
    assert line.endswith(b"\r\n")
    assert parse(line[:-2]) == message


@given(st.binary() | any_text.map(str.encode) | st.text("@:; =\\ab1\0\r\nя").map(str.encode))
def test_any_line_parses_or_raises_a_protocol_error(line: bytes) -> None:
    try:
        message = parse(line)
    except ProtocolError:
        return
    assert message.command
    assert not any(character in message.command + "".join(message.params) for character in "\0\r\n")


@given(tag_values)
def test_escaping_is_undone_by_unescaping(value: str) -> None:
    escaped = escape_tag_value(value)
    assert not any(character in escaped for character in "; \r\n")
    assert unescape_tag_value(escaped) == value


@pytest.mark.parametrize("longest", [0, -1, -100])
def test_where_there_is_no_room_nothing_is_left(longest: int) -> None:
    assert cut("text", longest) == ""


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        (b"@label=1 PING \0", {"label": "1"}),
        (b"@label=1 :source", {"label": "1"}),
        (b"@label=\0 PING x", {}),
        (b"@label=1\0", {}),
        (b"PING \0", {}),
    ],
)
def test_a_malformed_line_tells_its_tags_when_they_are_whole(line: bytes, tags: dict[str, str]) -> None:
    with pytest.raises(MalformedLine) as caught:
        parse(line)
    assert dict(caught.value.tags) == tags
