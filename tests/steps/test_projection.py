"""The CRM's own list of partners shows the split: written as a set, nothing of a person's touched, never read."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.record import Op, Ref
from sync.mapping.fieldmap import FieldMap, Mappings, compile_form
from sync.mapping.form import parse
from sync.model.facts import Facts, Verdict
from sync.model.plan import Held, PlannedChange
from sync.model.registration import Role
from sync.model.split import Portion, Split, SplitStatus
from sync.projection import Texts, project
from tests.machine.office import ROOT
from tests.steps.business import DEAL, partner

LIST = "OpportunityPartner"


def shipped() -> FieldMap:
    path = Path(ROOT / "mappings/sf-opportunity-partner.toml")
    form, problems = parse(path.name, tomllib.loads(path.read_text("utf-8")))
    assert form is not None, problems
    return compile_form(form, None)


def verdict(**parts: int) -> Verdict:
    """Parts in ppm of who resells (alpha), advises (beta) or has a role without a word (gamma)."""
    roles = {"alpha": (Role.RESELL, Role.IMPLEMENT), "beta": (Role.ADVISE,), "gamma": (Role.SUPPORT,), "VENDOR": ()}
    portions = tuple(Portion(who, roles[who], "0", ppm, None, None) for who, ppm in parts.items())
    split = Split("deal", 1, SplitStatus.AGREED, "equal", "p", None, portions, decision_id="spl_1")
    return Verdict(splits=(split,) if parts else ())


FACTS = Facts(opportunities=(DEAL,), partners=tuple(partner(who) for who in ("alpha", "beta", "gamma")))


def shown(
    wanted: Verdict, before: dict[str, Texts] | None = None, **mappings: Any
) -> tuple[list[PlannedChange], list[Held]]:
    written = {("sf", LIST, "deal"): before or {}}
    return project(FACTS, wanted, Mappings((), (shipped(),), **mappings), written, ())


def after(before: dict[str, Texts], changes: list[PlannedChange]) -> dict[str, Texts]:
    kept = {change.key: {f.field: f.after for f in change.fields} for change in changes if change.op is Op.UPSERT}
    gone = {change.key for change in changes if change.op is Op.REMOVE}
    return {key: texts for key, texts in before.items() if key not in gone} | kept


ROWS: dict[str, Texts] = {
    "deal:alpha:Reseller": {"IsPrimary": "false"},
    "deal:alpha:System Integrator": {"IsPrimary": "false"},
    "deal:beta:Consultant": {"IsPrimary": "true"},
}


def test_every_role_with_a_word_is_a_row_and_the_largest_part_is_primary_once() -> None:
    changes, held = shown(verdict(alpha=400_000, beta=500_000, gamma=50_000, VENDOR=50_000))
    assert held == []
    assert after({}, changes) == ROWS
    assert {(change.by, change.creates, change.group) for change in changes} == {
        ("OpportunityId:AccountToId:Role", True, f"sf:deal:{LIST}")
    }


def test_what_says_it_already_is_not_written_and_the_mark_moves_as_one_set() -> None:
    assert shown(verdict(alpha=400_000, beta=600_000), ROWS) == ([], [])
    changes, _ = shown(verdict(alpha=600_000, beta=400_000), ROWS)
    assert {change.key for change in changes} == {"deal:alpha:Reseller", "deal:beta:Consultant"}
    assert len({change.group for change in changes}) == 1
    assert not any(change.creates for change in changes)


def test_who_left_the_split_is_taken_out_first_and_a_split_that_ended_takes_out_all() -> None:
    changes, _ = shown(verdict(alpha=1_000_000), ROWS)
    assert (changes[0].op, changes[0].key) == (Op.REMOVE, "deal:beta:Consultant")
    assert [(field.before, field.after) for field in changes[0].fields] == [("true", None)]
    assert after(ROWS, changes).keys() == {"deal:alpha:Reseller", "deal:alpha:System Integrator"}
    assert after(ROWS, shown(verdict(), ROWS)[0]) == {}


def test_an_org_that_cannot_hold_the_list_is_held_with_the_reason_and_a_deal_without_a_split_says_nothing() -> None:
    refused = {("sf", LIST): "turn on partners on opportunities"}
    changes, held = shown(verdict(beta=1_000_000), ROWS, refused=refused)
    assert changes == []
    assert [(line.key, line.reason) for line in held] == [("deal", "turn on partners on opportunities")]
    assert shown(verdict(), refused=refused) == ([], [])


def test_a_deal_that_is_left_alone_or_in_the_other_crm_only_keeps_its_list() -> None:
    mappings = Mappings((), (shipped(),))
    wanted = verdict(beta=1_000_000)
    assert project(FACTS, wanted, mappings, {}, {Ref("sf", "Opportunity", "deal")}) == ([], [])
    elsewhere = replace(FACTS, opportunities=(replace(DEAL, members=(Ref("hs", "deals", "deal"),)),))
    assert project(elsewhere, wanted, mappings, {}, ()) == ([], [])
    assert project(FACTS, wanted, Mappings(()), {}, ()) == ([], [])
