"""What a missing child makes the chat say by itself: to the family, the teachers and the duty lead."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from bot.chat.kinds import Context, Kind
from bot.chat.missing import card, head_of, how_it_ended, names_of, not_at_school, question
from bot.wire.view import View
from care.alarm_screens import is_newest_card
from care.errors import NotFound
from care.missing import alarm_of, is_asked, may_close
from care.records.day import CONTRADICTED, Alarm, Answer
from care.records.delivery import Letter, LetterState
from care.release.gate import any_child
from care.release.late import care_ends


async def _alarm(c: Context) -> Alarm:
    return await alarm_of(c.uow, int(c.params["alarm_id"]))


async def _child_missing(c: Context) -> View | None:
    alarm = await _alarm(c)
    if alarm.closed_at is not None or not await is_asked(c.uow, alarm):
        return None
    return await question(c.uow, c._, alarm)


async def _for_staff(c: Context) -> View | None:
    alarm = await _alarm(c)
    return await _card(c, alarm) if alarm.closed_at is None else None


async def _card(c: Context, alarm: Alarm) -> View:
    """Of several cards about one child the newest alone has buttons."""
    newest = await is_newest_card(c.uow, alarm.id, c.params.get("card"), c.screen)
    return await card(c.uow, c._, alarm) if newest else await _older_card(c, alarm)


async def _older_card(c: Context, alarm: Alarm) -> View:
    """A card that a newer one has followed: it asks nothing any more."""
    if not may_close(c.uow, alarm):
        raise NotFound()
    head = head_of(c.uow, c._, alarm)
    if alarm.closed_at is not None:
        return View(head + "\n" + await how_it_ended(c.uow, c._, alarm))
    return View(head + "\n" + c._("How it stands is in a newer message."))


async def _missing_shown(c: Context) -> View | None:
    """In place of the question, or of a letter to the staff: how it stands now. Where no letter brings the family the
    reason with which it was closed, this does."""
    alarm = await _alarm(c)
    if not c.params["asked"]:
        return c.redraw(await _card(c, alarm))
    if not await is_asked(c.uow, alarm):
        return None
    outcome = c.params.get("newest", True) and not c.params.get("told", False)
    return c.redraw(await question(c.uow, c._, alarm, outcome), alone=outcome and alarm.reason != "")


async def _missing_over(c: Context) -> View | None:
    """Who was told of an alarm hears how it ended."""
    alarm = await _alarm(c)
    head = c._("{child}, {school_class}", **names_of(alarm))
    return View(head + "\n" + await how_it_ended(c.uow, c._, alarm)) if alarm.closed_at is not None else None


async def _child_arrived(c: Context) -> View | None:
    alarm = await _alarm(c)
    if not await _was_asked(c, alarm):
        return None
    moment = datetime.fromisoformat(c.params["at"]) if "at" in c.params else alarm.closed_at
    at = f"{moment.astimezone(c.uow.school.zone):%H:%M}" if moment else ""
    text = c._("{child} is here now: at roll call in {school_class}, {at}.", at=at, **names_of(alarm))
    return View(text + await _to_be_collected(c, alarm))


async def _to_be_collected(c: Context, alarm: Alarm) -> str:
    """A child that was found after the end of its care, and is here, is asked for with the same letter."""
    one = await any_child(c.uow, alarm.day_child_id)
    if one is None or alarm.closed_at is None or not one.is_here or one.paper_since is not None:
        return ""
    ends_at, gate = await care_ends(c.uow, one)
    if alarm.closed_at < ends_at:
        return ""
    time = f"{ends_at.astimezone(c.uow.school.zone):%H:%M}"
    return "\n" + c._("Care ended at {time}: please come to the gate ({gate}).", time=time, gate=gate)


async def _child_missing_over(c: Context) -> View | None:
    """Another guardian has answered, or the school has found out by itself."""
    alarm = await _alarm(c)
    if not await _was_asked(c, alarm) or (alarm.closed_at is not None and not alarm.reason):
        return None
    if alarm.closed_at is None or alarm.answer == Answer.WITH_ME:
        view = await question(c.uow, c._, alarm)
        return View(view.text) if alarm.answer == Answer.WITH_ME else None
    return View(not_at_school(c._, alarm))


async def _contradicted(c: Context) -> View | None:
    """Another guardian's answer stands against one's own; it may be set right."""
    alarm = await _alarm(c)
    if alarm.closed_at is not None or alarm.answer != CONTRADICTED or not await _was_asked(c, alarm):
        return None
    return await question(c.uow, c._, alarm)


async def _was_asked(c: Context, alarm: Alarm) -> bool:
    """Whether this guardian has had the question: who has not needs no news of it."""
    key = f"missing:{alarm.id}:{c.uow.actor.person_id}"
    query = select(Letter.id).where(
        Letter.unique_key == key, Letter.state.in_((LetterState.SENT, LetterState.SENDING, LetterState.REVIEW))
    )
    return await is_asked(c.uow, alarm) and await c.uow.session.scalar(query) is not None


KINDS: dict[str, Kind] = {
    "child_missing": Kind(_child_missing),
    "child_missing_told": Kind(_for_staff),
    "child_missing_lead": Kind(_for_staff),
    "missing_answered": Kind(_for_staff),
    "missing_over": Kind(_missing_over),
    "missing_shown": Kind(_missing_shown, courtesy=True),
    "child_arrived": Kind(_child_arrived),
    "child_missing_over": Kind(_child_missing_over),
    "missing_contradicted": Kind(_contradicted),
}
