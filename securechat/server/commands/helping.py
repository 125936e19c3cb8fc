"""HELP and HELPOP: the registry of commands, told to people (modern-irc, "HELP message")."""

from securechat.protocol.numerics import ERR_HELPNOTFOUND, RPL_ENDOFHELP, RPL_HELPSTART, RPL_HELPTXT
from securechat.server.context import Context
from securechat.server.registry import COMMANDS, command

INDEX = "index"
"""The subject of an answer to HELP without one."""

_NAMES_BYTES = 300


@command("HELP", help="HELP [<command>]: how a command is used; without one, which commands there are")
def help_(context: Context) -> None:
    """Explain one command, or list them all."""
    subject = context.param(0) or ""
    if not subject or subject.lower() == INDEX:
        _send(context, INDEX, ["The commands; HELP <command> explains one of them:", *_index()])
        return
    row = COMMANDS.get(subject.upper())
    if row is None:
        context.response.numeric(ERR_HELPNOTFOUND, subject=subject)
        return
    usage, _, meaning = row.help.partition(": ")
    lines = [usage, meaning] if meaning else [usage]
    _send(context, row.name, [*lines, f"It may be used {row.when}."])


@command("HELPOP", help="HELPOP [<command>]: the same as HELP")
def helpop(context: Context) -> None:
    """Do what HELP does, under the name that some clients know."""
    help_(context)


def _index() -> list[str]:
    """The names of all commands, in lines."""
    lines = [""]
    for name in sorted(COMMANDS):
        if len(lines[-1]) + len(name) >= _NAMES_BYTES:
            lines.append("")
        lines[-1] = f"{lines[-1]} {name}".lstrip()
    return lines


def _send(context: Context, subject: str, lines: list[str]) -> None:
    context.response.numeric(RPL_HELPSTART, subject=subject, line=lines[0])
    for line in lines[1:]:
        context.response.numeric(RPL_HELPTXT, subject=subject, line=line)
    context.response.numeric(RPL_ENDOFHELP, subject=subject)
