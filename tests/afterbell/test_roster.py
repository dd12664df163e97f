"""A school's lists in Excel become its records, whole; importing again updates and takes nothing away."""

from __future__ import annotations

from datetime import date, time

from roster_book import (
    CLASSES,
    STAFF,
    STUDENT_HEADINGS,
    TERM,
    TEXTS,
    WHOLE,
    Import,
    counts,
    refused,
    rows_of,
    students,
)
from sqlalchemy.orm import joinedload

from care.records import (
    CalendarDay,
    Event,
    Guardianship,
    Person,
    Relation,
    Role,
    SchoolClass,
    Slip,
    StaffRole,
    StopListEntry,
    Student,
    Term,
    TermText,
    Wave,
)
from care.school import School


async def test_a_whole_school(school: School, take: Import) -> None:
    told = await take(WHOLE)

    assert school.called("zh_CN") == "晨溪小学"
    assert school.called("en") == "Chenxi Primary School"
    term = (await rows_of(school, Term, joinedload(Term.extended_venue)))[0]
    assert (term.starts_on, term.ends_on, term.apply_until) == (
        date(2026, 9, 1),
        date(2027, 1, 29),
        date(2027, 1, 29),
    )
    assert term.grades == [1, 2, 3, 4]
    assert (term.extended_venue.name, term.extended_until, term.extended_capacity) == ("图书馆", time(18, 30), 40)
    waves = await rows_of(school, Wave)
    assert [(w.ordinal, w.grades, w.starts_at, w.ends_at, w.gate) for w in waves] == [
        (1, [1, 2], time(14, 35), time(17, 10), "东门"),
        (2, [3, 4], time(15, 25), time(17, 25), "西门"),
    ]
    classes = [(c.name, c.capacity) for c in await rows_of(school, SchoolClass)]
    assert classes == [
        ("1(1)", 36),
        ("2(3)", 36),
        ("2(4)", 30),
    ]
    days = {day.date: day for day in await rows_of(school, CalendarDay)}
    assert len(days) == 8
    assert not days[date(2026, 10, 7)].school
    assert (days[date(2026, 10, 10)].care, days[date(2026, 10, 10)].follows_weekday) == (True, 4)
    assert [(t.kind, t.language, t.version) for t in await rows_of(school, TermText)] == [
        ("agreement", "zh_CN", 1),
        ("agreement", "en", 1),
    ]
    assert "students   3 added, 0 changed, 0 unchanged" in told
    assert await rows_of(school, Slip) == []


async def test_an_import_ends_no_extended_care(school: School, take: Import) -> None:
    """Its columns are empty, or not there at all: the families would not be told."""
    await take(WHOLE)
    for cells in (9, 6):
        sheet = (TERM[0][:cells], (*TERM[1][:6], None, None, None)[:cells])
        told = await refused(school, take, {"学期": sheet})
        assert "offers extended care: fill in venue, end and places, or end it in the console under /settings" in told
    assert [term.extended_until for term in await rows_of(school, Term)] == [time(18, 30)]


async def test_children_and_their_adults(school: School, take: Import) -> None:
    told = await take(WHOLE)
    children = {s.name: s for s in await rows_of(school, Student, joinedload(Student.school_class))}
    assert {(s.name, s.student_no, s.school_class.name) for s in children.values()} == {
        ("林芷若", "20260101", "2(3)"),
        ("林芷兰", "20260102", "1(1)"),
        ("许沐言", "20260103", "2(4)"),
    }
    ties = await rows_of(school, Guardianship, joinedload(Guardianship.person), joinedload(Guardianship.student))
    mothers = [t for t in ties if t.person.name == "苏婉晴"]
    assert len(mothers) == 2
    assert len({t.person_id for t in mothers}) == 1
    assert {(t.person.phone, t.relation) for t in mothers} == {("13800000001", Relation.MOTHER)}
    assert {t.person.phone for t in ties if t.person.name == "林启川"} == {"13800000002"}
    restricted = [t for t in ties if t.restricted]
    assert [(t.person.name, t.person.phone, t.relation) for t in restricted] == [("许长旭", None, Relation.GUARDIAN)]
    assert {(s.name, s.student_id) for s in await rows_of(school, StopListEntry)} == {
        ("许长旭", children["许沐言"].id),
        ("许某某", children["许沐言"].id),
    }
    assert "许长旭 is on the stop-list of 许沐言: a restricted guardian" in told


async def test_the_staff_with_their_duties(school: School, take: Import) -> None:
    await take(WHOLE)
    duties = await rows_of(school, StaffRole, joinedload(StaffRole.person))
    assert {(d.person.name, d.role, d.grade, d.school_class_id is not None) for d in duties} == {
        ("尹若岚", Role.HOMEROOM, None, True),
        ("尹若岚", Role.CARE_TEACHER, None, False),
        ("戴晓松", Role.GRADE_LEADER, 2, False),
        ("乔月蓉", Role.OFFICE, None, False),
    }
    assert len({d.person_id for d in duties}) == 3


async def test_an_import_is_audited(school: School, take: Import) -> None:
    await take(WHOLE)
    events = [e for e in await rows_of(school, Event) if e.action == "roster_imported"]
    assert len(events) == 1
    assert events[0].actor_name == "AfterBell"
    assert events[0].data["file"] == "roster.xlsx"
    assert len(events[0].data["sha256"]) == 64
    assert events[0].data["rows"]["students"] == [3, 0, 0]


