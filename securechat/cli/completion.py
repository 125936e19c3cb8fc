"""What makes bash, zsh and fish complete our commands: an option that prints it, made from the parser itself."""

import argparse
from collections.abc import Iterator
from typing import Final

from securechat.cli.streams import reader_has_gone

SHELLS: Final = ("bash", "zsh", "fish")


def add_completion(
    parser: argparse._ActionsContainer,  # a parser or a group of it
    text: str = "print what makes a shell complete this command",
) -> None:
    """Let a parser know `--print-completion`; `text` is the option's help."""
    parser.add_argument("--print-completion", choices=SHELLS, action=_PrintCompletion, help=text)


class _PrintCompletion(argparse.Action):
    """Prints the script that teaches a shell to complete this command, and ends."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 - of argparse
        values: object,
        option_string: str | None = None,  # noqa: ARG002 - of argparse
    ) -> None:
        """Print it."""
        import shtab

        paths = {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}
        for action in _actions(parser):
            if action.metavar in paths:
                action.complete = paths[action.metavar]  # type: ignore[attr-defined]
        try:
            print(shtab.complete(parser, str(values)), flush=True)
        except BrokenPipeError:
            parser.exit(reader_has_gone())
        parser.exit()


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Give each argument of a parser and of its subcommands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to them, and shtab takes it too
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                yield from _actions(below)
