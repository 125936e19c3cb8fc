"""The tables, as SQLAlchemy models; `migrations/` makes them, and a test compares the two."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

REVISION = "0016"
"""The Alembic revision that these models describe; known here so that an ordinary start need not import Alembic."""

EPOCH = "epoch"
"""Key in `settings`: the short random name of this database, part of every message id."""
SECRET = "secret"  # noqa: S105 - the key under which it is stored, not the secret
"""Key in `settings`: 32 random bytes in hex, known to nobody outside the database."""
TIMELINE_THROUGH = "timeline_through"
"""Key in `settings`: the newest sequence number that the `timeline` table covers."""

REGISTRATION_CLOSED = "registration_closed"
"""Key in `settings`: there while an administrator has closed registration, whatever the configuration says."""

AUDIT_ORIGIN = "audit_origin"
"""Key in `settings`: the epoch that the database had when its record of acts began; the first hash is made of it."""
AUDIT_HEAD = "audit_head"
"""Key in `settings`: number and hash of the newest row of `audit`, so that rows cannot vanish from its end unseen."""


class Base(DeclarativeBase):
    """Base of all models. Integers are 64 bits wide; times are milliseconds since 1970-01-01T00:00:00Z."""

    # INTEGER on SQLite, where only that very word makes a primary key the row's own number.
    type_annotation_map = {int: BigInteger().with_variant(Integer, "sqlite"), str: Text}  # noqa: RUF012


class AccountRow(Base):
    """Somebody who may log in."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)  # names.fold(name): what makes two names the same
    administrator: Mapped[bool]
    suspended: Mapped[bool]
    created: Mapped[int]
    replay_sequence: Mapped[int]
    bot: Mapped[bool] = mapped_column(server_default=false())
    seen_sequence: Mapped[int] = mapped_column(server_default="0")


class CredentialsRow(Base):
    """What an account's password is checked with; in a table of its own so that listing accounts never touches it."""

    __tablename__ = "credentials"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    argon2: Mapped[str]
    scram_salt: Mapped[bytes] = mapped_column(LargeBinary)
    scram_iterations: Mapped[int]
    scram_stored_key: Mapped[bytes] = mapped_column(LargeBinary)
    scram_server_key: Mapped[bytes] = mapped_column(LargeBinary)


class SecondFactorRow(Base):
    """An account's second factor (domain.second_factor). Codes are made of the secret, so it is stored as it is.

    Of the recovery codes that are still good, the SHA-256 digests stand one behind the other: all of it is one row, so
    that a login takes hardly longer for who has one.
    """

    __tablename__ = "second_factors"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int]
    recovery: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("x''"))


