"""How refusals say when something may be tried again."""

import pytest

from securechat.server.waiting import seconds_of, try_again


@pytest.mark.parametrize(("wait", "seconds"), [(0.01, 1), (1.0, 1), (1.01, 2), (59.5, 60)])
def test_whole_seconds_after_which_it_is_over(wait: float, seconds: int) -> None:
    assert seconds_of(wait) == seconds


def test_the_sentence() -> None:
    assert try_again("Too many knocks", 0.5) == "Too many knocks; try again in 1 second"
    assert try_again("Too many knocks", 1.5) == "Too many knocks; try again in 2 seconds"
