"""A signature on the teacher's phone: a short-lived link that is bound to the teacher, the adult and the children, and
a drawing that is kept as points, never as what a browser sends for a picture."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from care.errors import Conflict, Invalid, NotAllowed
from care.people import actor_for
from care.pickup.adults import Authorised, is_barred, may_collect, who_is_adult
from care.records.day import Proof
from care.records.delivery import Class
from care.records.people import Person
from care.records.pickup import Adult, Signature
from care.release.gate import children, hold_lists
from care.release.giving import Given, Held, gone, release
from care.release.waiting import GateChild
from care.work import UnitOfWork

VALID = timedelta(minutes=5)
PURPOSE = "sign"
WIDTH, HEIGHT = 600, 260
"""The field in which strokes are drawn; points lie in it, in whole units."""
STROKES, POINTS = 80, 4000
LEAST_INK = 120
"""Units of line that a signature has at least, a fifth of the field's width: a dot or a dash is none."""
LONGEST = 60_000
"""Characters of the points as they are sent."""

Stroke = Sequence[tuple[int, int]]
Screen = tuple[str, int, int]
"""Channel, chat and message in which the link stands: there the teacher reads how it ended."""


@dataclass(frozen=True)
class Wanted:
    """What a link asks an adult to sign for. ``seen``: by day child, how far its chain had grown when it was made."""

    teacher_id: int
    adult: Adult
    adult_id: int
    seen: dict[int, int]
    until: datetime
    screen: Screen | None


def make_token(uow: UnitOfWork, adult: Adult, adult_id: int, seen: dict[int, int], screen: Screen | None = None) -> str:
    """The token of a link by which one adult signs for these children, before the actor, within five minutes."""
    until = int((uow.now + VALID).timestamp())
    said = [uow.actor.person_id, adult.value, adult_id, sorted(seen.items()), until, screen]
    body = _pack(json.dumps(said, separators=(",", ":")).encode())
    return f"{body}.{_seal(uow, body)}"


def read_token(uow: UnitOfWork, token: str) -> Wanted:
    """What a token asks for. Raises Invalid("sign_link_unknown") for one that we did not make, "sign_link_expired"."""
    body, _, seal = token.partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(uow, body).encode()):
        raise Invalid("sign_link_unknown")
    try:
        teacher_id, adult, adult_id, pairs, until, screen = json.loads(_unpack(body))
    except (ValueError, binascii.Error) as error:
        raise Invalid("sign_link_unknown") from error
    wanted = Wanted(teacher_id, Adult(adult), adult_id, dict(pairs), datetime.fromtimestamp(until, UTC), screen)
    if wanted.until <= uow.now:
        raise Invalid("sign_link_expired")
    return wanted


def _seal(uow: UnitOfWork, body: str) -> str:
    digest = hmac.new(uow.school.keys.derive(PURPOSE), body.encode(), hashlib.sha256).digest()
    return _pack(digest)


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


@dataclass(frozen=True)
class Sheet:
    """The page to be signed: by whom, for which children."""

    who: Authorised
    children: tuple[GateChild, ...]
    teacher: str


async def _act_as_teacher(uow: UnitOfWork, wanted: Wanted) -> None:
    """The link acts for the teacher who asked for it, with the duties they hold now."""
    teacher = await uow.session.get(Person, wanted.teacher_id)
    if teacher is None:
        raise Invalid("sign_link_unknown")
    uow.actor = await actor_for(uow, teacher)


async def to_sign(uow: UnitOfWork, token: str) -> Sheet:
    """What a link is for, as it stands now. Raises what ``sign`` would, so that nobody signs in vain: Conflict for
    children who have gone or whose chain has grown, NotAllowed for an adult who may not collect them (any more)."""
    wanted = read_token(uow, token)
    await _act_as_teacher(uow, wanted)
    found = await children(uow, wanted.seen)
    for one in found:
        if one.is_gone:
            raise gone(uow, one)
        if one.seq != wanted.seen[one.id]:
            raise Conflict()
    who = await who_is_adult(uow, wanted.adult, wanted.adult_id, uow.day)
    if who is None:
        raise NotAllowed("not_authorised")
    for one in found:
        if not await is_barred(uow, one.student_id, who):  # who is, finds out by signing, which records the attempt
            await may_collect(uow, one.student_id, wanted.adult, wanted.adult_id, one.date)
    return Sheet(who, tuple(found), uow.actor.name)


