"""Read markers: up to when an account has read a conversation."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "read_markers",
        sa.Column(
            "account_id", BIG, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
        ),
        sa.Column(
            "conversation_id",
            BIG,
            sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("time", BIG, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("read_markers")
