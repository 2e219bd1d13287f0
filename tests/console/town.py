"""A small town of partners and deals, as the console finds it: a dispute, a won deal, rows that went wrong."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any, Final

from sync.commands import write_new
from sync.store.opening import Store
from tests.machine.northwind import Northwind
from tests.machine.office import usd

BITE: Final = "<script>alert('x')</script>"
"""What somebody typed into a CRM, to see what becomes of it."""

OWNER: Final = "005owner"
"""What the owner field of Contoso holds."""


class Town(Northwind):
    """Northwind (two partners, in both CRMs), Contoso (a dispute), Tailspin (won), and a name that bites."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        write_new(folder, ("http://127.0.0.1:9", "http://127.0.0.1:9"))
        self.altus = self.partner("Altus")
        self.run()
        self.contoso = self.put(
            "sf", "opportunity", name="Contoso", stage="QUALIFIED", amount=usd("50000"), owner=OWNER
        )
        filed: dict[str, Any] = {"opportunity": self.contoso, "roles": ["RESELL"], "submitted_at": self.moment}
        self.left = self.put("sf", "registration", partner=self.lumen, **filed)
        self.right = self.put("sf", "registration", partner=self.altus, **filed)
        self.bites = self.put("sf", "opportunity", name=BITE, stage="QUALIFIED", amount=usd("777.77"))
        self.put("sf", "registration", partner=self.altus, opportunity=self.bites, roles=["IMPLEMENT"])
        self.tailspin = self.put("sf", "opportunity", name="Tailspin", stage="QUALIFIED", amount=usd("3000"))
        voted = {"vote": "APPROVE", "voter": "jo", "voted_at": self.moment, "submitted_at": self.moment}
        for partner, role, paid in ((self.lumen, "RESELL", usd("123.45")), (self.cirrus, "IMPLEMENT", None)):
            filed = {"partner": partner, "opportunity": self.tailspin, "roles": [role], "paid": paid}
            self.put("sf", "registration", **filed, **voted)
        self.run()
        self.put("sf", "opportunity", self.tailspin, stage="WON", close_date=date(2026, 11, 24))
        self.run()
        self.passes(minutes=5)

    def copied_to(self, home: Path) -> Path:
        """The installation as it is, once more."""
        with self.store.write() as connection:
            connection.exec_driver_sql("SELECT 1")
        with self.store.read() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(shutil.copytree(self.folder, home))

    @property
    def store(self) -> Store:
        return self.world.store
