"""Roles of members, rules of rooms, lists of masks. Who has been in a room for longest owns it, as its maker did."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MEMBER, OWNER = 1, 32  # bits of domain.roles.RoomRole; a migration never changes, whatever becomes of the program


def upgrade() -> None:
    op.add_column("memberships", sa.Column("roles", BIG, nullable=False, server_default=str(MEMBER)))
    # The maker of a room was the first to join it; nobody made #general, which is the administrators'.
    memberships, conversations, accounts = _tables()
    older = memberships.alias()
    # One pass over the table: looking up the oldest member for each row would be quadratic.
    oldest = sa.select(older.c.conversation_id, sa.func.min(older.c.joined_sequence)).group_by(older.c.conversation_id)
    is_oldest = sa.tuple_(memberships.c.conversation_id, memberships.c.joined_sequence).in_(oldest)
    general = sa.select(conversations.c.id).where(conversations.c.folded == "#general")
    administrators = sa.select(accounts.c.id).where(accounts.c.administrator)
    made = is_oldest & memberships.c.conversation_id.not_in(general)
    administered = memberships.c.account_id.in_(administrators) & memberships.c.conversation_id.in_(general)
    op.execute(sa.update(memberships).where(made | administered).values(roles=MEMBER | OWNER))
    op.create_table(
        "room_rules",
        _conversation(),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("members_only", "moderated", "invite_only", "secret", "topic_locked", "plain_only")
        ),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("member_limit", BIG, nullable=False),
    )
    op.create_table(
        "room_masks",
        _conversation(),
        sa.Column("list", sa.Text(), primary_key=True),
        sa.Column("mask", sa.Text(), primary_key=True),
        sa.Column("setter", sa.Text(), nullable=False),
        sa.Column("time", BIG, nullable=False),
        sqlite_with_rowid=False,
    )


def _tables() -> tuple[sa.TableClause, sa.TableClause, sa.TableClause]:
    names = ("account_id", "conversation_id", "joined_sequence", "roles")
    return (
        sa.table("memberships", *(sa.column(name, sa.Integer) for name in names)),
        sa.table("conversations", sa.column("id", sa.Integer), sa.column("folded", sa.Text)),
        sa.table("accounts", sa.column("id", sa.Integer), sa.column("administrator", sa.Boolean)),
    )


def _conversation() -> "sa.Column[int]":
    return sa.Column(
        "conversation_id",
        BIG,
        sa.ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def downgrade() -> None:
    op.drop_table("room_masks")
    op.drop_table("room_rules")
    op.drop_column("memberships", "roles")
