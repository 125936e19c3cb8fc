"""How notices reach the terminal and the desktop: bytes, programs, and what happens when nobody answers."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from securechat.client import ways_out
from securechat.client.notifying import Notice
from securechat.client.settings import Notifications
from securechat.client.ways_out import WaysOut, control_string, kind_of, through_tmux

NOTICE = Notice("anna in ops", "bob: <b>look</b>; now & here")
DEADLINE = 20.0
RECORD = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["RECORD"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
"""

Make = Callable[..., WaysOut]


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + DEADLINE
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.01)


@pytest.fixture
def written() -> list[str]:
    return []


@pytest.fixture
def make(written: list[str]) -> Iterator[Make]:
    made: list[WaysOut] = []

    def make(environment: Mapping[str, str], **settings: bool) -> WaysOut:
        only = {"bell": False, "terminal": False, "desktop": False} | settings
        ways = WaysOut(Notifications(**only), written.append, {"PATH": os.environ["PATH"], **environment})  # type: ignore[arg-type]
        made.append(ways)
        return ways

    yield make
    for ways in made:
        ways.close()


@pytest.fixture
def desktop(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Return an environment whose notify-send is a program of the test."""

    def make(script: str = RECORD) -> dict[str, str]:
        program = tmp_path / "bin" / "notify-send"
        program.parent.mkdir()
        program.write_text(script)
        program.chmod(0o755)
        return {"PATH": f"{program.parent}:{os.environ['PATH']}", "RECORD": str(tmp_path / "record")}

    return make


def recorded(tmp_path: Path) -> list[list[str]]:
    file = tmp_path / "record"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("iTerm.app", "xterm-256color"), "9"),
        (("", "xterm-kitty"), "9"),
        (("WezTerm", "xterm-256color"), "777"),
        (("ghostty", "xterm-ghostty"), "777"),
        (("", "foot-extra"), "777"),
        (("", "rxvt-unicode-256color"), "777"),
        (("", "xterm-256color"), ""),
        (("Apple_Terminal", "xterm-256color"), ""),
        (("tmux", "tmux-256color"), ""),
        (("", ""), ""),
    ],
)
def test_which_terminals_are_known(names: tuple[str, ...], kind: str) -> None:
    assert kind_of(*names) == kind


def test_the_bytes() -> None:
    assert control_string("9", NOTICE) == "\x1b]9;securechat: anna in ops: bob: <b>look</b>; now & here\x07"
    assert control_string("777", NOTICE) == "\x1b]777;notify;anna in ops;bob: <b>look</b>, now & here\x07"
    assert through_tmux("\x1b]9;hi\x07") == "\x1bPtmux;\x1b\x1b]9;hi\x07\x1b\\"


def test_the_bell_alone(make: Make, written: list[str]) -> None:
    ways = make({"TERM_PROGRAM": "iTerm.app"}, bell=True)
    ways.tell(NOTICE)
    assert written == ["\x07"]
    assert ways._thread.ident is None, "no thread is needed for that"


def test_a_known_terminal_shows_it_and_the_desktop_not_once_more(
    make: Make, written: list[str], desktop: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    ways = make({**desktop(), "TERM": "foot"}, terminal=True, desktop=True)
    ways.tell(NOTICE)
    until(lambda: written)
    ways.close()
    ways._thread.join(DEADLINE)
    assert written == [control_string("777", NOTICE)]
    assert recorded(tmp_path) == []


def test_the_desktop_gets_a_list_of_arguments_and_never_a_shell(
    make: Make, written: list[str], desktop: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    ways = make({**desktop(), "TERM": "xterm-256color"}, terminal=True, desktop=True)
    ways.tell(NOTICE)
    hostile = Notice("--urgency=critical", f"$(touch {tmp_path}/owned); `id` <img src=file:///etc/passwd>")
    ways.tell(hostile)
    until(lambda: len(recorded(tmp_path)) == 2)
    assert recorded(tmp_path) == [
        ["--app-name=securechat", "--", "anna in ops", "bob: &lt;b&gt;look&lt;/b&gt;; now &amp; here"],
        [
            "--app-name=securechat",
            "--",
            "--urgency=critical",
            f"$(touch {tmp_path}/owned); `id` &lt;img src=file:///etc/passwd&gt;",
        ],
    ]
    assert not (tmp_path / "owned").exists()
    assert written == []


def test_without_the_program_nothing_happens(make: Make, written: list[str], tmp_path: Path) -> None:
    ways = make({"PATH": str(tmp_path)}, desktop=True)
    ways.tell(NOTICE)
    ways.close()
    ways._thread.join(DEADLINE)
    assert not ways._thread.is_alive()
    assert written == []


def test_a_desktop_that_fails_or_hangs_holds_nobody_up(
    make: Make, desktop: Callable[..., dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways_out, "_PATIENCE_SECONDS", 0.2)
    script = '#!/bin/sh\necho "$3" >> "$RECORD"\n[ "$3" = fail ] && exit 1\nexec sleep 60\n'
    ways = make(desktop(script), desktop=True)
    record = tmp_path / "record"
    ways.tell(Notice("fail", "x"))
    until(lambda: record.exists() and record.read_text() == "fail\n")
    started = time.monotonic()
    for number in range(1000):
        ways.tell(Notice(f"hang {number}", "x"))
    assert time.monotonic() - started < 1
    assert ways._notices.qsize() <= 4, "what waits is bounded"
    ways.close()
    ways._thread.join(DEADLINE)
    assert not ways._thread.is_alive()
    assert len(record.read_text().splitlines()) <= 4


@pytest.mark.skipif(
    not all(map(shutil.which, ("tmux", "script", "tic", "infocmp"))), reason="there is no tmux, or no terminfo"
)
@pytest.mark.parametrize(("allowed", "shown"), [("on", True), ("off", False)])
def test_a_real_tmux_is_asked_what_it_lets_through(
    allowed: str, shown: bool, make: Make, written: list[str], tmp_path: Path
) -> None:
    """tmux has a client only in a terminal, so it gets one by `script`: one that calls itself foot."""
    described = subprocess.run(["infocmp", "xterm-256color"], capture_output=True, text=True, check=True).stdout
    compile_ = ["tic", "-x", "-o", str(tmp_path / "terminfo"), "-"]
    named = described.replace("xterm-256color|", "foot|", 1)
    subprocess.run(compile_, input=named, text=True, check=True, capture_output=True)
    socket = str(tmp_path / "socket")
    tmux = ["tmux", "-S", socket, "-f", "/dev/null"]
    environment = {**os.environ, "TERM": "foot", "TERMINFO": str(tmp_path / "terminfo")}
    environment.pop("TMUX", None)
    outer = subprocess.Popen(
        ["script", "-qc", f"{' '.join(tmux)} new-session -s s cat", "/dev/null"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    try:
        until(lambda: subprocess.run([*tmux, "list-clients"], capture_output=True, text=True).stdout)
        subprocess.run([*tmux, "set-option", "-g", "allow-passthrough", allowed], check=True)
        ways = make({"TMUX": f"{socket},1,0", "TERM": "tmux-256color"}, terminal=True)
        ways.tell(NOTICE)
        ways._notices.put(None)
        ways._thread.join(DEADLINE)
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True)
        outer.communicate(timeout=DEADLINE)
    assert written == ([through_tmux(control_string("777", NOTICE))] if shown else [])
