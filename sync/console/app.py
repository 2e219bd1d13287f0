"""The web application: the table of routes served behind the gate, with strict headers and plain error pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from importlib.resources import files
from typing import Any, Final

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from sync.console.api import ROOT, Refusal
from sync.console.gate import SignInFirst, cookie_name, guard
from sync.console.routes import ROUTES
from sync.console.site import Site
from sync.console.visit import Visit
from sync.model.problem import BadInput, Problem

LARGEST: Final = 1_000_000
"""Bytes of a form, or of a batch of webhooks; nothing that people type is larger."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
OVER_TLS: Final = {"Strict-Transport-Security": "max-age=31536000"}


_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": Refusal, "description": why}
    for code, why in ((401, "nobody is signed in"), (403, "not for this role"), (404, "nothing"), (422, "why not"))
}


def build(site: Site) -> FastAPI:
    """The application of one installation."""
    app = FastAPI(title="dealsync", docs_url=None, redoc_url=None, openapi_url=None)
    for row in ROUTES:
        app.add_api_route(
            row.path,
            row.view,
            methods=[row.method],
            dependencies=[Depends(guard(site, row.roles))],
            response_model=None,
            include_in_schema=row.path.startswith(ROOT),
            responses=_REFUSALS,
        )
    app.mount("/static", StaticFiles(directory=str(files("sync.console") / "static")))
    app.middleware("http")(_around(site))
    app.add_exception_handler(SignInFirst, _sign_in_first)
    app.add_exception_handler(HTTPException, _refused(site))
    app.add_exception_handler(404, _refused(site))
    app.add_exception_handler(405, _refused(site))
    app.add_exception_handler(RequestValidationError, _refused(site))
    app.add_exception_handler(BadInput, _bad_input(site))
    return app


Answer = Callable[[Request], Awaitable[Response]]


def _around(site: Site) -> Callable[[Request, Answer], Awaitable[Response]]:
    """What holds for every answer: headers, nothing kept by proxies, and the token of a form for whoever is new."""
    headers = HEADERS | (OVER_TLS if site.secure else {})

    async def around(request: Request, answer: Answer) -> Response:
        if int(request.headers.get("content-length") or 0) > LARGEST:
            response = Response("What was sent is too large.", 413)
        elif request.method == "POST" and "content-length" not in request.headers:
            response = Response("The length of what was sent is missing.", 411)
        else:
            response = await answer(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers["Cache-Control"] = "no-cache" if request.url.path.startswith("/static") else "no-store"
        visit: Visit | None = getattr(request.state, "visit", None)
        if visit and visit.csrf and visit.signed_in is None and cookie_name(site, "form") not in request.cookies:
            _keep(response, site, "form", visit.csrf)
        return response

    return around


def _keep(response: Response, site: Site, what: str, value: str) -> None:
    response.set_cookie(cookie_name(site, what), value, path="/", secure=site.secure, httponly=True, samesite="lax")


def _sign_in_first(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInFirst)
    if request.url.path.startswith(ROOT):
        return JSONResponse({"title": "Sign in first.", "said": "", "problems": []}, 401)
    if request.headers.get("hx-request") == "true":
        return Response("", 401, {"HX-Redirect": "/login"})
    return RedirectResponse(f"/login?next={error.to}", 303)


Handler = Callable[[Request, Exception], Response]


def _visit(site: Site, request: Request) -> Visit:
    """Whoever asked; where the gate was not reached, somebody unknown."""
    return getattr(request.state, "visit", None) or Visit(request, site, site.clock(), None, "")


_SAID: Final = {
    403: "You may not do this.",
    404: "There is nothing here.",
    405: "This cannot be asked for in this way.",
}


_CANNOT: Final = "This cannot be done."


def _no(
    site: Site, request: Request, status: int, title: str, said: str, problems: Sequence[Problem] = ()
) -> Response:
    """A refusal as a page; below `ROOT` as JSON."""
    if request.url.path.startswith(ROOT):
        faults = [{"where": fault.where, "what": fault.what, "fix": fault.fix} for fault in problems]
        return JSONResponse({"title": title, "said": said, "problems": faults}, status)
    return _visit(site, request).page("refused.html", status, title=title, said=said, problems=problems)


def _refused(site: Site) -> Handler:
    def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else getattr(error, "status_code", 400)
        said: Any = getattr(error, "detail", None)
        if isinstance(error, RequestValidationError):
            said = "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors())
        known = said if isinstance(said, str) and said not in ("Not Found", "Method Not Allowed") else ""
        return _no(site, request, status, _SAID.get(status, _CANNOT), known)

    return answer


def _bad_input(site: Site) -> Handler:
    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, BadInput)
        return _no(site, request, 422, _CANNOT, "", error.problems)

    return answer
