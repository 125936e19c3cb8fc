"""What all tests share."""

import signal
from collections.abc import Generator

import pytest

# A run in the background of a script inherits an ignored SIGINT, and so would the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape what UTF-8 cannot hold in captured output: hostile text is tested, and pytest-xdist ends at a surrogate.

    (It sends reports from its workers as UTF-8, also those of tests that passed.)
    """
    report = yield
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    return report
