"""Who may collect a child: what the lists say, and what is said against it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from custody_town import DAY, Town, build, town_clock
from databases import Databases, make_school
from sqlalchemy import select, update

from care.errors import NotAllowed
from care.permissions import SYSTEM
from care.pickup.adults import authorised, bare_name, barred, is_stopped, may_collect
from care.pickup.codes import CHOICES, LENGTH, PURPOSE, choices, code_for, from_link, is_code, shown, whose
from care.records import (
    Adult,
    Application,
    Delegate,
    Guardianship,
    Person,
    PickupCode,
    PickupPerson,
    Relation,
    State,
    StopListEntry,
    Term,
)
from care.school import School
from care.work import UnitOfWork


@pytest.fixture
async def played(databases: Databases) -> AsyncIterator[tuple[School, Town]]:
    school = make_school(await databases.fresh(loaded=False), town_clock())
    yield school, await build(school)
    await school.close()


async def names(school: School, student: int) -> list[str]:
    async with school.look() as uow:
        return [one.name + ("!" if one.stopped else "") for one in await authorised(uow, student, DAY)]


async def is_listed(uow: UnitOfWork, student: int, adult_id: int, day: date) -> bool:
    return (Adult.LISTED, adult_id) in {(one.adult, one.id) for one in await authorised(uow, student, day)}


async def refused(school: School, student: int, adult: Adult, adult_id: int) -> str:
    try:
        async with school.look() as uow:
            await may_collect(uow, student, adult, adult_id, DAY)
    except NotAllowed as error:
        return error.code
    return ""


def key(town: Town, name: str) -> tuple[Adult, int]:
    return next(key for key, known in town.names.items() if known == name)


async def test_the_lists(played: tuple[School, Town]) -> None:
    school, town = played
    assert await names(school, town.students[0]) == ["Ma One", "Pa One", "Nan One", "Aunt Today"]
    assert await names(school, town.students[4]) == ["Ma Dot", "Nan S4!"]
    for number, student in enumerate(town.students):
        for adult, adult_id in town.adults:
            name = town.names.get((adult, adult_id), "nobody")
            code = await refused(school, student, adult, adult_id)
            assert (code == "") == ((town.children[number], name) in town.allowed), (name, number, code)
    assert await refused(school, town.students[4], *key(town, "Pa Dot")) == "stop_listed"
    assert await refused(school, town.students[4], *key(town, "Friend of Pa Dot")) == "not_authorised"


async def test_a_restricted_guardian_on_another_list(played: tuple[School, Town]) -> None:
    """What the court has said holds against the mother's own list, without any entry in the stop-list."""
    school, town = played
    ann = town.students[0]
    async with school.work(SYSTEM) as uow:
        pa = await uow.session.get_one(Person, town.people["Pa One"])
        application = (await uow.session.scalars(select(Application).where(Application.student_id == ann))).one()
        row = PickupPerson(
            application_id=application.id, ordinal=7, name="pa　one", relation=Relation.UNCLE, phone=pa.phone or ""
        )
        uow.session.add(row)
        tie = select(Guardianship).where(Guardianship.student_id == ann, Guardianship.person_id == pa.id)
        (await uow.session.scalars(tie)).one().restricted = True
    assert "pa　one!" in await names(school, ann)
    assert "Pa One" not in await names(school, ann)
    assert await refused(school, ann, Adult.LISTED, row.id) == "stop_listed"
    assert await refused(school, ann, Adult.GUARDIAN, town.people["Pa One"]) == "stop_listed"
    assert await refused(school, town.students[1], Adult.GUARDIAN, town.people["Pa One"]) == "", "the brother's father"


