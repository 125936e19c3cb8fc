"""The wheel: that it holds everything, and that what is installed from it works without the repository."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import securechat
from securechat.storage.models import REVISION
from tests.process import ServerProcess

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore", "securechat", "migrations", "man")
COMMANDS = {"securechat-admin", "securechat-client", "securechat-gencert", "securechat-server"}
CATALOGUE = "securechat/locale/ru/LC_MESSAGES/securechat.mo"


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """Run a command; return its standard output."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, without catalogues that an earlier build compiled; needs no network."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("*.mo"))
        else:
            shutil.copy(source, copy / name)
    target = tmp_path_factory.mktemp("wheel")
    options = ("--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", target, copy, folder=copy)
    (made,) = target.glob("securechat-*.whl")
    return made


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel installed into it."""
    folder = tmp_path_factory.mktemp("site")
    options = ("--no-deps", "--no-index", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "install", *options, "--target", folder, wheel, folder=folder)
    return folder


@pytest.mark.slow
def test_the_wheel_holds_everything_that_is_needed_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    migrations = {f"securechat/{path.relative_to(ROOT)}" for path in (ROOT / "migrations").glob("versions/*.py")}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "securechat").glob("**/*.py")}
    assert migrations
    assert names >= modules | migrations | {
        "securechat/client/screen/screen.tcss",
        "securechat/migrations/env.py",
        "securechat/migrations/script.py.mako",
        "securechat/py.typed",
        CATALOGUE,
    }
    data = f"securechat-{securechat.__version__}.data"
    assert {name for name in names if name.startswith(data)} == {
        f"{data}/data/share/man/man1/{command}.1" for command in COMMANDS
    }
    folders = {"securechat", f"securechat-{securechat.__version__}.dist-info", data}
    assert {name.split("/")[0] for name in names} == folders
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".key", ".db"))]


@pytest.mark.slow
def test_the_commands_are_installed(site: Path, tmp_path: Path) -> None:
    for command in COMMANDS:
        shown = run(site / "bin" / command, "--version", folder=tmp_path, PYTHONPATH=str(site))
        assert shown.endswith(f" {securechat.__version__}\n")


@pytest.mark.slow
def test_the_installed_client_speaks_russian(site: Path, tmp_path: Path) -> None:
    shown = run(
        *(site / "bin" / "securechat-client", "--help"), folder=tmp_path, PYTHONPATH=str(site), SECURECHAT_LANG="ru"
    )
    assert "Коды завершения" in shown


@pytest.mark.slow
def test_the_installed_server_makes_its_database(site: Path, tmp_path: Path) -> None:
    where = "from securechat.storage.schema import migrations_directory as where; print(where())"
    shown = run(sys.executable, "-c", where, folder=tmp_path, PYTHONPATH=str(site))
    assert Path(shown.strip()) == site / "securechat" / "migrations"
    command = ("env", f"PYTHONPATH={site}", sys.executable, str(site / "bin" / "securechat-server"))
    with ServerProcess(tmp_path, command=command) as server:
        server.bootstrap_link()
    with sqlite3.connect(tmp_path / "securechat.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
    database.close()


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == securechat.__version__
    assert set(project["scripts"]) == COMMANDS
