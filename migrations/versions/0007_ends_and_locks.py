"""Bans that end by themselves; slow mode and lock-down of rooms."""

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("room_masks", sa.Column("expires", BIG, nullable=False, server_default="0"))
    op.add_column("room_rules", sa.Column("slow_seconds", BIG, nullable=False, server_default="0"))
    op.add_column("room_rules", sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("room_rules", "locked")
    op.drop_column("room_rules", "slow_seconds")
    op.drop_column("room_masks", "expires")
