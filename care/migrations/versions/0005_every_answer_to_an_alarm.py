"""Every answer of every guardian to an alarm is kept, with when it was given"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm_answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("alarm_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "answer",
            sa.Enum(
                "with_me",
                "agreed",
                "not_here",
                "on_leave",
                "not_right",
                "mistake",
                name="answer",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_answer_alarm_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alarm_answer_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_answer")),
    )
    op.create_index("ix_alarm_answer_alarm_id", "alarm_answer", ["alarm_id"], unique=False)
    op.execute(  # a dispute that came from paper was opened by who entered it, who is no guardian of the child
        "UPDATE alarm SET answer = 'not_right', answered_by = opened_by, answered_at = opened_at "
        "WHERE kind = 'disputed' AND remark = '' AND EXISTS ("
        "SELECT 1 FROM day_child JOIN guardianship ON guardianship.student_id = day_child.student_id "
        "WHERE day_child.id = alarm.day_child_id AND guardianship.person_id = alarm.opened_by)"
    )
    op.execute(
        "INSERT INTO alarm_answer (alarm_id, person_id, answer, at) "
        "SELECT id, answered_by, answer, answered_at FROM alarm "
        "WHERE answer <> '' AND answered_by IS NOT NULL AND answered_at IS NOT NULL ORDER BY id"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE alarm SET answer = '', answered_by = NULL, answered_at = NULL WHERE answer IN ('not_right', 'mistake')"
    )
    op.execute("UPDATE alarm SET answer = 'not_here' WHERE answer = 'contradicted'")
    op.drop_index("ix_alarm_answer_alarm_id", table_name="alarm_answer")
    op.drop_table("alarm_answer")
