"""Bans from the whole server."""

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "server_bans",
        sa.Column("target", sa.Text(), primary_key=True),
        sa.Column("setter", sa.Text(), nullable=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("expires", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("server_bans")
    settings = sa.table("settings", sa.column("key", sa.Text))
    op.execute(sa.delete(settings).where(settings.c.key == "registration_closed"))
