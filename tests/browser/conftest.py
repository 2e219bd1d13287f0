"""A real browser before the served town; without one every test here is skipped, and says so."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from tests.console.desk import Desk
from tests.console.fixtures import desk, own_desk, town

__all__ = ["desk", "own_desk", "town"]

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium, started once. DEALSYNC_CHROMIUM names one in an unusual place."""
    playwright = pytest.importorskip("playwright.sync_api", reason="SKIPPED: playwright is not installed")
    found = os.environ.get("DEALSYNC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip(
            "SKIPPED: there is no Chromium on this machine; apt-get install chromium, or set DEALSYNC_CHROMIUM"
        )
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


class Served:
    """A desk behind a real port."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._server = uvicorn.Server(uvicorn.Config(desk.app, port=0, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture(scope="session")
def served(desk: Desk) -> Iterator[Served]:
    """The town on a port, for tests that only look."""
    running = Served(desk)
    yield running
    running.stop()


@pytest.fixture
def own_served(own_desk: Desk) -> Iterator[Served]:
    """A copy of the town on a port, for tests that change something."""
    running = Served(own_desk)
    yield running
    running.stop()
