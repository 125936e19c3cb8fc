"""Long lines become messages that fit, cut at words or whole characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.client.splitting import lines_of, split_text


def test_words_stay_whole() -> None:
    assert split_text("one two three four five", 16) == ["one two three", "four five"]


def test_a_long_word_is_cut_between_characters_and_their_marks() -> None:
    pieces = split_text("e\u0301" * 20, 16)
    assert "".join(pieces) == "e\u0301" * 20
    assert all(piece.startswith("e") for piece in pieces)
    assert all(len(piece.encode()) <= 16 for piece in pieces)


@given(st.text(alphabet=st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])), st.integers(16, 60))
def test_nothing_is_lost(text: str, longest: int) -> None:
    pieces = split_text(text, longest)
    assert all(len(piece.encode()) <= longest for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_no_room_at_all_is_our_bug() -> None:
    with pytest.raises(ValueError, match="no room"):
        split_text("x", 3)


def test_lines() -> None:
    assert lines_of("a\r\nb\rc\n\0d") == ["a", "b", "c", "d"]
