"""The demo world, read over the wire by the shipped mappings and decided by the standard programme, to the cent."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connector.budget import CallCount
from connector.record import ABSENT
from connector.registry import open_crm
from connector.sandbox.serve import start
from connector.sandbox.world import load_world
from sync.decide import decide
from sync.identity.assemble import assemble
from sync.intend import intend
from sync.mapping.fieldmap import FieldMap, Mappings, compile_form
from sync.mapping.form import parse
from sync.model.deal import Opportunity
from sync.model.facts import Facts, History, Verdict
from sync.model.problem import Problem
from sync.model.registration import Role, Standing, State
from sync.model.row import Row
from sync.model.ruling import Resolution
from sync.model.split import Split, SplitStatus
from sync.policy import Policies
from sync.policy import parse as parse_policy

ROOT = Path(__file__).resolve().parents[2]
CURRENCY = {"sf": "USD", "hs": "EUR"}


def shipped_mappings() -> Iterator[FieldMap]:
    for path in sorted((ROOT / "mappings").glob("*.toml")):
        form, problems = parse(path.name, tomllib.loads(path.read_text("utf-8")))
        assert form is not None, problems
        if form.status == "active":
            yield compile_form(form, CURRENCY[form.connection])


def read_everything(mappings: Iterable[FieldMap], now: datetime) -> tuple[list[Row], list[Problem]]:
    """Every row of the demo world in our words, through the real adapters and a served sandbox."""
    rows: list[Row] = []
    problems: list[Problem] = []
    with start(load_world("demo", now)) as sandbox:
        secret = {"client_id": "dealsync", "client_secret": "sandbox-secret"}
        settings = {
            "sf": {"kind": "salesforce", "url": sandbox.salesforce_url, "flow": "client_credentials", **secret},
            "hs": {"kind": "hubspot", "url": sandbox.hubspot_url, "token": "pat-sandbox"},
        }
        ledger = CallCount(now=lambda: datetime.now(UTC))
        crms = {name: open_crm(name, setting, ledger=ledger) for name, setting in settings.items()}
        for field_map in mappings:
            for page in crms[field_map.connection].changes(field_map.object, field_map.fields, None):
                for record in page.records:
                    row, faults = field_map.read(record)
                    rows.append(row)
                    problems += faults
    return rows, problems


def standard_programme() -> Policies:
    [path] = (ROOT / "sync/presets").rglob("standard.toml")
    policy, faults = parse_policy(path.name, tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))
    assert policy is not None, faults
    return Policies((policy,))


@dataclass(frozen=True)
class Demo:
    rows: list[Row]
    problems: list[Problem]
    facts: Facts
    verdict: Verdict
    mappings: tuple[FieldMap, ...]
    policies: Policies
    now: datetime

    def deal(self, name: str) -> Opportunity:
        [found] = [deal for deal in self.facts.opportunities if deal.name == name]
        return found

    def split(self, name: str) -> Split:
        [found] = [split for split in self.verdict.splits if split.opportunity_id == self.deal(name).id]
        return found

    def amounts(self, name: str) -> Mapping[str, Decimal]:
        """What each partner of a deal gets, by the partner's name, in the currency of the deal."""
        partners = {partner.id: partner.name for partner in self.facts.partners}
        portions = self.split(name).portions
        return {partners[part.party]: part.amount.major for part in portions if part.amount is not None}

    def standings(self, deal: str) -> Mapping[str, Standing]:
        """Where each partner of a deal stands, by the partner's name."""
        partners = {partner.id: partner.name for partner in self.facts.partners}
        standings = {standing.registration_id: standing for standing in self.verdict.standings}
        filed = [each for each in self.facts.registrations if each.opportunity_id == self.deal(deal).id]
        return {partners[each.partner_id]: standings[each.id] for each in filed}


@pytest.fixture(scope="module")
def demo() -> Demo:
    now = datetime.now(UTC)
    mappings = tuple(shipped_mappings())
    rows, problems = read_everything(mappings, now)
    facts = assemble(rows, [row for row in rows if row.kind == "account"], {"opportunity": "sf", "account": "sf"})
    policies = standard_programme()
    return Demo(rows, problems, facts, decide(facts, History(), policies, now), mappings, policies, now)


def test_the_mappings_understand_every_row(demo: Demo) -> None:
    assert demo.problems == []
    assert demo.facts.problems == ()
    assert {row.kind for row in demo.rows} == {"account", "opportunity", "line", "registration"}


