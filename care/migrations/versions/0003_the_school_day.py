"""The school day: calendar, plan, custody, alarms, leave, and who comes for a child"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """In this order: a table comes after those it refers to."""
    _pickup_code()
    _calendar_year()
    _delegate()
    _signature()
    _care_day()
    _day_rules()
    _leave()
    _pickup_plan()
    _care_session()
    _wave_day()
    _day_child()
    _extended_request()
    _extended_handover()
    _alarm()
    _custody()
    _version_of_calendar_day()


def downgrade() -> None:
    with op.batch_alter_table("calendar_day", schema=None) as batch_op:
        batch_op.drop_column("version")

    op.drop_table("custody")
    with op.batch_alter_table("extended_handover", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_extended_handover_open",
            sqlite_where=sa.text("state IN ('given', 'differs')"),
            postgresql_where=sa.text("state IN ('given', 'differs')"),
        )
        batch_op.drop_index("ix_extended_handover_session")

    op.drop_table("extended_handover")
    with op.batch_alter_table("extended_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_extended_request_student_id"))

    op.drop_table("extended_request")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alarm_open", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index("ix_alarm_day_child_id")

    op.drop_table("alarm")
    with op.batch_alter_table("day_child", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_day_child_student_id"))

    op.drop_table("day_child")
    op.drop_table("wave_day")
    with op.batch_alter_table("care_session", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_care_session_extended",
            sqlite_where=sa.text("kind = 'extended'"),
            postgresql_where=sa.text("kind = 'extended'"),
        )

    op.drop_table("care_session")
    op.drop_table("pickup_plan")
    with op.batch_alter_table("leave", schema=None) as batch_op:
        batch_op.drop_index("ix_leave_student")

    op.drop_table("leave")
    op.drop_table("day_rules")
    op.drop_table("care_day")
    op.drop_table("signature")
    with op.batch_alter_table("delegate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delegate_date"))

    op.drop_table("delegate")
    op.drop_table("calendar_year")
    op.drop_table("pickup_code")


def _pickup_code() -> None:
    op.create_table(
        "pickup_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column(
            "adult",
            sa.Enum("guardian", "listed", "delegate", name="adult", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("adult_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_code")),
        sa.UniqueConstraint("date", "adult", "adult_id", name=op.f("uq_pickup_code_date_adult_adult_id")),
        sa.UniqueConstraint("date", "code_hash", name=op.f("uq_pickup_code_date_code_hash")),
    )


def _calendar_year() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_calendar_year_entered_by")),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )


def _delegate() -> None:
    op.create_table(
        "delegate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("guardian_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("student_ids", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "relation",
            sa.Enum(
                "mother",
                "father",
                "grandmother",
                "grandfather",
                "aunt",
                "uncle",
                "sibling",
                "nanny",
                "guardian",
                "other",
                name="relation",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guardian_id"], ["person.id"], name=op.f("fk_delegate_guardian_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegate")),
    )
    with op.batch_alter_table("delegate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegate_date"), ["date"], unique=False)


def _signature() -> None:
    op.create_table(
        "signature",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("teacher_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["teacher_id"], ["person.id"], name=op.f("fk_signature_teacher_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
    )


def _care_day() -> None:
    op.create_table(
        "care_day",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("term_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duty_lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("previous_root", sa.String(length=64), nullable=True),
        sa.Column("root", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["person.id"], name=op.f("fk_care_day_closed_by")),
        sa.ForeignKeyConstraint(["duty_lead_id"], ["person.id"], name=op.f("fk_care_day_duty_lead_id")),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_care_day_term_id")),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_care_day")),
    )


def _day_rules() -> None:
    op.create_table(
        "day_rules",
        sa.Column("term_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opens_at", sa.Time(), nullable=False),
        sa.Column("leave_until", sa.Time(), nullable=False),
        sa.Column("roll_minutes", sa.Integer(), nullable=False),
        sa.Column("missing_minutes", sa.Integer(), nullable=False),
        sa.Column("remind_minutes", sa.Integer(), nullable=False),
        sa.Column("sheet_minutes", sa.Integer(), nullable=False),
        sa.Column("late_minutes", sa.JSON(), nullable=False),
        sa.Column("closes_at", sa.Time(), nullable=False),
        sa.Column("extended_until_ask", sa.Time(), nullable=False),
        sa.Column("extended_automatic", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_day_rules_term_id")),
        sa.PrimaryKeyConstraint("term_id", name=op.f("pk_day_rules")),
    )


def _leave() -> None:
    op.create_table(
        "leave",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("student_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("given_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_leave_given_by")),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_leave_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave")),
    )
    with op.batch_alter_table("leave", schema=None) as batch_op:
        batch_op.create_index("ix_leave_student", ["student_id", "last"], unique=False)


def _pickup_plan() -> None:
    op.create_table(
        "pickup_plan",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("student_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "adult",
            sa.Enum("guardian", "listed", "delegate", name="adult", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("adult_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("said_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["said_by"], ["person.id"], name=op.f("fk_pickup_plan_said_by")),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_pickup_plan_student_id")),
        sa.PrimaryKeyConstraint("date", "student_id", name=op.f("pk_pickup_plan")),
    )


def _care_session() -> None:
    op.create_table(
        "care_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column(
            "kind", sa.Enum("class", "extended", name="sessionkind", native_enum=False, length=24), nullable=False
        ),
        sa.Column("school_class_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("venue", sa.String(length=80), nullable=False),
        sa.Column("gate", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("teacher_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("signed_in_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("roll_done_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("roll_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["date"], ["care_day.date"], name=op.f("fk_care_session_date")),
        sa.ForeignKeyConstraint(["roll_done_id"], ["person.id"], name=op.f("fk_care_session_roll_done_id")),
        sa.ForeignKeyConstraint(["school_class_id"], ["school_class.id"], name=op.f("fk_care_session_school_class_id")),
        sa.ForeignKeyConstraint(["signed_in_id"], ["person.id"], name=op.f("fk_care_session_signed_in_id")),
        sa.ForeignKeyConstraint(["teacher_id"], ["person.id"], name=op.f("fk_care_session_teacher_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_session")),
        sa.UniqueConstraint("date", "kind", "school_class_id", name=op.f("uq_care_session_date_kind_school_class_id")),
    )
    with op.batch_alter_table("care_session", schema=None) as batch_op:
        batch_op.create_index(
            "uq_care_session_extended",
            ["date"],
            unique=True,
            sqlite_where=sa.text("kind = 'extended'"),
            postgresql_where=sa.text("kind = 'extended'"),
        )


def _wave_day() -> None:
    op.create_table(
        "wave_day",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("wave_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("ends_at", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["wave_id"], ["wave.id"], name=op.f("fk_wave_day_wave_id")),
        sa.PrimaryKeyConstraint("date", "wave_id", name=op.f("pk_wave_day")),
    )


def _day_child() -> None:
    op.create_table(
        "day_child",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("student_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_day_child_application_id")),
        sa.ForeignKeyConstraint(["date"], ["care_day.date"], name=op.f("fk_day_child_date")),
        sa.ForeignKeyConstraint(["session_id"], ["care_session.id"], name=op.f("fk_day_child_session_id")),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_day_child_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_child")),
        sa.UniqueConstraint("date", "student_id", name=op.f("uq_day_child_date_student_id")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_day_child_session_id_number")),
    )
    with op.batch_alter_table("day_child", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_day_child_student_id"), ["student_id"], unique=False)


def _extended_request() -> None:
    op.create_table(
        "extended_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("student_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("asked", "approved", "declined", "withdrawn", name="wish", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_extended_request_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_extended_request_decided_by")),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_extended_request_student_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extended_request")),
        sa.UniqueConstraint("date", "student_id", name=op.f("uq_extended_request_date_student_id")),
    )
    with op.batch_alter_table("extended_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_extended_request_student_id"), ["student_id"], unique=False)


def _extended_handover() -> None:
    op.create_table(
        "extended_handover",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("class_session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("given", "differs", "taken", name="passing", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("giver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["class_session_id"], ["care_session.id"], name=op.f("fk_extended_handover_class_session_id")
        ),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_extended_handover_giver_id")),
        sa.ForeignKeyConstraint(["session_id"], ["care_session.id"], name=op.f("fk_extended_handover_session_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["person.id"], name=op.f("fk_extended_handover_taker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extended_handover")),
    )
    with op.batch_alter_table("extended_handover", schema=None) as batch_op:
        batch_op.create_index("ix_extended_handover_session", ["session_id"], unique=False)
        batch_op.create_index(
            "uq_extended_handover_open",
            ["class_session_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('given', 'differs')"),
            postgresql_where=sa.text("state IN ('given', 'differs')"),
        )


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("day_child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("missing", "refused", "disputed", "uncollected", name="alarmkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("answer", sa.String(length=24), nullable=False),
        sa.Column("answered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lead_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_alarm_answered_by")),
        sa.ForeignKeyConstraint(["closed_by"], ["person.id"], name=op.f("fk_alarm_closed_by")),
        sa.ForeignKeyConstraint(["day_child_id"], ["day_child.id"], name=op.f("fk_alarm_day_child_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_alarm_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index("ix_alarm_day_child_id", ["day_child_id"], unique=False)
        batch_op.create_index(
            "uq_alarm_open",
            ["day_child_id", "kind"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )


def _custody() -> None:
    op.create_table(
        "custody",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("day_child_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "expected",
                "leave",
                "present",
                "late",
                "absent",
                "moved",
                "back",
                "lined_out",
                "handed_over",
                "released",
                "undone",
                "explained",
                name="step",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "giver",
            sa.Enum("school", "teacher", "adult", "family", "nobody", name="holder", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("giver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("giver_name", sa.String(length=80), nullable=False),
        sa.Column(
            "holder",
            sa.Enum("school", "teacher", "adult", "family", "nobody", name="holder", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("holder_name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.Column(
            "proof",
            sa.Enum("plan", "tap", "code", "signature", "list", "paper", name="proof", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["day_child_id"], ["day_child.id"], name=op.f("fk_custody_day_child_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody")),
        sa.UniqueConstraint("day_child_id", "seq", name=op.f("uq_custody_day_child_id_seq")),
    )


def _version_of_calendar_day() -> None:
    with op.batch_alter_table("calendar_day", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
