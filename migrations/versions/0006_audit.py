"""The record of acts of power: append-only rows, each with the hash of the row before."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SETTINGS = sa.table("settings", sa.column("key", sa.Text), sa.column("value", sa.Text))
TEXTS = ("origin", "actor", "act", "target", "room", "detail", "reason", "previous", "hash")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("time", BIG, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
    )
    for trigger, moment in (("audit_no_update", "UPDATE"), ("audit_no_delete", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE {moment} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the record of acts is append-only'); END"
        )
    # INSERT OR REPLACE deletes the row that is there without asking the trigger above.
    op.execute(
        "CREATE TRIGGER audit_only_append BEFORE INSERT ON audit "
        "WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM audit) "
        "BEGIN SELECT RAISE(ABORT, 'the record of acts is append-only'); END"
    )
    connection = op.get_bind()
    epoch = connection.execute(sa.select(SETTINGS.c.value).where(SETTINGS.c.key == "epoch")).scalar_one()
    # As domain.audit.start makes it; a migration never changes, whatever becomes of the program.
    encoded = b"".join(b"%d:%s," % (len(one), one) for one in (b"securechat record", epoch.encode()))
    head = f"0:{hashlib.sha256(encoded).hexdigest()}"
    op.bulk_insert(SETTINGS, [{"key": "audit_origin", "value": epoch}, {"key": "audit_head", "value": head}])


def downgrade() -> None:
    op.drop_table("audit")
    op.execute(sa.delete(SETTINGS).where(SETTINGS.c.key.in_(["audit_origin", "audit_head"])))
