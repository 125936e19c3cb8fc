"""Invites into rooms: by the rooms' ids, with who made them and who has used them."""

import json
import unicodedata

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INVITES = sa.table("invites", sa.column("id", BIG), sa.column("rooms", sa.Text))
ROOMS = sa.table(
    "invite_rooms",
    sa.column("invite_id", BIG),
    sa.column("position", BIG),
    sa.column("name", sa.Text),
    sa.column("folded", sa.Text),
    sa.column("conversation_id", BIG),
)
CONVERSATIONS = sa.table(
    "conversations", sa.column("id", BIG), sa.column("name", sa.Text), sa.column("folded", sa.Text)
)


def fold(name: str) -> str:
    """As names.fold was when this was written: a migration never changes, whatever becomes of the program."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()


def upgrade() -> None:
    connection = op.get_bind()
    invites = connection.execute(sa.select(INVITES.c.id, INVITES.c.rooms)).all()
    op.create_table(
        "invite_rooms",
        sa.Column("invite_id", BIG, sa.ForeignKey("invites.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("conversation_id", BIG, sa.ForeignKey("conversations.id", ondelete="CASCADE")),
        sa.PrimaryKeyConstraint("invite_id", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invite_uses",
        sa.Column("invite_id", BIG, sa.ForeignKey("invites.id", ondelete="CASCADE"), nullable=False),
        sa.Column("account_id", BIG, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.PrimaryKeyConstraint("invite_id", "account_id"),
        sqlite_with_rowid=False,
    )
    known = {row.folded: row.id for row in connection.execute(sa.select(CONVERSATIONS.c.folded, CONVERSATIONS.c.id))}
    rows = [
        {
            "invite_id": invite_id,
            "position": position,
            "name": name,
            "folded": fold(name),
            "conversation_id": known.get(fold(name)),
        }
        for invite_id, names in invites
        for position, name in enumerate(json.loads(names))
    ]
    if rows:
        op.bulk_insert(ROOMS, rows)
    # In place: a copy of the table, which batch mode would make, takes what refers to it along when the old one goes.
    op.execute("ALTER TABLE invites DROP COLUMN rooms")
    op.execute("ALTER TABLE invites ADD COLUMN maker INTEGER DEFAULT '0' NOT NULL")
    op.execute("ALTER TABLE invites ADD COLUMN newcomers BOOLEAN DEFAULT '1' NOT NULL")


def downgrade() -> None:
    connection = op.get_bind()
    found = sa.select(ROOMS.c.invite_id, sa.func.coalesce(CONVERSATIONS.c.name, ROOMS.c.name)).select_from(
        ROOMS.outerjoin(CONVERSATIONS, CONVERSATIONS.c.id == ROOMS.c.conversation_id)
    )
    names: dict[int, list[str]] = {}
    for invite_id, name in connection.execute(found.order_by(ROOMS.c.invite_id, ROOMS.c.position)):
        names.setdefault(invite_id, []).append(name)
    op.drop_table("invite_uses")
    op.drop_table("invite_rooms")
    with op.batch_alter_table("invites") as table:
        table.drop_column("maker")
        table.drop_column("newcomers")
        table.add_column(sa.Column("rooms", sa.Text(), nullable=False, server_default="[]"))
    for invite_id, rooms in names.items():
        connection.execute(sa.update(INVITES).where(INVITES.c.id == invite_id).values(rooms=json.dumps(rooms)))