async def sign(uow: UnitOfWork, token: str, points: str) -> Given | Held:
    """The adult has signed: keeps the drawing and releases the children by it, in one transaction. A second time gives
    what the first one gave. Raises Invalid for a drawing that is none, and what ``release`` raises."""
    wanted = read_token(uow, token)
    await _act_as_teacher(uow, wanted)
    drawn = as_svg(read_strokes(points))
    await hold_lists(uow, wanted.seen)
    found = await children(uow, wanted.seen)
    if all(one.is_gone and one.data.get("link") == _name_of(token) for one in found):
        return Given(tuple(found), again=True)
    for one in found:
        if one.is_gone:
            raise gone(uow, one)
    signature = await _keep(uow, wanted, drawn)
    about = {"signature": signature.id, "link": _name_of(token)}
    given = await release(uow, wanted.seen, wanted.adult, wanted.adult_id, Proof.SIGNATURE, about)
    links = [[one.id, one.seq] for one in (found if isinstance(given, Held) else given.children)]
    kind = "gate_held" if isinstance(given, Held) else "gate_signed"
    await uow.post(
        kind, wanted.teacher_id, Class.REPLY, key=f"{kind}:{_name_of(token)}", links=links, screen=wanted.screen
    )
    if isinstance(given, Held):
        await uow.session.delete(signature)
    return given


def _name_of(token: str) -> str:
    """Names a link in the chain without being one."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


async def _keep(uow: UnitOfWork, wanted: Wanted, drawn: str) -> Signature:
    who = await who_is_adult(uow, wanted.adult, wanted.adult_id, uow.day)
    if who is None:
        raise NotAllowed("not_authorised")
    signature = Signature(date=uow.day, name=who.name, teacher_id=wanted.teacher_id, drawn=drawn, signed_at=uow.now)
    uow.session.add(signature)
    await uow.session.flush()
    return signature


def read_strokes(points: str) -> list[Stroke]:
    """The strokes as the page sends them: JSON, a list of lists of [x, y]. Raises Invalid("signature_invalid"), and
    "signature_empty" where there is too little ink to be anybody's name."""
    try:
        given = json.loads(points) if len(points) <= LONGEST else None
    except (ValueError, RecursionError) as error:
        raise Invalid("signature_invalid") from error
    if not isinstance(given, list) or len(given) > STROKES:
        raise Invalid("signature_invalid")
    strokes = [_stroke(one) for one in given]
    if sum(map(len, strokes)) > POINTS:
        raise Invalid("signature_invalid")
    if sum(map(_length, strokes)) < LEAST_INK:
        raise Invalid("signature_empty")
    return strokes


def _stroke(given: object) -> Stroke:
    if not isinstance(given, list) or not all(_is_point(point) for point in given):
        raise Invalid("signature_invalid")
    return [(point[0], point[1]) for point in given]


def _is_point(given: object) -> bool:
    if not isinstance(given, list) or len(given) != 2 or not all(type(value) is int for value in given):
        return False
    return bool(0 <= given[0] <= WIDTH and 0 <= given[1] <= HEIGHT)


def _length(stroke: Stroke) -> int:
    return sum(abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in pairwise(stroke))


def as_svg(strokes: Sequence[Stroke]) -> str:
    """The drawing, made of nothing but our own words and whole numbers."""
    lines = "".join(f"M{' L'.join(f'{x} {y}' for x, y in _drawn(stroke))}" for stroke in strokes if stroke)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path d="{lines}" fill="none" stroke="#000" stroke-width="3" stroke-linecap="round"/></svg>'
    )


def _drawn(stroke: Stroke) -> Stroke:
    """A stroke of a single point is a dot: a line to itself."""
    return stroke if len(stroke) > 1 else [stroke[0], stroke[0]]
