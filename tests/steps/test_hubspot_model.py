"""Whatever people do while search lags, pages break and programs stop: in the end we know what the portal knows."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count, islice

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.record import Cursor, Value
from tests.steps.hubspot_portal import MINUTE, PAST_NIGHT, Bench, bench, companies, deals

EXAMPLES = max(20, int(os.environ.get("DEALSYNC_EXAMPLES", "0")) // 8)
FIELDS = ["dealname", "companies#"]
NUMBERS = st.integers(min_value=0, max_value=30)
Step = tuple[str, int, int]
Known = dict[str, tuple[Value, ...]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["edit", "edit", "create", "drop", "restore", "merge", "link", "unlink", "wait", "lag", "poll", "stop"]
        ),
        NUMBERS,
        NUMBERS,
    ),
    min_size=5,
    max_size=40,
)


class Reading:
    """A portal, what was read of it so far, and where the reading stands."""

    def __init__(self, hs: Bench) -> None:
        self.hs, self.known, self.cursor = hs, Known(), Cursor("")
        self._numbers = count()
        self.poll(None)

    def poll(self, pages: int | None) -> None:
        """Read and keep so many pages (``None``: all), then stop as if the program had been killed."""
        for page in islice(self.hs.crm.changes("deals", FIELDS, self.cursor or None), pages):
            for record in page.records:
                self.known.pop(record.ref.id, None)
                if not record.deleted:
                    self.known[record.ref.id] = record.values
            self.cursor = page.cursor

    def there(self) -> Known:
        table, links = self.hs.hubspot.portal.tables["deals"], self.hs.hubspot.portal.links
        return {
            row.id: (row.properties["dealname"], ";".join(links.of(("deals", "companies"), row.id)) or None)
            for row in table.living()
        }

    def step(self, what: str, first: int, second: int) -> None:
        live = list(self.there())
        a, b = live[first % len(live)], live[second % len(live)]
        gone = [row.id for row in self.hs.hubspot.portal.tables["deals"].archived()]
        acts: dict[str, Callable[[], object]] = {
            "edit": lambda: self.hs.edit("deals", a, dealname=f"edit {next(self._numbers)}"),
            "create": lambda: self.create(f"new {next(self._numbers)}"),
            "drop": lambda: self.hs.drop("deals", a) if len(live) > 2 else None,
            "restore": lambda: self.hs.restore("deals", gone[first % len(gone)]) if gone else None,
            "merge": lambda: self.hs.merge("deals", a, b) if len(live) > 2 and a != b else None,
            "link": lambda: self.hs.link("deals", a, "companies", "1"),
            "unlink": lambda: self.hs.unlink("deals", a, "companies", "1"),
            "wait": lambda: self.hs.advance(first * second * 3),
            "lag": lambda: self.hs.settings.update(index_lag_seconds=first * 100),
            "poll": lambda: self.poll(None),
            "stop": lambda: self.poll(first % 3),
        }
        acts[what]()
        self.hs.advance(0.01)

    def create(self, name: str) -> None:
        properties = {"dealname": name, "pipeline": "default", "dealstage": "contractsent"}
        self.hs.person("POST", "objects/2026-09/deals", {"properties": properties})


def names(known: Known) -> dict[str, Value]:
    return {row_id: values[0] for row_id, values in known.items()}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_in_the_end_we_know_what_the_portal_knows(steps: list[Step]) -> None:
    with bench({"objects": {"companies": companies("1"), "deals": deals(6)}}) as hs:
        reading = Reading(hs)
        for step in steps:
            reading.step(*step)
        hs.settings["index_lag_seconds"] = 50 * MINUTE
        for _ in range(19):
            hs.advance(10 * MINUTE)
            reading.poll(None)
        assert names(reading.known) == names(reading.there()), "values are there once search has been trusted"
        hs.advance(PAST_NIGHT)
        reading.poll(None)
        assert reading.known == reading.there(), "and everything is after a night"
