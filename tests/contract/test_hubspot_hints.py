"""HubSpot says that something changed: what it signed is read again soon, and nothing that it says is believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import Route

from connector.hubspot.crm import HubSpotCrm
from connector.sandbox.hubspot.webhooks import SECRET, Webhooks
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World
from sync.hints import Request, hear
from sync.mapping.fieldmap import FieldMap
from sync.pull import pull
from sync.store.hints import any_hint, hinted
from sync.store.intake import raw_of
from sync.store.opening import Store, open_store
from tests.machine.office import shipped

from .hubspot_writing_rig import Free

URL = "https://dealsync.example/hooks/hs?org=a%20b"
DEAL = {"dealname": "Pumps", "pipeline": "default", "dealstage": "contractsent", "amount": "9000"}
OLD = {"hs_lastmodifieddate": "2026-10-01T00:00:00Z"}
MAPPINGS = shipped()


def mapped(kind: str) -> FieldMap:
    found = MAPPINGS.of("hs", kind)
    assert found
    return found


class Post:
    """A portal that tells of its changes, and the store that listens."""

    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self.sandbox, self.store = sandbox, store
        self.webhooks = Webhooks(sandbox.hubspot.portal)
        self.crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=Free())

    @property
    def now(self) -> datetime:
        return self.sandbox.hubspot.portal.now()

    def person(self, method: str, path: str, body: Any = None) -> None:
        url = f"{self.sandbox.hubspot_url}/crm/objects/2026-09/{path}"
        headers = {"Authorization": "Bearer pat-person"}
        requests.request(method, url, json=body, headers=headers, timeout=5).raise_for_status()

    def tell(self, events: list[dict[str, Any]], **more: Any) -> int:
        body = json.dumps(events).encode()
        request = Request(URL, self.webhooks.headers("POST", URL, body), body)
        return hear(self.store, MAPPINGS, "hs", SECRET, request._replace(**more), now=self.now)

    def waiting(self) -> set[tuple[str, str]]:
        with self.store.read() as connection:
            return {(m.object, row) for m in MAPPINGS.of_connection("hs") for row in hinted(connection, m)}

    def pull(self, *kinds: str) -> None:
        for kind in kinds or ("companies", "deals"):
            assert pull(self.store, self.crm, mapped(kind), self.now, lambda _: None)[1] is None

    def known(self, row: str, field: str) -> object:
        with self.store.read() as connection:
            return raw_of(connection, mapped("deals"), [row])[row].get(field)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    companies = [{"id": "8", "properties": {"name": "Wolff", **OLD}}]
    deals = [{"id": row, "properties": DEAL | OLD} for row in ("101", "102")]
    with start(World(hubspot={"objects": {"deals": deals, "companies": companies}})) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        store = open_store("sqlite:///dealsync.db", tmp_path)
        post = Post(sandbox, store)
        post.pull()
        yield post
        post.crm.close()
        store.close()


def test_a_signed_event_has_its_record_read_again_although_search_does_not_show_it_yet(post: Post) -> None:
    post.sandbox.hubspot.switchboard.settings["index_lag_seconds"] = 300
    post.person("PATCH", "deals/101", {"properties": {"dealstage": "closedwon"}})
    assert post.tell(post.webhooks.events()) == 204
    assert post.waiting() == {("deals", "101")}
    post.pull()
    assert post.known("101", "dealstage") == "closedwon"
    assert post.waiting() == set()


def test_an_association_without_an_edit_is_seen_at_the_next_poll_and_not_in_the_night(post: Post) -> None:
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    post.person("PUT", "deals/101/associations/companies/8", primary)
    assert post.tell(post.webhooks.events()) == 204
    assert ("deals", "101") in post.waiting()
    post.pull("deals")
    assert post.known("101", "companies#Primary") == "8"


def test_twice_and_in_any_order_is_once(post: Post) -> None:
    post.person("PATCH", "deals/101", {"properties": {"dealname": "Other"}})
    post.person("PATCH", "deals/102", {"properties": {"dealname": "Third"}})
    events = post.webhooks.events()
    for batch in (events[::-1], events, [*events, *events]):
        assert post.tell(batch) == 204
    assert post.waiting() == {("deals", "101"), ("deals", "102")}


def test_a_value_that_is_known_is_an_echo(post: Post) -> None:
    post.person("PATCH", "deals/101", {"properties": {"dealname": "Other"}})
    events = post.webhooks.events()
    post.pull("deals")
    assert post.tell(events) == 204
    assert post.waiting() == set()


def test_what_our_own_app_wrote_is_an_echo_and_the_same_property_written_by_a_person_is_not(post: Post) -> None:
    change = {"subscriptionType": "deal.propertyChange", "appId": 7, "objectId": 101}
    change |= {"propertyName": "partner_count", "propertyValue": "3"}
    ours = change | {"changeSource": "INTEGRATION", "sourceId": "7"}
    assert post.tell([ours]) == 204
    assert post.waiting() == set()
    not_ours_to_write = ours | {"propertyName": "dealname", "propertyValue": "Renamed"}
    for event in (not_ours_to_write, change | {"changeSource": "CRM_UI", "sourceId": "userId:7"}):
        assert post.tell([event]) == 204
        assert post.waiting() == {("deals", "101")}
        post.pull("deals")


def test_a_property_that_no_mapping_reads_is_no_news(post: Post) -> None:
    event = {"subscriptionType": "deal.propertyChange", "objectId": 101, "propertyName": "hs_next_step"}
    assert post.tell([event | {"propertyValue": "call"}]) == 204
    with post.store.read() as connection:
        assert not any_hint(connection)


def test_an_event_of_an_own_object_is_about_each_of_ours(post: Post) -> None:
    event = {"subscriptionType": "object.creation", "objectTypeId": "2-41170301", "objectId": 500}
    assert post.tell([event]) == 204
    assert post.waiting() == {("partner_registration", "500"), ("partner_attribution", "500")}


def test_a_forged_or_spoilt_request_is_refused_and_leaves_nothing(post: Post) -> None:
    post.person("PATCH", "deals/101", {"properties": {"dealname": "Other"}})
    events = post.webhooks.events()
    assert post.tell(events, url=URL + "x") == 401
    assert post.tell(events, headers={}) == 401
    assert post.tell(events, body=b"[]") == 401
    spoilt = b"<html>"
    assert post.tell([], body=spoilt, headers=post.webhooks.headers("POST", URL, spoilt)) == 400
    assert post.waiting() == set()


def test_what_is_heard_while_it_is_read_is_read_once_more(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"subscriptionType": "deal.restore", "objectId": 101}
    assert post.tell([event]) == 204
    read = post.crm.read

    def meanwhile(*asked: Any, **how: Any) -> Any:
        found = read(*asked, **how)
        post.sandbox.hubspot.switchboard.offset += timedelta(seconds=1)
        post.tell([event])
        return found

    monkeypatch.setattr(post.crm, "read", meanwhile)
    post.pull("deals")
    assert post.waiting() == {("deals", "101")}
    monkeypatch.undo()
    post.pull("deals")
    assert post.waiting() == set()


def answered(app: Starlette, body: bytes, headers: Mapping[str, str]) -> int:
    """The status with which an application answers one POST."""
    raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/hooks/hs", "query_string": b"", "headers": raw}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as aside:  # a browser of another test may keep a loop of its own in this thread
        aside.submit(asyncio.run, app(scope, receive, send)).result()
    return int(sent[0]["status"])


def test_an_asgi_route_takes_the_raw_bytes_with_the_signature_of_its_public_address(post: Post) -> None:
    async def hook(asked: Asked) -> Response:
        request = Request(URL, dict(asked.headers), await asked.body(), asked.method)
        listen = partial(hear, post.store, MAPPINGS, "hs", SECRET, request, now=post.now)
        return Response(status_code=await run_in_threadpool(listen))

    app = Starlette(routes=[Route("/hooks/hs", hook, methods=["POST"])])
    post.person("PATCH", "deals/102", {"properties": {"dealname": "Other"}})
    body = json.dumps(post.webhooks.events()).encode()
    headers = post.webhooks.headers("POST", URL, body)
    assert answered(app, body + b" ", headers) == 401
    assert answered(app, body, headers) == 204
    assert post.waiting() == {("deals", "102")}
