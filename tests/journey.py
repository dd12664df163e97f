"""Steps that many stories share: the slip, the questions answered by tapping, a decision, who belongs to whom."""

from __future__ import annotations

from sqlalchemy import select
from stage import USERS_FROM, Player, Stage

from care.enrolment import Answers, Move, PickupAnswer, decide, submit
from care.people import actor_for
from care.permissions import Actor
from care.records import (
    Application,
    Guardianship,
    LeaveMode,
    Need,
    Person,
    Relation,
    SchoolClass,
    State,
    Student,
)
from care.records.delivery import Form

ZH = {
    "read": "›",
    "yes": "同意",
    "day": "周一",
    "next": "下一步",
    "need": "家长下班较晚",
    "no_extended": "不需要 ›",
    "nobody": "没有其他人",
    "collected": "仅由授权成年人接走",
    "no_note": "不填写",
    "no_courses": "先不填",
    "submit": "确认提交",
}
EN = {
    "read": "›",
    "yes": "Yes, I consent",
    "day": "Mon",
    "next": "Next",
    "need": "Parents finish work later",
    "no_extended": "No extended care ›",
    "nobody": "Nobody else",
    "collected": "Collected by an authorised adult only",
    "no_note": "No note",
    "no_courses": "Leave it open",
    "submit": "Confirm and submit",
}


def answers(**changes: object) -> Answers:
    """A plain application, with what a test changes about it."""
    plain: dict[str, object] = {
        "weekdays": (1, 3),
        "needs": (Need.WORK_HOURS,),
        "need_words": "",
        "extended_weekdays": (),
        "pickup": (PickupAnswer("钱秀英", Relation.GRANDMOTHER, "19900007777"),),
        "leave_mode": LeaveMode.COLLECTED,
        "health_note": "",
        "courses_wished": "",
        "consent_data": True,
        "consent_health": False,
        "criteria_version": 1,
    }
    return Answers(**(plain | changes))  # type: ignore[arg-type]


async def open_slip(stage: Stage, player: Player) -> None:
    await player.send(f"/start {stage.slip_of(player)}")


def says(player: Player) -> dict[str, str]:
    return EN if player.user.language == "en" else ZH


async def read_all(player: Player) -> None:
    """Reads the pages up to the question for consent."""
    words = says(player)
    while not any(words["yes"] in button for button in player.buttons):
        await player.tap(words["read"])


async def answer_all(player: Player, young: bool, start: str = "/apply") -> None:
    """Answers every question as plainly as can be, up to the summary. ``young``: grades 1 and 2."""
    words = says(player)
    if start:
        await player.send(start)
    await read_all(player)
    for key in ("yes", "day", "next", "need", "next", "no_extended", "nobody"):
        await player.tap(words[key])
    if not young:
        await player.tap(words["collected"])
    await player.tap(words["no_note"])
    await player.tap(words["no_courses"])


async def apply(player: Player, young: bool, start: str = "/apply") -> None:
    await answer_all(player, young, start)
    await player.tap(says(player)["submit"])


async def student(stage: Stage, name: str) -> Student:
    found: list[Student] = await stage.ask(select(Student).where(Student.name == name))
    return found[0]


async def guardians(stage: Stage, student_id: int) -> list[Player]:
    """The unrestricted guardians of a child, who applied first."""
    query = select(Guardianship.person_id).where(
        Guardianship.student_id == student_id, Guardianship.restricted.is_(False)
    )
    return [stage.persona(number) for number in await stage.ask(query.order_by(Guardianship.id))]


async def actor(stage: Stage, person_id: int) -> Actor:
    async with stage.school.look() as uow:
        return await actor_for(uow, await uow.session.get_one(Person, person_id))


async def submit_for(stage: Stage, player: Player, name: str, **changes: object) -> Application:
    """An application made at once, by the same command as the chat's."""
    child = await student(stage, name)
    async with stage.school.work(await stage.act_as(player)) as uow:
        application = await submit(uow, child.id, answers(**changes))
    await stage.calm()
    return application


async def decides(stage: Stage, player: Player, move: Move, application_id: int, remark: str = "") -> Application:
    """A decision as the console makes it."""
    async with stage.school.work(await stage.act_as(player)) as uow:
        application = await decide(uow, move, application_id, remark)
    await stage.calm()
    return application


async def to_approved(stage: Stage, application_id: int, class_name: str) -> None:
    await decides(stage, await stage.homeroom_of(class_name), Move.PASS, application_id)
    await decides(stage, await stage.star("office"), Move.APPROVE, application_id)


async def sign_in_chat(
    player: Player, name: str, yes: str = "确认签署", sign: str = "签字", read: str = "继续阅读"
) -> None:
    """From the page of the agreement on which the person is, to the signature."""
    while not any(sign in button for button in player.buttons):
        await player.tap(read)
    await player.tap(sign)
    await player.send(name)
    await player.tap(yes)


async def in_state(stage: Stage, state: State, class_name: str = "") -> list[Application]:
    """Applications in a state, longest in it first; of one class where it is named."""
    query = select(Application).join(Student).join(SchoolClass).where(Application.state == state)
    if class_name:
        grade, number = int(class_name[0]), int(class_name[2:-1])
        query = query.where(SchoolClass.grade == grade, SchoolClass.number == number)
    found: list[Application] = await stage.ask(query.order_by(Application.state_since, Application.id))
    return found


async def applicant(stage: Stage, application: Application) -> Player:
    (person_id,) = await stage.ask(select(Guardianship.person_id).where(Guardianship.id == application.guardianship_id))
    return stage.persona(person_id)


async def again(stage: Stage, application_id: int) -> Application:
    """The application as it is now, through a session of its own."""
    (found,) = await stage.ask(select(Application).where(Application.id == application_id))
    return found  # type: ignore[no-any-return]


async def forms(stage: Stage, player: Player) -> dict[str, Form]:
    found = await stage.ask(select(Form).where(Form.chat_id == player.user_id))
    return {form.flow: form for form in found}


def person_id(player: Player) -> int:
    return player.user_id - USERS_FROM
