"""What Telegram answers when it says no: the code and the exact words."""

from __future__ import annotations

from webchat.model import Wire

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
OTHER_GET_UPDATES = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
BY_SET_WEBHOOK = "Conflict: terminated by setWebhook request"
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
OLD_QUERY = "Bad Request: query is too old and response timeout expired or query ID is invalid"


class Refusal(Exception):
    """Telegram refuses a call of the bot."""

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def wire(self) -> Wire:
        body: Wire = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad(words: str) -> Refusal:
    """400, with Telegram's usual opening."""
    return Refusal(400, f"Bad Request: {words}")


def forbidden(words: str) -> Refusal:
    return Refusal(403, f"Forbidden: {words}")


def too_many(retry_after: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


class UserMistake(Exception):
    """A user did what the messenger would not let them do: write without having started, tap what is gone."""
