"""One warm program for all tests; a new pair of CRMs and a new installation for each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import load_world

from .program import Desk, Program, open_desk


@pytest.fixture(scope="session")
def program() -> Iterator[Program]:
    running = Program()
    yield running
    running.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(load_world("demo", datetime.now(UTC))) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, program: Program, sandbox: Sandbox) -> Desk:
    """An installation beside the demo's CRMs."""
    return open_desk(tmp_path / "dealsync", program, sandbox.salesforce_url, sandbox.hubspot_url)


@pytest.fixture
def typed(tmp_path: Path, program: Program) -> Desk:
    """An empty folder and a keyboard: for commands that get nowhere near a CRM."""
    return Desk(tmp_path, program)
