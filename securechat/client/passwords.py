"""Where the password comes from: a file, the environment, or the person at the terminal. Never the command line."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from securechat.client.errors import LoginRefused, UsageError
from securechat.client.texts import _, system_words

VARIABLE = "SECURECHAT_PASSWORD"
Ask = Callable[[str], str]
"""Shows a prompt on the terminal and returns what was typed, unseen."""


def ask_terminal(prompt: str) -> str:
    """Ask on /dev/tty, so that standard input may be a pipe. Raises LoginRefused when there is no terminal."""
    if os.name == "posix":
        # getpass itself would fall back to standard input and show what is typed.
        try:
            os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        except OSError:
            raise LoginRefused(
                _("No password was given, and there is no terminal to ask on: use --password-file or {name}.").format(
                    name=VARIABLE
                )
            ) from None
    import getpass

    try:
        return getpass.getpass(prompt)
    except EOFError:
        raise LoginRefused(_("No password was given.")) from None


def given_password(file: Path | None, environment: Mapping[str, str]) -> str | None:
    """Return the password out of the file, else out of the environment; None when there is neither.

    Raises UsageError when the file cannot be read, is empty, or can be read by others.
    """
    if file is not None:
        return _from_file(file)
    return environment.get(VARIABLE) or None


def ask_new_password(ask: Ask, say: Callable[[str], None], prompt: str = "") -> str:
    """Ask for a new password twice, until both are the same. `prompt` stands for that of the first time."""
    while True:
        password = ask(prompt or _("Password: "))
        if not password:
            say(_("The password is empty."))
        elif ask(_("The same again: ")) == password:
            return password
        else:
            say(_("These were two different passwords."))


def _from_file(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UsageError(_("Others can read the password in {path}: chmod 600 {path}").format(path=file))
            password = stream.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = system_words(error.errno) if isinstance(error, OSError) and error.errno else _("it is not UTF-8")
        raise UsageError(_("Cannot read {path}: {reason}").format(path=file, reason=reason)) from error
    if not password:
        raise UsageError(_("The first line of {path} is empty.").format(path=file))
    return password
