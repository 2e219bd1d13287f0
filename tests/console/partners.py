"""Northwind with its partners' people: what they file goes through a real cycle into the CRM in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sync.commands import write_new
from sync.model.user import UserRole
from sync.store.asked import asked
from tests.console.browser import Browser
from tests.console.desk import Desk, post
from tests.machine.northwind import Northwind


class Partners(Northwind):
    """``desk`` serves the same store that `run` works on; ``files_to`` is what config.toml names."""

    def __init__(self, folder: Path, files_to: str = "sf") -> None:
        super().__init__(folder)
        write_new(folder, ("http://127.0.0.1:9", "http://127.0.0.1:9"))
        opens(folder, files_to)
        self.altus = self.partner("Altus")
        self.other = self.put("sf", "opportunity", name="Contoso", stage="QUALIFIED")
        self.put("sf", "registration", partner=self.altus, opportunity=self.other, roles=["RESELL"])
        self.run()
        self.desk = Desk(folder, self.moment)

    def close(self) -> None:
        self.desk.store.close()
        super().close()

    def run(self, **how: Any) -> Any:
        report = super().run(**how)
        if hasattr(self, "desk"):
            self.desk.moment = self.moment
        return report

    def signed_in(self, row: str, login: str) -> Browser:
        """A browser of somebody of the partner with this row."""
        self.desk.person(UserRole.PARTNER, login, partner=partner_id(self.desk, row))
        return self.desk.signed_in(login)


def opens(home: Path, files_to: str = "sf") -> None:
    """Name the connection that registrations are filed to."""
    path = home / "config.toml"
    path.write_text(path.read_text("utf-8").replace('files_to = ""', f'files_to = "{files_to}"'), "utf-8")


def partner_id(desk: Desk, row: str) -> str:
    """Our id of the partner with this row of a CRM."""
    with desk.store.read() as connection:
        return asked(connection, row).id


def says(browser: Browser, page: str, act: str, **fields: Any) -> Any:
    """Send one form of a registration's page, as its buttons do."""
    return post(browser, page, page, act=act, **({"form": f"{act}-1"} | fields))
