"""What all tests of the client share: certificates, compiled catalogues, English, and no state of the user's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from securechat.client import texts
from tests.client.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA that clients trust."""
    return Authority(tmp_path_factory.mktemp("trust") / "ours")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("trust") / "theirs")


@pytest.fixture(scope="session")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled catalogues, as the build makes them, in a folder of their own."""
    directory = tmp_path_factory.mktemp("locale")
    for source in texts.DIRECTORY.glob("*/LC_MESSAGES/*.po"):
        target = directory / source.relative_to(texts.DIRECTORY).with_suffix(".mo")
        target.parent.mkdir(parents=True)
        with source.open("rb") as po_file, target.open("wb") as mo_file:
            write_mo(mo_file, read_po(po_file, locale=source.parts[-3]))
    return directory


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty home and folder, and English."""
    for name in [name for name in os.environ if name.startswith("SECURECHAT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    texts.use_language("en")
    yield
    texts.use_language("en")
