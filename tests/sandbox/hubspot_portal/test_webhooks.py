"""Webhooks: what happened is sent signed, twice and in no order, and is a hint of the records that changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from connector.hubspot.webhooks import Forged, hints, verify
from connector.sandbox.hubspot import people
from connector.sandbox.hubspot.webhooks import SECRET, Webhooks
from connector.sandbox.serve import Sandbox

from .portal import Portal

Heard = list[tuple[str, bytes, dict[str, str]]]


class Listener(BaseHTTPRequestHandler):
    """Answers 204 at once and keeps what it heard."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, body, dict(self.headers)))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def heard() -> Iterator[tuple[str, Heard]]:
    server = HTTPServer(("127.0.0.1", 0), Listener)
    server.heard = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?org=a%20b&at=%2Fx", server.heard  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_people_do_is_told_once_and_hints_at_the_records(sandbox: Sandbox, portal: Portal) -> None:
    webhooks = Webhooks(sandbox.hubspot.portal)
    assert webhooks.events() == []
    new, merged, lone = portal.new(), portal.new("companies", name="Twin"), portal.new("companies", name="Lone")
    portal.objects("PATCH", "deals/101", {"properties": {"dealname": "Other", "amount": "3"}})
    portal.objects("PUT", f"deals/103/associations/default/companies/{lone}")
    portal.objects("DELETE", "deals/104")
    portal.objects("POST", "companies/merge", {"primaryObjectId": "8", "objectIdToMerge": merged})
    portal.objects("PATCH", "partner_attribution/500", {"properties": {"share": "41"}})
    events = webhooks.events()
    assert webhooks.events() == []
    told = {event["subscriptionType"] for event in events}
    assert {"deal.creation", "deal.deletion", "deal.propertyChange", "company.merge"} <= told
    assert {"deal.associationChange", "object.propertyChange"} <= told
    changed = {event["propertyName"] for event in events if event.get("objectId") == 101}
    assert changed == {"dealname", "amount", "hs_lastmodifieddate", "amount_in_home_currency"}
    assert {event["changeSource"] for event in events if event.get("objectId") == 101} == {"INTEGRATION"}
    hinted = hints("hs", json.dumps(events).encode(), {"2-41170302": "partner_attribution"})
    found = {(ref.kind, ref.id) for ref in hinted}
    assert {("deals", new), ("deals", "101"), ("deals", "103"), ("deals", "104")} <= found
    assert {("companies", "8"), ("companies", merged), ("partner_attribution", "500")} <= found
    assert ("deals", "105") not in found
    people.restore(sandbox.hubspot.portal, "deals", "104")
    assert [event["subscriptionType"] for event in webhooks.events()] == ["deal.restore"]


def test_what_is_sent_is_signed_and_comes_twice(sandbox: Sandbox, portal: Portal, heard: tuple[str, Heard]) -> None:
    url, requests = heard
    webhooks = Webhooks(sandbox.hubspot.portal)
    for number in range(100, 104):
        portal.objects("PATCH", f"deals/{number}", {"properties": {"dealname": f"Once more {number}"}})
    events = webhooks.events() * 20
    assert set(webhooks.send(url, events)) == {204}
    assert len(requests) == -(-(len(events) + 1) // 99)
    now = sandbox.hubspot.portal.now()
    for path, body, headers in requests:
        address = url.split("/hook")[0] + path
        verify(SECRET, "POST", address, body, headers=headers, now=now)
        with pytest.raises(Forged):
            verify(SECRET, "POST", address, body + b" ", headers=headers, now=now)
        assert {ref.id for ref in hints("hs", body, {})} <= {"100", "101", "102", "103"}
