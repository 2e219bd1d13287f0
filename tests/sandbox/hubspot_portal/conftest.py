"""One served portal a module; each test finds its switchboard untouched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hubspot import HubSpot
from urllib3 import Retry

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

from .portal import WORLD, Portal


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with start(World(hubspot=WORLD)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    board = served.hubspot.switchboard
    board.settings["limits"] = "off"
    board.calls.clear()
    yield served
    board.settings.clear()
    board.offset = timedelta()


@pytest.fixture
def client(sandbox: Sandbox) -> HubSpot:
    url = sandbox.hubspot_url
    retry = Retry(0, respect_retry_after_header=False)
    return HubSpot(access_token="pat-sandbox", host=url, base_url=url, retry=retry)


@pytest.fixture
def portal(sandbox: Sandbox) -> Iterator[Portal]:
    portal = Portal(sandbox.hubspot_url)
    yield portal
    portal.session.close()
