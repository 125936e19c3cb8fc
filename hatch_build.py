"""Build hook: compile the message catalogues (.po, in git) to .mo files (not in git) with Babel."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for source in Path(self.root, "securechat", "locale").glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as po_file:
                catalogue = read_po(po_file, locale=source.parts[-3])
            with source.with_suffix(".mo").open("wb") as mo_file:
                write_mo(mo_file, catalogue)
