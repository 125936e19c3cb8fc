"""What all tests share."""

import signal
from collections.abc import Generator
from typing import Any

import pytest

from tests.tables import SENT, missing

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


def is_whole(config: pytest.Config) -> bool:
    """Whether nothing narrows the run down to some of the tests that run by themselves."""
    option = config.option
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and option.markexpr == "not slow and not peers"
        and not (option.keyword or option.deselect or option.ignore or option.ignore_glob or option.collectonly)
        and not (config.getoption("lf", False) or config.getoption("stepwise", False))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Gather what a worker of pytest-xdist has seen."""
    SENT.update(getattr(node, "workeroutput", {}).get("sent", ()))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    """Fail a whole run in which a row of the tables was never sent."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["sent"] = sorted(SENT)
    yield
    if not hasattr(session.config, "workeroutput") and exitstatus == pytest.ExitCode.OK and is_whole(session.config):
        complaints = missing(SENT)
        if complaints:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            print("", *complaints, sep="\n")