async def test_parents_who_share_a_phone(played: tuple[School, Town]) -> None:
    """A restricted father's number is the mother's, too: she is not taken for him; whoever is no guardian is."""
    school, town = played
    dot = town.students[4]
    async with school.work(SYSTEM) as uow:
        mother = await uow.session.get_one(Person, town.people["Ma Dot"])
        father = await uow.session.get_one(Person, town.people["Pa Dot"])
        father.phone = mother.phone
        delegate = Delegate(
            date=DAY,
            guardian_id=mother.id,
            student_ids=[dot],
            name="Somebody",
            relation=Relation.OTHER,
            phone=mother.phone or "",
            made_at=uow.now,
        )
        uow.session.add(delegate)
        await uow.session.execute(update(StopListEntry).values(ended_at=uow.now))
    assert await refused(school, dot, Adult.GUARDIAN, town.people["Ma Dot"]) == ""
    assert await refused(school, dot, Adult.GUARDIAN, town.people["Pa Dot"]) == "stop_listed"
    assert await refused(school, dot, Adult.DELEGATE, delegate.id) == "stop_listed"


async def test_a_delegate_ends_with_the_right_of_who_sent_them(played: tuple[School, Town]) -> None:
    school, town = played
    ann, (adult, number) = town.students[0], key(town, "Aunt Today")
    assert await refused(school, ann, adult, number) == ""
    assert await refused(school, town.students[1], adult, number) == "not_authorised", "not named for the brother"
    async with school.work(SYSTEM) as uow:
        tie = update(Guardianship).where(Guardianship.person_id == town.people["Ma One"])
        await uow.session.execute(tie.values(restricted=True))
    assert await refused(school, ann, adult, number) == "not_authorised"


async def test_the_list_of_an_application_that_holds_no_longer(played: tuple[School, Town]) -> None:
    school, town = played
    ann, (adult, number) = town.students[0], key(town, "Nan One")
    assert await refused(school, ann, adult, number) == ""
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Term).values(ends_on=DAY.replace(day=23)))
    assert await refused(school, ann, adult, number) == "not_authorised"
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Term).values(ends_on=DAY.replace(month=12)))
        await uow.session.execute(
            update(Application).where(Application.student_id == ann).values(state=State.WITHDRAWN)
        )
    assert await refused(school, ann, adult, number) == "", "withdrawn while the child is here: it is still collected"
    async with school.look() as uow:
        assert await is_listed(uow, ann, number, DAY)
        assert not await is_listed(uow, ann, number, DAY.replace(day=25))


async def test_an_entry_that_has_ended(played: tuple[School, Town]) -> None:
    school, town = played
    dot = town.students[4]
    async with school.work(SYSTEM) as uow:
        assert [bar.name for bar in await barred(uow, dot)] == ["Nan S4", "Pa Dot"]
        await uow.session.execute(update(StopListEntry).values(ended_at=uow.now))
    assert await names(school, dot) == ["Ma Dot", "Nan S4"]
    assert await refused(school, dot, *key(town, "Pa Dot")) == "stop_listed", "restricted all the same"


@pytest.mark.parametrize(
    ("name", "phone", "stopped"),
    [
        ("许长旭", "", True),
        ("许 长旭", "13900000000", True),
        ("ＸＵ", "", False),
        ("许长旭", "13911112222", True),
        ("别人", "13911112222", True),
        ("别人", "", False),
        ("", "", False),
    ],
)
def test_by_name_or_by_phone(name: str, phone: str, stopped: bool) -> None:
    entries = [
        StopListEntry(name="许长旭", phone=None),
        StopListEntry(name="陈", phone="13911112222"),
    ]
    assert is_stopped(name, phone, entries) is stopped


def test_two_people_of_one_name_with_phones_that_differ() -> None:
    assert not is_stopped("陈明", "13900000001", [StopListEntry(name="陈明", phone="13900000002")])
    assert is_stopped("陈明", "+447911123456", [StopListEntry(name="陈明", phone="447911123456")]), (
        "with or without plus"
    )
    assert bare_name("Ｘu  CHANG") == "xuchang"


