"""Second factors, their recovery codes, and app passwords."""

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("account_id", BIG, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", BIG, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column(
            "account_id",
            BIG,
            sa.ForeignKey("accounts.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "app_passwords",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("account_id", BIG, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("last_used", BIG, nullable=True),
        sa.UniqueConstraint("account_id", "digest", name="uq_app_passwords_digest"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    for table in ("app_passwords", "recovery_codes", "second_factors"):
        op.drop_table(table)
