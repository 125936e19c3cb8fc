"""How much room a typed line takes on the screen."""

import pytest

from securechat.client.terminal import columns_of, rows_of


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("hello", 5), ("привет", 6), ("你好", 4), ("e\u0301", 1), ("a\u200db", 2)],
)
def test_columns(text: str, columns: int) -> None:
    assert columns_of(text) == columns


@pytest.mark.parametrize(
    ("columns", "rows"), [(0, 1), (1, 1), (39, 1), (40, 1), (41, 2), (80, 2), (81, 3), (120, 3), (121, 4)]
)
def test_a_line_that_just_fills_a_row_takes_one(columns: int, rows: int) -> None:
    """One row too many would wipe what somebody else has said."""
    assert rows_of("x" * columns, 40) == rows


def test_a_terminal_that_tells_no_width() -> None:
    assert rows_of("xx", 0) == 2
