"""Find what waits without reading what is done"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")
TRIED = sa.text("state = 'waiting' AND attempts > 0")


def upgrade() -> None:
    op.create_index("ix_inbox_queue", "inbox", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_index(
        "ix_outbox_tried",
        "outbox",
        ["channel", "chat_id", "klass", "id"],
        sqlite_where=TRIED,
        postgresql_where=TRIED,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_tried", table_name="outbox")
    op.drop_index("ix_inbox_queue", table_name="inbox")