async def test_the_same_file_again_changes_nothing(school: School, take: Import) -> None:
    await take(WHOLE)
    before = await counts(school)
    told = await take(WHOLE)
    after = await counts(school)
    assert {name: n for name, n in after.items() if n != before[name]} == {"event": before["event"] + 1}
    assert "Changed" not in told
    assert "No longer" not in told
    assert all(" 0 added, 0 changed" in line for line in told.splitlines() if "unchanged" in line)


async def test_what_changed_is_stored_and_told(school: School, take: Import) -> None:
    await take(WHOLE)
    told = await take(
        {
            "班级": (CLASSES[0], (1, 1, 40), (2, 3, 36), (2, 4, 30)),
            "学生": (
                STUDENT_HEADINGS,
                ("2(4)", "林芷若", 20260101, "苏婉晴", "妈妈", "13900000001", "林启川", "监护人", "13800000002"),
                ("1(1)", "林芷兰", "20260102", "苏婉晴", "妈妈", "13900000001", "林启川", "爸爸", "13800000002"),
                ("2(4)", "许沐妍", "20260103", "沈静瑾", "妈妈", "13800000003", "许长旭", "", "", "许长旭、许某某"),
            ),
        }
    )
    assert "1(1): 36 → 40 places" in told
    assert "林芷若 (20260101): 2(3) → 2(4)" in told
    assert "许沐妍 (20260103): 许沐言 → 许沐妍" in told
    assert "苏婉晴: phone 13800000001 → 13900000001" in told
    assert "林启川, guardian of 林芷若: father → guardian" in told
    assert len(await rows_of(school, Student)) == 3
    people = {p.name: p.phone for p in await rows_of(school, Person)}
    assert people["苏婉晴"] == "13900000001"
    assert len(people) == 7


async def test_what_is_no_longer_in_the_file_is_told_and_left(school: School, take: Import) -> None:
    await take(WHOLE)
    before = await counts(school)
    told = await take(
        {
            "班级": (CLASSES[0], (2, 3, 36)),
            "学生": (STUDENT_HEADINGS, ("2(3)", "林芷若", 20260101, "苏婉晴", "妈妈", "13800000001")),
            "教职工": (STAFF[0], STAFF[4]),
        }
    )
    for gone in (
        "class 1(1)",
        "class 2(4)",
        "student 林芷兰 (20260102)",
        "student 许沐言 (20260103)",
        "guardian 林启川 of 林芷若 (20260101)",
        "duty homeroom of 尹若岚",
    ):
        assert gone in told
    after = await counts(school)
    assert {name for name in after if after[name] != before[name]} == {"event"}
    assert all(student.left_on is None for student in await rows_of(school, Student))


async def test_a_guardian_whom_only_the_stop_list_names_is_restricted(school: School, take: Import) -> None:
    """Also where the line leaves out the guardian's own columns, which changes nothing else of them."""
    await take(WHOLE)
    await take(students(("2(3)", "林芷若", 20260101, "苏婉晴", "妈妈", "13800000001", None, None, None, "林启川")))
    ties = await rows_of(school, Guardianship, joinedload(Guardianship.person), joinedload(Guardianship.student))
    restricted = {(t.student.name, t.person.name) for t in ties if t.restricted}
    assert restricted == {("林芷若", "林启川"), ("许沐言", "许长旭")}, "not of the sister, of whom nobody has said so"


async def test_a_name_taken_off_the_stop_list_stays_on_it(school: School, take: Import) -> None:
    await take(WHOLE)
    told = await take(
        students(("2(4)", "许沐言", "20260103", "沈静瑾", "妈妈", "13800000003", "许长旭", "爸爸", None, "许某某"))
    )
    assert "stop-list of 许沐言: 许长旭" in told
    ties = await rows_of(school, Guardianship, joinedload(Guardianship.person))
    assert next(t for t in ties if t.person.name == "许长旭").restricted
    assert len(await rows_of(school, StopListEntry)) == 2


async def test_a_child_leaves_with_a_date_and_comes_back_without(school: School, take: Import) -> None:
    await take(WHOLE)
    headings = (*STUDENT_HEADINGS, "离校日期")
    row = ("2(3)", "林芷若", 20260101, *[None] * 7)
    yesterday = date(2026, 9, 2)
    told = await take({"学生": (headings, (*row, yesterday))})
    assert "left on 2026-09-02" in told
    assert {s.name for s in await rows_of(school, Student) if s.left_on} == {"林芷若"}
    told = await take({"学生": (headings, (*row, None))})
    assert "back again (had left on 2026-09-02)" in told
    assert "still to come" in await refused(school, take, {"学生": (headings, (*row, date(2099, 1, 1)))})


async def test_a_new_text_is_a_new_version_that_keeps_the_other_language(school: School, take: Import) -> None:
    await take(WHOLE)
    told = await take({"文本": (TEXTS[0], ("协议书", "中文", "协议", "第一条（修订）"))})
    assert "agreement (zh_CN): version 2" in told
    texts = {(t.version, t.language): t.body for t in await rows_of(school, TermText)}
    assert texts[2, "zh_CN"] == "第一条（修订）"
    assert texts[2, "en"] == texts[1, "en"]
    assert texts[1, "zh_CN"] == "第一条……"
