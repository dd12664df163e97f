"""What keeps a page safe in a browser: headers, cookies, and the proof that a request was meant."""

from __future__ import annotations

import hmac
from typing import TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from care.keys import Keys

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",  # Tabler draws check marks and arrows as data: images in its style sheet
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
R = TypeVar("R", bound=Response)


def with_headers(response: R) -> R:
    """The response with the headers every answer carries; pages are never kept by a cache."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def cookie_name(secure: bool) -> str:
    """Over https the name itself forbids that another host of the domain sets it."""
    return "__Host-afterbell" if secure else "afterbell"


def csrf_token(keys: Keys, session_token: str) -> str:
    """The word that the forms of one session carry."""
    return keys.fingerprint("csrf", session_token)


def same_token(given: object, wanted: str) -> bool:
    return isinstance(given, str) and bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def came_from_here(request: Request, address: str) -> bool | None:
    """Whether the browser says the request comes from our own pages; None when it says nothing."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if origin is not None:
        hosts = {request.headers.get("host", "").lower(), urlsplit(address).netloc.lower()} - {""}
        return urlsplit(origin).netloc.lower() in hosts
    return True if site is not None else None
