"""The section ``[attribution]``: every value out of range is a problem at load that names its key."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from sync.attribution.models import MODELS
from sync.attribution.programme import terms
from sync.attribution.withdrawal import Withdrawal
from sync.policy import Attribution, parse
from tests.steps.business import policy, standard


def faults(**attribution: Any) -> list[tuple[str, str]]:
    _, problems = parse("p.toml", standard(attribution=attribution))
    return [
        (problem.where.removeprefix("p.toml: attribution"), f"{problem.what}; {problem.fix}")
        for problem in problems
    ]


@pytest.mark.parametrize(
    ("attribution", "key", "says"),
    [
        ({"model": "dice"}, ".model", "'time_decay'"),
        ({"bundles": "on"}, ".bundles", "'lines' or 'off'"),
        ({"joint_shares": "yes"}, ".joint_shares", "'agreed' or 'off'"),
        ({"half_life_days": 0}, ".half_life_days", "greater than or equal to 1"),
        ({"half_life_days": 4000}, ".half_life_days", "less than or equal to 3650"),
        ({"late_factor": -1}, ".late_factor", "greater than or equal to 0"),
        ({"late_factor": "1.01"}, ".late_factor", "less than or equal to 1"),
        ({"late_factor": "NaN"}, ".late_factor", "finite number"),
        ({"floor": "1e-99"}, ".floor", "12 decimal places"),
        ({"floor": 101}, ".floor", "less than or equal to 100"),
        ({"cap": 101}, ".cap", "less than or equal to 100"),
        ({"sourced_bonus": 101}, ".sourced_bonus", "less than or equal to 100"),
        ({"tier_multipliers": {"TIN": 2}}, ".tier_multipliers.TIN.[key]", "'BRONZE'"),
        ({"tier_multipliers": {"GOLD": -2}}, ".tier_multipliers.GOLD", "greater than or equal to 0"),
        ({"withdrawal": "burn"}, ".withdrawal", "'redistribute'"),
        ({"withdrawal": "vest"}, "", "needs vesting, and the reverse; set both, or neither"),
        ({"vesting": {"POC": 5}}, "", "needs vesting, and the reverse; set both, or neither"),
        (
            {"withdrawal": "vest", "vesting": {"POC": 60, "NDA": 41}},
            ".vesting",
            "add up to 101 percent; lower them",
        ),
        ({"withdrawal": "vest", "vesting": {"LUNCH": 5}}, ".vesting.LUNCH.[key]", "'MEETING'"),
    ],
)
def test_a_value_out_of_range_names_its_key_and_what_is_right(
    attribution: dict[str, Any], key: str, says: str
) -> None:
    [(place, text)] = faults(**attribution)
    assert place == key
    assert says in text


def test_every_model_and_rule_of_withdrawal_can_be_named() -> None:
    assert set(get_args(Attribution.model_fields["model"].annotation)) == set(MODELS)
    assert set(get_args(Attribution.model_fields["withdrawal"].annotation)) == set(Withdrawal)
    for model in MODELS:
        assert terms(policy(attribution={"model": model})).model == model


def test_what_the_section_leaves_out_changes_nothing() -> None:
    plain = terms(policy())
    assert [plain.late_factor, plain.half_life, plain.floor, plain.cap] == [1, 30, 0, 1]
    assert not plain.tier_multipliers
    assert terms(policy()) == plain
