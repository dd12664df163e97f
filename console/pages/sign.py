"""The signing page (S14): opened from the teacher's chat by a link that is bound to the teacher, the adult and the
children; nobody has to sign in for it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from care.errors import CareError
from care.release.giving import Held
from care.release.signing import HEIGHT, LEAST_INK, WIDTH, Sheet, sign, to_sign
from care.release.waiting import GateChild
from console.door import Page, Visit
from console.refusals import sentence

DRAWN_ANEW = frozenset({"signature_empty", "signature_invalid"})
"""After these the adult simply signs again."""


@dataclass(frozen=True)
class SignView:
    """A sheet to be signed, or children who have been given, or a sentence that says why neither."""

    token: str
    sheet: Sheet | None = None
    given: tuple[GateChild, ...] = ()
    error: str = ""
    tone: str = "bad"
    width: int = WIDTH
    height: int = HEIGHT
    least: int = LEAST_INK


async def show(visit: Visit) -> Response:
    """The sheet. Looking at it changes nothing: messengers open links to show a preview."""
    token = visit.request.path_params["token"]
    try:
        async with visit.looking() as uow:
            sheet = await to_sign(uow, token)
    except CareError as error:
        return _refused(visit, token, error)
    return visit.page("sign/page.html", SignView(token, sheet))


async def signed(visit: Visit) -> Response:
    """Keeps the signature and releases, in one transaction."""
    token = visit.request.path_params["token"]
    try:
        async with visit.working() as uow:
            given = await sign(uow, token, visit.field("points"))
    except CareError as error:
        if error.code not in DRAWN_ANEW:
            return _refused(visit, token, error)
        async with visit.looking() as uow:
            sheet = await to_sign(uow, token)
        return visit.page("sign/page.html", SignView(token, sheet, error=sentence(visit._, error)), error.status)
    if isinstance(given, Held):  # no more than that: the adult reads this
        wait = visit._("One moment, please: a colleague will come to the gate.")
        return visit.page("sign/page.html", SignView(token, error=wait, tone="info"))
    return visit.page("sign/page.html", SignView(token, given=given.children))


def _refused(visit: Visit, token: str, error: CareError) -> Response:
    return visit.page("sign/page.html", SignView(token, error=sentence(visit._, error)), error.status)


PAGES = [Page("/sign/{token}", get=show, post=signed, public=True)]
