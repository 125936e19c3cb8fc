"""Take away what was said to some in a room alone: it stood in no conversation, where strangers could ask for it.

The places stay, as those of redacted messages do: no number of an event is ever given twice.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

REDACTED = 32  # of domain.events.Kind; a migration never changes, whatever becomes of the program


def upgrade() -> None:
    events = sa.table(
        "events",
        *(sa.column(name, sa.Integer) for name in ("conversation_id", "kind")),
        *(sa.column(name, sa.Text) for name in ("source", "account", "target", "text", "tags")),
    )
    timeline = sa.table("timeline", sa.column("conversation_id", sa.Integer))
    erased = {"kind": REDACTED, "source": "", "account": "", "target": "", "text": "", "tags": None}
    op.execute(sa.update(events).where(events.c.conversation_id == 0).values(erased))
    op.execute(sa.delete(timeline).where(timeline.c.conversation_id == 0))


def downgrade() -> None:
    pass  # what is gone is gone
