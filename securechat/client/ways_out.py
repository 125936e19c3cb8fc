"""How a notice reaches a person: the bell, the terminal, the desktop. Nothing here waits on the screen's thread."""

import html
import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final

from securechat.client.notifying import Notice
from securechat.client.settings import Notifications

log = logging.getLogger("securechat.client")

BELL: Final = "\x07"
_MOST_WAITING: Final = 4
"""More notices than these are not kept for a desktop that does not answer."""
_PATIENCE_SECONDS: Final = 5.0
_LINE: Final = "9"
_TITLED: Final = "777"
_KNOWN: Final = {
    "iterm": _LINE,
    "xterm-kitty": _LINE,
    "kitty": _LINE,
    "wezterm": _TITLED,
    "ghostty": _TITLED,
    "xterm-ghostty": _TITLED,
    "foot": _TITLED,
    "rxvt-unicode": _TITLED,
}
"""What the names of terminals begin with (TERM_PROGRAM, TERM, or what tmux says), and the number of the control string
(OSC) by which each shows a notice: 9 is a line of text (iTerm2), 777 a title and a text (rxvt-unicode)."""


def kind_of(*names: str) -> str:
    """Return by which control string a terminal of these names shows notices; nothing when none is known."""
    for name in names:
        for beginning, kind in _KNOWN.items():
            if name.lower().startswith(beginning):
                return kind
    return ""


def control_string(kind: str, notice: Notice) -> str:
    """Return what lets the terminal show a notice."""
    if kind == _LINE:
        return f"\x1b]9;securechat: {notice.title}: {notice.text}\x07"
    title, text = (one.replace(";", ",") for one in (notice.title, notice.text))  # it divides the fields
    return f"\x1b]777;notify;{title};{text}\x07"


def through_tmux(control: str) -> str:
    """Return what lets tmux pass a control string to the terminal around it (tmux(1), `allow-passthrough`)."""
    doubled = control.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


class WaysOut:
    """The ways that the settings, the terminal and this machine allow. What has to wait does so on its own thread."""

    def __init__(
        self, settings: Notifications, write: Callable[[str], None], environment: Mapping[str, str] = os.environ
    ) -> None:
        """`write` gives text to the terminal, from any thread."""
        self.settings = settings
        self._write = write
        self._environment = environment
        self._notices: Queue[Notice | None] = Queue(_MOST_WAITING)
        # A daemon: a desktop that does not answer must not hold up leaving.
        self._thread = Thread(target=self._run, name="notices", daemon=True)

    def tell(self, notice: Notice) -> None:
        """Tell a person, by all ways that there are; returns at once."""
        if self.settings.bell:
            self._write(BELL)
        if not (self.settings.terminal or self.settings.desktop):
            return
        if self._thread.ident is None:
            self._thread.start()
        try:
            self._notices.put_nowait(notice)
        except Full:
            log.debug("a notice is dropped, as the desktop does not answer")

    def close(self) -> None:
        """Tell nothing more."""
        try:
            while True:
                self._notices.get_nowait()
        except Empty:
            self._notices.put_nowait(None)

    def _run(self) -> None:
        kind, inside_tmux = self._terminal() if self.settings.terminal else ("", False)
        program = shutil.which("notify-send", path=self._environment.get("PATH")) if self.settings.desktop else None
        while (notice := self._notices.get()) is not None:
            if kind:
                control = control_string(kind, notice)
                self._write(through_tmux(control) if inside_tmux else control)
            elif program:
                self._show_on_desktop(program, notice)

    def _terminal(self) -> tuple[str, bool]:
        """Return by which control string the terminal shows notices, if it does, and whether tmux is in between."""
        if "TMUX" not in self._environment:
            return kind_of(self._environment.get("TERM_PROGRAM", ""), self._environment.get("TERM", "")), False
        pane = self._environment.get("TMUX_PANE", "")
        question = "#{allow-passthrough}\n#{client_termname}\n#{client_termtype}"
        try:
            answer = self._ask(["tmux", "display-message", *(["-t", pane] if pane else []), "-p", question])
        except (OSError, subprocess.SubprocessError):
            return "", False
        allowed, *names = [*answer.splitlines(), "", "", ""][:3]
        return (kind_of(*reversed(names)), True) if allowed in {"1", "2", "on", "all"} else ("", False)

    def _ask(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
            check=True,
            env=dict(self._environment),
        )
        return done.stdout.decode(errors="replace")

    def _show_on_desktop(self, program: str, notice: Notice) -> None:
        # The text may be marked up (Desktop Notifications Specification, "Markup"); that of others is not.
        text = html.escape(notice.text, quote=False)
        try:
            self._ask([program, "--app-name=securechat", "--", notice.title, text])
        except (OSError, subprocess.SubprocessError) as error:
            log.debug("notify-send failed: %s", error)
