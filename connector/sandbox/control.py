"""The control routes of a served CRM, under ``/_sandbox/``: for tests and demos in another process."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connector.sandbox.switchboard import Fault, Switchboard


class CrmSandbox(Protocol):
    """What every vendor's ``build(world, switchboard)`` returns."""

    switchboard: Switchboard

    @property
    def asgi(self) -> ASGIApp:
        """The vendor's API, without faults and without control routes."""

    def rows(self, kind: str) -> list[dict[str, object]]:
        """Every row of one object as stored, deleted ones too; KeyError for an object that does not exist."""


def controlled(crm: CrmSandbox) -> ASGIApp:
    """The CRM behind its switchboard, with the control routes beside it, out of reach of faults."""
    control = Starlette(routes=[Mount("/_sandbox", routes=_routes(crm, crm.switchboard))])
    switched = crm.switchboard.middleware(crm.asgi)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (control if scope["path"].startswith("/_sandbox/") else switched)(scope, receive, send)

    return app


def _routes(crm: CrmSandbox, switchboard: Switchboard) -> list[BaseRoute]:
    async def calls(request: Request) -> Response:
        if request.method == "DELETE":
            switchboard.calls.clear()
        return JSONResponse([asdict(call) for call in switchboard.calls])

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            switchboard.faults.clear()
        else:
            try:
                switchboard.faults.append(Fault(**await request.json()))
            except (TypeError, ValueError) as error:
                return JSONResponse({"error": f"not a fault: {error}"}, status_code=400)
        return JSONResponse([asdict(fault) for fault in switchboard.faults])

    async def settings(request: Request) -> Response:
        switchboard.settings.update(await request.json())
        return JSONResponse(switchboard.settings)

    async def clock(request: Request) -> Response:
        switchboard.offset = timedelta(seconds=(await request.json())["offset_seconds"])
        return JSONResponse({"now": switchboard.now().isoformat()})

    async def rows(request: Request) -> Response:
        kind = request.path_params["kind"]
        try:
            text = json.dumps(crm.rows(kind), default=str)  # exact decimals
            return Response(text, media_type="application/json")
        except KeyError:
            return JSONResponse({"error": f"no object {kind}"}, status_code=404)

    return [
        Route("/calls", calls, methods=["GET", "DELETE"]),
        Route("/faults", faults, methods=["POST", "DELETE"]),
        Route("/settings", settings, methods=["POST"]),
        Route("/clock", clock, methods=["POST"]),
        Route("/rows/{kind}", rows),
    ]
