"""The HubSpot sandbox: every route, dated and legacy, behind sign-in and limits.

The service's token is ``pat-sandbox``, a person's ``pat-person``; OAuth: client ``dealsync`` / ``sandbox-secret``,
refresh token ``refresh-sandbox``. Settings of the switchboard, each a true behaviour of the vendor:

====================== ==========================================================================================
limits                 ``"on"`` (default) or ``"off"``
ten_second_limit       calls of one token in ten seconds: 190, of an OAuth token 110
search_per_second      searches of the account in one second: 5
daily_limit            calls of the account in one day of its time zone: 625,000
index_lag_seconds      what was written later than this is not in search yet, or as it was before: 0
search_disorder        true: a page of search comes backwards, with a record in it that nobody asked for
omit_empty             true: empty properties are left out of a record, as null otherwise
merge_mints            true: a merge gives the survivor a new id
association_page_size  links of one record in one page: 500
hidden_properties      ``{type: [name]}`` this user cannot see
missing_scopes         ``[type]`` (or ``"schemas"``) that answer 403 MISSING_SCOPES
locked_ids             ``[record id]`` whose writes answer 423
expire_tokens          true: every OAuth access token issued so far has expired
rotate_refresh_tokens  true: each refresh answers another refresh token, and the one before is dead
revoked_tokens         ``[token]``: access and refresh tokens that are refused
migrating_seconds      every call answers 477 and asks to wait this long
rules                  ``{type: [{"when": {property: value}, "need": [property]}]}``: what an admin requires of
                       new records and of writes to ``when``; enforced from version 2026-09 on
deal_splits            ``"on"`` (default) or ``"off"``; ``split_users_most``: owners of one deal, 10
objects_most           custom objects of this account: 10; ``pipelines_most``: pipelines, 100
====================== ==========================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from connector.sandbox.hubspot import (
    associations,
    batch,
    currencies,
    definitions,
    errors,
    pipelines,
    records,
    splits,
)
from connector.sandbox.hubspot.errors import Refusal, invalid
from connector.sandbox.hubspot.limits import Limits
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.search import search
from connector.sandbox.hubspot.signin import Sender, SignIn
from connector.sandbox.hubspot.wire import Answer, Call
from connector.sandbox.switchboard import Switchboard

Handler = Callable[[Call], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]
DATES = ("2026-03", "2026-09")

# Where each family of routes is served: the legacy versions, and {V} for every date.
OBJECTS = ("/crm/v3/objects/{type}", "/crm/v4/objects/{type}", "/crm/objects/{V}/{type}")
LINKS = ("/crm/v4/associations/{from}/{to}", "/crm/associations/{V}/{from}/{to}")
PROPERTIES = ("/crm/v3/properties/{type}", "/crm/properties/{V}/{type}")
PIPELINES = ("/crm/v3/pipelines/{type}", "/crm/pipelines/{V}/{type}")
OWNERS = ("/crm/v3/owners", "/crm/owners/{V}")
SCHEMAS = ("/crm/v3/schemas", "/crm-object-schemas/v3/schemas", "/crm-object-schemas/{V}/schemas")
SPLITS = ("/crm/v3/objects/deals/splits", "/crm/objects/v3/deals/splits", "/deal-splits/{V}")
CURRENCIES = ("/settings/v3/currencies", "/settings/currencies/{V}")
ACCOUNT = ("/account-info/v3", "/account-info/{V}")
TOKEN = ("/oauth/v1/token", "/oauth/v3/token", "/oauth/{V}/token")
INTROSPECT = ("/oauth/v3/token/introspect", "/oauth/{V}/token/introspect")
PRIVATE_APP = "/oauth/v2/private-apps/get/access-token-info"

# family, path, method, handler, the scope it needs, the limit that counts it; its last words are the call's kind
ROUTES: list[tuple[tuple[str, ...], str, str, Handler, str, str]] = [
    (OBJECTS, "", "GET", records.list_records, "read", "general"),
    (OBJECTS, "", "POST", records.create_record, "write", "general"),
    (OBJECTS, "/search", "POST", search, "read", "search"),
    (OBJECTS, "/merge", "POST", records.merge_records, "write", "general"),
    (OBJECTS, "/batch/read", "POST", batch.read, "read", "general"),
    (OBJECTS, "/batch/create", "POST", batch.create, "write", "general"),
    (OBJECTS, "/batch/update", "POST", batch.update, "write", "general"),
    (OBJECTS, "/batch/upsert", "POST", batch.upsert, "write", "general"),
    (OBJECTS, "/batch/archive", "POST", batch.archive, "write", "general"),
    (OBJECTS, "/{id}", "GET", records.get_record, "read", "general"),
    (OBJECTS, "/{id}", "PATCH", records.update_record, "write", "general"),
    (OBJECTS, "/{id}", "DELETE", records.delete_record, "write", "general"),
    (OBJECTS, "/{id}/associations/{to}", "GET", associations.read_one, "read", "general"),
    (
        OBJECTS,
        "/{id}/associations/default/{to}/{to_id}",
        "PUT",
        associations.create_one_default,
        "write",
        "general",
    ),
    (OBJECTS, "/{id}/associations/{to}/{to_id}", "PUT", associations.create_one, "write", "general"),
    (OBJECTS, "/{id}/associations/{to}/{to_id}", "DELETE", associations.archive_one, "write", "general"),
    (LINKS, "/batch/read", "POST", associations.read, "read", "associations"),
    (LINKS, "/batch/create", "POST", associations.create, "write", "associations"),
    (LINKS, "/batch/associate/default", "POST", associations.create_default, "write", "associations"),
    (LINKS, "/batch/archive", "POST", associations.archive, "write", "associations"),
    (LINKS, "/batch/labels/archive", "POST", associations.archive_labels, "write", "associations"),
    (LINKS, "/labels", "GET", associations.list_labels, "read", "general"),
    (LINKS, "/labels", "POST", associations.create_label, "write", "general"),
    (LINKS, "/labels/{type_id}", "DELETE", associations.delete_label, "write", "general"),
    (PROPERTIES, "", "GET", definitions.list_properties, "read", "general"),
    (PROPERTIES, "", "POST", definitions.create_property, "write", "general"),
    (PROPERTIES, "/batch/create", "POST", definitions.create_properties, "write", "general"),
    (PROPERTIES, "/groups", "GET", definitions.list_groups, "read", "general"),
    (PROPERTIES, "/groups", "POST", definitions.create_group, "write", "general"),
    (PROPERTIES, "/{name}", "GET", definitions.get_property, "read", "general"),
    (PROPERTIES, "/{name}", "PATCH", definitions.update_property, "write", "general"),
    (PIPELINES, "", "GET", pipelines.list_pipelines, "read", "general"),
    (PIPELINES, "", "POST", pipelines.create_pipeline, "write", "general"),
    (PIPELINES, "/{pipeline}", "GET", pipelines.get_pipeline, "read", "general"),
    (OWNERS, "", "GET", definitions.list_owners, "read", "general"),
    (OWNERS, "/", "GET", definitions.list_owners, "read", "general"),
    (OWNERS, "/{id}", "GET", definitions.get_owner, "read", "general"),
    (SCHEMAS, "", "GET", definitions.list_schemas, "read", "general"),
    (SCHEMAS, "", "POST", definitions.create_schema, "write", "general"),
    (SCHEMAS, "/{type}", "GET", definitions.get_schema, "read", "general"),
    (SCHEMAS, "/{type}/associations", "POST", definitions.create_schema_association, "write", "general"),
    (SPLITS, "/batch/read", "POST", splits.read, "read", "general"),
    (SPLITS, "/batch/upsert", "POST", splits.upsert, "write", "general"),
    (CURRENCIES, "/exchange-rates", "GET", currencies.list_all_rates, "read", "general"),
    (CURRENCIES, "/exchange-rates/current", "GET", currencies.list_rates, "read", "general"),
    (CURRENCIES, "/company-currency", "GET", currencies.company_currency, "read", "general"),
    (ACCOUNT, "/details", "GET", definitions.account, "read", "general"),
]


class HubSpotSandbox:
    """A stand-in portal, served by ``asgi``."""

    def __init__(self, world: Mapping[str, Any], switchboard: Switchboard) -> None:
        self.switchboard = switchboard
        self.portal = Portal(world, switchboard)
        self._sign_in = SignIn(self.portal)
        self._limits = Limits(self.portal)
        self.asgi: ASGIApp = Starlette(routes=[*self._routes()])

    def rows(self, kind: str) -> list[dict[str, object]]:
        """Every record of an object as stored, archived and merged ones too. Raises KeyError."""
        return self.portal.rows(kind)

    def _routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = [Route(path, self._token, methods=["POST"]) for path in _paths(TOKEN, "")]
        routes += [Route(path, self._introspect, methods=["POST"]) for path in _paths(INTROSPECT, "")]
        routes.append(Route(PRIVATE_APP, self._private_app, methods=["POST"]))
        for family, path, method, handler, verb, counted in ROUTES:
            endpoint = self._endpoint(handler, verb, counted)
            routes += [Route(full, endpoint, methods=[method]) for full in _paths(family, path)]
        return routes

    def _endpoint(self, handler: Handler, verb: str, counted: str) -> Endpoint:
        kind = f"{handler.__module__.rsplit('.', 1)[1]}.{handler.__name__}"

        async def serve(request: Request) -> Response:
            request.scope["kind"] = kind
            headers: dict[str, str] = {}
            try:
                sender = self._sign_in.sender(request.headers.get("authorization", ""))
                self._refuse_migrating()
                headers = self._limits.take(sender, counted)
                answer = handler(await self._call(request, sender, verb))
            except Refusal as refusal:
                return JSONResponse(refusal.body(), refusal.status, headers | dict(refusal.headers))
            if answer.body is None:
                return Response(status_code=answer.status, headers=headers)
            return JSONResponse(answer.body, answer.status, headers)

        return serve

    def _refuse_migrating(self) -> None:
        if seconds := int(self.portal.setting("migrating_seconds", 0)):
            raise errors.migrating(seconds)

    async def _call(self, request: Request, sender: Sender, verb: str) -> Call:
        body = _body(await request.body())
        return Call(self.portal, sender.source, verb, request.url, request.path_params, request.query_params, body)

    async def _token(self, request: Request) -> Response:
        request.scope["kind"] = "signin.token"
        form = dict(parse_qsl((await request.body()).decode()))
        if "/v1/" in request.url.path:
            form = dict(request.query_params) | form
        answer = self._sign_in.token(form)
        return JSONResponse(answer.body, answer.status)

    async def _introspect(self, request: Request) -> Response:
        request.scope["kind"] = "signin.introspect"
        answer = self._sign_in.introspect(dict(parse_qsl((await request.body()).decode())))
        return JSONResponse(answer.body, answer.status)

    async def _private_app(self, request: Request) -> Response:
        request.scope["kind"] = "signin.private_app"
        try:
            answer = self._sign_in.private_app(str(_body(await request.body()).get("tokenKey", "")))
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status)
        return JSONResponse(answer.body, answer.status)


def build(world: Mapping[str, Any], switchboard: Switchboard) -> HubSpotSandbox:
    """The portal of a world (a parsed ``hubspot.json``, or ``{}``). Raises ValueError for a world that is none."""
    return HubSpotSandbox(world, switchboard)


def _paths(family: tuple[str, ...], path: str) -> list[str]:
    return [
        prefix.replace("{V}", date) + path for prefix in family for date in (DATES if "{V}" in prefix else [""])
    ]


def _body(raw: bytes) -> dict[str, Any]:
    """The JSON body, numbers as the sender spelt them; a bare list stands under ``list``. Raises Refusal."""
    if not raw:
        return {}
    try:
        body = json.loads(raw, parse_float=str)
    except ValueError as error:
        raise invalid(f"Invalid input JSON: {error}") from None
    return {"list": body} if isinstance(body, list) else dict(body)
