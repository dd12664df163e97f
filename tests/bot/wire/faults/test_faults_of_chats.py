"""A chat that can no longer be written to. (Who is told instead: tests/stories/test_unreachable.py.)"""

from __future__ import annotations

from fault_scene import asks, console_of, copies, letters, until
from sqlalchemy import select
from stage import Player, Stage

from care.records import Contact, Event, LetterState, Reach
from webchat.persona import Persona


async def reach_of(stage: Stage, player: Player) -> Reach:
    (reach,) = await stage.ask(select(Contact.reach).where(Contact.chat_id == player.user_id))
    return Reach(reach)


async def test_blocked_by_the_user_before_the_answer_goes_out(stage: Stage) -> None:
    """People: nothing, as they wished; all others go on. Office: the letter with its reason, once; after they let the
    bot in again it can be sent from there. What the school writes to them afterwards arrives by itself."""
    head, office = await stage.star("head"), await stage.star("office")
    await stage.kill()
    await asks(head)
    await Persona.block(head)
    await asks(office)
    await stage.start()
    await stage.calm()
    assert (copies(head), copies(office)) == (0, 1)
    assert await reach_of(stage, head) is Reach.BLOCKED
    assert (await stage.ask(select(Event.action).where(Event.action.startswith("contact_")))) == ["contact_blocked"]
    async with console_of(stage) as clerk:
        page = await clerk.outbox()
        assert head.user.name in page and "bot was blocked by the user" in page
        await head.unblock()
        assert await reach_of(stage, head) is Reach.REACHABLE
        (failed,) = [letter for letter in await letters(stage) if letter.state is LetterState.FAILED]
        await clerk.decides(f"/outbox/{failed.id}/retry")
        await until(lambda: copies(head) == 1)
        await stage.calm()
        await clerk.has_nothing_to_do()
    await head.send("/language")
    assert copies(head) == 2


async def test_a_chat_that_is_gone(stage: Stage) -> None:
    """People: nothing; all others go on. Office: the letter with its reason. When somebody writes from that chat after
    all, it counts as there again."""
    head, office = await stage.star("head"), await stage.star("office")
    account = stage.world.users[head.user_id]
    await stage.kill()
    await asks(head)
    await asks(office)
    del stage.world.users[head.user_id]
    await stage.start()
    await stage.calm()
    assert copies(office) == 1
    assert await reach_of(stage, head) is Reach.GONE
    async with console_of(stage) as clerk:
        page = await clerk.outbox()
        assert head.user.name in page and "chat not found" in page.lower()
    stage.world.users[head.user_id] = account
    await head.send("/language")
    assert copies(head) == 1
    assert await reach_of(stage, head) is Reach.REACHABLE
