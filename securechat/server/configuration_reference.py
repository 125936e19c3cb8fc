"""docs/configuration.md, written from the dataclasses of the configuration."""

import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

from securechat.server.configuration import tables
from securechat.server.settings import Setting, setting_of

_HEAD = """\
# Configuration

<!-- Generated: python -m securechat.server.configuration > docs/configuration.md -->

`securechat-server` needs no configuration. It reads `securechat.toml` in the folder that it is started in, if there is
one, or the file after `--config`. Every key is optional; what stands here are the defaults. Relative paths start at the
folder of the file. An unknown key or a wrong value is an error: the server tells all of them at once and does not
start.

`securechat-admin` reads the same file, to find the database and to use the same rules for passwords and names.
"""


def reference() -> str:
    """Return the whole page: what each key means and may be, then a file with all defaults."""
    parts = [_HEAD]
    sample = []
    for name, table in tables():
        doc = inspect.cleandoc(table.__doc__ or "")
        parts.append(f"\n## [{name}]\n\n{doc}\n\n| key | default | meaning | may be |\n|---|---|---|---|\n")
        sample.append(f"\n[{name}]\n")
        for one in dataclasses.fields(table):
            about = setting_of(one)
            default = about.default_text or f"`{_default(one)}`"
            parts.append(f"| `{one.name}` | {default} | {_cell(about.doc)} | {_cell(about.check.right)} |\n")
            sample.append(_sample_line(one, about))
    return "".join([*parts, "\n## A file with all defaults\n\n```toml", *sample, "```\n"])


def _sample_line(of: "dataclasses.Field[Any]", about: Setting) -> str:
    if about.default_text:
        return f"# {of.name} = {about.default_text}\n"
    return f"{of.name} = {_default(of)}\n"


def _default(of: "dataclasses.Field[Any]") -> str:
    """Return the default as TOML."""
    value = of.default
    if isinstance(value, tuple | Path):
        value = str(value) if isinstance(value, Path) else list(value)
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
