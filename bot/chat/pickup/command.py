"""/pickup: for each child in care today, or on the next day, when, where, which gate, who comes, and the own code."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date

from telegram import Update

from bot.chat.pickup.party import ALL, Party, Who, day_of, letter_scope, party_of, wave_scope, who_of
from bot.chat.pickup.screens import Rows, Screen
from bot.wire.turn import Turn
from bot.wire.view import Button, View, edit_payload, pack
from care.errors import Conflict
from care.people import children_of
from care.pickup.codes import code_for
from care.pickup.delegates import own_delegates
from care.pickup.leaving import Leaving, leaving, next_leaving
from care.pickup.plan import Said, adults_for, plan_of, say_who_comes, take_back
from care.records.pickup import Adult
from locales import Words, words
from locales.labels import day as day_label
from locales.labels import listed


def me(turn: Turn) -> int:
    return turn.actor.person_id or 0


def screen(turn: Turn, party: Party, codes: dict[Who, str] | None = None) -> Screen:
    return Screen(turn._, turn.uow.school.zone, turn.uow.now, party, codes)


async def pickup_command(update: Update, turn: Turn) -> None:
    _, uow = turn._, turn.uow
    children = await children_of(uow, me(turn))
    if not children:
        await turn.say(
            View(_("The school has no child listed for you. If that is wrong, please ask the school office."))
        )
        return
    ids = [child.student_id for child in children]
    today = await leaving(uow, ids, uow.day)
    still = {one.student_id for one in today if not one.is_over}
    ahead = await next_leaving(uow, [number for number in ids if number not in still])
    over = [one for one in today if one.is_over]
    await turn.say(await _overview(turn, over, [one for one in today if not one.is_over] + ahead))


async def _overview(turn: Turn, over: list[Leaving], coming: list[Leaving]) -> View:
    """Who is gone already, then each wave with its children, the guardian's own codes, and delegates."""
    _, uow = turn._, turn.uow
    parts: list[str] = []
    rows: Rows = []
    if over:
        parts.append("\n".join(screen(turn, Party(me(turn), uow.day, ALL, tuple(over), {})).lines()))
    waves: dict[tuple[date, int], list[Leaving]] = defaultdict(list)
    for one in coming:
        waves[one.day, one.wave].append(one)
    for (day, wave), children in waves.items():
        plans = await plan_of(uow, [child.student_id for child in children], day)
        party = Party(me(turn), day, wave_scope(wave), tuple(children), plans)
        drawn = screen(turn, party)
        parts.append("\n".join(drawn.lines()))
        suffix = f" · {listed(_, (child.name for child in children))}" if len(waves) > 1 else ""
        rows += _ways(turn, drawn, suffix)
    days = list(dict.fromkeys(day for day, _wave in waves))
    for day in days:
        mine = (Adult.GUARDIAN, me(turn))
        party = Party(me(turn), day, ALL, (), {})
        drawn = screen(turn, party, {mine: await code_for(uow, *mine, day)})
        parts.append("\n".join(drawn.code_lines()))
        rows += drawn.code_rows(mine)
        authorise = _("＋ Authorise somebody for one day") + (f" · {drawn.day}" if len(days) > 1 else "")
        rows.append((Button(authorise, drawn.pack("pud")),))
    for delegate in await own_delegates(uow):
        about = _("For one day: {name}, {date}", name=delegate.name, date=day_label(_, delegate.date))
        rows.append((Button(about, pack("pug", delegate.id)),))
    if not coming:
        parts.append(_("None of your children is in after-school care in the next three weeks."))
    return View("\n\n".join(parts), tuple(rows))


def _ways(turn: Turn, drawn: Screen, suffix: str) -> Rows:
    if drawn.party.open:
        return drawn.open_ways(suffix)
    return [(Button(turn._("Who comes, and the code") + suffix, drawn.pack("puv")),)]


# who comes


async def _party(turn: Turn) -> Party:
    """The children that the tapped button is about."""
    if len(turn.parts) < 2:
        raise Conflict()
    return await party_of(turn.uow, me(turn), day_of(turn.parts[0]), turn.parts[1])


async def view_of(turn: Turn, party: Party, _: Words | None = None) -> View:
    """How it stands, with the codes of those who come: the viewer's own, and those of adults without a chat. In the
    words of the viewer, who is the actor unless it says otherwise."""
    codes = {
        who: await code_for(turn.uow, *who, party.day)
        for who in party.coming()
        if who[0] is not Adult.GUARDIAN or who[1] == party.viewer
    }
    return Screen(_ or turn._, turn.uow.school.zone, turn.uow.now, party, codes).state()


async def viewed(update: Update, turn: Turn) -> None:
    await turn.show(await view_of(turn, await _party(turn)))


async def changing(update: Update, turn: Turn) -> None:
    await turn.show(screen(turn, await _party(turn)).ask())


async def i_come(update: Update, turn: Turn) -> None:
    party = await _party(turn)
    await _say(turn, party, (Adult.GUARDIAN, me(turn)))


async def others_listed(update: Update, turn: Turn) -> None:
    """Someone else comes: who?"""
    party = await _party(turn)
    if not party.still:
        await turn.show(await view_of(turn, party))
        return
    adults = await adults_for(turn.uow, [child.student_id for child in party.still], party.day)
    await turn.show(screen(turn, party).choose(adults))


async def adult_chosen(update: Update, turn: Turn) -> None:
    if len(turn.parts) != 4:
        raise Conflict()
    await _say(turn, await _party(turn), who_of(turn.parts[2], turn.parts[3]))


async def alone_after_all(update: Update, turn: Turn) -> None:
    party = await _party(turn)
    await after(turn, party, await take_back(turn.uow, party.ids, party.day))


async def _say(turn: Turn, party: Party, who: Who) -> None:
    if not party.still:  # the buttons were old: how it stands says enough
        await turn.show(await view_of(turn, party))
        return
    said = await say_who_comes(turn.uow, party.ids, *who, party.day)
    if said is None:
        await turn.show(not_accepted(turn))
    else:
        await after(turn, party, said)


def not_accepted(turn: Turn) -> View:
    """The same words for everybody: of a stop-list nothing is said."""
    return View(
        turn._("The school cannot accept this adult. Please speak to the school office or the homeroom teacher.")
    )


async def after(turn: Turn, party: Party, said: Said) -> None:
    """Shows what holds now in place of the question, here and on every screen on which the reminder stands."""
    fresh = await party_of(turn.uow, me(turn), party.day, party.scope)
    await edit_reminders(turn, said, party.day)
    await turn.show(await view_of(turn, fresh))


async def edit_reminders(turn: Turn, said: Said, day: date) -> None:
    """The reminders that were sent about these children read as it stands now, in their receivers' language."""
    for one in said.reminders:
        if (one.channel, one.chat_id, one.message_id) == (turn.channel, turn.chat, turn.tapped):
            continue  # that is the message being answered
        theirs = await party_of(turn.uow, one.person_id, day, letter_scope(one.children, one.wave))
        view = await view_of(turn, theirs, words(one.language or turn.uow.school.language, "chat"))
        payload = json.dumps(edit_payload(one.chat_id, one.message_id, view), ensure_ascii=False)
        slot = f"{one.channel}:{one.chat_id}:{one.message_id}"
        turn.uow.reply(one.channel, one.chat_id, "editMessageText", payload, slot=slot)
