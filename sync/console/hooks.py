"""What HubSpot's webhooks say: signed instead of signed in, kept as records to read again soon."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import Response

from sync import hints
from sync.console.visit import Here
from sync.model.problem import BadInput

NOBODY_LISTENS: Final = 404
AWAY: Final = 503
"""HubSpot sends it again, ten times within a day."""


async def _bytes(request: Request) -> bytes:
    return await request.body()


def hear(visit: Here, name: str, body: Annotated[bytes, Depends(_bytes)]) -> Response:
    """Take in one batch of events of one connection. The answer is a status and no more: anybody may ask."""
    try:
        config = visit.site.config
        if not (secret := config.hints_secret(name)):
            return Response(status_code=NOBODY_LISTENS)
        told = hints.Request(_address(visit.request, config.form.console.url), visit.request.headers, body)
        heard = hints.hear(visit.site.store, config.mappings, name, secret, told, now=visit.now)
    except BadInput:  # a file that is being edited, a secret or a store that is away: `dealsync doctor` says which
        return Response(status_code=AWAY)
    return Response(status_code=heard)


def _address(request: Request, public: str) -> str:
    """The address that HubSpot called and signed: the public one, whatever a proxy made of it, query as sent."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query = request.url.query
    own = public.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{own}{raw.decode('latin-1').partition('?')[0]}{f'?{query}' if query else ''}"
