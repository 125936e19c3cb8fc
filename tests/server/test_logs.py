"""The log: formats, escaping, and that no secret gets into it whatever is logged."""

import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server import logs

SECRET = "tr0ub4dor&3"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was found.

    Meanwhile pytest's own handlers are away: what they keep of our hostile texts cannot go between its processes.
    """
    root, ours = logging.getLogger(), logging.getLogger(logs.LOGGER)
    before = (root.handlers[:], root.level, ours.level)
    root.handlers.clear()
    yield
    root.handlers[:], level, ours_level = before
    root.setLevel(level)
    ours.setLevel(ours_level)


def test_text_on_a_terminal() -> None:
    stream = Terminal()
    logs.setup("info", "auto", stream)
    record = {"account": "ann", "peer": "192.0.2.7", "note": "two words", "nothing": ""}
    logging.getLogger("securechat.server.login").info("Logged %s", "in", extra=record)
    time, rest = stream.getvalue().split(" ", 1)
    assert time.endswith("Z")
    assert rest == 'INFO    server.login: Logged in account=ann peer=192.0.2.7 note="two words"\n'


def test_json_elsewhere() -> None:
    stream = io.StringIO()
    logs.setup("info", "auto", stream)
    logging.getLogger("securechat.net").warning("Closing: %s", "slow", extra={"peer": "::1", "administrator": False})
    found = json.loads(stream.getvalue())
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "warning",
        "logger": "securechat.net",
        "thread": "MainThread",
        "message": "Closing: slow",
        "peer": "::1",
        "administrator": False,
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_journal_of_systemd_learns_the_level_of_each_line(
    style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "log").open("w+") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        logs.setup("debug", style, stream)
        ours = logging.getLogger(f"{logs.LOGGER}.server")
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            ours.log(level, "one\ntwo")
        try:
            raise ValueError("x")
        except ValueError:
            ours.exception("three")
        lines = (tmp_path / "log").read_text().splitlines()
        assert [line[:3] for line in lines[:5]] == ["<7>", "<6>", "<4>", "<3>", "<2>"]
        assert {line[:3] for line in lines[5:]} == {"<3>"}
        assert style == "text" or json.loads(lines[0][3:])["message"] == "one\ntwo"


def test_elsewhere_no_line_has_a_level_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is handed down to whatever a service starts, with its error output somewhere else."""
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    stream = io.StringIO()
    logs.setup("info", "json", stream)
    logging.getLogger(f"{logs.LOGGER}.server").warning("one")
    assert stream.getvalue().startswith("{")
    assert not logs.is_journal(sys.stderr)


def test_a_value_cannot_look_like_two() -> None:
    stream = io.StringIO()
    logs.setup("info", "text", stream)
    for value in ('x" account="root', '"', "a\\ b"):
        logging.getLogger("securechat").info("Login failed", extra={"account": value})
    values = [line.partition("Login failed account=")[2] for line in stream.getvalue().splitlines()]
    assert values == ['"x\\" account=\\"root"', '"\\""', '"a\\\\ b"']


def test_an_extra_value_cannot_replace_a_field_of_the_record() -> None:
    stream = io.StringIO()
    logs.setup("info", "json", stream)
    logging.getLogger("securechat").error("true", extra={"time": "yesterday", "level": "debug"})
    found = json.loads(stream.getvalue())
    assert found["level"] == "error"
    assert found["time"] != "yesterday"


