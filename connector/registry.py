"""Opens a CRM by the kind that its settings name; the only place that imports the vendors' adapters, when asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.address import is_safe
from connector.crm import Crm, Ledger, Settings, Vault
from connector.errors import StopCrm

# what each sign-in flow of each kind cannot do without
NEEDS: Final = {
    "salesforce": {
        "client_credentials": ("url", "client_id", "client_secret"),
        "refresh_token": ("url", "client_id", "refresh_token"),
        "jwt": ("url", "client_id", "username", "private_key"),
    },
    "hubspot": {
        "token": ("token",),
        "refresh_token": ("client_id", "client_secret", "refresh_token"),
    },
}


def open_crm(name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> Crm:
    """The CRM of one connection; nothing is sent yet. Raises StopCrm with every fault of the settings at once."""
    problems = list(_problems(settings))
    if problems:
        raise StopCrm(f"[connection.{name}] in config.toml: {'; '.join(problems)}")
    if settings["kind"] == "salesforce":
        from connector.salesforce.crm import SalesforceCrm  # noqa: PLC0415 a second of imports

        return SalesforceCrm(name, settings, ledger=ledger, vault=vault)
    from connector.hubspot.opening import open_portal  # noqa: PLC0415 a second of imports

    return open_portal(name, settings, ledger=ledger, vault=vault)


def _problems(settings: Settings) -> Iterator[str]:
    kind = settings.get("kind", "")
    flows = NEEDS.get(kind)
    if flows is None:
        yield f"kind is {kind!r}; set it to one of {', '.join(NEEDS)}"
        return
    flow = settings.get("flow") or next(iter(flows))
    if flow not in flows:
        yield f"auth flow is {flow!r}; set it to one of {', '.join(flows)}"
    for setting in flows.get(flow, ()):
        if not settings.get(setting):
            yield f"{setting} is missing; the flow {flow} needs it"
    url = settings.get("url")
    if url and not is_safe(url):
        yield f"url is {url!r}; write https://HOST (plain http is for this machine only)"