async def test_another_number_lets_no_delegate_through(played: tuple[School, Town]) -> None:
    """A delegate's number is what a guardian typed: the name alone stops. Of those whom the school has long known by
    name and number, one may have the name of somebody else."""
    school, town = played
    ann = town.students[0]
    async with school.work(SYSTEM) as uow:
        aunt = await uow.session.get_one(Delegate, key(town, "Aunt Today")[1])
        nan = await uow.session.get_one(PickupPerson, key(town, "Nan One")[1])
        for name, phone in ((aunt.name, "13977770000"), (nan.name, "13977770001")):
            assert phone not in (aunt.phone, nan.phone)
            uow.session.add(StopListEntry(student_id=ann, name=name, phone=phone, reason="court", added_at=uow.now))
    assert await names(school, ann) == ["Ma One", "Pa One", "Nan One", "Aunt Today!"]
    assert await refused(school, ann, *key(town, "Aunt Today")) == "stop_listed"
    assert await refused(school, ann, *key(town, "Nan One")) == ""


async def test_codes(played: tuple[School, Town]) -> None:
    """One an adult and date, unique among all of that date, nothing in the database that gives one away."""
    school, town = played
    async with school.work(SYSTEM) as uow:
        made = [await code_for(uow, adult, number, DAY) for adult, number in town.adults]
        assert [await code_for(uow, adult, number, DAY) for adult, number in town.adults] == made
        tomorrow = [await code_for(uow, adult, number, DAY.replace(day=25)) for adult, number in town.adults]
    assert len(set(made)) == len(made) and all(is_code(code) and len(code) == LENGTH for code in made)
    assert not set(made) & set(tomorrow)
    async with school.look() as uow:
        for code, (adult, number) in zip(made, town.adults, strict=True):
            row = await whose(uow, shown(code).lower(), DAY)
            assert row is not None and (row.adult, row.adult_id) == (adult, number)
            assert code not in row.code_hash
            assert await whose(uow, code, DAY.replace(day=25)) is None


@pytest.mark.parametrize("taken", [1, 3])
async def test_a_code_that_another_adult_has(played: tuple[School, Town], taken: int) -> None:
    """The row takes its next one, and keeps it; what is found by either code is whose it is."""
    school, town = played
    mine, *others = town.adults
    async with school.work(SYSTEM) as uow:
        first = [choices(uow, len(others[:taken]) + 1)[at] for at in range(taken)]
        for code, (adult, number) in zip(first, others, strict=False):
            fingerprint = school.keys.fingerprint(PURPOSE, code)
            uow.session.add(PickupCode(date=DAY, adult=adult, adult_id=number, code_hash=fingerprint, made_at=uow.now))
        await uow.session.flush()
        code = await code_for(uow, *mine, DAY)
        assert code not in first and is_code(code)
    async with school.work(SYSTEM) as uow:
        assert await code_for(uow, *mine, DAY) == code
        row = await whose(uow, code, DAY)
        assert row is not None and (row.adult, row.adult_id) == mine
        for code, theirs in zip(first, others, strict=False):
            row = await whose(uow, code, DAY)
            assert row is not None and (row.adult, row.adult_id) == theirs


async def test_no_code_is_free(played: tuple[School, Town]) -> None:
    """It says so, and nothing is kept of it."""
    school, town = played
    mine = town.adults[0]
    async with school.work(SYSTEM) as uow:
        for number, code in enumerate(choices(uow, CHOICES + 1), start=1):
            fingerprint = school.keys.fingerprint(PURPOSE, code)
            row = PickupCode(
                date=DAY, adult=Adult.DELEGATE, adult_id=900 + number, code_hash=fingerprint, made_at=uow.now
            )
            uow.session.add(row)
    with pytest.raises(RuntimeError, match="somebody else's"):
        async with school.work(SYSTEM) as uow:
            await code_for(uow, *mine, DAY)
    async with school.look() as uow:
        rows = list(await uow.session.scalars(select(PickupCode)))
    assert len(rows) == CHOICES


def test_what_has_the_form_of_a_code() -> None:
    assert from_link("pkABC234") == "ABC234"
    for payload in ("", "pk", "pkABC23", "PKABC234", "pkABC230", "ABC234", "pkABC2345", "ABCDEFGH23"):
        assert from_link(payload) == "", payload
