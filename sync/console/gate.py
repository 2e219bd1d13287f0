"""Who gets in: the row of the table is held against whoever asks, before any view function runs."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from sync.console.site import Site
from sync.console.visit import Visit
from sync.model.user import UserRole
from sync.store import visits

SAFE: Final = ("GET", "HEAD")


def cookie_name(site: Site, what: str) -> str:
    """Over TLS the browser itself keeps other hosts from setting it."""
    return f"__Host-dealsync-{what}" if site.secure else f"dealsync-{what}"


class SignInFirst(Exception):
    """Nobody is signed in; ``to`` is where the sign-in leads back."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


def guard(site: Site, roles: frozenset[UserRole] | None) -> Callable[[Request], Awaitable[None]]:
    """Lets in whoever has one of ``roles`` (``None``: everybody), and only forms that we gave out ourselves.

    Without any role a route is for programs: its view function holds the signature of what they send.
    """

    async def let_in(request: Request) -> None:
        if roles is not None and not roles:
            request.state.visit = Visit(request, site, site.clock(), None, "")
            return
        visit = request.state.visit = await run_in_threadpool(_arrive, site, request)
        if roles is not None:
            if visit.signed_in is None:
                raise SignInFirst(_way_back(request))
            if visit.signed_in.user.role not in roles:
                raise HTTPException(403, f"This is not for {visit.signed_in.user.role.replace('_', ' ')}.")
        if request.method not in SAFE and not secrets.compare_digest(await _token(request), visit.csrf):
            raise HTTPException(403, "This form is not from here, or too old. Load its page again, then repeat.")

    return let_in


def _arrive(site: Site, request: Request) -> Visit:
    now = site.clock()
    secret = request.cookies.get(cookie_name(site, "visit"), "")
    found = None
    if secret:
        with site.store.read() as connection:
            found = visits.find_visit(connection, secret, now)
            stale = found is not None and visits.is_stale(connection, found, now)
        if found and stale:
            with site.store.write() as connection:
                visits.see_visit(connection, found, now)
    csrf = found.csrf if found else request.cookies.get(cookie_name(site, "form"), "") or secrets.token_urlsafe(24)
    return Visit(request, site, now, found, csrf)


def _way_back(request: Request) -> str:
    if request.method not in SAFE:
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(f"{request.url.path}{query}", safe="")


async def _token(request: Request) -> str:
    """What the form carries, or the header that htmx sends in its place."""
    if header := request.headers.get("x-csrf-token"):
        return header
    if not request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-")
    ):
        return ""
    token = (await request.form()).get("csrf", "")
    return "" if isinstance(token, UploadFile) else token or ""
