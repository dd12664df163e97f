"""Steps of a roll call that several stories share: the day opens, a teacher signs in; a child and its family."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import delete, select, update
from stage import USERS_FROM, Player, Stage

from care.custody.chain import FAMILY, Link, append
from care.records import (
    Application,
    CareDay,
    CareSession,
    CustodyEvent,
    DayChild,
    Guardianship,
    LeaveMode,
    Need,
    Role,
    SchoolClass,
    StaffRole,
    State,
    Step,
    Student,
)
from care.school import School
from webchat.model import Message

TUESDAY = date(2026, 11, 24)
EVERY_DAY = [1, 2, 3, 4, 5]
STALE = "名单刚有变化，已更新。"


def moment(stage: Stage, hour: int, minute: int = 0, day: date = TUESDAY) -> datetime:
    return datetime.combine(day, time(hour, minute), stage.school.zone)


async def opens(stage: Stage) -> None:
    """Tuesday's day is open, and care of the first wave has just begun."""
    await stage.at(moment(stage, 12, 30))
    await stage.at(moment(stage, 14, 35))


async def all_attend(school: School, class_name: str, count: int = 45) -> None:
    """So many children of a class are enrolled, on every day."""
    grade, number = int(class_name[0]), int(class_name[2:-1])
    async with school.work() as uow:
        of_class = (
            select(Student.id)
            .join(SchoolClass)
            .where(SchoolClass.grade == grade, SchoolClass.number == number, Student.left_on.is_(None))
            .order_by(Student.student_no)
            .limit(count)
        )
        students = list(await uow.session.scalars(of_class))
        assert len(students) == count
        term_id = (await uow.session.scalars(select(Application.term_id).limit(1))).one()
        open_ = select(Application.student_id).where(
            Application.student_id.in_(students), Application.state.not_in((State.REFUSED, State.WITHDRAWN))
        )
        applied = set(await uow.session.scalars(open_))
        await uow.session.execute(
            update(Application)
            .where(Application.student_id.in_(applied), Application.state.not_in((State.REFUSED, State.WITHDRAWN)))
            .values(state=State.ENROLLED, weekdays=EVERY_DAY)
        )
        for student_id in students:
            if student_id not in applied:
                guardian = select(Guardianship.id).where(Guardianship.student_id == student_id).limit(1)
                uow.session.add(
                    Application(
                        term_id=term_id,
                        student_id=student_id,
                        guardianship_id=(await uow.session.scalars(guardian)).one(),
                        state=State.ENROLLED,
                        state_since=uow.now,
                        submitted_at=uow.now,
                        weekdays=EVERY_DAY,
                        needs=[Need.WORK_HOURS.value],
                        extended_weekdays=[],
                        leave_mode=LeaveMode.COLLECTED,
                        criteria_version=1,
                    )
                )


async def session_of(stage: Stage, class_name: str = "2(3)") -> CareSession:
    """Tuesday's session of a class."""
    grade, number = int(class_name[0]), int(class_name[2:-1])
    query = (
        select(CareSession)
        .join(SchoolClass)
        .where(CareSession.date == TUESDAY, SchoolClass.grade == grade, SchoolClass.number == number)
    )
    (found,) = await stage.ask(query)
    return found  # type: ignore[no-any-return]


async def listed(stage: Stage, class_name: str = "2(3)") -> list[tuple[DayChild, str]]:
    """The children of Tuesday's list with their names, by number."""
    session = await session_of(stage, class_name)
    async with stage.school.look() as uow:
        query = select(DayChild, Student.name).join(Student).where(DayChild.session_id == session.id)
        return [(child, name) for child, name in await uow.session.execute(query.order_by(DayChild.number))]


async def chain(stage: Stage, child_id: int) -> list[CustodyEvent]:
    """A child's chain, read through a session of its own."""
    query = select(CustodyEvent).where(CustodyEvent.day_child_id == child_id)
    return await stage.ask(query.order_by(CustodyEvent.seq))


async def steps(stage: Stage, child_id: int) -> list[str]:
    return [link.step.value for link in await chain(stage, child_id)]


async def family_of(stage: Stage, student_id: int) -> list[Player]:
    """The unrestricted guardians, at their phones."""
    query = select(Guardianship.person_id).where(
        Guardianship.student_id == student_id, Guardianship.restricted.is_(False)
    )
    return [stage.persona(number) for number in await stage.ask(query.order_by(Guardianship.id))]


async def no_care_teacher(stage: Stage) -> None:
    """Homeroom teachers reach their own class alone: in the demonstration they are care teachers too."""
    async with stage.school.work() as uow:
        await uow.session.execute(delete(StaffRole).where(StaffRole.role == Role.CARE_TEACHER))


async def lead_of(stage: Stage) -> Player:
    (number,) = await stage.ask(select(CareDay.duty_lead_id).where(CareDay.date == TUESDAY))
    return stage.persona(number)


def person_id(player: Player) -> int:
    return player.user_id - USERS_FROM


async def on_duty(stage: Stage, key: str = "homeroom") -> Player:
    """A star of the demonstration, signed in, with the list before them."""
    teacher = await stage.star(key)
    await signs_in(teacher)
    return teacher


async def signs_in(teacher: Player, sign_in: str = "✍ 值班签到") -> Message:
    await teacher.send("/checkin")
    await teacher.tap(sign_in)
    return last(teacher)


def last(player: Player) -> Message:
    message = player.last
    assert message is not None
    return message


def now(player: Player, message: Message) -> Message:
    """The message as it reads after the edits."""
    return player.chat.messages[message.id]


def labels(message: Message) -> list[str]:
    return [str(button["text"]) for row in message.buttons() for button in row]


def data_of(message: Message, part: str) -> str:
    """The data of the first button with this in its label."""
    return next(str(b["callback_data"]) for row in message.buttons() for b in row if part in str(b["text"]))


async def colleague(stage: Stage) -> Player:
    """Another care teacher, planned for no class of today."""
    query = select(StaffRole.person_id).where(StaffRole.role == Role.CARE_TEACHER).order_by(StaffRole.id)
    return stage.persona((await stage.ask(query))[0])


async def on_leave(stage: Stage, child_id: int) -> None:
    """The family has given leave for today."""
    async with stage.school.work() as uow:
        await append(uow, child_id, Link(Step.LEAVE, FAMILY))
