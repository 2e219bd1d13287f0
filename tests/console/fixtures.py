"""One seeded store for all tests; every test that writes has a copy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.browser import Browser
from tests.console.desk import Desk
from tests.console.town import Town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town as it is; nobody writes to its store but the sign-in."""
    built = Town(tmp_path_factory.mktemp("town"))
    yield built
    built.close()


@pytest.fixture(scope="session")
def desk(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The served town, for tests that only look; who signs in for them is in no other copy."""
    with Desk(town.copied_to(tmp_path_factory.mktemp("desk") / "town"), town.moment) as opened:
        yield opened


@pytest.fixture
def own_desk(town: Town, tmp_path: Path) -> Iterator[Desk]:
    """A copy of the town, for a test that changes something."""
    with Desk(town.copied_to(tmp_path / "town"), town.moment) as opened:
        yield opened


@pytest.fixture
def nobody(desk: Desk) -> Browser:
    """A browser in which nobody has signed in."""
    return desk.browser()
