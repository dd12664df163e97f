"""A session may say that its hand-over goes on paper: since when, and by whom"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("care_session", sa.Column("paper_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("care_session", sa.Column("paper_by", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("care_session", "paper_by")
    op.drop_column("care_session", "paper_since")
