"""The smallest whole story: one deal in both CRMs, one partner that resells, one that implements."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.machine.office import Office, usd


class Northwind(Office):
    """One deal in both CRMs; Lumen resells, Cirrus implements, both are voted for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lumen, self.cirrus = self.partner("Lumen"), self.partner("Cirrus")
        deal = {"name": "Northwind", "stage": "QUALIFIED", "amount": usd("1000.01")}
        self.deal = self.put("sf", "opportunity", **deal)
        self.twin = self.put("hs", "opportunity", **deal, shared_id=self.deal)
        self.resells = self.claims(self.lumen, "RESELL")
        self.implements = self.claims(self.cirrus, "IMPLEMENT")

    def partner(self, name: str) -> str:
        own = self.put("sf", "account", name=name, is_partner=True)
        self.put("hs", "account", name=name, is_partner=True, shared_id=own)
        return own

    def claims(self, partner: str, *roles: str, vote: str | None = "APPROVE") -> str:
        filed = {"partner": partner, "opportunity": self.deal, "roles": roles, "submitted_at": self.moment}
        voted = {"vote": vote, "voter": "jo", "voted_at": self.moment} if vote else {}
        return self.put("sf", "registration", **filed, **voted)

    def total(self, crm: str) -> Decimal:
        """The amounts of all attribution rows."""
        amount = self.field(crm, "attribution", "amount")
        return sum((Decimal(row.values[amount]) for row in self.rows(crm, "attribution")), Decimal(0))
