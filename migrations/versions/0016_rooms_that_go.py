"""Rooms that are deleted while their messages still stand in the file: these go little by little."""

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table("departing", sa.Column("conversation_id", BIG, primary_key=True, autoincrement=False))


def downgrade() -> None:
    op.execute("DELETE FROM events WHERE conversation_id IN (SELECT conversation_id FROM departing)")
    op.execute("DELETE FROM timeline WHERE conversation_id IN (SELECT conversation_id FROM departing)")
    op.drop_table("departing")
