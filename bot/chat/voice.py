"""The chat's voice for the wire: what is said where the wire only carries."""

from __future__ import annotations

from bot.chat.letters import Renderer, again, tell_another_guardian
from bot.chat.register import apologise, refuse
from bot.wire.voice import Voice
from care.school import School
from papers import Printer


def voice(school: School, printer: Printer) -> Voice:
    return Voice(refuse, apologise, Renderer(school, printer), again, tell_another_guardian)
