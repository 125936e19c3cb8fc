"""The rows of operations as arguments of argparse, for a command line and for MANAGE, and back as a request."""

import argparse
from pathlib import Path
from typing import Any

from securechat.server.management.rows import Operation


def add_arguments(parser: argparse.ArgumentParser, operation: Operation) -> None:
    """Let `parser` take the arguments of `operation` that people give; those that are secret are not among them."""
    for argument in operation.arguments:
        shown: dict[str, Any] = {"help": argument.help}
        if argument.metavar:
            shown["metavar"] = argument.metavar
        if argument.type is int:
            shown["type"] = _whole_number
        if argument.secret or argument.hidden:
            continue
        if argument.needed:
            parser.add_argument(argument.name, **shown)
            continue
        if argument.by_position:
            parser.add_argument(argument.name, nargs="?", **shown)
            continue
        if argument.type is bool:
            shown["action"] = "store_true"
        elif argument.type is list:
            shown["action"] = "append"
        option = argument.option or f"--{argument.name.replace('_', '-')}"
        # What is not given is not in the request either: the function has its own default.
        default = argparse.SUPPRESS if argument.default is None else argument.default
        parser.add_argument(option, dest=argument.name, default=default, **shown)
    if operation.question is not None:
        parser.add_argument("--yes", action="store_true", help="do it without asking")


def _whole_number(text: str) -> int:
    """Return the number that a person wrote. Raises ArgumentTypeError, in words."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def add_console_arguments(parser: argparse.ArgumentParser, operation: Operation) -> None:
    """Let `parser` take what only a terminal can: secrets from standard input, files to write, pictures."""
    for argument in operation.arguments:
        if argument.secret:
            parser.add_argument(
                f"--{argument.name}-stdin",
                action="store_true",
                help=f"read the {argument.name} from the first line of standard input instead of asking for it twice",
            )
    if operation.link is not None:
        parser.add_argument("--qr", action="store_true", help="on a terminal, show the link as a QR code as well")
    if operation.in_parts:
        parser.add_argument("--output", type=Path, metavar="FILE", help="a new file (default: standard output)")


def request_of(operation: Operation, given: argparse.Namespace) -> dict[str, Any]:
    """Return the request for `operation` with the arguments that were given, without those that are secret."""
    values = vars(given)
    parameters = {one.name: values[one.name] for one in operation.arguments if values.get(one.name) is not None}
    return {"operation": operation.name, **parameters}
