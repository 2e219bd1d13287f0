"""A portal that takes fewer calls than others says so in its answers: we keep to that, and are never refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import TryAgain
from connector.hubspot.pace import MARGIN, Pace
from tests.steps.hubspot_portal import SINCE, bench, deals

SECONDS = 10 + MARGIN


def told(most: int, left: int) -> dict[str, str]:
    named = {"Max": most, "Remaining": left, "Interval-Milliseconds": 10_000}
    return {f"X-HubSpot-RateLimit-{name}": str(number) for name, number in named.items()}


def test_a_portal_that_says_nothing_is_not_waited_for() -> None:
    pace = Pace()
    pace.learn({"X-HubSpot-RateLimit-Max": "soon", "Date": "today"}, 0.0)
    assert [pace.take(0.0) for _ in range(1000)] == [0.0] * 1000


def test_a_portal_that_takes_as_many_as_the_ledger_counts_is_left_to_the_ledger() -> None:
    pace = Pace()
    pace.learn(told(190, 0), 0.0)
    assert [pace.take(0.0) for _ in range(1000)] == [0.0] * 1000


def test_a_small_portal_gets_no_call_more_than_it_takes() -> None:
    pace = Pace()
    assert pace.take(0.0) == 0.0
    pace.learn(told(3, 2), 0.1)
    assert [pace.take(1.0), pace.take(2.0)] == [0.0, 0.0]
    assert pace.take(4.0) == pytest.approx(SECONDS - 4.0)
    assert pace.take(SECONDS) == 0.0
    assert pace.take(SECONDS) == pytest.approx(1.0), "the second call was made a second later"


def test_what_other_programs_spend_counts_as_spent() -> None:
    pace = Pace()
    assert pace.take(0.0) == 0.0
    pace.learn(told(100, 1), 1.0)
    assert pace.take(2.0) == 0.0
    assert pace.take(3.0) > 0
    pace.learn(told(100, 1), 3.0)
    assert pace.take(3.0) > 0, "what we know of is not counted twice, and not forgotten"


@given(st.lists(st.floats(0, 5), max_size=40), st.integers(1, 6))
def test_no_ten_seconds_ever_hold_more_calls_than_the_portal_takes(pauses: list[float], most: int) -> None:
    pace, now, made = Pace(), 0.0, [0.0]
    pace.take(now)
    pace.learn(told(most, most - 1), now)
    for pause in pauses:
        now += pause
        if pace.take(now) == 0.0:
            made.append(now)
    for first in made:
        assert sum(first <= moment < first + 10 for moment in made) <= most


def test_a_long_reading_of_a_small_portal_waits_before_it_is_refused() -> None:
    with bench({"objects": {"deals": deals(5000)}}) as hs:
        hs.settings |= {"limits": "on", "ten_second_limit": 20}
        read = 0
        with pytest.raises(TryAgain) as caught:
            for page in hs.crm.changes("deals", ["dealname"], None):
                read += len(page.records)
        assert caught.value.after
        assert 5 < caught.value.after <= SECONDS
        assert read == 19 * 100, "all but the schema were pages"
        assert {call.status for call in hs.hubspot.switchboard.calls} == {200}


def test_searches_have_their_own_second_and_are_not_counted_here() -> None:
    with bench({"objects": {"deals": []}}) as hs:
        hs.settings |= {"limits": "on", "ten_second_limit": 4, "search_per_second": 100}
        cursor = hs.read("deals", ["dealname"], SINCE)[1]
        for _ in range(10):
            cursor = hs.read("deals", ["dealname"], cursor)[1]
        assert {call.status for call in hs.hubspot.switchboard.calls} == {200}
