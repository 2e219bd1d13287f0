"""The stand-in Salesforce as an ASGI app, and the settings that make it misbehave."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from decimal import Decimal
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Address

from connector.sandbox.salesforce import (
    collection,
    composite,
    ingest,
    query_jobs,
    replication,
    resources,
    rows,
    setup,
)
from connector.sandbox.salesforce.asks import Ask, Reply, Route, answer, route
from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.sessions import LoginRefused
from connector.sandbox.switchboard import Switchboard

VERSIONS = tuple(f"{number}.0" for number in range(50, 68))
_JSON = msgspec.json.Encoder(decimal_format="number")


class SalesforceSandbox:
    """One org behind the REST API of v50.0 to v67.0, by the rules of Salesforce.

    Sign-ins: client credentials ``dealsync`` / ``sandbox-secret`` (the service) and ``person`` / ``sandbox`` (a
    human user), the refresh token ``refresh-sandbox``, and JWT bearer for the ``Username`` of any user.

    Settings, each a thing that real orgs do:

    ======================= =================================================================================
    daily_limit             API calls in 24 hours (100,000); beyond it 403 REQUEST_LIMIT_EXCEEDED
    limits                  ``off``: no daily limit
    session_seconds         lifetime of a session (7200)
    expire_sessions         true: every open session dies at the next call, once
    refuse_sessions         true: signing in works, every call is 401 all the same
    rotate_refresh_tokens   true: a refresh token serves once; using it again revokes the family
    late_commit_seconds     writes keep their stamp but are seen only after so many seconds
    dead_credentials        an OAuth error, as inactive_user: every sign-in is refused with it
    instance_url            where the org lives now: sign-ins name it, every other address answers 401
    locked_ids              ids of rows that somebody holds: UNABLE_TO_LOCK_ROW; id -> how many times more
    hidden_fields           object -> list of fields that this user must not see
    hidden_objects          list of objects that this user must not see
    read_only_fields        object -> list of fields that this user must not edit
    setup_access            false: this user may not ask the Tooling API
    validation_rules        list of {name, object, field, forbids, message}: no row may hold that value
    blocking_rules          names of DuplicateRule rows that no header overrides
    half_written            rows of the next collection that are written before the call ends with 500, once
    bulk_polls              how often an ingest job is still InProgress (1); bulk_stuck: true, for ever
    bulk_early_rows         rows of an ingest job that are written at once
    bulk_fails_after        rows after which an ingest job fails
    multi_currency          true: CurrencyIsoCode, CurrencyType and DatedConversionRate exist
    invalid_locators        true: every query cursor is dead
    busy_calls              so many calls are refused for too many long ones at once
    query_jobs_refused      objects that no bulk query job takes
    query_job_polls         how often a query job is still InProgress (0); bulk_stuck: true, for ever
    query_job_ends          list of states in which the next query jobs end, as Failed or Aborted
    query_job_page          rows of a page of a query job's results, whatever was asked for
    query_job_heads_once    true: only the first page of results repeats the names of the columns
    query_job_bare          true: a proxy takes Sforce-Locator and Sforce-NumberOfRecords away
    replication_most        ids that one getDeleted or getUpdated tells (600,000)
    page_size               rows of a page, whatever was asked for (2000)
    ======================= =================================================================================

    Not here: Bulk API v1, SOAP, aggregates and GROUP BY, OFFSET, sub-selects, triggers, sharing rules.
    """

    def __init__(self, world: Mapping[str, Any], switchboard: Switchboard) -> None:
        self.switchboard = switchboard
        self.org = Org(world, switchboard)
        self._lock = threading.RLock()
        self.asgi = Starlette(
            routes=[
                Address("/services/oauth2/token", self._token, methods=["POST"]),
                Address("/services/oauth2/introspect", self._introspect, methods=["POST"]),
                Address("/services/oauth2/userinfo", self._identity, methods=["GET", "POST"]),
                Address("/id/{org}/{user}", self._identity),
                Address("/services/data", self._versions),
                Address("/services/data/", self._versions),
                Address("/services/data/{version}", self._resource),
                Address("/services/data/{version}/{path:path}", self._resource, methods=_METHODS),
            ]
        )

    def rows(self, kind: str) -> list[dict[str, object]]:
        """Every row of an object as stored, deleted and late ones too; KeyError for an unknown object."""
        with self._lock:
            spec = self.org.schema.find(kind)
            if spec is None:
                raise KeyError(kind)
            return [dict(row) for row in self.org.tables.table(spec).rows.values()]

    def merge(self, kind: str, survivor: str, absorbed: str) -> None:
        """Merge two rows as a person does in Salesforce; the REST API cannot."""
        with self._lock:
            self.org.merge(kind, survivor, absorbed)

    def purge(self, kind: str, row_id: str) -> None:
        """Delete a row for good, without a trace."""
        with self._lock:
            self.org.purge(kind, row_id)

    async def _token(self, request: Request) -> Response:
        request.scope["kind"] = "login"
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            user_id, tokens = self.org.sessions.sign_in(form, request.headers.get("authorization", ""))
        except LoginRefused as refused:
            body = {"error": refused.error, "error_description": refused.description}
            return JSONResponse(body, status_code=400)
        host = self.switchboard.settings.get("instance_url") or _host(request)
        issued = str(int(self.switchboard.now().timestamp() * 1000))
        more = {"instance_url": host, "id": f"{host}/id/{self.org.id}/{user_id}", "issued_at": issued}
        return JSONResponse({**tokens, **more, "token_type": "Bearer", "signature": "sandbox", "scope": "api"})

    async def _introspect(self, request: Request) -> Response:
        request.scope["kind"] = "login"
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return JSONResponse(self.org.sessions.introspected(form, request.headers.get("authorization", "")))
        except LoginRefused as refused:
            return JSONResponse({"error": refused.error}, status_code=401)

    async def _identity(self, request: Request) -> Response:
        request.scope["kind"] = "identity"
        try:
            user_id = self.org.sessions.user(request.headers.get("authorization", ""), _host(request))
        except Refusal:
            return Response("Bad_OAuth_Token", status_code=403, media_type="text/html")
        user = next(row for row in self.rows("User") if row["Id"] == user_id)
        names = {"name": user["Name"], "email": user["Email"], "preferred_username": user["Username"]}
        ids = {"sub": f"{_host(request)}/id/{self.org.id}/{user_id}", "user_id": user_id}
        return JSONResponse({**ids, "organization_id": self.org.id, **names, "active": user["IsActive"]})

    async def _versions(self, request: Request) -> Response:
        request.scope["kind"] = "versions"
        urls = {name: f"/services/data/v{name}" for name in VERSIONS}
        return JSONResponse([{"label": name, "url": url, "version": name} for name, url in urls.items()])

    async def _resource(self, request: Request) -> Response:
        if len(request.url.path) + len(request.scope["query_string"]) > _LONGEST:
            return Response("<h1>URI Too Long</h1>", 414, media_type="text/html")
        body = await request.body()
        try:
            user = self.org.sessions.user(request.headers.get("authorization", ""), _host(request))
            with self._lock:
                self.org.spend()
                ask = self._ask(request, user, body)
                kind, reply = answer(ask, _routes())
                request.scope["kind"] = _kind(kind, ask.body)
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body())
        usage = f"api-usage={self.org.used()}/{self.org.daily_limit}"
        headers = {**reply.headers, "sforce-limit-info": usage}
        if isinstance(reply.body, bytes):
            return Response(reply.body, reply.status, headers)
        content = b"" if reply.body is None else _JSON.encode(reply.body)
        media_type = None if reply.body is None else "application/json;charset=UTF-8"
        return Response(content, reply.status, headers, media_type)

    def _ask(self, request: Request, user: str, body: bytes) -> Ask:
        version = request.path_params["version"]
        if version.removeprefix("v") not in VERSIONS:
            raise Refusal("NOT_FOUND", "The requested resource does not exist", status=404)
        raw = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
        path = raw.split(version, 1)[1]
        headers = {name.lower(): text for name, text in request.headers.items()}
        is_csv = headers.get("content-type", "").startswith("text/csv")
        value = None if is_csv else _json(body)
        query = dict(request.query_params)
        return Ask(
            self.org, user, version, request.method, path, query, value, headers, raw=body if is_csv else b""
        )


def _kind(kind: str, value: Any) -> str:
    """A composite of nothing but reading is told from one that may write."""
    parts = value.get("compositeRequest", ()) if kind == "composite" and isinstance(value, dict) else ()
    reads = parts and all(isinstance(part, dict) and part.get("method") == "GET" for part in parts)
    return "composite.read" if reads else kind


def build(world: Mapping[str, Any], switchboard: Switchboard) -> SalesforceSandbox:
    """The org of a world (``{"org": {...}, "schema": {...}, "objects": {...}}``, each optional).

    ``org`` may say id, name, edition, is_sandbox, multi_currency, currencies, currency, daily_limit; ``schema``
    adds objects and fields in the shape of schema.toml. Raises ValueError for rows that do not fit.
    """
    return SalesforceSandbox(world, switchboard)


_LONGEST = 16_384 - 2_000  # bytes of an address: what is left of the limit beside ordinary headers
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


@cache
def _routes() -> list[Route]:
    row = "/sobjects/{}/{}"
    by_key = "/sobjects/{}/{}/{}"
    return [
        route("GET", "", "resources", resources.resources),
        route("GET", "/limits", "limits", resources.limits),
        route("GET", "/query", "query", resources.query),
        route("GET", "/queryAll", "query", resources.query_all),
        route("GET", "/query(?:All)?/{}", "query", resources.query_more),
        route("GET", "/sobjects", "describe", resources.sobjects),
        route("GET", "/sobjects/{}/describe", "describe", resources.describe),
        route("GET", "/sobjects/{}/deleted", "read", replication.deleted),
        route("GET", "/sobjects/{}/updated", "read", replication.updated),
        route("POST", "/sobjects/{}", "write", rows.create),
        route("GET", row, "read", rows.read),
        route("PATCH", row, "write", rows.update),
        route("DELETE", row, "write", rows.delete),
        route("GET", by_key, "read", rows.read_by_key),
        route("PATCH", by_key, "write", rows.upsert),
        route("POST", "/composite/sobjects", "write", collection.create),
        route("PATCH", "/composite/sobjects", "write", collection.update),
        route("DELETE", "/composite/sobjects", "write", collection.delete),
        route("PATCH", "/composite/sobjects/{}/{}", "write", collection.upsert),
        *_job_routes(),
        route("GET", "/ui-api/object-info/{}/picklist-values/{}", "describe", setup.picklists),
        route("GET", "/tooling/query", "query", setup.tooling),
        route("POST", "/composite", "composite", partial(composite.composite, routes=_routes)),
        route("POST", "/composite/graph", "composite", partial(composite.graph, routes=_routes)),
    ]


def _job_routes() -> list[Route]:
    return [
        route("POST", "/jobs/query", "query", query_jobs.create),
        route("GET", "/jobs/query/{}", "query", query_jobs.status),
        route("PATCH", "/jobs/query/{}", "query", query_jobs.patch),
        route("DELETE", "/jobs/query/{}", "query", query_jobs.delete),
        route("GET", "/jobs/query/{}/results", "query", query_jobs.results),
        route("GET", "/jobs/query/{}/resultPages", "query", query_jobs.result_pages),
        route("POST", "/jobs/ingest", "write", ingest.create),
        route("GET", "/jobs/ingest", "read", ingest.every),
        route("GET", "/jobs/ingest/{}", "read", ingest.status),
        route("PATCH", "/jobs/ingest/{}", "write", ingest.patch),
        route("DELETE", "/jobs/ingest/{}", "write", ingest.delete),
        route("PUT", "/jobs/ingest/{}/batches", "write", ingest.upload),
        route("GET", "/jobs/ingest/{}/successfulResults", "read", ingest.successes),
        route("GET", "/jobs/ingest/{}/failedResults", "read", ingest.failures),
        route("GET", "/jobs/ingest/{}/unprocessedrecords", "read", ingest.unprocessed),
    ]


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise Refusal("JSON_PARSER_ERROR", f"Unexpected character in the request: {error}") from error


def _host(request: Request) -> str:
    return f"http://{request.headers.get('host', re.sub('^http://', '', str(request.base_url)))}"
