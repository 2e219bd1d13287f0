"""Every scenario through both served CRMs and their real adapters: they say what the pure core was expected to."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.serve import start
from sync.intend import intend
from sync.model.facts import Facts, Verdict
from sync.replay import replacing, replay

from .reading import Moment, read
from .test_scenarios import FILES, decided, moved, wanted
from .through_crms import PORTALS, Crms

SHOWN = ("registration_status", "sourced", "influenced", "partner_count", "conflict", "protection_end")
TOLD_BY_ONE = {"an_approval_process_meets_a_case", "late_by_the_stage_of_the_deal", "the_owner_s_manager_approves"}
NOT_IN_ROWS = {
    "not_to_be_gamed": "that a partner has thirty registrations elsewhere takes thirty other deals",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The acceptance scenarios (s01 to s22) and those of what only one CRM tells; with ``--deep`` all of them."""
    deep = metafunc.config.getoption("--deep")
    files = [path for path in FILES if deep or path.stem in TOLD_BY_ONE or re.match(r"s\d\d", path.stem)]
    metafunc.parametrize("path", files, ids=lambda path: path.stem)


def test_both_crms_say_what_the_scenario_tells(path: Path, tmp_path: Path) -> None:
    if path.stem in NOT_IN_ROWS:
        pytest.skip(NOT_IN_ROWS[path.stem])
    told = read(path, str)
    with start(PORTALS) as sandbox:
        crms = Crms(sandbox, tmp_path, told.policies)
        for point, _, verdict in decided(told):
            crms.at(point.now)
            crms.become(point.facts)
            crms.hear(point.facts.directives, verdict.cases, point.now)
            crms.run(point.now)
            _they_say(crms, point, verdict, f"{told.title}, {point.now:%d %b %H:%M}")
        again = crms.run(told.moments[-1].now)
        assert [(c.title, c.fields, again.decisions) for c in again.changes] == [], "a further cycle writes nothing"
        if told.candidate:
            last = told.moments[-1]
            found = replay(crms.world, replacing(crms.world.policies, told.candidate.all[0]), last.now)
            assert (moved(found, last.facts), found.flips) == (told.moved, [])
        crms.close()


def _they_say(crms: Crms, point: Moment, verdict: Verdict, where: str) -> None:
    expect = wanted(point.expect)
    claims = {key: values for crm in crms.crms for key, values in crms.says(crm, "registration")}
    states = {key: f"{values['status']} {values['status_reason'] or ''}".strip() for key, values in claims.items()}
    assert states == expect["claims"], where
    for key, day in expect.get("protected_until", {}).items():
        assert claims[key]["protection_end"] == day, (where, key)
    for key, words in point.expect.get("message", {}).items():
        assert words in claims[key]["message"], (where, key)
    waiting = _waiting(expect["cases"])
    assert {key: set(values["conflict"]) for key, values in claims.items() if values["conflict"]} == waiting, where
    for crm in crms.crms:
        if "splits" in expect:
            there = {deal.id for deal in point.facts.opportunities for ref in deal.members if ref.connection == crm}
            assert _splits(crms, crm) == {key: split for key, split in expect["splits"].items() if key in there}, (
                f"{where}, {crm}"
            )
        deals = dict(crms.says(crm, "opportunity"))
        shown = {key: {name: deals[key][name] for name in SHOWN} for key in deals if deals[key][SHOWN[0]]}
        assert shown == _intended(point.facts, verdict, crm), f"{where}, {crm}"


def _waiting(cases: list[str]) -> dict[str, set[str]]:
    """Kinds of open cases by claim, from sentences like ``C02 R1 R2 about RESELL: waits``."""
    found: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        if case.endswith(": waits"):
            kind, *claims = case.partition(" about ")[0].split()
            for claim in claims:
                found[claim].add(kind)
    return dict(found)


def _splits(crms: Crms, crm: str) -> dict[str, dict[str, str]]:
    """The attribution rows of one CRM as the scenario files spell a split."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for _, row in crms.says(crm, "attribution"):
        part = f"{row['amount'].major:,}" if row["amount"] else f"{row['share']} %"
        split = found[crms.word("opportunity", row["opportunity"])]
        split[crms.word("account", row["partner"])] = part
        split["is"] = f"{row['split_status']} version {row['split_version']}"
    return dict(found)


def _intended(facts: Facts, verdict: Verdict, crm: str) -> dict[str, dict[str, Any]]:
    """What the deals of one CRM should show, by the pure core."""
    intents, held = intend(facts, verdict)
    assert not held
    return {
        intent.ref.id: {name: intent.values[name] for name in SHOWN}
        for intent in intents
        if intent.kind == "opportunity" and intent.connection == crm and intent.ref
    }
