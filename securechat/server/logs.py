"""The server's log: standard library logging to standard error, text for people, JSON lines for everything else.

| level | what it is for |
|---|---|
| ERROR | something of ours failed; an operator must look |
| WARNING | it goes on, but something should be mended |
| INFO | logins, accounts, refusals, ends of connections, start and stop |
| DEBUG | what helps to find a bug; no text of messages and no secret even here |

Values from outside can neither forge a line nor move the cursor: control characters are escaped. Secrets of commands
that carry one are taken out of every record, whoever logged it.
"""

import atexit
import json
import logging
import os
import queue
import re
import sys
import threading
import traceback
from typing import Final, TextIO

from securechat.clock import format_time
from securechat.printing import printable

LOGGER: Final = "securechat"
"""The parent of all our loggers."""

# What a LogRecord has by itself; everything else in it was given as `extra` and is part of the line.
_OWN: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {"message", "asctime", "taskName"}

# Commands whose parameters are secret. In capitals wherever they stand; in other letters where a client's line may
# begin (at the start, or behind a quote, `:`, `>` or `<`), as "pass" is also a word. The others keep a first word.
_NAMED: Final = "REGISTER|OPER|TOTP|APPPASSWORD"
_COMMAND: Final = (
    r"(?:(AUTHENTICATE|PASS|PASSWD|MANAGE)[ \t]+(?!\(hidden\))[^\r\n]+"
    rf"|((?:{_NAMED})[ \t]+\S+)[ \t]+(?!\(hidden\))[^\r\n]+)"
)
_SECRETS: Final = (
    re.compile(r"(?<!\w)" + _COMMAND),
    re.compile(r"(?:^|(?<=[\"':<>])|(?<=[<>:] ))" + _COMMAND, re.IGNORECASE | re.MULTILINE),
)
MOST_WAITING: Final = 10_000
"""How many records wait for a log that is read slowly."""
STOP_SECONDS: Final = 1.0
"""How long the end of the process waits for such a log."""

_INVITE: Final = re.compile(r"(?i)([?&]invite=)[^&\s'\"]+")
_SASL_WORDS: Final = frozenset({"PLAIN", "SCRAM-SHA-256", "*", "+"})


def redact(text: str) -> str:
    """Return `text` without the secrets of lines that carry some and of invite links in it.

    The name of a SASL mechanism is none and stays.
    """

    def hide(found: re.Match[str]) -> str:
        if found[2]:
            return f"{found[2]} (hidden)"
        words = found[0].split()
        if found[1].upper() == "AUTHENTICATE" and len(words) == 2 and words[1].upper() in _SASL_WORDS:
            return found[0]
        return f"{found[1]} (hidden)"

    for pattern in _SECRETS:
        text = pattern.sub(hide, text)
    return _INVITE.sub(r"\1(hidden)", text)


_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""From which level of ours on which priority of syslog(3) counts, the highest first."""


class Formatter(logging.Formatter):
    """What both formats share: the text of a record and its extra values, without secrets."""

    def text_of(self, record: logging.LogRecord) -> str:
        """Return the message of the record, redacted; control characters are still in it."""
        return redact(record.getMessage())

    def extras_of(self, record: logging.LogRecord) -> dict[str, object]:
        """Return the values that were logged beside the message, redacted; empty ones say nothing and are left out."""
        return {
            name: redact(value) if isinstance(value, str) else value
            for name, value in vars(record).items()
            if name not in _OWN and value != "" and value is not None
        }

    def traceback_of(self, record: logging.LogRecord) -> str:
        """Return the traceback of the record, redacted, or nothing."""
        if record.exc_info and record.exc_info[1] is not None:
            return redact("".join(traceback.format_exception(record.exc_info[1])).rstrip())
        return ""


class TextFormatter(Formatter):
    """`2026-11-22T08:00:00.000Z INFO  server.login: Logged in account=ann peer=192.0.2.7`, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; a traceback follows, each line of it indented."""
        name = record.name.removeprefix(f"{LOGGER}.")
        values = "".join(f" {name}={_value(value)}" for name, value in self.extras_of(record).items())
        time = format_time(int(record.created * 1000))
        line = f"{time} {record.levelname:<7} {name}: {printable(self.text_of(record))}{values}"
        trace = "".join(f"\n    {printable(one)}" for one in self.traceback_of(record).splitlines())
        return line + trace


class JsonFormatter(Formatter):
    """One JSON object a line: time, level, logger, thread, message, the extra values, and traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of ASCII: JSON escapes everything that could forge another."""
        fields: dict[str, object] = {
            "time": format_time(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": self.text_of(record),
        }
        for name, value in self.extras_of(record).items():
            fields.setdefault(name, value)
        trace = self.traceback_of(record)
        if trace:
            fields["traceback"] = trace
        return json.dumps(fields, default=str)


class JournalFormatter(Formatter):
    """What another formatter makes, each line with its level as systemd's journal reads it (sd-daemon(3)): `<4>`.

    The journal takes that off; `journalctl -p warning` goes by it.
    """

    def __init__(self, of: Formatter) -> None:
        super().__init__()
        self._of = of

    def format(self, record: logging.LogRecord) -> str:
        """Return the record, each line of it with its level."""
        mark = mark_of(record.levelno)
        return "\n".join(f"{mark}{line}" for line in self._of.format(record).split("\n"))


def mark_of(level: int) -> str:
    """Return what tells systemd's journal the level (of logging) of a line."""
    return next((f"<{number}>" for least, number in _PRIORITIES if level >= least), "<7>")