class AppPasswordRow(Base):
    """An app password, known by its SHA-256 digest only. No number is given twice: sessions are known by it."""

    __tablename__ = "app_passwords"
    __table_args__ = (
        UniqueConstraint("account_id", "digest", name="uq_app_passwords_digest"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[int]
    last_used: Mapped[int | None]


class InviteRow(Base):
    """A permission to make an account or to enter rooms, known by the SHA-256 digest of its token only."""

    __tablename__ = "invites"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    administrator: Mapped[bool]
    uses_left: Mapped[int]
    expires: Mapped[int | None]
    revoked: Mapped[bool]
    created: Mapped[int]
    created_by: Mapped[str]
    note: Mapped[str]
    bootstrap: Mapped[bool]
    maker: Mapped[int] = mapped_column(server_default="0")  # the account; 0: the server, or somebody at its machine
    newcomers: Mapped[bool] = mapped_column(server_default="1")


class InviteRoomRow(Base):
    """A room that an invite leads into. It goes with the room, so that no later room of that name is opened by it."""

    __tablename__ = "invite_rooms"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    invite_id: Mapped[int] = mapped_column(
        ForeignKey("invites.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]  # on the wire, as it was when the invite was made
    folded: Mapped[str]
    # NULL: there has been no such room yet
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))


class InviteUseRow(Base):
    """An account that has used an invite: it takes no second use."""

    __tablename__ = "invite_uses"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    invite_id: Mapped[int] = mapped_column(
        ForeignKey("invites.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class ConversationRow(Base):
    """A room (it has a name) or a direct conversation (it has two parties). The hub hands out the ids."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("first_party", "second_party", name="uq_conversations_parties"),
        CheckConstraint(
            "(name IS NULL) = (folded IS NULL) AND (name IS NULL) = (first_party IS NOT NULL)"
            " AND (first_party IS NULL) = (second_party IS NULL)",
            name="ck_conversations_room_or_direct",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None]  # on the wire: `#general`
    folded: Mapped[str | None] = mapped_column(unique=True)
    first_party: Mapped[str | None]
    second_party: Mapped[str | None]
    created: Mapped[int]
    topic: Mapped[str]
    topic_by: Mapped[str]
    topic_time: Mapped[int]


class MembershipRow(Base):
    """An account is in a room, whether it is online or not."""

    __tablename__ = "memberships"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    joined_sequence: Mapped[int]
    roles: Mapped[int] = mapped_column(server_default="1")  # bits of domain.roles.RoomRole


class RoomRulesRow(Base):
    """How a room is used (domain.roles.RoomRules). A room without a row is used as a new one."""

    __tablename__ = "room_rules"

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    members_only: Mapped[bool]
    moderated: Mapped[bool]
    invite_only: Mapped[bool]
    secret: Mapped[bool]
    topic_locked: Mapped[bool]
    plain_only: Mapped[bool]
    key: Mapped[str]
    member_limit: Mapped[int]
    slow_seconds: Mapped[int] = mapped_column(server_default="0")
    locked: Mapped[bool] = mapped_column(server_default=false())
    history: Mapped[str] = mapped_column(server_default="all")


class RoomMaskRow(Base):
    """A row of one of a room's lists of masks: who is banned, who is excepted, who is always invited."""

    __tablename__ = "room_masks"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    list: Mapped[str] = mapped_column(primary_key=True)  # its letter (protocol.modes)
    mask: Mapped[str] = mapped_column(primary_key=True)
    setter: Mapped[str]
    time: Mapped[int]
    expires: Mapped[int] = mapped_column(server_default="0")  # 0: it has no end


class ReadMarkerRow(Base):
    """Up to when an account has read a conversation (draft/read-marker)."""

    __tablename__ = "read_markers"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    time: Mapped[int]


class BlockRow(Base):
    """An account does not want to hear another one."""

    __tablename__ = "blocks"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    blocked_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    time: Mapped[int]


class ReportRow(Base):
    """A message that somebody has reported (domain.reports.Report)."""

    __tablename__ = "reports"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[int]
    reporter: Mapped[str]
    conversation: Mapped[int]
    sequence: Mapped[int]
    author: Mapped[str]
    reason: Mapped[str]
    closed: Mapped[int]
    closed_by: Mapped[str]
    outcome: Mapped[str]


class AccountMetadataRow(Base):
    """A value that an account carries, for everybody to see (draft/metadata-3)."""

    __tablename__ = "account_metadata"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class RoomMetadataRow(Base):
    """A value that a room carries, for everybody who may know of the room."""

    __tablename__ = "room_metadata"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class EventRow(Base):
    """One recorded event. Rows are only ever appended, and nothing but the primary key has to be kept up meanwhile.

    No foreign key and no index beside the sequence number: with a hundred busy rooms an index on the conversation
    dirties a page for nearly every message of a batch, which costs five times as much as everything else together.
    `timeline` is that index.
    """

    __tablename__ = "events"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[int]
    kind: Mapped[int]
    conversation_id: Mapped[int]
    source: Mapped[str]  # nick!user@host
    account: Mapped[str]
    target: Mapped[str]
    text: Mapped[str]
    tags: Mapped[str | None]  # NULL when there are none


class TimelineRow(Base):
    """The events of each conversation by kind: an index that is brought up to date thousands of events at a time.

    Complete up to the sequence number in `settings` under TIMELINE_THROUGH; what is newer is read from `events` itself.
    """

    __tablename__ = "timeline"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class DepartingRow(Base):
    """A room that is gone, but for what was said in it: that goes little by little (room_deletion). Nobody reads it."""

    __tablename__ = "departing"

    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class AuditRow(Base):
    """One act of power (domain.audit.AuditRecord). Triggers refuse to change or delete a row."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[int]
    origin: Mapped[str]
    actor: Mapped[str]
    act: Mapped[str]
    target: Mapped[str]
    room: Mapped[str]
    detail: Mapped[str]
    reason: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class ServerBanRow(Base):
    """An address, a network or a mask of nicks that is banned from the whole server (domain.server_bans)."""

    __tablename__ = "server_bans"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    target: Mapped[str] = mapped_column(primary_key=True)
    setter: Mapped[str]
    time: Mapped[int]
    expires: Mapped[int]  # 0: it has no end
    reason: Mapped[str]


class SettingRow(Base):
    """A fact about the database itself; the keys are constants of this module."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[str]
