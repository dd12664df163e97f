"""Whom a visitor can play, who has started the bot already, and whose slip opens it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import httpx
from babel.messages.pofile import read_po
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from afterbell.demo import WHY, linked, load, people, stars
from afterbell.demo.links import FIRST_USER, user_id
from afterbell.settings import Settings
from afterbell.weblocal import WebChat
from bot.chat.menus import GUARDIAN
from care.linking import Linked, open_slip
from care.people import children_of
from care.permissions import SYSTEM
from care.records import Application, Contact, Guardianship, Person, Reach, Slip, StaffRole, State, Student
from care.school import School
from locales import catalogue_path, words

ROOT = Path(__file__).parent.parent.parent

ABOUT = {
    "苏婉晴": ("2(3)班 林芷若 的妈妈", "mother of 林芷若 in 2(3)"),
    "Clara Ashworth": ("3(5)班 Theo Ashworth 的妈妈", "mother of Theo Ashworth in 3(5)"),
    "许长旭": ("3(6)班 许沐言 的爸爸（监护权受限）", "father of 许沐言 in 3(6) (restricted)"),
}


async def test_the_stars_come_first_and_have_a_reason(school: School) -> None:
    async with school.look() as uow:
        found = await stars(uow)
    assert [star.about_key for star in found] == list(WHY)
    assert all(star.why == WHY[star.about_key] and star.name for star in found)
    assert all(words("zh_CN", "webchat")(star.why) != star.why for star in found)
    shown = await people(school)
    assert [p.name for p in shown[: len(found)]] == [star.name for star in found]
    assert [p.why["en"] for p in shown[: len(found)]] == [star.why for star in found]
    assert not any(p.why for p in shown[len(found) :])


async def test_the_tours_of_the_readme_name_the_stars(school: School) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bbe ([\u4e00-\u9fff]{2,4})", readme))
    async with school.look() as uow:
        names = {star.name for star in await stars(uow)}
    assert len(named) >= 4 and named <= names


def test_the_readme_names_buttons_in_both_languages() -> None:
    """Each *English* (中文) in it is how one sentence of a catalogue begins, with what it leaves out as "…"."""
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    named = re.findall(r"\*([A-Z][^*]+)\* \(([^)]*[\u4e00-\u9fff][^)]*)\)", readme)
    held = [*sentences("chat"), *sentences("console")]
    assert len(named) >= 6
    for pair in named:
        assert any(begins(said[0], pair[0]) and begins(said[1], pair[1]) for said in held), pair


def sentences(domain: str) -> list[tuple[str, str]]:
    """What a catalogue says, in English (of several) and in Chinese."""
    with catalogue_path("en", domain).open("rb") as english, catalogue_path("zh_CN", domain).open("rb") as chinese:
        here, there = read_po(english, locale="en"), read_po(chinese, locale="zh_CN")
    forms = [(message.string, there[message.id].string) for message in here if message.id]
    return [(one[-1], other[0]) if isinstance(one, tuple) else (one, other) for one, other in forms]


def begins(said: str, words: str) -> bool:
    """A button's sign before its words does not count."""
    return re.match(r"\W*" + ".*".join(re.escape(part) for part in words.split("…")), said) is not None


async def test_the_mother_in_care(school: School, db: Session) -> None:
    """Her one child is of the star class, enrolled on all days, and both parents have opened the bot."""
    async with school.look() as uow:
        (mother,) = [star for star in await stars(uow) if star.about_key == "care_mother"]
        (child,) = await children_of(uow, mother.person_id)
        here = {one.user_id for one in await linked(uow)}
    assert child.school_class == "2(3)"
    parents = list(db.scalars(select(Guardianship.person_id).where(Guardianship.student_id == child.student_id)))
    assert len(parents) == 2 and all(1_000_000_000 + one in here for one in parents)
    (application,) = db.scalars(select(Application).where(Application.student_id == child.student_id))
    assert (application.state, application.weekdays) == (State.ENROLLED, [1, 2, 3, 4, 5])


async def test_star_guardians_have_not_applied_and_hold_a_slip(school: School) -> None:
    async with school.look() as uow:
        guardians = [
            star for star in await stars(uow) if star.about_key in ("mother", "twins_father", "english_mother")
        ]
        here = {one.user_id for one in await linked(uow)}
        for star in guardians:
            children = await children_of(uow, star.person_id)
            assert len(children) == (2 if star.about_key == "twins_father" else 1)
            applied = select(Application).where(Application.student_id.in_([c.student_id for c in children]))
            assert (await uow.session.scalars(applied)).all() == []
            assert 1_000_000_000 + star.person_id not in here
    payloads = {p.user_id: p.start_payload for p in await people(school)}
    assert all(payloads[1_000_000_000 + star.person_id] for star in guardians)


