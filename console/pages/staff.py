"""Staff: who has which duty, taking on, ending duties, and letting somebody in."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.classes import all_classes
from care.errors import CareError, Invalid
from care.permissions import Permission
from care.records.people import Role, SchoolClass
from care.staff import GRADES, StaffMember, add_duty, add_staff, end_duty, members, new_sign_in, new_slip
from console.door import Page, Visit, number
from console.refusals import sentence


@dataclass(frozen=True)
class Access:
    """Shown once: a way in for one person."""

    person: str
    link: str
    code: str


@dataclass(frozen=True)
class StaffView:
    members: tuple[StaffMember, ...]
    roles: tuple[Role, ...]
    grades: tuple[int, ...]
    classes: tuple[SchoolClass, ...]
    words: str
    role: Role | None
    done: str
    error: str
    typed_name: str
    typed_phone: str
    access: Access | None


DONE = frozenset({"staff_added", "duty_added", "duty_ended"})


async def show(visit: Visit) -> Response:
    return await _page(visit)


def read_role(written: str | None) -> Role | None:
    return Role(written) if written in set(Role) else None


async def _page(visit: Visit, error: str = "", access: Access | None = None, status: int = 200) -> Response:
    params = visit.request.query_params
    words, role, done = params.get("q", "").strip()[:40], read_role(params.get("role")), params.get("done", "")
    async with visit.looking() as uow:
        everybody = await members(uow)
        classes = await all_classes(uow)
    shown = [
        one
        for one in everybody
        if words.casefold() in one.name.casefold() and (role is None or any(d.role is role for d in one.duties))
    ]
    view = StaffView(
        members=tuple(shown),
        roles=tuple(Role),
        grades=tuple(GRADES),
        classes=tuple(classes),
        words=words,
        role=role,
        done=done if done in DONE else "",
        error=error,
        typed_name=visit.field("name"),
        typed_phone=visit.field("phone"),
        access=access,
    )
    return visit.page("staff/list.html", view, status)


def _duty(visit: Visit) -> tuple[Role, int | None, int | None]:
    role = read_role(visit.field("role"))
    if role is None:
        raise Invalid("role_unknown")
    return role, number(visit.field("grade"), 1, 12), number(visit.field("class"), 1)


async def _failed(visit: Visit, error: CareError) -> Response:
    if error.status in (403, 404):
        raise error
    return await _page(visit, sentence(visit._, error), status=error.status)


async def take_on(visit: Visit) -> Response:
    try:
        role, grade, class_id = _duty(visit)
        async with visit.working() as uow:
            await add_staff(uow, visit.field("name"), visit.field("phone"), role, grade, class_id)
    except CareError as error:
        return await _failed(visit, error)
    return visit.go("/staff?done=staff_added")


async def give_duty(visit: Visit) -> Response:
    try:
        role, grade, class_id = _duty(visit)
        async with visit.working() as uow:
            await add_duty(uow, visit.id, role, grade, class_id)
    except CareError as error:
        return await _failed(visit, error)
    return visit.go(f"/staff?done=duty_added#person-{visit.id}")


async def take_duty(visit: Visit) -> Response:
    try:
        async with visit.working() as uow:
            await end_duty(uow, visit.id)
    except CareError as error:
        return await _failed(visit, error)
    return visit.go("/staff?done=duty_ended")


async def make_slip(visit: Visit) -> Response:
    async with visit.working() as uow:
        person, code = await new_slip(uow, visit.id)
    return await _page(visit, access=Access(person.name, visit.desk.deep_link(code), code))


async def make_sign_in(visit: Visit) -> Response:
    async with visit.working() as uow:
        person, token = await new_sign_in(uow, visit.id)
    address = visit.desk.school.address or str(visit.request.base_url).rstrip("/")
    return await _page(visit, access=Access(person.name, f"{address}/sign-in/{token}", ""))


PAGES = [
    Page("/staff", get=show, post=take_on, right=Permission.MANAGE_STAFF),
    Page("/staff/{id:int}/duties", post=give_duty, right=Permission.MANAGE_STAFF),
    Page("/duties/{id:int}/end", post=take_duty, right=Permission.MANAGE_STAFF),
    Page("/staff/{id:int}/slip", post=make_slip, right=Permission.MANAGE_STAFF),
    Page("/staff/{id:int}/sign-in", post=make_sign_in, right=Permission.MANAGE_STAFF),
]
