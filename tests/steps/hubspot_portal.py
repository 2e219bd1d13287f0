"""A portal with rows in it, the adapter that reads it, and what people and programs do to it meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import requests

from connector.hubspot.crm import HubSpotCrm
from connector.record import Cursor, Record, Value
from connector.sandbox.hubspot import people
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

STAMP = "2026-10-01T00:00:00.007Z"
SINCE = Cursor('{"lo":"2026-09-30T00:00:00Z"}')
PERSON = {"Authorization": "Bearer pat-person"}
DEAL = {"dealname": "D", "pipeline": "default", "dealstage": "contractsent", "hs_lastmodifieddate": STAMP}
MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0
PAST_NIGHT = 36 * HOUR
"""The next night is twelve hours away at least, so that after these one has been, whatever the time of day."""


class Calls:
    """Counts by class, lets all pass."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.said = (0, 0)

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        self.taken[limit] += calls
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        self.said = used, allowed


class Bench:
    """A portal, the adapter, and its counted calls."""

    def __init__(self, sandbox: Sandbox, settings: dict[str, str]) -> None:
        self.hubspot = sandbox.hubspot
        self.url = sandbox.hubspot_url
        self.settings = sandbox.hubspot.switchboard.settings
        self.settings["limits"] = "off"
        self.ledger = Calls()
        self.crm = HubSpotCrm("hs", {"url": self.url, "token": "pat-sandbox", **settings}, ledger=self.ledger)

    def person(self, method: str, path: str, body: object = None) -> Any:
        """What a person's own app asks of the portal, on the dated paths."""
        url = f"{self.url}/crm/{path}"
        answer = requests.request(method, url, json=body, headers=PERSON, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def edit(self, kind: str, row_id: str, **values: str) -> None:
        self.person("PATCH", f"objects/2026-09/{kind}/{row_id}", {"properties": values})

    def edit_all(self, kind: str, ids: Sequence[str], **values: str) -> None:
        for at in range(0, len(ids), 100):
            inputs = [{"id": row_id, "properties": values} for row_id in ids[at : at + 100]]
            self.person("POST", f"objects/2026-09/{kind}/batch/update", {"inputs": inputs})

    def drop(self, kind: str, row_id: str) -> None:
        self.person("DELETE", f"objects/2026-09/{kind}/{row_id}")

    def restore(self, kind: str, row_id: str) -> None:
        people.restore(self.hubspot.portal, kind, row_id)

    def merge(self, kind: str, loser: str, winner: str) -> str:
        """The id of the survivor."""
        body = {"primaryObjectId": winner, "objectIdToMerge": loser}
        return str(self.person("POST", f"objects/2026-09/{kind}/merge", body)["id"])

    def link(self, kind: str, row_id: str, other: str, to: str) -> None:
        """The primary association; the record itself is not touched."""
        self.person("PUT", f"objects/2026-09/{kind}/{row_id}/associations/default/{other}/{to}")

    def unlink(self, kind: str, row_id: str, other: str, to: str) -> None:
        self.person("DELETE", f"objects/2026-09/{kind}/{row_id}/associations/{other}/{to}")

    def person_sets_rate(self, currency: str, rate: str) -> None:
        people.set_rate(self.hubspot.portal, currency, rate)

    def advance(self, seconds: float) -> None:
        self.hubspot.switchboard.offset += timedelta(seconds=seconds)

    def fault(self, path: str, **effect: Any) -> None:
        self.hubspot.switchboard.faults.append(Fault(path=path, **effect))

    def read(self, kind: str, fields: Sequence[str], since: Cursor | None = None) -> tuple[list[Record], Cursor]:
        pages = list(self.crm.changes(kind, fields, since))
        return [record for page in pages for record in page.records], pages[-1].cursor


@contextmanager
def bench(hubspot: dict[str, Any], **settings: str) -> Iterator[Bench]:
    with start(World(hubspot=hubspot)) as sandbox:
        made = Bench(sandbox, settings)
        yield made
        made.crm.close()


def deals(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": str(1000 + number), "properties": DEAL, **more} for number in range(count)]


def companies(*ids: str, **more: str) -> list[dict[str, Any]]:
    properties = {"name": "C", "hs_lastmodifieddate": STAMP, **more}
    return [{"id": row_id, "properties": properties} for row_id in ids]


def live(records: Sequence[Record]) -> dict[str, tuple[Value, ...]]:
    """The last values of each record that is there, by id."""
    return {record.ref.id: record.values for record in records if not record.deleted}


def gone(records: Sequence[Record]) -> dict[str, str | None]:
    """What each record that is not there was merged into, by id."""
    return {record.ref.id: record.merged_into for record in records if record.deleted}


def quiet(hs: Bench, kind: str, fields: Sequence[str]) -> Cursor:
    """A cursor after a first reading and a poll, with nothing left in the overlap."""
    hs.advance(HOUR)
    cursor = hs.read(kind, fields)[1]
    hs.advance(HOUR)
    return hs.read(kind, fields, cursor)[1]
