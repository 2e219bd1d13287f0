"""What the numbers say: time without pauses, rates with their doubt, exact medians, silence where too few are."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sync.insight import lines
from sync.metrics import Counts, Figure, Moved, decided, figures
from sync.metrics.counts import DealCount
from sync.metrics.divided import Slice, divided
from sync.metrics.figure import interval, quantile
from sync.workdays import Calendar
from tests.steps.business import day

CALENDAR = Calendar("Europe/Berlin", None)
HOUR = 60


def moved(event: str, state: str, at: tuple[int, int], person: bool = False) -> Moved:
    return Moved(event, state, person, day(*at))


def one(found: list[Figure], key: str, of: str = "") -> Figure:
    [figure] = [figure for figure in found if (figure.key, figure.of) == (key, of)]
    return figure


def numbers(**counts: object) -> list[Figure]:
    return figures(Counts(**counts), day(10), CALENDAR)  # type: ignore[arg-type]


def test_time_to_a_decision_is_business_time() -> None:
    """Filed on Friday at nine, approved on Monday at nine: one day, not three."""
    found = decided(day(4), [moved("approve", "APPROVED", (7, 9))], CALENDAR)
    assert (found.event, found.minutes) == ("approve", 24 * HOUR)


def test_the_clock_stands_still_while_the_partner_or_a_case_is_waited_for() -> None:
    moves = [
        moved("pick_up", "UNDER_REVIEW", (0, 10)),
        moved("request_info", "ACTION_REQUIRED", (0, 12)),
        moved("resubmit", "UNDER_REVIEW", (2, 12)),
        moved("conflict_found", "IN_CONFLICT", (2, 13)),
        moved("conflict_cleared", "UNDER_REVIEW", (3, 13)),
        moved("reject", "REJECTED", (3, 14), person=True),
    ]
    found = decided(day(0, 9), moves, CALENDAR)
    assert (found.minutes, found.returns, found.person, found.event) == (5 * HOUR, 1, True, "reject")


def test_the_first_yes_or_no_counts() -> None:
    moves = [moved("reject", "REJECTED", (0, 12)), moved("reopen", "UNDER_REVIEW", (1, 9))]
    found = decided(day(0, 9), [*moves, moved("approve", "APPROVED", (2, 9))], CALENDAR)
    assert (found.event, found.minutes) == ("reject", 3 * HOUR)


def test_what_was_not_decided_has_no_time() -> None:
    found = decided(day(0), [moved("pick_up", "UNDER_REVIEW", (1, 9))], CALENDAR)
    assert (found.at, found.minutes) == (None, None)


def test_a_decision_before_the_submission_that_was_stated_later_took_no_time() -> None:
    assert decided(day(3), [moved("approve", "APPROVED", (2, 9))], CALENDAR).minutes == 0


def test_an_hour_that_the_clock_lived_twice_counts_once() -> None:
    moves = [moved("submit", "SUBMITTED", (0, 10)), moved("pick_up", "UNDER_REVIEW", (0, 9))]
    found = decided(day(0, 9), [*moves, moved("approve", "APPROVED", (0, 12))], CALENDAR)
    assert found.minutes == 3 * 60


def test_a_rate_says_how_sure_it_is() -> None:
    """Wilson's interval, by the published example of 10 of 20: 29.9 to 70.1 percent."""
    assert interval(10, 20) == (Decimal("29.9"), Decimal("70.1"))
    assert interval(0, 10)[0] == 0
    assert interval(10, 10)[1] == 100


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_rate(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    low, high = interval(part, whole)
    assert 0 <= low <= Decimal(100 * part) / whole + Decimal("0.1")
    assert Decimal(100 * part) / whole - Decimal("0.1") <= high <= 100


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.sampled_from(["0.5", "0.9"]))
def test_a_quantile_is_the_value_in_its_place(values: list[int], part: str) -> None:
    found = quantile({value: values.count(value) for value in values}, Decimal(part))
    assert found in values
    assert sum(value <= (found or 0) for value in values) >= len(values) * Decimal(part)
    assert sum(value < (found or 0) for value in values) < len(values) * Decimal(part)


