"""Find what waits without reading, or writing, an index of what is done"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WAITING = "state = 'waiting'"
PARTIAL = [
    ("ix_inbox_waiting", "inbox", ["channel", "chat_id", "id"], WAITING),
    ("ix_inbox_queue", "inbox", ["id"], WAITING),
    ("ix_inbox_dead", "inbox", ["id"], "state = 'dead'"),
    ("ix_outbox_due", "outbox", ["state", "klass", "id"], "sent_at IS NULL"),
    ("ix_outbox_slot", "outbox", ["slot", "state"], "sent_at IS NULL"),
    ("ix_outbox_tried", "outbox", ["channel", "chat_id", "klass", "id"], f"{WAITING} AND attempts > 0"),
    ("ix_outbox_person_id", "outbox", ["person_id"], "person_id IS NOT NULL"),
]
WHOLE = [
    ("ix_inbox_waiting", "inbox", ["state", "channel", "chat_id", "id"]),
    ("ix_outbox_due", "outbox", ["state", "klass", "id"]),
    ("ix_outbox_slot", "outbox", ["slot", "state"]),
    ("ix_outbox_person_id", "outbox", ["person_id"]),
]


def upgrade() -> None:
    for name, table, _ in WHOLE:
        op.drop_index(name, table_name=table)
    for name, table, columns, where in PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table, _, _ in PARTIAL:
        op.drop_index(name, table_name=table)
    for name, table, columns in WHOLE:
        op.create_index(name, table, columns)
