"""What a draft would change: is it the difference of two whole plans, whatever is left out on the way?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync import drafts
from sync.commands import write_new
from sync.config import Config, load
from sync.impact import impact
from sync.page import judge_page
from sync.reading import pull_all
from sync.store.due import judged_after
from sync.world import Report, World
from tests.machine.office import START, Office, usd

DRAFTS = {
    "a stage means another": ('Qualification = "QUALIFIED"', 'Qualification = "LOST"'),
    "a currency is not read any more": ('remote = ["Amount", "CurrencyIsoCode?"]', 'remote = "Amount"'),
    "a note": ('title = "Salesforce opportunity"', 'title = "Deals"'),
}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Six deals of two customers, half of them registered; one registration is not judged yet."""
    write_new(tmp_path, ("http://127.0.0.1:9", "http://127.0.0.1:9"))
    opened = Office(tmp_path)
    partner = opened.put("sf", "account", name="Partner", is_partner=True)
    customers = [opened.put("sf", "account", name=f"C{number}", domain=f"c{number}.example") for number in (1, 2)]
    facts = {"stage": "QUALIFIED", "amount": usd(1000)}
    deals = [opened.put("sf", "opportunity", name=f"D{n}", account=customers[n % 2], **facts) for n in range(6)]

    def claims(deal: str) -> None:
        claim = {"opportunity": deal, "partner": partner, "roles": ("RESELL",), "submitted_at": START}
        opened.put("sf", "registration", **claim, vote="APPROVE", voter="jo", voted_at=START)

    claims(deals[0])
    claims(deals[1])
    for _ in range(3):
        opened.passes(minutes=20)
        opened.run()
    claims(deals[3])
    opened.passes(minutes=20)
    pull_all(opened.world, Report("run", opened.moment), opened.moment)
    yield opened
    opened.close()


def plan_of(world: World, office: Office) -> set[str]:
    with world.store.read() as connection:
        groups = judged_after(connection, "", 500)
    return {change.id for judged in judge_page(world, groups, office.moment) for change in judged.plan.changes}


def drafted(config: Config, old: str, new: str) -> Config:
    text = drafts.drafted(config, "sf-opportunity")
    assert old in text
    return drafts.rehearse(config, "sf-opportunity", text.replace(old, new))


@pytest.mark.parametrize(("old", "new"), DRAFTS.values(), ids=list(DRAFTS))
def test_the_writes_of_a_draft_are_those_that_only_its_plan_has(
    old: str, new: str, office: Office, tmp_path: Path
) -> None:
    config = load(tmp_path)
    world = replace(office.world, mappings=config.mappings)
    other = drafted(config, old, new)
    before, after = plan_of(world, office), plan_of(replace(world, mappings=other.mappings), office)
    assert before, "something waits that the draft has no part in"
    found = impact(world, "sf-opportunity", other, office.moment)
    assert found.writes == len(after - before)
