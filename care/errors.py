"""What can go wrong by the rules. Each has a stable code; the doors turn it into words or a status."""

from __future__ import annotations


class CareError(Exception):
    """A rule said no. ``code`` is stable; ``values`` fill the sentence a door says."""

    code = "refused"
    status = 422

    def __init__(self, code: str | None = None, **values: object) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code
        self.values = values


class NotFound(CareError):
    """No such thing, or none that this person may know of."""

    code = "not_found"
    status = 404


class NotAllowed(CareError):
    """The person lacks the right."""

    code = "not_allowed"
    status = 403


class Conflict(CareError):
    """Somebody was faster, or the screen was old."""

    code = "stale"
    status = 409


class Invalid(CareError):
    """What was given cannot be taken; the code says why."""

    code = "invalid"
    status = 422


class Full(CareError):
    """No place is left (capacity per class, S1)."""

    code = "class_full"
    status = 409
