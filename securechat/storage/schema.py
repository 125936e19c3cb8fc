"""Bringing a database to the schema of this program. Imports Alembic, so it is imported only when there is work."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import securechat
from securechat.errors import StorageError
from securechat.storage.models import REVISION


def migrations_directory() -> Path:
    """Return where the migrations are: inside the installed package, or beside it in a clone."""
    package = Path(securechat.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; `connection` is what `migrations/env.py` will run on."""
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, current: str | None) -> None:
    """Apply every migration after revision `current` (None: an empty database), all or nothing.

    Raises StorageError when `current` is not a revision that this program knows.
    """
    config = configuration(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            f"{connection.engine.url.database} was made by a newer securechat (its schema is revision {current}, "
            f"this program knows up to {REVISION}); start it with that version"
        )
    with connection.begin():
        command.upgrade(config, REVISION)
