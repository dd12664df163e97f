"""How often people were told of a change of a term's plan"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("term", sa.Column("plan_version", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("term", "plan_version")
