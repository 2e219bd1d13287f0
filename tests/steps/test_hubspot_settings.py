"""A connection's settings, and the paths that its API version selects."""

from __future__ import annotations

import pytest

from connector.crm import Settings
from connector.errors import StopCrm
from connector.hubspot import routes
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.routes import Route


class FreeLedger:
    """Lets every call pass."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the portal says of its day does not matter here."""


ROUTES = {name: route for name, route in vars(routes).items() if isinstance(route, Route)}


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_has_a_dated_and_a_legacy_path(name: str) -> None:
    where = ["deals", "2-7 7"]
    dated, legacy = ROUTES[name].path("2026-03", where), ROUTES[name].path("v3", where)
    assert "/2026-03" in dated
    assert "/v3/" in legacy or "/v4/" in legacy
    assert "{" not in dated + legacy
    assert " " not in dated + legacy


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ["token"]),
        ({"flow": "refresh_token", "client_id": "c"}, ["client_secret", "refresh_token"]),
        ({"flow": "password"}, ["flow"]),
        ({"token": "t", "url": "http://api.hubapi.com"}, ["https"]),
        ({"url": "http://evil", "api_version": "v9"}, ["https", "api_version", "token"]),
    ],
)
def test_every_wrong_setting_is_named_at_once(settings: Settings, named: list[str]) -> None:
    with pytest.raises(StopCrm) as caught:
        HubSpotCrm("hs", settings, ledger=FreeLedger())
    assert all(name in caught.value.message for name in named)
    assert caught.value.message.count("Fix:") == len(caught.value.message.splitlines()) == len(named)
