"""/pickup: for each child in care today, or on the next day, when, where, which gate, who comes, and the own code."""

from __future__ import annotations

from datetime import date
from functools import partial

from telegram import Update

from bot.chat.pickup.overview import overview, ways_out
from bot.chat.pickup.party import Party, Who, day_of, party_about, party_now, party_of, who_of
from bot.chat.pickup.screens import Screen
from bot.wire import plain
from bot.wire.turn import Turn
from bot.wire.view import View, edit_payload
from care.errors import Conflict
from care.people import children_of
from care.pickup.codes import code_for
from care.pickup.plan import Said, adults_for, say_who_comes, take_back
from care.pickup.showing import card_key
from care.records.pickup import Adult
from locales import Words, words


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
    found = await ways_out(uow)
    view = await overview(uow, _, found, partial(code_for, uow))
    if found.coming:
        await turn.say(view, card_key(me(turn)), days=found.days)
    else:
        await turn.say(view)


# who comes


async def about(turn: Turn) -> Party | None:
    """The children that the tapped button is about. None where none of the own leaves with its wave any more, because
    extended care has changed: then how it stands for all of them is shown in place of the old message."""
    if len(turn.parts) < 2:
        raise Conflict()
    scope = turn.parts[1]
    party = await party_now(turn.uow, me(turn), day_of(turn.parts[0]), scope)
    if party.scope == scope:
        return party
    await turn.toast(turn._("This has changed meanwhile; this is how it stands now."))
    await turn.show(await view_of(turn, party))
    return None


async def view_of(turn: Turn, party: Party, _: Words | None = None) -> View:
    """How it stands, with the codes of those who come: the viewer's own, and those of adults without a chat. In the
    words of the viewer, who is the actor unless it says otherwise."""
    codes = {who: await code_for(turn.uow, *who, party.day) for who in party.with_codes()}
    return Screen(_ or turn._, turn.uow.school.zone, turn.uow.now, party, codes).state()


async def viewed(update: Update, turn: Turn) -> None:
    party = await about(turn)
    if party is not None:
        await turn.show(await view_of(turn, party))


async def changing(update: Update, turn: Turn) -> None:
    party = await about(turn)
    if party is not None:
        await turn.show(screen(turn, party).ask())


async def i_come(update: Update, turn: Turn) -> None:
    party = await about(turn)
    if party is not None:
        await _say(turn, party, (Adult.GUARDIAN, me(turn)))


async def others_listed(update: Update, turn: Turn) -> None:
    """Someone else comes: who?"""
    party = await about(turn)
    if party is None:
        return
    if not party.still:
        await turn.show(await view_of(turn, party))
        return
    adults = await adults_for(turn.uow, [child.student_id for child in party.still], party.day)
    await turn.show(screen(turn, party).choose(adults))


async def adult_chosen(update: Update, turn: Turn) -> None:
    if len(turn.parts) != 4:
        raise Conflict()
    who, party = who_of(turn.parts[2], turn.parts[3]), await about(turn)
    if party is not None:
        await _say(turn, party, who)


async def alone_after_all(update: Update, turn: Turn) -> None:
    party = await about(turn)
    if party is not None:
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
        theirs = await party_about(turn.uow, one.person_id, day, one.children)
        view = await view_of(turn, theirs, words(one.language or turn.uow.school.language, "chat"))
        payload = plain.write(edit_payload(one.chat_id, one.message_id, view))
        slot = f"{one.channel}:{one.chat_id}:{one.message_id}"
        turn.uow.reply(one.channel, one.chat_id, "editMessageText", payload, slot=slot)
