"""May one more call be made, or when?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.budget import DAY, LIMITS, Bucket, CallCount, day
from connector.errors import PauseUntil

START = datetime(2026, 11, 24, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def at(*seconds: float) -> list[tuple[datetime, int]]:
    return [(START + timedelta(seconds=second), 1) for second in seconds]


@pytest.mark.parametrize(
    ("spent", "now", "calls", "wait"),
    [
        ([], 0, 1, 0),
        ([], 0, 3, 0),
        (at(0, 1), 2, 1, 0),
        (at(0, 1, 2), 2, 1, 8),
        (at(0, 1, 2), 2, 2, 9),
        (at(0, 1, 2), 2, 3, 10),
        (at(0, 1, 2), 10, 1, 0),
        (at(0, 1, 2), 9.5, 1, 0.5),
        ([(START, 3)], 4, 1, 6),
    ],
)
def test_three_calls_in_ten_seconds(spent: list[tuple[datetime, int]], now: float, calls: int, wait: float) -> None:
    assert Bucket(3, 10).wait(spent, START + timedelta(seconds=now), calls) == wait


def test_more_calls_than_ever_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="ask for fewer"):
        Bucket(3, 10).wait([], START, 4)


@pytest.mark.parametrize(("percent", "made"), [({}, 8), ({"sf": 50}, 5), ({"sf": 100}, 10), ({"hs": 50}, 8)])
def test_a_day_keeps_a_fifth_for_others_or_what_the_connection_says(percent: dict[str, int], made: int) -> None:
    count = CallCount({"api": (day(10),)}, now=Clock(), percent=percent)
    for _ in range(made):
        assert count.take("sf", "api") == 0
    with pytest.raises(PauseUntil, match=f"the day's {made} api calls are spent"):
        count.take("sf", "api")


def test_the_part_of_a_day_is_of_what_the_crm_said_and_others_come_first() -> None:
    count = CallCount({"api": (day(100_000),)}, now=Clock(), percent={"sf": 50})
    count.learn("sf", "api", used=30, allowed=100)
    for _ in range(20):
        assert count.take("sf", "api") == 0, "half of 100, less 30 of others"
    with pytest.raises(PauseUntil):
        count.take("sf", "api")


@given(st.lists(st.floats(0, 3), max_size=60))
def test_no_window_ever_holds_more_than_its_bucket(pauses: list[float]) -> None:
    clock, bucket = Clock(), Bucket(5, 2)
    count = CallCount({"search": (bucket,)}, now=clock)
    made: list[datetime] = []
    for pause in pauses:
        clock.advance(pause)
        wait = count.take("hs", "search")
        if wait:
            clock.advance(wait)
            assert count.take("hs", "search") == 0, "after the wait it may be made"
        made.append(clock.moment)
        assert sum(moment > clock.moment - timedelta(seconds=2) for moment in made) <= 5


def test_a_call_that_must_wait_is_not_booked() -> None:
    clock = Clock()
    count = CallCount({"search": (Bucket(1, 1),)}, now=clock)
    assert count.take("hs", "search") == 0
    assert [count.take("hs", "search") for _ in range(5)] == [1] * 5
    clock.advance(1)
    assert count.take("hs", "search") == 0
    assert count.calls["hs", "search"] == 2


def test_connections_and_classes_are_counted_apart() -> None:
    count = CallCount({"search": (Bucket(1, 1),), "general": (Bucket(1, 1),)}, now=Clock())
    for connection in ("hs", "hs2"):
        for limit in ("search", "general", "unlimited"):
            assert count.take(connection, limit) == 0
    assert count.take("hs", "search") == 1
    assert count.take("hs", "unlimited") == 0


def test_a_spent_day_pauses_until_calls_come_back() -> None:
    clock = Clock()
    count = CallCount({"api": (day(10),)}, now=clock)
    for _ in range(8):
        assert count.take("sf", "api") == 0
        clock.advance(3600)
    with pytest.raises(PauseUntil, match="the day's 8 api calls") as caught:
        count.take("sf", "api")
    assert caught.value.when == START + timedelta(days=1)
    clock.moment = caught.value.when
    assert count.take("sf", "api") == 0


def test_the_day_is_as_large_as_the_crm_says_and_others_spend_of_it_too() -> None:
    clock = Clock()
    count = CallCount({"api": (day(100_000),)}, now=clock)
    for _ in range(10):
        count.take("sf", "api")
    count.learn("sf", "api", used=60, allowed=100)
    for _ in range(20):
        assert count.take("sf", "api") == 0, "80 without the reserve, less 50 of others, less 10 of ours"
    with pytest.raises(PauseUntil, match="the day's 30 api calls"):
        count.take("sf", "api")
    count.learn("sf", "api", used=40, allowed=1000)
    assert count.take("sf", "api") == 0


def test_when_others_have_spent_the_day_one_call_an_hour_asks_again() -> None:
    clock = Clock()
    count = CallCount({"api": (day(100_000),)}, now=clock)
    count.take("sf", "api")
    count.learn("sf", "api", used=100, allowed=100)
    with pytest.raises(PauseUntil) as caught:
        count.take("sf", "api")
    assert caught.value.when == START + timedelta(hours=1)
    clock.moment = caught.value.when
    assert count.take("sf", "api") == 0
    count.learn("sf", "api", used=100, allowed=100)
    with pytest.raises(PauseUntil):
        count.take("sf", "api")


def test_what_a_crm_says_of_its_day_changes_no_other_limit() -> None:
    count = CallCount({"search": (Bucket(1, 1),)}, now=Clock())
    count.learn("hs", "search", used=5, allowed=5)
    assert count.take("hs", "search") == 0


def test_a_long_day_is_remembered_in_little_space() -> None:
    clock = Clock()
    count = CallCount({"api": (day(100_000),)}, now=clock)
    for _ in range(20_000):
        clock.advance(1)
        count.take("sf", "api")
    assert len(count._spent["sf", "api", DAY]) <= 1000
    assert sum(calls for _, calls in count._spent["sf", "api", DAY]) == 20_000


def test_a_class_with_a_day_and_seconds_keeps_the_pace_of_its_seconds_all_day() -> None:
    clock = Clock()
    count = CallCount({"general": (Bucket(190, 10.4), day(250_000))}, now=clock)
    made = 0
    while made < 5_000:
        wait = count.take("hs", "general")
        made += wait == 0
        clock.advance(wait or 0.02)
    assert clock.moment - START < timedelta(seconds=1.02 * 10.4 * 5_000 / 190)


def test_calls_made_before_the_clock_was_stepped_back_count_as_made_just_now() -> None:
    clock = Clock()
    count = CallCount({"few": (Bucket(3, 10),), "api": (day(100),)}, now=clock)
    assert [count.take("sf", "few") for _ in range(3)] == [0, 0, 0]
    assert [count.take("sf", "api") for _ in range(80)] == [0] * 80
    clock.advance(-3600)
    assert count.take("sf", "few") == 10
    with pytest.raises(PauseUntil):
        count.take("sf", "api")
    clock.advance(10)
    assert count.take("sf", "few") == 0


def test_threads_never_take_more_than_there_is() -> None:
    count = CallCount({"search": (Bucket(50, 60),)}, now=Clock())
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: count.take("hs", "search"), range(200)))
    assert waits.count(0) == 50


def test_the_vendors_limits() -> None:
    [search] = LIMITS["search"]
    assert (search.calls, search.seconds > 1) == (5, True)  # longer than the vendor's second: calls travel
    assert any(bucket.calls == 190 and bucket.seconds > 10 for bucket in LIMITS["general"])
    assert all(bucket.daily for bucket in LIMITS["api"])


def test_a_steady_stream_below_the_limit_never_waits() -> None:
    clock = Clock()
    count = CallCount(now=clock)
    for _ in range(2000):
        assert count.take("hs", "general") == 0
        clock.advance(0.1)
