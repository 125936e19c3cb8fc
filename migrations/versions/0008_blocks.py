"""Who blocks whom."""

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _account(name: str) -> sa.Column[int]:
    return sa.Column(name, BIG, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "blocks",
        _account("account_id"),
        _account("blocked_id"),
        sa.Column("time", BIG, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("blocks")
