"""The manual pages of our commands, made from their parsers: `python -m securechat.cli.manuals man` writes them.

For those who change the program: needs `argparse-manpage`, which nobody else does. The pages are kept beside the
sources and come with the wheel (`share/man/man1`).
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from securechat import __version__
from securechat.cli import admin, client, gencert, server
from securechat.client.passwords import VARIABLE
from securechat.client.settings import Settings
from securechat.settings.checks import setting_of
from securechat.settings.reading import tables_of

REVISED: Final = "2026-11-28"
"""The date of the pages: of the last change that readers should know of, so that it is the same on every machine."""
_COLUMNS: Final = "80"
"""The width for which argparse breaks lines; `man` breaks them anew."""
_LONG_WORD: Final = re.compile(r"[^\s]{30,}")
_TITLE: Final = "securechat manual"

Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Manual:
    """What a page holds besides what its parser says."""

    make_parser: Callable[[], argparse.ArgumentParser]
    summary: str
    exit_codes: Sequence[Entry]
    files: Sequence[Entry]
    environment: Sequence[Entry] = ()
    notes: str = ""


def _client_variables() -> list[Entry]:
    """Return the variables of the client: one for each setting, and those that have another reason."""
    own = [
        (about.variable, f"{table}.{one.name}: {about.doc.replace('`', '')}")
        for table, of in tables_of(Settings)
        for one in fields(of)
        if (about := setting_of(one)).variable
    ]
    return [
        (VARIABLE, "Your password, if no file holds it."),
        *own,
        ("NO_COLOR", "If it is set and not empty, no colours are used, unless a setting or an option wants them."),
        ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where the folder of the settings is, and that of what is remembered."),
    ]


_OF_THE_SERVER: Final = (
    ("securechat.toml", "Settings, if you want other ones; docs/configuration.md has all of them."),
    ("securechat.db", "Everything: accounts, rooms, history. While the server runs also -wal, -shm, .lock, .sock."),
    ("certs/", "ca.pem (public), ca.key (secret), server.pem, server.key (secret)."),
)

MANUALS: Final = (
    Manual(
        client.make_parser,
        "talk in the rooms of a securechat server, or let scripts do so",
        (
            ("0", "Done: every line is on the server's disk."),
            ("1", "Another error."),
            ("2", "The command line or a setting is wrong."),
            ("3", "No connection to the server."),
            ("4", "The server could not be verified; nothing was sent to it."),
            ("5", "Login refused."),
            ("6", "No such room, or not allowed."),
            ("7", "A message was not delivered, or not confirmed within --timeout."),
            ("130", "Interrupted."),
        ),
        (
            ("~/.config/securechat/client.toml", "Settings, if you want any; docs/client-configuration.md has all."),
            ("~/.local/state/securechat/known_servers.json", "What is remembered of servers; no password."),
            ("certs/ca.pem", "In the current folder: the authority of a server on this machine."),
        ),
        tuple(_client_variables()),
        "On a terminal the chat fills the screen; F1 shows all keys and commands. With --plain, on a dumb terminal and "
        "with --json it talks in lines. Standard output holds messages only, everything else goes to standard error. "
        "With piped standard input each line is sent as one message.",
    ),
    Manual(
        server.parser,
        "private chat server over TLS with lasting history",
        (("0", "Stopped as told."), ("1", "Failed."), ("2", "Wrong arguments or configuration.")),
        _OF_THE_SERVER,
        (),
        "SIGINT and SIGTERM stop it in order; SIGHUP makes it look for new certificates at once.",
    ),
    Manual(
        gencert.parser,
        "make, renew and show the certificates of a securechat server",
        (
            ("0", "Done."),
            ("1", "Refused, or status found something wrong."),
            ("2", "Wrong arguments."),
            ("3", "Nothing was to revoke, as it is revoked already."),
        ),
        _OF_THE_SERVER[2:],
        (),
        "Clients trust the authority (ca.pem, public). Keep ca.key secret: who has it can pose as your server.",
    ),
    Manual(
        admin.parser,
        "manage accounts, invites and rooms of a securechat server",
        (
            ("0", "Done."),
            ("1", "Refused or failed."),
            ("2", "Wrong arguments or configuration, or not confirmed (--yes)."),
            ("3", "Nothing was to do, as all is so already: whoever is suspended was suspended, for example."),
            ("130", "Interrupted."),
        ),
        _OF_THE_SERVER,
    ),
)


def pages() -> dict[str, str]:
    """Return each page by the name of its file."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        made = [_page(manual) for manual in MANUALS]
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return dict(made)


def _page(manual: Manual) -> tuple[str, str]:
    from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]

    parser = manual.make_parser()
    parser.epilog = None  # it says in brief what stands in sections of its own here
    others = [one.make_parser().prog for one in MANUALS if one is not manual]
    about = {
        "project_name": "securechat",
        "version": __version__,
        "manual_title": _TITLE,
        "description": manual.summary,
        "date": REVISED,
    }
    page = Manpage(parser, about, format="single-commands-section")
    usage = parser.format_usage().partition(":")[2].split()
    page.add_section("synopsis", "=", f"\\fB{_roff(usage[0])}\\fR {_roff(' '.join(usage[1:]))}")
    if manual.notes:
        page.add_section("notes", "=", _roff(manual.notes))
    page.add_section("exit status", "=", _list(manual.exit_codes))
    if manual.environment:
        page.add_section("environment", "=", _list(manual.environment))
    page.add_section("files", "=", _list(manual.files))
    page.add_section("see also", "=", ", ".join(f"\\fB{_roff(name)}\\fR(1)" for name in sorted(others)))
    return f"{parser.prog}.1", _LONG_WORD.sub(_breakable, re.sub(r"\n{2,}", "\n", str(page)))


def _breakable(word: re.Match[str]) -> str:
    """Let a line end within a word that is a list of choices."""
    return re.sub(r"(?<=[|,])(?=[\w\\{])", r"\\:", word[0])


def _list(entries: Sequence[Entry]) -> str:
    return "\n".join(f".TP\n\\fB{_roff(name)}\\fR\n{_roff(text)}" for name, text in entries)


def _roff(text: str) -> str:
    """Return text that roff(7) shows as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
