"""Opens a portal in the layout that its settings ask for."""

from __future__ import annotations

from typing import cast

from connector.crm import Ledger, Settings, Vault
from connector.errors import StopCrm
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.layout import Wish
from connector.hubspot.objects import staged
from connector.hubspot.plain import PlainCrm

WISHES = ("auto", "custom_objects", "pipeline")


def open_portal(name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> PlainCrm:
    """The portal of one connection; ``layout`` of its settings is one of ``WISHES``. Raises StopCrm."""
    wish = settings.get("layout", "auto")
    if wish not in WISHES:
        place = f"[connection.{name}] in config.toml: layout is {wish!r}"
        raise StopCrm(f"{place}; set it to one of {', '.join(WISHES)}", code="SETTINGS")
    kind, stage, label = staged()
    crm = HubSpotCrm(name, settings, ledger=ledger, vault=vault)
    return PlainCrm(crm, kind=kind, stage=stage, label=label, wish=cast("Wish", wish))
