"""Calls of each kind of reading and writing beside the least that HubSpot's interface takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from connector.hubspot.windows import BUSY
from connector.record import Op
from sync.apply import apply
from sync.mapping.fieldmap import FieldMap
from sync.model.plan import FieldChange, PlannedChange
from sync.store import outbox
from sync.store.outbox import DONE, TODO
from tests.bench._hubspot_portal import COMPANIES, FIRST, NOW, Kept

PERSON = {"Authorization": "Bearer pat-person"}
OURS = "partner_attribution"
LABELS = ("deals#", "companies#Attributed partner")


def up(rows: int, page: int) -> int:
    """Calls for so many rows."""
    return -(-rows // page)


def changes(rows: int) -> int:
    """Search by 200, values by 100 as a search is not believed, associations by 1,000."""
    return max(1, up(rows, 200)) + up(rows, 100) + up(rows, 1000)


def edit(url: str, count: int) -> None:
    """Another program changes so many deals."""
    with requests.Session() as session:
        for at in range(0, count, 100):
            inputs = [
                {"id": str(FIRST + number), "properties": {"dealtype": "renewal"}}
                for number in range(at, min(count, at + 100))
            ]
            path = f"{url}/crm/objects/2026-09/deals/batch/update"
            session.post(path, json={"inputs": inputs}, headers=PERSON, timeout=30).raise_for_status()


def summaries(count: int) -> Iterator[PlannedChange]:
    """One property of a deal each."""
    for number in range(count):
        fields = (FieldChange("partner_split_summary", None, "Acme 100%"),)
        yield PlannedChange("hs", "deals", Op.UPDATE, "id", str(FIRST + number), fields, "", "")


def splits(count: int) -> Iterator[PlannedChange]:
    """A new row of ours each, with its deal and its partner."""
    for number in range(count):
        linked = str(FIRST + number), str(number % COMPANIES + 1)
        values = {"share": "50", **dict(zip(LABELS, linked, strict=True))}
        fields = tuple(FieldChange(name, None, after) for name, after in values.items())
        yield PlannedChange("hs", OURS, Op.UPSERT, "engine_key", f"k{number}", fields, "", "", creates=True)


def shares(count: int) -> Iterator[PlannedChange]:
    """Another share in each of those rows."""
    for number in range(count):
        fields = (FieldChange("share", "50", "60"),)
        yield PlannedChange("hs", OURS, Op.UPSERT, "engine_key", f"k{number}", fields, "", "")


class Counted:
    """Prints a line for each piece of work: its rows, the calls it made, the least that HubSpot takes."""

    def __init__(self, url: str, kept: Kept) -> None:
        self._url, self._kept, self._clock = url, kept, 0
        print(f"\n{'calls':<34} {'records':>8} {'made':>6} {'least':>6} {'ratio':>8}")  # noqa: T201

    def wait(self, seconds: int) -> None:
        """HubSpot's clock goes on."""
        self._clock += seconds
        body = {"offset_seconds": self._clock}
        requests.post(f"{self._url}/_sandbox/clock", json=body, timeout=30).raise_for_status()

    def edit(self, count: int) -> None:
        edit(self._url, count)
        self.wait(60)

    def read(self, what: str, least: int) -> None:
        self._told(what, least, lambda: self._kept.pull()["read"])

    def write(self, what: str, least: int, planned: Iterator[PlannedChange]) -> None:
        self._told(what, least, lambda: sent(self._kept, planned))

    def _told(self, what: str, least: int, work: Callable[[], int]) -> None:
        taken = self._kept.ledger.taken
        taken.clear()
        rows = work()
        made = sum(taken.values())
        print(f"{what:<34} {rows:>8,} {made:>6} {least:>6} {made / least:>7.2f}x  {dict(taken)}")  # noqa: T201


def calls(url: str, field_map: FieldMap, deals: int) -> None:
    """``least`` is what HubSpot takes, with the schema where it is asked for first.

    A poll that finds deals by a search re-reads them by id, because its index lags; a write is looked at once more
    before it is sent, which is its only check, as HubSpot has no condition on a write.
    """
    whole, both, pairs = up(deals, 100) + up(deals, 1000), 2 * up(deals, 100), 2 * up(deals, 2000)
    with tempfile.TemporaryDirectory() as name:
        kept = Kept(url, field_map, Path(name))
        counted = Counted(url, kept)
        counted.read("cold start", whole + 3)  # properties, labels, and the account's time zone
        counted.wait(3600)
        counted.read("first poll, the recycle bin too", 1 + 1)
        counted.wait(60)
        counted.read("idle poll", 1)
        counted.edit(100)
        counted.read("100 changes", changes(100))
        counted.wait(60)
        counted.read("idle poll after them", 1)
        counted.edit(deals)
        counted.read(f"{deals:,} changes", changes(deals))
        counted.wait(60)
        counted.read("poll in their overlap", up(deals, 200) if deals <= BUSY else 1)
        counted.wait(36 * 3600)  # whatever the time of day, a night has been
        counted.read("the night", 1 + 1 + whole)
        counted.write(f"{deals:,} deals written", both, summaries(deals))
        counted.write(f"{deals:,} new rows, 2 links each", both + pairs + 4, splits(deals))
        counted.write(f"{deals:,} rows changed", both, shares(deals))
        kept.close()


def sent(kept: Kept, planned: Iterator[PlannedChange]) -> int:
    """As a run sends them: looked at once more, written, and what each came to written down."""
    with kept.store.write() as connection:
        outbox.put(connection, "run", "", planned, NOW)
        entries = outbox.open_entries(connection, [TODO])
    states = [state for _, state, _ in apply(kept.store, {"hs": kept.crm}, entries, NOW)]
    assert set(states) == {DONE}
    return len(states)
