"""/children: each child, where it is now and who answers for it (S19), and where the application stands."""

from __future__ import annotations

from telegram import Update

from bot.wire.turn import Turn
from bot.wire.view import Button, View, pack
from care.enrolment.places import waiting_position
from care.enrolment.queries import OwnApplication, own_applications
from care.people import Child, children_of
from care.records.enrolment import Application, State
from care.term import applications_open, current_term
from care.whereabouts import Whereabouts, today_of
from locales.labels import day, label, moment
from locales.whereabouts import today_line


async def children_command(update: Update, turn: Turn) -> None:
    _ = turn._
    children = await children_of(turn.uow, turn.actor.person_id or 0)
    if not children:
        await turn.say(
            View(_("The school has no child listed for you. If that is wrong, please ask the school office."))
        )
        return
    term = await current_term(turn.uow)
    existing = await own_applications(turn.uow, term.id, [c.student_id for c in children]) if term else {}
    today = await today_of(turn.uow, [c.student_id for c in children])
    parts: list[str] = []
    rows: list[tuple[Button, ...]] = []
    for child in children:
        own = existing.get(child.student_id)
        parts.append(await _status(turn, child, own, today.get(child.student_id)))
        if own is not None:
            rows += _ways(turn, child, own, several=len(children) > 1)
        elif term is not None and applications_open(term, turn.uow.today) and child.grade in term.grades:
            rows.append((Button(_("Apply for {child}", child=child.name), pack("ap", child.student_id)),))
    await turn.say(View("\n\n".join(parts), tuple(rows)))


async def _status(turn: Turn, child: Child, own: OwnApplication | None, where: Whereabouts | None) -> str:
    _, zone = turn._, turn.uow.school.zone
    head = _("{child}, class {school_class}", child=child.name, school_class=child.school_class)
    if own is None:
        return head + "\n" + _("No application this term.")
    line = _("{state}, since {since}", state=label(_, own.state), since=moment(_, own.state_since, zone))
    if not own.applicant:
        line += "\n" + _("Applied for by {name}", name=own.applied_by)
    if own.state is State.WAITING:
        application = await turn.uow.session.get_one(Application, own.id)
        place = await waiting_position(turn.uow, application, child.school_class_id)
        line += "\n" + _("Number {place} on the waiting list", place=place)
    if own.state is State.ENROLLED and own.leaves_on is not None:
        line += "\n" + _("Leaves care on {date}", date=day(_, own.leaves_on))
    if where is not None:
        head += "\n" + today_line(_, where, turn.uow.now, zone)
    return head + "\n" + line


def _ways(turn: Turn, child: Child, own: OwnApplication, several: bool) -> list[tuple[Button, ...]]:
    _ = turn._
    name = f" · {child.name}" if several else ""
    rows: list[tuple[Button, ...]] = []
    if own.state is State.RETURNED and own.applicant:
        rows.append((Button(_("Correct the application") + name, pack("co", own.id)),))
    if own.state is State.APPROVED and own.applicant:
        rows.append((Button(_("Read and sign the agreement") + name, pack("sg", own.id, 0)),))
    if own.state in (State.REFUSED, State.WITHDRAWN):
        rows.append((Button(_("Apply again") + name, pack("ap", child.student_id)),))
    if own.state is State.ENROLLED and own.leaves_on is not None:
        rows.append((Button(_("Stay in care") + name, pack("st", own.id)),))
    if own.state is State.ENROLLED:
        rows.append((Button(_("Agreement as PDF") + name, pack("pdfa", own.id)),))
    else:
        rows.append((Button(_("Application as PDF") + name, pack("pdf", own.id)),))
    return rows