def is_journal(stream: TextIO) -> bool:
    """Whether what is written there goes straight to systemd's journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _value(value: object) -> str:
    """Return an extra value for a text line; in quotes when it would not be clear where it ends.

    A name that somebody tried to log in with may hold quotes: `x" account="root` must not look like two values.
    """
    text = printable(str(value))
    if text and not any(one in text for one in ' ="'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class ThreadedHandler(logging.Handler):
    """Hands records to a thread that writes them, so that a log that nobody reads stops nobody.

    At most MOST_WAITING records wait; beyond that they are counted, and the count is written when there is room again.
    """

    def __init__(self, writer: logging.Handler) -> None:
        super().__init__()
        self._writer = writer
        self._records: queue.Queue[logging.LogRecord | None] = queue.Queue(MOST_WAITING)
        self._dropped = 0  # changed under the handler's own lock, which `handle` holds
        # A daemon: when the log is not read, the process must be able to end all the same.
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record, or count it. Never waits."""
        try:
            if self._dropped:
                self._records.put_nowait(_dropped_record(self._dropped))
                self._dropped = 0
            self._records.put_nowait(record)
        except queue.Full:
            self._dropped += 1

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Write what waits, if that is possible within `seconds`, and end the thread."""
        try:
            self._records.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _run(self) -> None:
        """Write until told to stop. Has no caller: what goes wrong with the stream is dealt with by its handler."""
        while (record := self._records.get()) is not None:
            self._writer.handle(record)


def _dropped_record(count: int) -> logging.LogRecord:
    text = "%d log lines were dropped: the log was not read"
    return logging.LogRecord(f"{LOGGER}.server.logs", logging.WARNING, __file__, 0, text, (count,), None)


def setup(
    level: str = "info",
    format: str = "auto",  # noqa: A002 - the key's name
    stream: TextIO | None = None,
    *,
    threaded: bool = False,
) -> None:
    """Send everything from `level` (debug, info, warning, error) on to `stream` (standard error by default).

    `format`: "text", "json", or "auto": text on a terminal, JSON otherwise. Called again, it replaces what was set up.
    `threaded`: a thread does the writing; `stop` writes what waits, and is called at the end of the process.
    """
    target = stream if stream is not None else sys.stderr
    as_text = format == "text" or (format == "auto" and target.isatty())
    handler: logging.Handler = logging.StreamHandler(target)
    formatter = TextFormatter() if as_text else JsonFormatter()
    handler.setFormatter(JournalFormatter(formatter) if is_journal(target) else formatter)
    if threaded:
        handler = ThreadedHandler(handler)
        atexit.register(stop)
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "of_securechat", False):
            root.removeHandler(old)
    handler.of_securechat = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    # Libraries are heard from WARNING on: their details are no concern of an operator, and may hold values of ours.
    ours = logging.getLogger(LOGGER)
    ours.setLevel(level.upper())
    root.setLevel(max(logging.WARNING, ours.level))


def report_unraisable(found: "sys.UnraisableHookArgs") -> None:
    """Log an exception that had nobody to take it, in one line. For `sys.unraisablehook`.

    What a peer sends can be its cause, such as a name in the TLS handshake that is not ASCII: the ssl module calls us
    with it, and refuses the peer.
    """
    where = getattr(found.object, "__qualname__", type(found.object).__name__)
    logging.getLogger(f"{LOGGER}.server.logs").warning(
        "%s (%s): %s: %s",
        found.err_msg or "An exception was ignored",
        where,
        found.exc_type.__name__,
        found.exc_value,
    )


def stop() -> None:
    """Write what waits for the log's thread, if there is one."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, ThreadedHandler):
            handler.stop()
