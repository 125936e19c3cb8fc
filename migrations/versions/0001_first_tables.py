"""The first tables: accounts, invites, conversations, events, settings."""

import secrets
import string

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _make_accounts()
    _make_conversations()
    _make_events()
    settings = op.create_table(
        "settings",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    epoch = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(5))
    values = {"epoch": epoch, "secret": secrets.token_hex(32), "timeline_through": "0"}
    op.bulk_insert(settings, [{"key": key, "value": value} for key, value in values.items()])


def _make_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False, unique=True),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("replay_sequence", BIG, nullable=False),
    )
    op.create_table(
        "credentials",
        sa.Column("account_id", BIG, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("argon2", sa.Text(), nullable=False),
        sa.Column("scram_salt", sa.LargeBinary(), nullable=False),
        sa.Column("scram_iterations", BIG, nullable=False),
        sa.Column("scram_stored_key", sa.LargeBinary(), nullable=False),
        sa.Column("scram_server_key", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "invites",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("rooms", sa.Text(), nullable=False),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("uses_left", BIG, nullable=False),
        sa.Column("expires", BIG),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("bootstrap", sa.Boolean(), nullable=False),
    )


def _make_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", BIG, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text()),
        sa.Column("folded", sa.Text(), unique=True),
        sa.Column("first_party", sa.Text()),
        sa.Column("second_party", sa.Text()),
        sa.Column("created", BIG, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("topic_by", sa.Text(), nullable=False),
        sa.Column("topic_time", BIG, nullable=False),
        sa.UniqueConstraint("first_party", "second_party", name="uq_conversations_parties"),
        sa.CheckConstraint(
            "(name IS NULL) = (folded IS NULL) AND (name IS NULL) = (first_party IS NOT NULL)"
            " AND (first_party IS NULL) = (second_party IS NULL)",
            name="ck_conversations_room_or_direct",
        ),
    )
    op.create_table(
        "memberships",
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
        sa.Column("joined_sequence", BIG, nullable=False),
        sqlite_with_rowid=False,
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", BIG, primary_key=True, autoincrement=False),
        sa.Column("time", BIG, nullable=False),
        sa.Column("kind", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text()),
    )
    op.create_table(
        "timeline",
        sa.Column("conversation_id", BIG, primary_key=True, autoincrement=False),
        sa.Column("kind", BIG, primary_key=True, autoincrement=False),
        sa.Column("sequence", BIG, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    names = ("timeline", "events", "memberships", "conversations", "invites", "credentials", "accounts", "settings")
    for table in names:
        op.drop_table(table)
