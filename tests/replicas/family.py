"""A family that applies, from its slip to the last question, whichever processes it meets on the way."""

from __future__ import annotations

from journey import ZH
from processes import Replicas
from sqlalchemy import or_, select

from afterbell import demo
from care.records import InboxState, Letter, LetterState, Update
from webchat.persona import Persona


class Family:
    """The mother of the demonstration who has no chat yet; her child is in the second grade."""

    def __init__(self, school: Replicas, persona: Persona, code: str) -> None:
        self.school = school
        self.persona = persona
        self._code = code

    @classmethod
    async def of(cls, school: Replicas) -> Family:
        persona = await school.star("mother")
        people = {person.user_id: person for person in await demo.people(school.school)}
        return cls(school, persona, people[persona.user_id].start_payload or "")

    async def applies(self) -> None:
        await self.persona.send(f"/start {self._code}")
        await self._is_answered()
        await self.persona.send("/apply")
        await self._is_answered()
        while not any(ZH["yes"] in button for button in self.persona.buttons):
            await self._taps("read")
        for key in ("yes", "day", "next", "need", "next", "no_extended", "nobody", "no_note", "no_courses", "submit"):
            await self._taps(key)

    async def _taps(self, key: str) -> None:
        await self.persona.tap(ZH[key])
        await self._is_answered()

    async def _is_answered(self) -> None:
        """Waits until what she did has been handled, and all that was said to her has arrived."""
        chat = self.persona.user_id
        waits = select(Update.id).where(Update.chat_id == chat, Update.state == InboxState.WAITING)
        moving = or_(Letter.state == LetterState.WAITING, Letter.state == LetterState.SENDING)
        moves = select(Letter.id).where(Letter.chat_id == chat, moving)
        await self.persona.waits_until(lambda: not self.persona.bot.updates.awaits(chat), 20)
        await self.school.until_none(waits, moves)
