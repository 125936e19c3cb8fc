"""The reference of a configuration, written from its dataclasses: what each key means, and a file with all defaults."""

import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

from securechat.settings.checks import Setting, setting_of
from securechat.settings.reading import tables_of


def page(configuration: type[Any], head: str) -> str:
    """Return the whole page in Markdown, below `head`. Flags and variables have a column where any key has one."""
    parts = [head]
    sample = []
    for name, table in tables_of(configuration):
        doc = inspect.cleandoc(table.__doc__ or "")
        fields = [(one, setting_of(one)) for one in dataclasses.fields(table)]
        ways = any(about.flag or about.variable for _, about in fields)
        parts.append(f"\n## [{name}]\n\n{doc}\n\n| key | default | meaning | may be |{' also by |' if ways else ''}\n")
        parts.append(f"|---|---|---|---|{'---|' if ways else ''}\n")
        sample.append(f"\n[{name}]\n")
        for one, about in fields:
            default = about.default_text or f"`{toml_of(one.default)}`"
            also = ", ".join(f"`{way}`" for way in (about.flag, about.variable) if way)
            row = f"| `{one.name}` | {default} | {_cell(about.doc)} | {_cell(about.check.right)} |"
            parts.append(f"{row}{f' {also} |' if ways else ''}\n")
            sample.append(_sample_line(one, about))
    return "".join([*parts, "\n## A file with all defaults\n\n```toml", *sample, "```\n"])


def _sample_line(of: "dataclasses.Field[Any]", about: Setting) -> str:
    if about.default_text:
        return f"# {of.name} = {about.default_text}\n"
    return f"{of.name} = {toml_of(of.default)}\n"


def toml_of(value: object) -> str:
    """Return a value of a setting as TOML."""
    if isinstance(value, Path):
        value = str(value)
    elif isinstance(value, tuple):
        value = [str(one) for one in value]
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
