"""Metadata: values that accounts and rooms carry, by key."""

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for table, column, owners in (
        ("account_metadata", "account_id", "accounts.id"),
        ("room_metadata", "conversation_id", "conversations.id"),
    ):
        op.create_table(
            table,
            sa.Column(column, BIG, sa.ForeignKey(owners, ondelete="CASCADE"), primary_key=True, autoincrement=False),
            sa.Column("key", sa.Text(), primary_key=True),
            sa.Column("value", sa.Text(), nullable=False),
            sqlite_with_rowid=False,
        )


def downgrade() -> None:
    op.drop_table("room_metadata")
    op.drop_table("account_metadata")
