"""A deal in both CRMs that was won: for the tests of what comes after the close."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sync.model.ledger import LedgerEntry
from sync.policy import Policies
from sync.rulings import Speaker
from sync.store.ledger import entries_of_deal, parties, totals
from tests.machine.northwind import Northwind
from tests.machine.office import usd
from tests.steps.business import policy


class Sold(Northwind):
    """Northwind's deal, won on the day after it was judged."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        incentives = {"RESELL": {"kind": "margin", "percent": 10}}
        self.world = replace(
            self.world, policies=Policies((policy(effective_from="2020-01-01", incentives=incentives),))
        )
        self.run()
        self.passes(days=1)
        self.put("sf", "opportunity", self.deal, closed=True, won=True, close_date=self.moment.date())
        self.run()

    def amount(self, text: str, days: int = 1) -> None:
        self.passes(days=days)
        self.put("sf", "opportunity", self.deal, amount=usd(text))
        self.put("hs", "opportunity", self.twin, amount=usd(text))

    def entries(self) -> list[LedgerEntry]:
        with self.world.store.read() as connection:
            deals = {split.opportunity_id for split in self.judged().verdict.splits}
            return [entry for deal in deals for entry in entries_of_deal(connection, deal)]

    def balances(self) -> dict[str, int]:
        with self.world.store.read() as connection:
            names = parties(connection)
            return {names[party]: minor for (party, _), minor in totals(connection).items()}

    def judged(self):  # type: ignore[no-untyped-def] # the page of the only group
        from sync.page import judge_page
        from sync.store.groups import group_of

        with self.world.store.read() as connection:
            group = group_of(connection, self.deal)
        assert group
        return judge_page(self.world, [group], self.moment)[0]

    def speaker(self) -> Speaker:
        return Speaker("Maria", self.moment, "agreed by mail")
