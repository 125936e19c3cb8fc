"""Make text of others harmless for a terminal: control characters go, invisible ones become visible."""

import re

# mIRC colours with their digits (modern-irc, "Formatting"); the other formatting codes fall to the C0 rule.
_COLOUR = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?")
_CONTROL = "\x00-\x1f\x7f-\x9f"
# Zero-width and direction-changing characters, line separators, tags, and lone surrogates.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[{_CONTROL}{_INVISIBLE}]")
# A zero-width joiner between two symbols builds one emoji: U+200D after a symbol, modifier or variation selector.
_JOINED_EMOJI = re.compile(
    "(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\t":
        return " "
    code = ord(character)
    return "" if code < 0xA0 else f"<U+{code:04X}>"


def sanitize(text: str) -> str:
    """Return `text` for a terminal: no control characters (a tab is a space), invisible ones as `<U+202E>`."""
    if text.isprintable():  # no control, format, separator or surrogate character: nearly every message
        return text if text.isascii() else _UNSAFE.sub(_visible, text)
    text = _COLOUR.sub("", text)
    if "\u200d" not in text:
        return _UNSAFE.sub(_visible, text)
    pieces = _JOINED_EMOJI.split(text)
    return "\u200d".join(_UNSAFE.sub(_visible, piece) for piece in pieces)


def escape_json(text: str) -> str:
    """Return JSON text with every unsafe character as `\\uXXXX`: the same data, harmless when shown on a terminal."""
    return _UNSAFE.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code > 0xFFFF:  # JSON knows UTF-16 pairs only (RFC 8259 section 7)
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