async def test_everybody_can_be_played_once(school: School, db: Session) -> None:
    shown = await people(school)
    assert {p.user_id - 1_000_000_000 for p in shown} == set(db.scalars(select(Person.id)))
    assert len({p.user_id for p in shown}) == len(shown)
    groups = Counter(p.group for p in shown)
    assert set(groups) == {"families", "teachers", "school"}
    assert (groups["teachers"], groups["school"]) == (68, 17)
    assert {p.language for p in shown} == {"zh-hans", "en"}
    assert all(p.about["zh_CN"] and p.about["en"] and p.phone for p in shown)
    about = {p.name: (p.about["zh_CN"], p.about["en"]) for p in shown if p.name in ABOUT}
    assert about == ABOUT
    twins = next(p for p in shown if p.name == "陆绍源")
    assert twins.about["zh_CN"].startswith("1(2)班 陆子")
    assert "、" in twins.about["zh_CN"]
    assert " and " in twins.about["en"]


async def test_who_is_linked_has_the_menu_of_their_duty(school: School, tmp_path: Path) -> None:
    """Without a letter: they have had it since they opened their slip."""
    webchat = WebChat(school, Settings(data_dir=tmp_path, _env_file=None), demonstration=True)
    async with school.look() as uow:
        ids = {star.about_key: user_id(star.person_id) for star in await stars(uow)}

    async def menu(user: int) -> list[object]:
        return [one["command"] for one in await webchat.menu_of(user)]

    assert await menu(ids["care_mother"]) == [*GUARDIAN, "language", "help", "cancel"]
    assert (await menu(ids["homeroom"]))[:2] == ["checkin", "handover"]
    assert "console" in await menu(ids["office"]) and "pickup" not in await menu(ids["office"])
    assert await menu(ids["mother"]) == [], "she opens her slip first"
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(update(Person).values(language="en").where(Person.id == ids["office"] - FIRST_USER))
    last = [(await webchat.menu_of(ids[name]))[-1]["description"] for name in ("homeroom", "office")]
    assert last == ["暂停当前填写", "Set the current question aside"]

    transport = httpx.ASGITransport(Starlette(routes=webchat.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://school") as browser:
        shown = (await browser.get(f"/chat/{ids['care_mother']}/state.json")).json()
    assert shown["commands"][0]["command"] == "pickup"
    await webchat.close()


async def test_who_is_linked(school: School, db: Session) -> None:
    async with school.look() as uow:
        here = {one.user_id - 1_000_000_000 for one in await linked(uow)}
    staff = set(db.scalars(select(StaffRole.person_id)))
    query = select(Guardianship.person_id, Guardianship.id, Application.guardianship_id, Application.state)
    rows = db.execute(
        query.outerjoin(Application, Application.student_id == Guardianship.student_id).where(
            Guardianship.restricted.is_(False)
        )
    ).all()
    enrolled = {person for person, _, _, state in rows if state is State.ENROLLED}
    applied = {person for person, mine, applicant, _ in rows if mine == applicant}
    assert here == staff | enrolled | applied
    for contact in db.scalars(select(Contact)):
        assert (contact.channel, contact.chat_id, contact.linked_by, contact.reach) == (
            "web",
            1_000_000_000 + contact.person_id,
            "demo",
            Reach.REACHABLE,
        )


async def test_a_linked_persons_slips_are_used_and_the_others_open(school: School, db: Session) -> None:
    contacts = {c.person_id: c for c in db.scalars(select(Contact))}
    slips = db.scalars(select(Slip)).all()
    for slip in slips:
        code = school.keys.code("slip", slip.id)
        assert slip.code_hash == school.keys.fingerprint("slip", code)
        assert slip.expires_at.isoformat() == "2027-01-29T16:00:00+00:00"
        contact = contacts.get(slip.person_id)
        assert slip.used_by == (contact.id if contact else None)
        assert (slip.used_at is None) == (contact is None)
        assert slip.used_at is None or slip.used_at >= slip.issued_at
    free = select(Guardianship.id).join(Student).where(Guardianship.restricted.is_(False))
    assert sorted(s.guardianship_id for s in slips if s.guardianship_id) == sorted(db.scalars(free))
    assert sum(1 for s in slips if not s.guardianship_id) == 83


async def test_whoever_applied_had_opened_the_bot_before(db: Session) -> None:
    query = (
        select(Application.submitted_at, Contact.linked_at)
        .join(Guardianship, Guardianship.id == Application.guardianship_id)
        .join(Contact, Contact.person_id == Guardianship.person_id)
    )
    rows = db.execute(query).all()
    assert len(rows) == 936
    assert all(linked < submitted for submitted, linked in rows)


async def test_a_visitor_opens_a_slip_and_then_needs_it_no_more(empty: School) -> None:
    await load(empty)
    mother = (await people(empty))[0]
    assert mother.start_payload
    async with empty.work(SYSTEM) as uow:
        linked = await open_slip(uow, mother.start_payload, "web", mother.user_id)
        assert isinstance(linked, Linked)
        assert [child.name for child in linked.children] == ["林芷若"]
    assert (await people(empty))[0].start_payload is None


async def test_without_the_demonstration_there_are_no_stars(empty: School) -> None:
    async with empty.look() as uow:
        assert await stars(uow) == []
    assert await people(empty) == []