@pytest.mark.parametrize("style", ["text", "json"])
def test_nobody_forges_a_line_or_moves_the_cursor(style: str) -> None:
    stream = io.StringIO()
    logs.setup("info", style, stream)
    evil = "x\r\n2026-11-22T08:00:00.000Z ERROR forged\x1b[2J\u2028\u202e\x9b\udc80"
    try:
        raise ValueError(evil)
    except ValueError:
        logging.getLogger("securechat").exception("Evil: %s", evil, extra={"nick": evil})
    for line in stream.getvalue().splitlines():
        assert line.isprintable()
        assert not line.startswith("2026-11-22T08:00:00.000Z ERROR forged")


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize(
    "line",
    [
        f"AUTHENTICATE {SECRET}",
        f"authenticate {SECRET}",
        f"PASS {SECRET}",
        f"PASS :{SECRET}",
        f"pass :{SECRET} {SECRET}",
        f"REGISTER ann * :{SECRET}",
        f"> REGISTER * * {SECRET}",
        f"<pass {SECRET}",
        f"b'@label=1 AUTHENTICATE {SECRET}\\r\\n'",
        f"first\nPASS {SECRET}",
        f"securechat-client 'securechat://chat.lan/general?invite={SECRET}'",
        f"securechat://chat.lan/general?ca=00&invite={SECRET}",
    ],
)
def test_no_secret_gets_into_any_part_of_a_record(style: str, line: str) -> None:
    stream = io.StringIO()
    logs.setup("debug", style, stream)
    logger = logging.getLogger("securechat.server")
    try:
        raise ValueError(line)
    except ValueError:
        logger.exception("Bug at %s", line if line[0] == "A" else "a line", extra={"line": line})
    logger.debug(line)
    assert SECRET.partition("&")[0] not in stream.getvalue()
    assert "(hidden)" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    ["AUTHENTICATE PLAIN", "AUTHENTICATE *", "Did not pass the check", "Bug while running PASS; closed", "REGISTER"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert logs.redact(text) == text


def test_the_name_of_an_account_stays() -> None:
    assert logs.redact("REGISTER ann * :hush") == "REGISTER ann (hidden)"
    assert logs.redact("OPER ann :hush hush") == "OPER ann (hidden)"


def test_levels_and_libraries() -> None:
    stream = io.StringIO()
    logs.setup("debug", "text", stream)
    logging.getLogger("securechat.x").debug("ours")
    logging.getLogger("sqlalchemy.engine").info("a statement with values")
    logging.getLogger("library").warning("theirs")
    logs.setup("error", "text", stream)
    logging.getLogger("securechat.x").warning("quiet")
    logging.getLogger("library").warning("quiet too")
    logging.getLogger("securechat.x").error("last")
    messages = [line.partition(": ")[2] for line in stream.getvalue().splitlines()]
    assert messages == ["ours", "theirs", "last"]


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("info", "text")
    logging.getLogger("securechat.x").info("hello")
    captured = capsys.readouterr()
    assert captured.err.endswith("x: hello\n")
    assert captured.out == ""


def test_a_log_that_nobody_reads_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is written when it is read again; what was dropped is counted."""
    monkeypatch.setattr(logs, "MOST_WAITING", 5)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as reader, os.fdopen(writing, "w", buffering=1) as stream:
        logs.setup("info", "json", stream, threaded=True)
        long = "x" * 100_000  # more than a pipe holds: the log's thread waits in the first record
        for number in range(50):
            logging.getLogger("securechat").info("%d %s", number, long)
        seen = b""
        while b"dropped" not in seen:
            seen = (seen + reader.read(65536))[-200_000:]
            logging.getLogger("securechat").info("more")
        logs.stop()
    assert b"log lines were dropped: the log was not read" in seen


def test_the_log_is_complete_when_it_was_stopped() -> None:
    stream = io.StringIO()
    logs.setup("info", "text", stream, threaded=True)
    for number in range(1000):
        logging.getLogger("securechat").info("number %d", number)
    logs.stop()
    assert [line.rpartition(" ")[2] for line in stream.getvalue().splitlines()] == [str(n) for n in range(1000)]


def test_an_exception_that_nobody_takes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Fragile:
        def __del__(self) -> None:
            raise ValueError("a\nforged \x1b[2J line")

    logs.setup("info", "text")
    before, sys.unraisablehook = sys.unraisablehook, logs.report_unraisable
    try:
        Fragile()
    finally:
        sys.unraisablehook = before
    (line,) = capsys.readouterr().err.splitlines()
    assert "WARNING server.logs: An exception was ignored" in line
    assert line.endswith("Fragile.__del__): ValueError: a\\nforged \\x1b[2J line")
