"""Budgets of commands and windows of events, on a clock of the test's own."""

import pytest

from securechat.server.throttle import Budget, Window


def test_a_burst_then_a_steady_rate() -> None:
    budget = Budget(rate=2, burst=3, now=100)
    assert [budget.wait(100) for _ in range(3)] == [0, 0, 0]
    assert budget.wait(100) == pytest.approx(0.5)
    assert budget.wait(100.25) == pytest.approx(0.25)
    assert budget.wait(100.5) == 0
    assert budget.wait(100.5) == pytest.approx(0.5)


def test_waiting_takes_nothing_and_rest_saves_no_more_than_a_burst() -> None:
    budget = Budget(rate=1, burst=2, now=0)
    assert [budget.wait(1000) for _ in range(2)] == [0, 0]
    for _ in range(5):
        assert budget.wait(1000) == pytest.approx(1)
    assert budget.wait(1001) == 0


def test_no_rate_is_no_limit() -> None:
    budget = Budget(rate=0, burst=1, now=0)
    assert all(budget.wait(0) == 0 for _ in range(1000))


def test_a_burst_of_zero_is_no_limit() -> None:
    budget = Budget(rate=1, burst=0, now=0)
    assert all(budget.wait(0) == 0 for _ in range(1000))


def test_a_burst_below_one_still_lets_one_command_through() -> None:
    budget = Budget(rate=1, burst=0.5, now=0)
    assert budget.wait(0) == 0
    assert budget.wait(0) == pytest.approx(1)


def test_a_window_tells_how_long_until_the_oldest_event_is_out_of_it() -> None:
    window = Window(limit=2, seconds=60)
    window.count("a", 0)
    assert window.wait("a", 1) == 0
    window.count("a", 10)
    assert window.wait("a", 20) == pytest.approx(40)
    assert window.wait("b", 20) == 0
    assert window.wait("a", 60) == 0
    window.count("a", 60)
    assert window.wait("a", 60) == pytest.approx(10)


def test_only_the_newest_events_of_a_key_count() -> None:
    window = Window(limit=2, seconds=60)
    for moment in range(10):
        window.count("a", moment)
    assert window.wait("a", 9) == pytest.approx(8 + 60 - 9)


def test_no_limit_counts_nothing() -> None:
    window = Window(limit=0, seconds=60)
    window.count("a", 0)
    assert window.wait("a", 0) == 0


def test_the_key_that_was_quiet_for_longest_is_forgotten_first() -> None:
    window = Window(limit=1, seconds=60, most_keys=2)
    window.count("a", 0)
    window.count("b", 1)
    window.count("a", 2)
    window.count("c", 3)
    assert window.wait("b", 3) == 0
    assert window.wait("a", 3) > 0
    assert window.wait("c", 3) > 0


def test_a_key_whose_events_are_all_old_is_forgotten() -> None:
    window = Window(limit=1, seconds=60, most_keys=1)
    window.count("a", 0)
    assert window.wait("a", 61) == 0
    window.count("b", 61)
    assert window.wait("b", 61) > 0


def test_what_costs_more_is_charged_and_may_make_a_debt() -> None:
    budget = Budget(rate=2, burst=3, now=0)
    assert budget.wait(0) == 0
    budget.charge(4)
    assert budget.wait(0) == pytest.approx(1.5)
    assert budget.wait(1.5) == 0