def test_there_is_no_verdict_under_thirty() -> None:
    few = [DealCount("one partner", "WON", "USD", 20, 20, 2000), DealCount("one partner", "LOST", "USD", 9)]
    assert "too few for a verdict" in one(numbers(deals=few), "win_rate", "one partner").note
    enough = [*few, DealCount("one partner", "LOST", "EUR", 1)]
    assert "too few" not in one(numbers(deals=enough), "win_rate", "one partner").note
    assert "20 of 30; 95 %:" in one(numbers(deals=enough), "win_rate", "one partner").note


def test_several_partners_are_only_compared_with_one_where_both_are_enough() -> None:
    slow, quick = {90: 30}, {60: 20, 70: 10}
    assert one(numbers(days={"one partner": slow, "2 partners": quick}), "accelerate").value == "30"
    short = one(numbers(days={"one partner": slow, "3 partners": {60: 29}}), "accelerate")
    assert (short.value, "too few for a verdict" in short.note) == ("", True)


def test_sales_velocity_is_deals_times_rate_times_size_by_time() -> None:
    """40 deals at work, half of the closed ones won, 500.00 each, in 25 days: 40 x 0.5 x 500 / 25 = 400 a day."""
    deals = [
        DealCount("2 partners", "WON", "USD", 10, 10, 500_000),
        DealCount("2 partners", "LOST", "USD", 10, 10, 1),
        DealCount("2 partners", "OPEN", "USD", 20, 20, 1),
    ]
    found = numbers(deals=deals, days={"2 partners": {25: 10}})
    assert one(found, "sales_velocity", "2 partners, USD").value == "400.00"


def test_amounts_keep_the_digits_of_their_currency() -> None:
    found = numbers(deals=[DealCount("2 partners", "WON", "JPY", 3, 3, 1000, sourced=700)])
    assert one(found, "sourced", "won JPY").value == "700"
    assert one(found, "mean_size", "2 partners, JPY").value == "333"


def test_what_waits_is_old_by_business_days_and_protection_by_days() -> None:
    found = numbers(
        waiting={day(10).date().isoformat(): 2, day(0).date().isoformat(): 3},
        protected={day(17).date().isoformat(): 4, day(18).date().isoformat(): 5},
    )
    assert one(found, "waiting", "up to 2 business days").value == "2"
    assert one(found, "waiting", "up to 10").value == "3"
    assert one(found, "protected", "within 7 days").value == "4"
    assert one(found, "protected", "within 14").value == "5"


def test_the_pillars_count_new_partners_and_rejections_that_training_would_spare() -> None:
    near, far = day(0).date().isoformat(), day(-200).date().isoformat()
    found = numbers(joined=[(near, None), (far, near)], reasons={"INCOMPLETE": 1, "TERRITORY": 3})
    assert one(found, "recruit").value == "1"
    assert one(found, "onboard").value == "200"
    assert one(found, "enable").value == "25.0"


def test_nothing_counted_is_no_number() -> None:
    assert {figure.value for figure in numbers() if figure.unit == "percent"} == {""}


def test_parts_of_the_programme_stand_beside_each_other() -> None:
    found = list(divided("region", {"DE": Slice(4, conflicted=1, credit={"EUR": 500}), "FR": Slice(9)}))
    assert [figure.of for figure in found if figure.key == "registrations"] == ["FR", "DE"]
    assert one(found, "conflict_rate", "DE").value == "25.0"
    assert one(found, "credit", "DE").value == "5.00"


def test_a_file_for_a_spreadsheet_holds_no_formula() -> None:
    text = lines(["a"], [["=1+1"], ["@x"], ["-2.50"], ["+cmd"], ["Acme, Inc."]])
    assert text.splitlines() == ["a", "'=1+1", "'@x", "-2.50", "'+cmd", '"Acme, Inc."']
