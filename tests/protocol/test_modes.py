"""What the tables of modes make of a line of changes."""

import pytest

from securechat.protocol.modes import without_key


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ("+k hunter2", "+k *"),
        ("-k *", "-k *"),
        ("+tlk-n 5 green", "+tlk-n 5 *"),
        ("-l+kob green anna x!*@*", "-l+kob * anna x!*@*"),
        ("-lov+k anna bob green", "-lov+k anna bob *"),
        ("+bk k green", "+bk k *"),
        ("+m", "+m"),
        ("+Xk green", "+Xk *"),
        ("+k", "+k"),
    ],
)
def test_a_key_is_not_shown_to_who_was_not_there(changes: str, shown: str) -> None:
    assert without_key(changes) == shown
