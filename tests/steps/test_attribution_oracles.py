"""The same figures from programs of other authors, where they are installed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sync.attribution.apportion import apportion
from sync.attribution.grounds import Grounds
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms
from sync.attribution.touch import Touch
from sync.attribution.weights import proportional

LETTERS = "abcdefgh"


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=8).filter(any), st.integers(1, 10**9))
def test_largest_remainder_agrees_with_the_package_apportionment(votes: list[int], seats: int) -> None:
    """Ties are a matter of order, and left out."""
    methods: Any = pytest.importorskip("apportionment.methods")
    try:
        other = methods.compute("largest_remainder", votes, seats, fractions=True, tiesallowed=False)
    except methods.TiesException:
        assume(False)
    weights = proportional({letter: Fraction(count) for letter, count in zip(LETTERS, votes, strict=False)})
    assert list(apportion(seats, weights, LETTERS).values()) == other


MODELS = {
    "first_touch": "FirstClickModel",
    "last_touch": "LastClickModel",
    "u_shape": "PositionBasedModel",
    "time_decay": "TimeDecayModel",
}
STORIES = st.lists(st.integers(1, 90), min_size=1, max_size=7, unique=True).flatmap(
    lambda days: st.lists(st.sampled_from("ABC"), min_size=len(days), max_size=len(days)).map(
        lambda partners: list(zip(sorted(days, reverse=True), partners, strict=True))
    )
)


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORIES)
def test_touch_models_agree_with_the_package_marketing_attribution_models(
    model: str, story: list[tuple[int, str]]
) -> None:
    """It counts in floats, so to nine digits."""
    heuristics: Any = pytest.importorskip("mam.models.heuristics")
    polars: Any = pytest.importorskip("polars")
    journey = {
        "journey_id": ["deal"],
        "channels": [[partner for _, partner in story]],
        "time_till_conv": [[day * 24.0 for day, _ in story]],
        "weight": [1],
        "conversion_value": [1.0],
    }
    kind = getattr(heuristics, MODELS[model])
    other = kind(30 * 24.0) if model == "time_decay" else kind()
    told = other.get_aggregated_results(polars.DataFrame(journey)).to_dicts()
    close = datetime(2027, 6, 30, tzinfo=UTC)
    touches = tuple(Touch(partner, close - timedelta(day), "MEETING") for day, partner in story)
    found = shares([Party(who) for who in "ABC"], Terms(model=model), Grounds(touches, lock=close)).weights
    expected = {row["channels"]: row["attribution"] for row in told}
    assert {who: pytest.approx(expected.get(who, 0), abs=1e-9) for who in "ABC"} == {
        who: float(weight) for who, weight in found.items()
    }
