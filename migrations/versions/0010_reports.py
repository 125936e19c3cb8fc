"""Reports of messages."""

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.Column("conversation", BIG, nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed", BIG, nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("reports")
