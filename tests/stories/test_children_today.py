"""/children tells a guardian at any time where the child is and who answers for it (S19)."""

from __future__ import annotations

from datetime import datetime

from journey import guardians, person_id
from sqlalchemy import select, update
from stage import Player, Stage

from afterbell import demo
from care.custody.chain import Link, Side, append
from care.day.plan import on_leave
from care.leave import give
from care.records import Application, Guardianship, Student
from care.records.day import CareSession, DayChild, Holder, Proof, Step
from care.rollcall import mark, sign_in

CLASS = "2(3)"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=demo.START.tzinfo)


class Home:
    """A child of 2(3), its parents and its teacher."""

    def __init__(self, stage: Stage, mum: Player, dad: Player, teacher: Player, child: Student) -> None:
        self.stage, self.mum, self.dad, self.teacher, self.child = stage, mum, dad, teacher, child

    async def asks(self, who: Player, line: str) -> None:
        await who.send("/children")
        who.reads(line)

    async def day_child(self) -> DayChild:
        query = select(DayChild).where(DayChild.student_id == self.child.id).order_by(DayChild.date.desc())
        found: list[DayChild] = await self.stage.ask(query)
        return found[0]

    async def signs_in(self) -> None:
        query = select(CareSession.id).where(CareSession.teacher_id == person_id(self.teacher))
        (session_id,) = await self.stage.ask(query)
        async with self.stage.school.work(await self.stage.act_as(self.teacher)) as uow:
            await sign_in(uow, session_id)

    async def says(self, step: Step, remark: str = "") -> None:
        child = await self.day_child()
        async with self.stage.school.work(await self.stage.act_as(self.teacher)) as uow:
            await mark(uow, child.id, step, remark=remark)
        await self.stage.calm()

    async def link(self, step: Step, to: Side, proof: Proof = Proof.TAP) -> None:
        child = await self.day_child()
        async with self.stage.school.work(await self.stage.act_as(self.teacher)) as uow:
            await append(uow, child.id, Link(step, to, proof))


async def home(stage: Stage) -> Home:
    mum, teacher = await stage.star("care_mother"), await stage.homeroom_of(CLASS)
    query = select(Student).join(Guardianship).where(Guardianship.person_id == person_id(mum))
    (child,) = await stage.ask(query)
    _, dad = await guardians(stage, child.id)
    return Home(stage, mum, dad, teacher, child)


async def test_a_whole_day(afternoon: Stage) -> None:
    stage, it = afternoon, await home(afternoon)
    await it.asks(it.mum, f"{it.child.name}，2(3)班\n今天：14:35 开始，班主任尹若岚")
    it.mum.reads("已参加")
    await stage.at(at(24, 12, 30))
    await it.asks(it.mum, "今天：14:35 到2(3)班教室，尹若岚老师看护")
    await stage.at(at(24, 14, 36))
    await it.asks(it.mum, "今天：14:35 应到2(3)班教室，尚未点名，看护教师尹若岚")
    await it.signs_in()
    await it.asks(it.mum, "今天：14:35 应到，尹若岚老师正在2(3)班教室点名")
    await stage.at(at(24, 14, 41))
    await it.says(Step.PRESENT)
    await it.asks(it.mum, "今天：14:41 起由尹若岚老师在2(3)班教室看护")
    await stage.at(at(24, 14, 45))
    await it.says(Step.LATE)
    await it.asks(it.mum, "今天：14:45 起（迟到）由尹若岚老师在2(3)班教室看护")
    await it.says(Step.MOVED, "齐云")
    await it.asks(it.dad, "今天：14:45 起在上课程，由齐云老师看护")
    await it.says(Step.BACK)
    await it.says(Step.MOVED)
    await it.asks(it.dad, "今天：14:45 起在上课程，由课程老师看护")
    await it.says(Step.BACK)
    me = Side(Holder.TEACHER, person_id(it.teacher), it.teacher.user.name)
    await it.link(Step.LINED_OUT, me)
    await it.asks(it.dad, "今天：14:45 起由尹若岚老师带往校门（东门）")
    await it.link(Step.RELEASED, Side(Holder.ADULT, person_id(it.dad), it.dad.user.name), Proof.CODE)
    await it.asks(it.mum, f"今天：14:45 由{it.dad.user.name}（爸爸）接走，尹若岚老师交接")
    await it.link(Step.UNDONE, me)
    await it.asks(it.mum, "今天：14:45 起由尹若岚老师在2(3)班教室看护")
    await it.link(Step.RELEASED, Side(Holder.ADULT, person_id(it.dad), "钱秀英"))
    await it.asks(it.mum, "今天：14:45 由钱秀英接走，尹若岚老师交接")


async def test_in_english(small_afternoon: Stage) -> None:
    stage, it = small_afternoon, await home(small_afternoon)
    await it.mum.send("/language")
    await it.mum.tap("English")
    await stage.at(at(24, 14, 40))
    await it.signs_in()
    await it.says(Step.PRESENT)
    await it.asks(it.mum, "Today: with 尹若岚 in 2(3)班教室 since 14:40\nEnrolled, since")
    await it.link(Step.RELEASED, Side(Holder.ADULT, person_id(it.dad), it.dad.user.name))
    await it.asks(it.mum, f"Today: collected by {it.dad.user.name} (father) at 14:40, handed over by 尹若岚")
    await stage.at(at(28, 12, 30))
    await it.asks(it.mum, "No care today; next on Mon 30 Nov")


async def test_missing_and_explained(small_afternoon: Stage) -> None:
    stage, it = small_afternoon, await home(small_afternoon)
    await stage.at(at(24, 14, 40))
    await it.signs_in()
    await it.says(Step.ABSENT)
    await it.asks(it.mum, "今天：14:40 点名未到，已向您询问孩子是否和您在一起")
    await it.link(Step.EXPLAINED, Side(Holder.ADULT, person_id(it.dad), it.dad.user.name))
    await it.asks(it.mum, f"今天：未参加，和{it.dad.user.name}在一起（14:40 告知）")


async def test_on_leave_and_on_a_day_without(small_afternoon: Stage) -> None:
    stage, it = small_afternoon, await home(small_afternoon)
    async with stage.school.work(await stage.act_as(it.mum)) as uow:
        await give(uow, it.child.id, at(24, 0).date(), at(25, 0).date())
        assert await on_leave(uow, at(24, 0).date(), [it.child.id]) == {it.child.id}
    await stage.at(at(24, 9))
    await it.asks(it.mum, "今天：请假；下一次：11月26日 周四")
    await stage.at(at(24, 12, 30))
    await it.asks(it.mum, "今天：请假")
    async with stage.school.work() as uow:
        mine = Application.student_id == it.child.id
        await uow.session.execute(update(Application).where(mine).values(weekdays=[1]))
    await stage.at(at(26, 9))
    await it.asks(it.mum, "今天没有课后服务；下一次：11月30日 周一")


async def test_a_restricted_guardian_sees_nothing(small_afternoon: Stage) -> None:
    stage, it = small_afternoon, await home(small_afternoon)
    async with stage.school.work() as uow:
        his = (Guardianship.student_id == it.child.id, Guardianship.person_id == person_id(it.dad))
        await uow.session.execute(update(Guardianship).where(*his).values(restricted=True))
    await stage.at(at(24, 14, 40))
    await it.dad.send("/children")
    it.dad.misses(it.child.name)
    it.dad.misses("今天")
