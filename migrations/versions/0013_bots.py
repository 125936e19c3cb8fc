"""Accounts of programs."""

from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # In place: a copy of the table, which batch mode would make, takes what refers to it along when the old one goes.
    op.execute("ALTER TABLE accounts ADD COLUMN bot BOOLEAN DEFAULT 0 NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE accounts DROP COLUMN bot")
