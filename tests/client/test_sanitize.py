"""No control character of others reaches a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.client.sanitize import escape_json, sanitize


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("привет 🙂", "привет 🙂"),
        ("a\tb", "a b"),
        ("\x1b[31mred\x1b]0;title\x07", "[31mred]0;title"),
        ("\x9b31m\x85", "31m"),
        ("\x0304,05colour\x0f \x02bold", "colour bold"),
        ("\u202eevil\u2066", "<U+202E>evil<U+2066>"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("a\u200db", "a<U+200D>b"),
        ("\u2028", "<U+2028>"),
        ("\ud800", "<U+D800>"),
        ("\U000e0041", "<U+E0041>"),
        ("[red] <script>", "[red] <script>"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert sanitize(text) == shown


@given(st.text())
def test_nothing_harmful_is_left(text: str) -> None:
    shown = sanitize(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert not any(character in shown for character in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\ufeff\u2028")


@given(st.text())
def test_json_is_harmless_and_means_the_same(text: str) -> None:
    line = escape_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(line) == text
    assert sanitize(line) == line
