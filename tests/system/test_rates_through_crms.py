"""Rates are read from both served CRMs by the shipped mappings, once they are switched on."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import start
from connector.sandbox.world import World
from sync.commands import write_new
from sync.config import load
from sync.model.ids import name
from sync.model.rates import Conversion
from sync.reading import pull_all
from sync.sign_in import Clock, open_world
from sync.store.rates import with_rates
from sync.world import Report

DATED = [
    {"IsoCode": "EUR", "ConversionRate": 0.8, "StartDate": "2026-01-01", "NextStartDate": "2026-07-01"},
    {"IsoCode": "EUR", "ConversionRate": 0.5, "StartDate": "2026-07-01", "NextStartDate": "9999-12-31"},
]
DAYS = (date(2026, 3, 1), date(9999, 1, 1))
SERVED = World(
    hubspot={"portal": {"companyCurrency": "USD", "exchangeRates": {"EUR": "1.08735"}}},
)


def switched_on(home: Path, mapping: str) -> None:
    path = home / "mappings" / mapping
    text = path.read_text("utf-8")
    assert 'status = "paused"\n' in text
    path.write_text(text.replace('status = "paused"\n', ""), "utf-8")
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace('reporting = ""', 'reporting = "USD"'), "utf-8")


@pytest.mark.parametrize(
    ("mapping", "rates"),
    [
        ("sf-dated-conversion-rate.toml", ["5/4", "2"]),
        ("hs-exchange-rates.toml", ["21747/20000", "21747/20000"]),
    ],
)
def test_the_rates_of_a_crm_convert_by_the_day(tmp_path: Path, mapping: str, rates: list[str]) -> None:
    with start(SERVED) as sandbox:
        org = sandbox.salesforce
        org.switchboard.settings["multi_currency"] = True
        org.org = Org({"objects": {"DatedConversionRate": DATED}}, org.switchboard)
        write_new(tmp_path, (sandbox.salesforce_url, sandbox.hubspot_url))
        switched_on(tmp_path, mapping)
        clock = Clock(now=lambda: datetime.now(UTC), sleep=time.sleep)
        with open_world(load(tmp_path), clock) as world:
            moment = clock.now()
            report = Report(name("run", "1"), moment)
            pull_all(world, report, moment)
            with world.store.read() as connection:
                known = with_rates(connection, world.policies, world.mappings).rates
    assert known is not None
    expected = [Conversion("EUR", "USD", by, day) for by, day in zip(rates, DAYS, strict=True)]
    assert [known.conversion("EUR", day) for day in DAYS] == expected, report.notes
