"""Signing in and out: by password, or by a link that works once; and one's own account."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Form
from starlette.responses import Response

from sync.console import passwords
from sync.console.gate import cookie_name
from sync.console.visit import Here, Visit, inside
from sync.model.user import User, UserRole
from sync.store import users, visits

TRIES: Final = {"account": 5, "address": 30}
"""Failed tries within `visits.WINDOW` after which the next one has to wait."""

Text = Annotated[str, Form()]

HOMES: Final = {UserRole.PARTNER: "/portal"}
"""Where a role begins; everybody else begins at ``/``."""


def form(visit: Here, next: str = "") -> Response:  # noqa: A002 the name in the address
    """The page that asks who somebody is."""
    return visit.page("sign_in.html", next=inside(next, ""), said="", login="")


def sign_in(visit: Here, login: Text, password: Text, next: Text = "") -> Response:  # noqa: A002
    """By login and password. A wrong one costs the same time and says the same, whether or not the login exists."""
    places = _places(visit, login)
    with visit.site.store.read() as connection:
        wait = visits.wait_for(connection, places, visit.now)
        user = users.find_user(connection, login)
        kept = users.password_hash(connection, user.id) if user else None
    if wait:
        return _wait(visit, wait, login, next)
    right = passwords.fits(password, kept)
    if user is None or not right or user.disabled:
        with visit.site.store.write() as connection:
            visits.note_failure(connection, tuple(places), visit.now)
        said = "Login or password is wrong."
        return visit.page("sign_in.html", 401, next=inside(next, ""), said=said, login=login)
    with visit.site.store.write() as connection:
        visits.forgive(connection, next_place(login))
        return enter(visit, connection, user, inside(next, HOMES.get(user.role, "/")), "password")


def next_place(login: str) -> str:
    """The name under which failures at an account are counted."""
    return f"account {login.strip().casefold()[:200]}"


def _places(visit: Visit, login: str) -> dict[str, int]:
    client = visit.request.client
    address = f"address {client.host if client else '?'}"
    return {next_place(login): TRIES["account"], address: TRIES["address"]}


def _wait(visit: Visit, wait: timedelta, login: str, way: str) -> Response:
    minutes = int(wait.total_seconds()) // 60 + 1
    said = f"Too many failed tries. Wait {minutes} minutes, or ask an admin for a sign-in link."
    response = visit.page("sign_in.html", 429, next=inside(way, ""), said=said, login=login)
    response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return response


def enter(visit: Visit, connection: Any, user: User, path: str, how: str) -> Response:
    """Signed in: a new visit with a new secret, so that nobody can have set it before; any older one here ends."""
    if visit.signed_in:
        visits.end_visit(connection, visit.signed_in)
    secret = secrets.token_urlsafe(32)
    visits.begin_visit(connection, user.id, secret, secrets.token_urlsafe(24), visit.now)
    users.note_act(connection, user.id, "sign in", user.login, visit.now, {"by": how})
    response = visit.see(path)
    site = visit.site
    age = int(visits.LONGEST.total_seconds())
    name = cookie_name(site, "visit")
    response.set_cookie(name, secret, max_age=age, path="/", secure=site.secure, httponly=True, samesite="lax")
    response.delete_cookie(cookie_name(site, "form"), path="/", secure=site.secure, httponly=True, samesite="lax")
    return response


def link(visit: Here, secret: str) -> Response:
    """Where a sign-in link leads: a button, because programs that look at mail follow links but press nothing."""
    return visit.page("link.html", secret=secret)


def follow(visit: Here, secret: str) -> Response:
    """The button of a sign-in link; it works once. Whoever has no password yet is asked for one."""
    with visit.site.store.write() as connection:
        user = visits.use_link(connection, secret, visit.now)
        if user is None:
            said = "This link was used already, or is too old. Ask for a new one."
            return visit.page("sign_in.html", 410, next="", said=said, login="")
        staff = user.role is not UserRole.PARTNER
        path = "/account" if staff and not user.has_password else HOMES.get(user.role, "/")
        return enter(visit, connection, user, path, "link")


def sign_out(visit: Here) -> Response:
    """End this visit."""
    assert visit.signed_in is not None
    with visit.site.store.write() as connection:
        visits.end_visit(connection, visit.signed_in)
        visit.note(connection, "sign out", visit.user.login)
    response = visit.see("/login")
    response.delete_cookie(cookie_name(visit.site, "visit"), path="/")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def account(visit: Here) -> Response:
    """One's own account."""
    return visit.page("own_account.html", shortest=passwords.SHORTEST)


def change_password(visit: Here, password: Text, old: Text = "") -> Response:
    """A new password; the old one is asked for when there is one. All other visits of this person end."""
    with visit.site.store.read() as connection:
        kept = users.password_hash(connection, visit.user.id)
    if kept is not None and not passwords.fits(old, kept):
        return visit.page("own_account.html", 403, shortest=passwords.SHORTEST, said="The old password is wrong.")
    made = passwords.hashed(password)
    with visit.site.store.write() as connection:
        users.set_password(connection, visit.user.id, made)
        visit.note(connection, "change password", visit.user.login)
        return enter(
            visit, connection, visit.user, "/account?notice=The+new+password+counts+from+now+on.", "password"
        )


def new_link(connection: Any, user: User, now: datetime, lives: timedelta = visits.LINK_LIVES) -> str:
    """The path of a link that signs this person in, once."""
    secret = secrets.token_urlsafe(32)
    visits.add_link(connection, user.id, secret, now, lives)
    return f"/link/{secret}"
