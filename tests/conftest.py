"""`--deep`: 2,000 long examples of the state machine, all scenarios through both CRMs; `--examples N`: so many."""

from __future__ import annotations

import os

import pytest

DEEP = 2000
LONG = 20
"""Steps of an example at most, where there is time."""

pytest.register_assert_rewrite("tests.machine.promises")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deep",
        action="store_true",
        help=f"the state machine on {DEEP} long examples, every scenario through both CRMs (hours)",
    )
    parser.addoption(
        "--examples", type=int, help="the state machine on so many long examples, however long it takes"
    )


def pytest_configure(config: pytest.Config) -> None:
    if examples := config.getoption("--examples") or (DEEP if config.getoption("--deep") else 0):
        os.environ |= {"DEALSYNC_EXAMPLES": str(examples), "DEALSYNC_STEPS": str(LONG)}
