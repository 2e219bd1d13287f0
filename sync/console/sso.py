"""Single sign-on: to the provider with secrets of one try, and back with its word, checked against them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from fastapi import HTTPException
from starlette.responses import RedirectResponse, Response

from sync.console.admission import NotAdmitted, admitted
from sync.console.gate import cookie_name
from sync.console.provider import NotProven, Proof, Provider, new_proof
from sync.console.sign_in import HOMES, enter
from sync.console.visit import Here, Visit, inside
from sync.store import visits
from sync.store.sso import LIVES, Try, begin_try, take_try
from sync.store.users import note_act

BACK: Final = "/sso/back"
TRIES: Final = 30
"""Sign-ins that failed within `visits.WINDOW` from one address, after which it has to wait."""


def start(visit: Here, next: str = "") -> Response:  # noqa: A002 the name in the address
    """To the provider. What this try has to prove lies in the store, and its state in this browser."""
    provider = _provider(visit)
    if wait := _wait(visit):
        return _refused(visit, 429, "Too many sign-ins failed. Wait a few minutes.", wait)
    proof = new_proof()
    try:
        way = provider.way(proof)
    except NotProven as no:
        return _failed(visit, 502, "The sign-in page could not be asked for. Try again, or use a link.", str(no))
    with visit.site.store.write() as connection:
        begun = Try(proof.nonce, proof.verifier, inside(next, ""))
        begin_try(connection, proof.state, begun, visit.now)
    response = RedirectResponse(way, 303)
    age = int(LIVES.total_seconds())
    name, secure = cookie_name(visit.site, "sso"), visit.site.secure
    response.set_cookie(name, proof.state, max_age=age, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def back(visit: Here, state: str = "", code: str = "", iss: str = "") -> Response:
    """From the provider. Only the browser that began comes in, once, and only with a word that fits its try."""
    provider = _provider(visit)
    if wait := _wait(visit):
        return _refused(visit, 429, "Too many sign-ins failed. Wait a few minutes.", wait)
    kept = visit.request.cookies.get(cookie_name(visit.site, "sso"), "")
    if not state or not secrets.compare_digest(state.encode(), kept.encode()):
        return _failed(visit, 400, "This sign-in was not begun in this browser. Begin again.", "state")
    with visit.site.store.write() as connection:
        begun = take_try(connection, state, visit.now)
    if begun is None:
        return _failed(visit, 400, "This sign-in was used already, or is too old. Begin again.", "used")
    if not code or iss not in ("", provider.sso.issuer):
        return _failed(visit, 401, "You were not signed in there. Begin again.", "no code")
    try:
        claims = provider.claims(code, Proof(state, begun.nonce, begun.verifier), visit.now)
    except NotProven as no:
        return _failed(
            visit, 401, "Who you are was not proven. Begin again; an admin finds why in the acts.", str(no)
        )
    try:
        with visit.site.store.write() as connection:
            user = admitted(visit, connection, provider.sso, claims)
            path = inside(begun.path, HOMES.get(user.role, "/"))
            response = enter(visit, connection, user, path, "single sign-on")
    except NotAdmitted as no:
        return _failed(visit, 403, str(no), "not admitted")
    response.delete_cookie(
        cookie_name(visit.site, "sso"), path="/", secure=visit.site.secure, httponly=True, samesite="lax"
    )
    return response


def _provider(visit: Visit) -> Provider:
    config = visit.site.config
    sso = config.form.console.sso
    if not sso.issuer:
        raise HTTPException(404, "There is no single sign-on here.")
    return Provider(sso, config.sso_secret, config.form.console.url.rstrip("/") + BACK)


def _wait(visit: Visit) -> timedelta:
    with visit.site.store.read() as connection:
        return visits.wait_for(connection, {_place(visit): TRIES}, visit.now)


def _place(visit: Visit) -> str:
    client = visit.request.client
    return f"sso {client.host if client else '?'}"


def _failed(visit: Visit, code: int, said: str, why: str) -> Response:
    """Nobody is signed in; why is kept for admins, and the address counts as one that failed."""
    with visit.site.store.write() as connection:
        visits.note_failure(connection, (_place(visit),), visit.now)
        note_act(connection, "nobody", "single sign-on refused", _place(visit), visit.now, {"why": why})
    return _refused(visit, code, said)


def _refused(visit: Visit, code: int, said: str, wait: timedelta | None = None) -> Response:
    response = visit.page("sign_in.html", code, next="", said=said, login="")
    if wait:
        response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return response
