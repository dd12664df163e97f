"""What became of a letter, and what follows from it: sent, again, for review, or failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from bot.wire.http import NotSent, SlowDown, Unavailable
from bot.wire.letters import Outgoing
from care.records.delivery import LetterState
from care.records.people import Reach

ATTEMPTS = 8
OUTAGE_ATTEMPTS = 100
"""About a day: what Telegram, or the way to it, was not there for is no fault of the letter."""
BACKOFF_S = (1, 2, 5, 15, 60, 300, 900)
TOKEN_WAIT_S = 30.0


def cannot_be_edited(error: BadRequest) -> bool:
    """Whether the message that was to be edited is there no more, or too old."""
    words = str(error).lower()
    return "message to edit not found" in words or "message can't be edited" in words


@dataclass
class Fate:
    """What became of a letter."""

    letter: Outgoing
    state: LetterState
    message_id: int | None = None
    error: str = ""
    retry_in_s: float | None = None
    """None: as soon as the channel may speak."""
    reach: Reach | None = None
    counts: bool = True


class Judge:
    """Decides by Telegram's answer. ``again`` says which kinds may go out twice when their fate is unknown."""

    def __init__(self, again: Callable[[str], bool]) -> None:
        self._again = again

    def unknown(self, method: str | None, kind: str) -> LetterState:
        """Where a letter goes that may or may not have arrived."""
        idempotent = method in ("editMessageText", "answerCallbackQuery", "deleteMessage", "setMyCommands")
        return LetterState.WAITING if idempotent or self._again(kind) else LetterState.REVIEW

    def forgone(self, fate: Fate) -> None:
        """The call was not even begun."""
        fate.state, fate.retry_in_s, fate.counts = LetterState.WAITING, 0.0, False

    def failed(self, fate: Fate, error: TelegramError) -> float:
        """Fills in the fate of a refused or broken call. Returns seconds in which the whole channel keeps silent."""
        words = str(error)
        fate.error = words[:200]
        if isinstance(error, SlowDown):
            fate.state, fate.counts = LetterState.WAITING, False
            return error.seconds
        if isinstance(error, InvalidToken):
            fate.state, fate.counts = LetterState.WAITING, False
            return TOKEN_WAIT_S
        if isinstance(error, Forbidden):
            fate.state = LetterState.FAILED
            fate.reach = Reach.GONE if "deactivated" in words else Reach.BLOCKED
        elif isinstance(error, BadRequest):
            self._refused(fate, words)
        elif isinstance(error, NotSent):
            self.retry(fate, OUTAGE_ATTEMPTS, certain=True)
        elif isinstance(error, Unavailable):
            self.retry(fate, OUTAGE_ATTEMPTS)
        else:
            self.retry(fate)
        return 0.0

    def _refused(self, fate: Fate, words: str) -> None:
        lower = words.lower()
        if "not modified" in lower:
            fate.error = ""
        elif "query is too old" in lower or "message to delete" in lower or "message can't be deleted" in lower:
            fate.state = LetterState.LAPSED
        elif "chat not found" in lower:
            fate.state, fate.reach = LetterState.FAILED, Reach.GONE
        else:
            fate.state = LetterState.FAILED

    def retry(self, fate: Fate, most: int = ATTEMPTS, certain: bool = False) -> None:
        """The call broke; ``certain``: it surely had no effect."""
        letter = fate.letter
        if letter.attempts >= most:
            fate.state = LetterState.FAILED
        elif certain or self.unknown(letter.method, letter.kind) is LetterState.WAITING:
            fate.state = LetterState.WAITING
            fate.retry_in_s = BACKOFF_S[min(letter.attempts - 1, len(BACKOFF_S) - 1)]
        else:
            fate.state = LetterState.REVIEW
