"""`--deep`: the state machine on 2,000 examples instead of a few, and every scenario through both served CRMs."""

from __future__ import annotations

import os

import pytest

DEEP = "2000"

pytest.register_assert_rewrite("tests.machine.promises")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deep",
        action="store_true",
        help=f"the state machine on {DEEP} examples, every scenario through both CRMs (minutes)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--deep"):
        os.environ["DEALSYNC_EXAMPLES"] = DEEP
