"""Alembic's entry: migrates the connection that the server gives, or `-x database=URL` for developers."""

from alembic import context
from sqlalchemy import Connection, create_engine

from securechat.storage.models import Base


def run_on(connection: Connection) -> None:
    """Run what Alembic was asked to run, all of it in one transaction."""
    # Batch mode copies a table where SQLite cannot alter it in place.
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Find the connection and run."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        run_on(given)
        return
    engine = create_engine(context.get_x_argument(as_dictionary=True)["database"])
    with engine.begin() as connection:
        run_on(connection)


main()
