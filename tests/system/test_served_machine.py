"""The machine over both served CRMs: people edit, calls fail, the process dies, time passes; all ends whole."""

from __future__ import annotations

import os
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.errors import StopCrm
from connector.sandbox.hubspot.tables import Source
from connector.sandbox.hubspot.writing import Draft, archive, commit
from connector.sandbox.salesforce.values import stamp_text
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import load_world
from sync.cycle import cycle
from sync.store.audit import verify
from tests.machine.crash import Fuse, Killed, mortal

from .storm import Watch, watch

EXAMPLES = max(3, int(os.environ.get("DEALSYNC_EXAMPLES", "0")) // 10)
SOMEBODY = Source("CRM_UI", "person")
SALESFORCE = {"deal": "Opportunity", "claim": "Deal_Registration__c"}
HUBSPOT = {"deal": "deals", "claim": "partner_registration"}
EDITS: dict[str, dict[str, Any]] = {
    "amount": {"sf": {"Amount": Decimal("777.77")}, "hs": {"amount": "777.77"}},
    "approve": {"sf": {"Review_Vote__c": "Approve"}, "hs": {"review_vote": "approve"}},
    "reject": {"sf": {"Review_Vote__c": "Reject"}, "hs": {"review_vote": "reject"}},
    "withdraw": {"sf": {"Withdrawn__c": True}, "hs": {"withdrawn": "true"}},
}
CRMS = st.sampled_from(["sf", "hs"])
NUMBERS = st.integers(0, 7)
STEPS = st.one_of(
    st.tuples(st.just("edit"), CRMS, st.sampled_from(sorted(EDITS)), NUMBERS),
    st.tuples(st.just("delete"), CRMS, NUMBERS),
    st.tuples(st.just("storm"), st.integers(0, 10_000)),
    st.tuples(st.just("crash"), st.integers(0, 60)),
    st.tuples(st.just("wait"), st.sampled_from([1, 15, 60])),
)


class Day:
    """What happens to two served CRMs and the dealsync beside them."""

    def __init__(self, beside: Watch, sandbox: Sandbox) -> None:
        self.beside = beside
        self.sandbox = sandbox
        self.wanted: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)  # what people last said, by row

    def edit(self, crm: str, what: str, number: int) -> None:
        kind = "deal" if what == "amount" else "claim"
        if crm == "sf":
            org = self.sandbox.salesforce.org
            table = org.tables.table(org.schema.object(SALESFORCE[kind]))
            live = [ident for ident, row in table.rows.items() if not row["IsDeleted"]]
            ident = live[number % len(live)]
            values = EDITS[what]["sf"]
            moment = stamp_text(org.now())
            stamps = {"SystemModstamp": moment, "LastModifiedDate": moment}
            org.tables.put(table, ident, table.rows[ident] | values | stamps)
        else:
            portal = self.sandbox.hubspot.portal
            rows = portal.tables[HUBSPOT[kind]].rows
            live = [ident for ident, row in rows.items() if row.archived_at is None]
            ident, values = live[number % len(live)], EDITS[what]["hs"]
            commit(portal, Draft(portal.types[HUBSPOT[kind]], rows[ident], values), SOMEBODY)
        self.wanted[crm, ident] |= values

    def delete(self, crm: str, number: int) -> None:
        """One of the claims."""
        if crm == "sf":
            org = self.sandbox.salesforce.org
            table = org.tables.table(org.schema.object(SALESFORCE["claim"]))
            ident = list(table.rows)[number % len(table.rows)]
            gone: dict[str, Any] = {"IsDeleted": True, "SystemModstamp": stamp_text(org.now())}
            org.tables.put(table, ident, table.rows[ident] | gone)
        else:
            portal = self.sandbox.hubspot.portal
            live = [row for row in portal.tables[HUBSPOT["claim"]].rows.values() if row.archived_at is None]
            if len(live) > 1:
                archive(portal, portal.types[HUBSPOT["claim"]], live[number % len(live)])

    def storm(self, seed: int) -> None:
        self.beside.storm(seed, 0.2)
        self.beside.runs(1)
        self.beside.storm(seed, 0)

    def crash(self, steps: int) -> None:
        try:
            cycle(mortal(self.beside.world, Fuse(steps)), self.beside.now())
        except (Killed, StopCrm):
            self.beside.sleep(60)

    def wait(self, days: int) -> None:
        self.beside.sleep(days * 86_400)

    def everything_is_whole(self) -> None:
        """P2, P3, P4, P6 and the seal, after calm runs."""
        report = self.beside.runs(8)[-1]
        assert not isinstance(report, Exception)
        assert (report.complete, report.changes, report.faults) == (True, [], []), report.notes
        self.each_set_is_there_once_and_makes_a_hundred()
        self.people_s_words_stand()
        with self.beside.world.store.read() as connection:
            assert list(verify(connection)) == []

    def each_set_is_there_once_and_makes_a_hundred(self) -> None:
        told = [
            (str(row["Engine_Key__c"]), str(row["Opportunity__c"]), str(row["Share__c"]))
            for row in self.sandbox.salesforce.rows("Partner_Attribution__c")
            if not row["IsDeleted"]
        ]
        rows: list[Any] = [row for row in self.sandbox.hubspot.rows("partner_attribution") if not row["archived"]]
        told += [
            (f"hs {row['properties']['engine_key']}", *row["associations"]["deals#"], row["properties"]["share"])
            for row in rows
        ]
        assert [key for key, number in Counter(key for key, *_ in told).items() if number > 1] == []
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for _, deal, share in told:
            totals[deal] += Decimal(share)
        assert set(totals.values()) <= {Decimal(100)}

    def people_s_words_stand(self) -> None:
        told: dict[tuple[str, str], Any] = {}
        for kind in SALESFORCE.values():
            told |= {("sf", str(row["Id"])): row for row in self.sandbox.salesforce.rows(kind)}
        for kind in HUBSPOT.values():
            told |= {("hs", str(row["id"])): row["properties"] for row in self.sandbox.hubspot.rows(kind)}
        for place, values in self.wanted.items():
            assert {name: told[place].get(name) for name in values} == values


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(steps=st.lists(STEPS, min_size=2, max_size=6))
def test_whatever_happens_to_both_served_crms_all_is_whole_in_the_end(steps: list[tuple[Any, ...]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        start(load_world("demo", datetime.now(UTC))) as sandbox,
        watch(Path(folder, "d"), sandbox) as beside,
    ):
        day = Day(beside, sandbox)
        for name, *choices in steps:
            getattr(day, name)(*choices)
        day.everything_is_whole()
