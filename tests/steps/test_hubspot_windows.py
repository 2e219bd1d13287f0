"""Where a reading of HubSpot stands: what the next window covers, and what it need not read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import StopCrm
from connector.hubspot.windows import (
    BUSY,
    DELAY,
    LAST_OF_SECOND,
    OVERLAP,
    REMEMBERED,
    SHORT,
    Mark,
    Window,
    milliseconds,
    window_of,
)
from connector.record import Cursor

NOW = datetime(2026, 11, 24, 9, 30, 5, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def first(now: datetime = NOW) -> Window:
    """The window after a first reading of everything."""
    return window_of(None).opened(now).at("")


def polled(window: Window, now: datetime) -> Window:
    """The window after this one was searched, without a look into the recycle bin."""
    opened = window.opened(now)
    return opened.but(binned=opened.hi, stage="gone").at("")


def test_a_window_is_closed_once_and_the_next_one_overlaps() -> None:
    window = window_of(None).opened(NOW)
    assert window.opened(NOW + HOUR) == window
    following = window_of(window.at("").cursor())
    assert following.since == NOW + LAST_OF_SECOND - OVERLAP
    assert (following.hi, following.after, following.stage) == ("", "", "changed")


def test_a_cursor_is_text_that_continues_its_window() -> None:
    window = first().opened(NOW + HOUR).at("99").remembering({"7": Mark(milliseconds(NOW + HOUR), 5)})
    assert window_of(window.cursor()) == window
    assert "99" in window.cursor(), "a short one can be read by people"
    many = window.remembering({str(number): Mark(milliseconds(NOW + HOUR), number) for number in range(5000)})
    assert window_of(many.cursor()) == many
    assert len(many.cursor()) < 5000 * 12


@pytest.mark.parametrize("text", ["2026-11-24", "{", "z:", "z:no", '{"stage":"later"}', "zürich", "z:ü"])
def test_text_that_is_no_cursor_asks_for_a_full_reading(text: str) -> None:
    with pytest.raises(StopCrm, match="full reading"):
        window_of(Cursor(text))


def test_a_cursor_of_the_version_before_is_continued() -> None:
    window = window_of(Cursor('{"lo":"2026-11-24T09:30:00Z","hi":"2026-11-24T10:00:00.999000Z","after":"17"}'))
    assert (window.stage, window.after, window.deep) == ("changed", "17", True)


def test_search_compares_whole_milliseconds() -> None:
    assert milliseconds(datetime(2026, 11, 24, 9, 30, 0, 7000, UTC)) == 1795512600007
    assert milliseconds(datetime(2026, 3, 8, 12, 34, 56, 789000, UTC)) == 1772973296789


@given(st.lists(st.integers(min_value=1, max_value=40 * 3600), min_size=1, max_size=80))
def test_whenever_we_poll_every_moment_is_searched_again_once_the_index_is_believed(waits: list[int]) -> None:
    """What is sure is exactly what was covered by a search that came an hour later, without a hole."""
    window, now = first(), NOW
    covered = window.since
    for wait in waits:
        now += timedelta(seconds=wait)
        assert window.since <= covered, "no gap between two windows"
        opened = window.opened(now)
        before = datetime.fromisoformat(window.sure)
        window, covered = polled(window, now), datetime.fromisoformat(opened.hi)
        sure = datetime.fromisoformat(window.sure)
        if sure > before:
            assert opened.since <= before, "only a window from there on makes it sure"
            assert sure <= covered - DELAY


@pytest.mark.parametrize("every", [MINUTE, 5 * MINUTE, 30 * MINUTE])
def test_nothing_stays_unsure_for_longer_than_two_hours_and_a_poll(every: timedelta) -> None:
    window, now = first(), NOW
    for _ in range(400):
        now += every
        window = polled(window, now)
        assert now - datetime.fromisoformat(window.sure) <= 2 * DELAY + every + SECOND


def test_frequent_polls_reach_back_twice_an_hour_and_seldom_ones_always() -> None:
    def deep(every: timedelta) -> int:
        window, now = polled(first(), NOW + HOUR), NOW + HOUR
        found = 0
        for _ in range(600):
            now += every
            found += window.deep
            window = polled(window, now)
        return found

    assert deep(MINUTE) == 18, "two of sixty-one"
    assert deep(timedelta(days=1)) == 599, "all but the first"


def test_what_was_handed_over_is_known_until_it_changes() -> None:
    window = first().opened(NOW + HOUR).remembering({"7": Mark(milliseconds(NOW + 30 * MINUTE))})
    assert window.knows("7", NOW + 30 * MINUTE)
    assert window.knows("7", NOW), "the index still shows an older state"
    assert not window.knows("7", NOW + 30 * MINUTE + timedelta(milliseconds=1))
    assert not window.knows("8", NOW)


def test_what_no_later_window_finds_is_forgotten() -> None:
    old, young = Mark(milliseconds(NOW - HOUR)), Mark(milliseconds(NOW - MINUTE))
    window = window_of(None).opened(NOW).remembering({"1": old, "2": young})
    following = window.at("")
    assert following.seen.keys() == {"2"}
    later = polled(polled(polled(following, NOW + HOUR), NOW + 3 * HOUR), NOW + 5 * HOUR)
    assert later.seen == {}


def test_where_an_overlap_would_bring_too_much_again_it_is_short() -> None:
    def reach(count: int) -> timedelta:
        marks = {str(number): Mark(milliseconds(NOW)) for number in range(count)}
        following = polled(first().remembering(marks), NOW + MINUTE)
        return NOW + MINUTE + LAST_OF_SECOND - following.since

    assert reach(BUSY) == OVERLAP
    assert reach(BUSY + 1) == SHORT


def test_of_too_many_the_latest_are_remembered() -> None:
    marks = {str(number): Mark(milliseconds(NOW) - number) for number in range(REMEMBERED + 3)}
    seen = window_of(None).opened(NOW).remembering(marks).seen
    assert len(seen) == REMEMBERED
    assert str(REMEMBERED) not in seen


def test_after_the_first_reading_comes_a_search_then_the_recycle_bin() -> None:
    searched = first().opened(NOW + MINUTE).at("")
    assert searched.stage == "gone"
    left, following = searched.binning([5, 6], "")
    assert left == []
    assert (following.at("").hi, following.bin) == ("", [5, 6])


@pytest.mark.parametrize(("size", "minutes"), [(0, 10), (1000, 10), (3000, 30)])
def test_a_full_recycle_bin_is_read_less_often(size: int, minutes: int) -> None:
    _, window = first().opened(NOW).at("").binning(list(range(size)), "")
    window = window.at("")
    early = window.opened(NOW + minutes * MINUTE - SECOND).at("")
    assert early.stage == "changed"
    assert window.opened(NOW + minutes * MINUTE).at("").stage == "gone"


def test_what_left_the_recycle_bin_is_found_page_by_page() -> None:
    _, window = first().opened(NOW).at("").binning([3, 5, 8, 9, 20], "")
    window = window.at("").opened(NOW + HOUR).at("")
    left, window = window.binning([3, 8], "9")
    assert left == ["5"]
    left, window = window.at("9").binning([20, 21], "")
    assert (left, window.bin) == (["9"], [3, 8, 20, 21])


def test_everything_is_read_again_when_the_night_has_come() -> None:
    window = first().but(night="2026-11-25T01:00:00Z")
    day, night = window.opened(NOW + HOUR), window.opened(NOW + 20 * HOUR)
    assert day.but(stage="gone").at("").hi == ""
    whole = night.but(stage="gone").at("")
    assert whole.stage == "whole"
    following = whole.at("77").at("")
    assert datetime.fromisoformat(following.sure) == NOW + 20 * HOUR, "a list does not lag"
