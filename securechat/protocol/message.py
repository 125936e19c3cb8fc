"""One line of the protocol: bytes to `Message` and back (modern-irc, "Message Format"; IRCv3 message-tags)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from securechat.errors import ProtocolError
from securechat.protocol.line_buffer import MAX_LINE

NO_TAGS: Mapping[str, str] = MappingProxyType({})
"""The tags of every message without tags: one for all, and nobody can change it."""

_MAX_BODY = MAX_LINE - 2
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_MEANINGS = {":": ";", "s": " ", "r": "\r", "n": "\n"}  # every other character stands for itself
# What would end a key, a tag or the tags part.
_NOT_IN_KEY = re.compile(r"[\0\r\n =;]")


class MalformedLine(ProtocolError):  # noqa: N818 - read as what came in
    """A line holds NUL, CR or LF, or has no command; `tags` are what could be read of it.

    The text never quotes the line, which may hold a secret.
    """

    def __init__(self, problem: str, tags: Mapping[str, str] = NO_TAGS) -> None:
        super().__init__(problem)
        self.tags = tags


class InvalidUtf8(ProtocolError):  # noqa: N818
    """A line is not UTF-8; `command` (`*` when it cannot be told) and `tags` are what could be read of it."""

    def __init__(self, command: str, tags: Mapping[str, str]) -> None:
        super().__init__("the line is not UTF-8")
        self.command = command
        self.tags = tags


class Message:
    """One message. `command` is in upper case; `tags` are unescaped, an absent value is the empty string.

    Its repr shows no parameter, because parameters are passwords and what people say.
    """

    __slots__ = ("command", "params", "source", "tags")

    def __init__(
        self, command: str, params: list[str], source: str | None = None, tags: Mapping[str, str] = NO_TAGS
    ) -> None:
        self.command = command
        self.params = params
        self.source = source
        self.tags = tags

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return (
            self.command == other.command
            and self.params == other.params
            and self.source == other.source
            and self.tags == other.tags
        )

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"<Message {self.command} with {len(self.params)} parameters>"


def parse(line: bytes) -> Message:
    """Return the message in `line`, which comes without its end.

    Raises InvalidUtf8 or MalformedLine.
    """
    try:
        return parse_text(line.decode())
    except UnicodeDecodeError:
        pass
    # Not inside the handler: the error that it handles holds the line, which may be a password.
    raise _invalid_utf8(line)


def parse_text(line: str) -> Message:
    """Return the message in `line`, which comes without its end. Raises MalformedLine."""
    if "\0" in line or "\r" in line or "\n" in line:
        raise MalformedLine("the line holds NUL, CR or LF", tags_of(line))
    tags = NO_TAGS
    if line.startswith("@"):
        words, _, line = line.partition(" ")
        tags = _parse_tags(words[1:])
        line = line.lstrip(" ")
    source = None
    if line.startswith(":"):
        source, _, line = line.partition(" ")
        source = source[1:] or None
    head, colon, trailing = line.partition(" :")
    params = head.split(" ")
    if "" in params:
        params = [word for word in params if word]
        if not params:
            raise MalformedLine("the line has no command", tags)
    command = params.pop(0)
    # Letters outside ASCII are no command, and must not become one by str.upper (the dotless i, for one).
    if command.isascii():
        command = command.upper()
    if colon:
        params.append(trailing)
    return Message(command, params, source, tags)


def tags_of(line: str) -> Mapping[str, str]:
    """Return the tags of a line of which nothing else may make sense; none unless they are whole."""
    words, space, _ = line.partition(" ")
    if not space or not words.startswith("@") or any(one in words for one in "\0\r\n"):
        return NO_TAGS
    return _parse_tags(words[1:])


def format_message(
    command: str, params: Sequence[str], *, source: str | None = None, tags: Mapping[str, str] | None = None
) -> bytes:
    """Return the line of a message, CR LF included; the last parameter gets a colon when it needs one.

    Raises ValueError, which is a bug of the caller's, when a part cannot stand in its place: CR, LF or NUL anywhere,
    or a middle parameter that is empty, holds a space or starts with a colon. Its text never quotes a parameter.
    The length is not limited.
    """
    if not (command.isascii() and command.isalnum()):
        raise ValueError("a command is ASCII letters or digits")
    text = command
    if source is not None:
        if not source or " " in source:
            raise ValueError(f"a source of {command} is empty or holds a space")
        text = f":{source} {text}"
    if params:
        *middles, last = params
        for middle in middles:
            if not middle or " " in middle or middle[0] == ":":
                raise ValueError(f"a middle parameter of {command} is empty, holds a space or starts with a colon")
            text += f" {middle}"
        text += f" :{last}" if not last or " " in last or last[0] == ":" else f" {last}"
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError(f"a part of {command} holds CR, LF or NUL")
    if tags:
        text = f"@{format_tags(tags)} {text}"
    return f"{text}\r\n".encode()


def format_reply(source: str, command: str, params: Iterable[object], text: str | None = None) -> bytes:
    """Return the line of a reply that may echo what the peer sent: always at most 512 bytes, no field ever shifts.

    A parameter that could not stand in its place (empty, with a space or control character, starting with a colon)
    becomes `*`. A line that would be too long loses the end of its text first, then of its longest parameters.
    Raises ValueError when `text` holds CR, LF or NUL.
    """
    middles = [_middle(str(value)) for value in params]
    if text is not None and ("\r" in text or "\n" in text or "\0" in text):
        raise ValueError(f"the text of {command} holds CR, LF or NUL")
    line = _reply(source, command, middles, text)
    if len(line) > _MAX_BODY:
        line = _fit(source, command, middles, text)
    return line + b"\r\n"


def _reply(source: str, command: str, middles: list[str], text: str | None) -> bytes:
    words = f":{source} {command} {' '.join(middles)}"
    return (words if text is None else f"{words} :{text}").encode()


def _middle(value: str) -> str:
    """Return `value` if it can be a middle parameter, else `*`."""
    return value if value.isprintable() and value and value[0] != ":" and " " not in value else "*"


def _fit(source: str, command: str, middles: list[str], text: str | None) -> bytes:
    """Return the line of a reply shortened to what a line may hold."""
    excess = len(_reply(source, command, middles, text)) - _MAX_BODY
    if text:
        text = cut(text, max(0, len(text.encode()) - excess))
    while (excess := len(_reply(source, command, middles, text)) - _MAX_BODY) > 0:
        longest = max(middles, key=lambda value: len(value.encode()), default="*")
        if longest == "*":
            # Nothing but hundreds of parameters of one byte can come here.
            return _reply(source, command, middles, text)[:_MAX_BODY]
        length = len(longest.encode())
        middles[middles.index(longest)] = cut(longest, max(length // 2, length - excess)) or "*"
    return _reply(source, command, middles, text)


def cut(text: str, longest: int) -> str:
    """Return the beginning of `text` that is at most `longest` bytes of UTF-8 and ends with a whole character.

    Nothing is left of it when there is no room at all (`longest` is 0 or less).
    """
    data = text.encode()
    return text if len(data) <= longest else data[: max(0, longest)].decode(errors="ignore")


def format_tags(tags: Mapping[str, str]) -> str:
    """Return the tags in wire form without the `@`: `time=…;+draft/reply=…`; a tag with an empty value is its key.

    Raises ValueError for a key that could not stand there or a value with NUL.
    """
    parts = []
    for key, value in tags.items():
        if not key or _NOT_IN_KEY.search(key):
            raise ValueError(f"not the key of a tag: {key!r}")
        if "\0" in value:
            raise ValueError(f"the value of the tag {key} holds NUL")
        parts.append(f"{key}={escape_tag_value(value)}" if value else key)
    return ";".join(parts)


def escape_tag_value(value: str) -> str:
    """Return `value` as it stands on the wire (message-tags, "Escaping values")."""
    return value.replace("\\", "\\\\").replace(";", "\\:").replace(" ", "\\s").replace("\r", "\\r").replace("\n", "\\n")


def unescape_tag_value(value: str) -> str:
    """Return what a value on the wire stands for; a backslash that escapes nothing is dropped, as the spec says."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: _MEANINGS.get(match[1], match[1]), value)


def nick_of(source: str | None) -> str:
    """Return the nick in `nick!user@host`, or the whole of a server's name; empty when there is no source."""
    return source.partition("!")[0].partition("@")[0] if source else ""


def _parse_tags(text: str) -> Mapping[str, str]:
    """Return the tags in wire form as a dict; of a key that stands twice the last one counts."""
    tags = {}
    for tag in text.split(";"):
        key, _, value = tag.partition("=")
        if key:
            tags[key] = unescape_tag_value(value)
    return tags or NO_TAGS


def _invalid_utf8(line: bytes) -> InvalidUtf8:
    """Make the error with what can be read of a line that is not UTF-8, so that its answer has a command and label."""
    tags = NO_TAGS
    if line.startswith(b"@"):
        words, _, line = line.partition(b" ")
        try:
            tags = _parse_tags(words[1:].decode())
        except UnicodeDecodeError:
            pass
        line = line.lstrip(b" ")
    if line.startswith(b":"):
        line = line.partition(b" ")[2]
    words = line.lstrip(b" ").partition(b" ")[0]
    return InvalidUtf8(words.decode().upper() if words.isalnum() else "*", tags)
