"""Sends what happened in a portal to a webhook, signed as HubSpot signs it: in batches, twice, in no order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from urllib.request import Request, urlopen

from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.tables import Row

SECRET = "sandbox-secret"  # noqa: S105 the one of the sandbox's app
DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
BATCH = 99
WAIT = 5.0  # seconds in which HubSpot wants its answer
Event = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """What of a record was already told."""

    versions: int
    archived: bool
    merged_into: str | None
    linked: frozenset[tuple[str, str]]


class Webhooks:
    """The subscriptions of one app: every event of deals, companies, contacts, line items and custom objects."""

    def __init__(self, portal: Portal, app_id: int = 50_780_459) -> None:
        self._portal, self._app_id = portal, app_id
        self._number = 0
        self._known = self._look()

    def events(self) -> list[Event]:
        """What happened since the last time, oldest records first."""
        before, self._known = self._known, self._look()
        found: list[Event] = []
        for (name, id_), now in self._known.items():
            then = before.get((name, id_))
            if then != now:
                found += self._told(self._portal.types[name], self._portal.tables[name].rows[id_], then, now)
        return found

    def send(self, url: str, events: Sequence[Event]) -> list[int]:
        """Post the events, newest first and the first of them twice; returns the status of each batch.

        ``url`` is http on this machine. Raises URLError where nobody answers in time.
        """
        repeated = [*reversed(events), *[{**event, "attemptNumber": 1} for event in events[:1]]]
        batches = [repeated[at : at + BATCH] for at in range(0, len(repeated), BATCH)]
        return [self._post(url, json.dumps(batch).encode()) for batch in batches]

    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """The signature headers of one request, at the portal's time."""
        sent = str(int(self._portal.now().timestamp() * 1000))
        address = DECODED.sub(lambda found: unquote(found[0]), url)
        signed = hmac.new(SECRET.encode(), f"{method}{address}".encode() + body + sent.encode(), hashlib.sha256)
        return {
            "X-HubSpot-Signature-v3": base64.b64encode(signed.digest()).decode(),
            "X-HubSpot-Request-Timestamp": sent,
            "Content-Type": "application/json",
        }

    def _post(self, url: str, body: bytes) -> int:
        request = Request(url, body, self.headers("POST", url, body), method="POST")  # noqa: S310 http, loopback
        with urlopen(request, timeout=WAIT) as answer:  # noqa: S310
            return int(answer.status)

    def _look(self) -> dict[tuple[str, str], Known]:
        return {
            (name, row.id): Known(
                len(row.versions), row.archived_at is not None, row.merged_into, self._linked(name, row.id)
            )
            for name, table in self._portal.tables.items()
            for row in list(table.rows.values())
        }

    def _linked(self, name: str, id_: str) -> frozenset[tuple[str, str]]:
        pairs = [pair for pair in self._portal.links.types if pair[0] == name]
        return frozenset((pair[1], to) for pair in pairs for to in self._portal.links.of(pair, id_))

    def _told(self, kind: ObjectType, row: Row, then: Known | None, now: Known) -> Iterator[Event]:
        if then is None:
            yield self._event(kind, row, "creation", changeFlag="CREATED")
        for version in range(then.versions if then else 1, now.versions):
            yield from self._changes(kind, row, version)
        for other, to in now.linked ^ (then.linked if then else frozenset()):
            yield self._association(kind, row, (other, to), removed=(other, to) not in now.linked)
        if now.merged_into and not (then and then.merged_into):
            ids = {"primaryObjectId": int(now.merged_into), "mergedObjectIds": [int(row.id)]}
            yield self._event(kind, row, "merge", **ids, newObjectId=int(now.merged_into))
        elif now.archived != (then.archived if then else False):
            yield self._event(kind, row, "deletion" if now.archived else "restore")

    def _changes(self, kind: ObjectType, row: Row, at: int) -> Iterator[Event]:
        old, new = row.versions[at - 1].properties, row.versions[at].properties
        for name, value in new.items():
            if old.get(name) != value:
                yield self._event(kind, row, "propertyChange", propertyName=name, propertyValue=value or "")

    def _association(self, kind: ObjectType, row: Row, end: tuple[str, str], *, removed: bool) -> Event:
        other = self._portal.types[end[0]]
        event = self._event(kind, row, "associationChange", fromObjectId=int(row.id), toObjectId=int(end[1]))
        event |= {"fromObjectTypeId": kind.id, "toObjectTypeId": other.id, "associationRemoved": removed}
        event |= {} if kind.custom or other.custom else {"associationType": _type(kind, other)}
        return {name: value for name, value in event.items() if name != "objectId"}

    def _event(self, kind: ObjectType, row: Row, what: str, **more: Any) -> Event:
        self._number += 1
        source = row.versions[-1].source
        about: Mapping[str, Any] = {"objectTypeId": kind.id} if kind.custom else {}
        return {
            "eventId": self._number,
            "subscriptionId": 7_562_680,
            "portalId": self._portal.id,
            "appId": self._app_id,
            "occurredAt": int(row.versions[-1].at.timestamp() * 1000),
            "subscriptionType": f"{'object' if kind.custom else kind.singular}.{what}",
            "attemptNumber": 0,
            "objectId": int(row.id),
            "changeSource": source.type,
            "sourceId": source.id,
            **about,
            **more,
        }


def _type(kind: ObjectType, other: ObjectType) -> str:
    return f"{kind.singular}_TO_{other.singular}".upper()
