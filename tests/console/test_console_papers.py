"""What the console prints can be opened and says what the records say."""

from __future__ import annotations

import io

from console_browser import SignIn
from console_town import HOSTILE, Town
from pypdf import PdfReader
from sqlalchemy import delete

from care.permissions import SYSTEM
from care.records import Contact, Role
from care.school import School


def words(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


async def test_application_and_agreement(sign_in: SignIn, town: Town) -> None:
    head = await sign_in(Role.HEAD)
    answer = await head.get(f"/applications/{town.applications[HOSTILE]}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    printed = words(answer.content)
    assert HOSTILE in printed
    assert "peanut allergy" not in printed  # papers lie about
    answer = await head.get(f"/applications/{town.applications['Fay']}/agreement.pdf")
    assert "One rule in en" in words(answer.content)


async def test_papers_stay_within_reach(sign_in: SignIn, town: Town) -> None:
    homeroom = await sign_in(Role.HOMEROOM)
    eve = town.applications["Eve"]
    assert (await homeroom.get(f"/applications/{eve}.pdf")).status_code == 404
    assert (await homeroom.get(f"/applications/{eve}/agreement.pdf")).status_code == 404
    assert (await homeroom.post(f"/classes/{town.classes['3(1)']}/slips.pdf")).status_code == 404
    assert (await homeroom.post(f"/guardians/{town.guardianships['Eve']}/slip.pdf")).status_code == 404


async def test_slips_of_a_class_and_of_one_guardian(sign_in: SignIn, school: School, town: Town) -> None:
    async with school.work(SYSTEM) as uow:
        await uow.session.execute(delete(Contact))
    homeroom = await sign_in(Role.HOMEROOM)
    await homeroom.get("/students")
    printed = words((await homeroom.post(f"/classes/{town.classes['1(1)']}/slips.pdf")).content)
    assert "Ann" in printed
    assert "Cai" in printed
    assert "Eve" not in printed
    again = words((await homeroom.post(f"/guardians/{town.guardianships['Ann']}/slip.pdf")).content)
    code = next(line for line in again.splitlines() if len(line.replace("-", "").replace(" ", "")) == 10)
    assert code in printed, "the same code each time it is printed"
