"""The digests of an account's recovery codes stand in the row of its second factor."""

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
DIGEST_BYTES = 32

FACTORS = sa.table("second_factors", sa.column("account_id", BIG), sa.column("recovery", sa.LargeBinary))
CODES = sa.table("recovery_codes", sa.column("account_id", BIG), sa.column("digest", sa.LargeBinary))


def upgrade() -> None:
    op.add_column(
        "second_factors", sa.Column("recovery", sa.LargeBinary(), nullable=False, server_default=sa.text("x''"))
    )
    connection = op.get_bind()
    digests: dict[int, bytes] = {}
    for account_id, digest in connection.execute(sa.select(CODES).order_by(CODES.c.account_id, CODES.c.digest)):
        digests[account_id] = digests.get(account_id, b"") + digest
    for account_id, joined in digests.items():
        connection.execute(sa.update(FACTORS).where(FACTORS.c.account_id == account_id).values(recovery=joined))
    op.drop_table("recovery_codes")


def downgrade() -> None:
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
    connection = op.get_bind()
    for account_id, joined in connection.execute(sa.select(FACTORS)).all():
        for start in range(0, len(joined), DIGEST_BYTES):
            digest = joined[start : start + DIGEST_BYTES]
            connection.execute(sa.insert(CODES).values(account_id=account_id, digest=digest))
    op.drop_column("second_factors", "recovery")
