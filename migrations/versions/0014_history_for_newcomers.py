"""What of its history a room shows to newcomers; since when each account has been here, or was the last time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("room_rules", sa.Column("history", sa.Text(), nullable=False, server_default="all"))
    op.add_column("accounts", sa.Column("seen_sequence", BIG, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("accounts", "seen_sequence")
    op.drop_column("room_rules", "history")