def test_every_mapped_field_is_there(demo: Demo) -> None:
    optional = {
        (each.connection, each.object, field)
        for each in demo.mappings
        for field in each.fields
        if each.may_miss(field)
    }
    absent = {
        (row.ref.connection, row.ref.kind, field)
        for row in demo.rows
        for field, text in row.raw.items()
        if text is ABSENT
    }
    assert absent <= optional


def test_what_is_decided_can_be_written_by_the_mappings(demo: Demo) -> None:
    intents, _ = intend(demo.facts, demo.verdict)
    mappings = Mappings(demo.mappings)
    for intent in intents:
        field_map = mappings.for_kind(intent.connection, intent.kind)
        assert field_map is not None, intent
        assert field_map.write(intent.values)


def test_a_reseller_an_integrator_and_a_consultant_share_one_deal(demo: Demo) -> None:
    assert demo.amounts("Northwind: CRM roll-out") == {
        "Lumen Software Resale": Decimal("111111.11"),
        "Cirrus Integration": Decimal("83333.33"),
        "Beacon Analytics": Decimal("55555.55"),
    }
    split = demo.split("Northwind: CRM roll-out")
    assert split.status is SplitStatus.AGREED
    assert [part.percent for part in split.portions] == [Decimal(text) for text in ("44.45", "33.33", "22.22")]
    assert [part.sourced for part in split.portions] == [True, False, False]


def test_a_bundle_is_divided_line_by_line(demo: Demo) -> None:
    assert demo.amounts("Hagen: assembly line 4") == {
        "Anker Automation": Decimal("695264.49"),
        "Robotik Süd": Decimal("866784.17"),
        "Präzision Maschinenbau": Decimal("452951.34"),
    }
    split = demo.split("Hagen: assembly line 4")
    assert (split.model, split.status) == ("lines", SplitStatus.AGREED)


def test_who_was_protected_keeps_the_role_and_the_other_is_offered_more(demo: Demo) -> None:
    stands = demo.standings("Baltic Freight: warehouse mobility")
    assert stands["Lumen Software Resale"].state is State.APPROVED
    loser = stands["Harbor Systems"]
    assert (loser.state, loser.reason) == (State.REJECTED, "DUPLICATE_REGISTRATION")
    assert "You may join in another role: PRESALES, IMPLEMENT, ADVISE, SUPPORT, TRAIN." in loser.message
    assert "Lumen" not in loser.message
    [case] = demo.verdict.cases
    assert (case.kind, case.scope, case.resolution) == ("C02", Role.RESELL, Resolution.AWARD_ONE)
    assert [step.rule for step in case.trace if step.result == "decisive"] == ["valid_protection"]
    assert demo.amounts("Baltic Freight: warehouse mobility") == {"Lumen Software Resale": Decimal("180000.00")}


def test_one_deal_in_two_crms_is_split_once_and_shown_twice(demo: Demo) -> None:
    name = "Solstice Energy: field service"
    deal = demo.deal(name)
    assert [(ref.connection, ref.kind) for ref in deal.members] == [("sf", "Opportunity"), ("hs", "deals")]
    assert demo.amounts(name) == {
        "Cirrus Integration": Decimal("60000.00"),
        "Beacon Analytics": Decimal("36000.00"),
    }
    intents, held = intend(demo.facts, demo.verdict)
    shown = [each for each in intents if each.kind == "attribution" and each.title.startswith(name)]
    assert sorted(each.connection for each in shown) == ["hs", "hs", "sf", "sf"]
    assert len({each.key for each in shown}) == 2
    assert held == []


def test_deals_that_nobody_registered_are_left_alone(demo: Demo) -> None:
    registered = {each.opportunity_id for each in demo.facts.registrations}
    bystanders = [deal for deal in demo.facts.opportunities if deal.id not in registered]
    assert len(bystanders) == 8
    assert [deal.name for deal in bystanders if deal.stage.closed] == ["Fabrikam: till refresh"]
    intents, _ = intend(demo.facts, demo.verdict)
    touched = {each.ref for each in intents if each.kind == "opportunity"}
    assert touched.isdisjoint(ref for deal in bystanders for ref in deal.members)


def test_deciding_again_moves_nothing(demo: Demo) -> None:
    verdict = demo.verdict
    history = History(
        standings={each.registration_id: each for each in verdict.standings},
        cases={each.id: each for each in verdict.cases},
        joints={each.id: each for each in verdict.joints},
        splits={each.opportunity_id: each for each in verdict.splits},
    )
    again = decide(demo.facts, history, demo.policies, demo.now)
    assert again.decisions == ()
    assert again.splits == verdict.splits
