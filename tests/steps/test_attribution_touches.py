"""The touch models: credit by when a partner was there, whoever is listed first, and never after the lock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.grounds import Grounds
from sync.attribution.party import Party
from sync.attribution.shares import shares
from sync.attribution.terms import Terms
from sync.attribution.touch import Milestone, Touch, counted
from sync.attribution.weights import summed

Exact = dict[str, Fraction]
quick = settings(deadline=None, max_examples=80)
TOUCH_MODELS = ("first_touch", "last_touch", "u_shape", "w_shape", "time_decay")
A, B, C = Party("A"), Party("B"), Party("C")


def exact(**numbers: str | int) -> Exact:
    return {name: Fraction(value) for name, value in numbers.items()}


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2027, 2, 1, hour, tzinfo=UTC) + timedelta(days=day)


def touch(
    who: str, day: int, milestone: Milestone | None = None, kind: str = "MEETING", verified: bool = True
) -> Touch:
    return Touch(who, at(day), kind, milestone, verified)


def divided(
    model: str, *touches: Touch, parties: tuple[Party, ...] = (A, B), opened: datetime | None = None
) -> Exact:
    return dict(shares(parties, Terms(model=model), Grounds(touches=touches, opened=opened)).weights)


def test_the_first_and_the_last_touch_take_everything() -> None:
    story = (touch("B", 3), touch("A", 1), touch("B", 2))
    assert divided("first_touch", *story) == exact(A=1, B=0)
    assert divided("last_touch", *story) == exact(A=0, B=1)


@pytest.mark.parametrize(
    ("days", "parts"),
    [
        ("A", exact(A=1, B=0)),
        ("AB", exact(A="1/2", B="1/2")),
        ("ABB", exact(A="2/5", B="3/5")),
        ("ABBA", exact(A="4/5", B="1/5")),
    ],
)
def test_the_u_shape_gives_the_ends_most(days: str, parts: Exact) -> None:
    assert divided("u_shape", *(touch(who, day) for day, who in enumerate(days))) == parts


def test_the_w_shape_without_a_rest_is_three_thirds_and_what_coincides_adds_up() -> None:
    approved, opened = Milestone.REGISTRATION_APPROVED, Milestone.OPP_CREATED
    three = (touch("A", 1), touch("B", 2, approved), touch("C", 3, opened))
    assert divided("w_shape", *three, parties=(A, B, C)) == exact(A="1/3", B="1/3", C="1/3")
    assert divided("w_shape", touch("A", 1, opened), touch("B", 2, approved)) == exact(A="2/3", B="1/3")
    assert divided("w_shape", touch("A", 1), touch("B", 2)) == exact(A="3/4", B="1/4")  # 30 to 10


def test_the_touch_that_opened_a_deal_is_the_last_one_before_it_was_opened() -> None:
    story = (touch("A", 1), touch("B", 2), touch("A", 4))
    assert divided("w_shape", *story, opened=at(3)) == exact(A="4/7", B="3/7")
    assert divided("w_shape", *story, opened=at(0)) == exact(A="13/14", B="1/14")  # nobody before: the first


def test_two_approvals_share_the_milestone() -> None:
    approved = Milestone.REGISTRATION_APPROVED
    story = (touch("C", 1), touch("A", 2, approved), touch("B", 3, approved))
    assert divided("w_shape", *story, parties=(A, B, C)) == exact(A="1/4", B="1/4", C="1/2")


def test_a_touch_counts_half_as_much_for_every_half_life() -> None:
    assert divided("time_decay", touch("A", 0), touch("B", 30)) == exact(A="1/3", B="2/3")
    short = shares(
        (A, B), Terms(model="time_decay", half_life=Fraction(10)), Grounds((touch("A", 0), touch("B", 30)))
    )
    assert short.weights == exact(A="1/9", B="8/9")
    assert short.trace[-1] == "All touches together -> A 1/9, B 8/9"


def test_ages_that_no_power_of_two_fits_are_exact_to_fifty_digits_and_shown_rounded() -> None:
    result = shares((A, B), Terms(model="time_decay"), Grounds((touch("A", 0), touch("B", 15))))
    assert abs(result.weights["A"] * (1 + result.weights["B"] / result.weights["A"]) - 1) == 0
    assert abs((result.weights["B"] / result.weights["A"]) ** 2 - 2) < Fraction(1, 10**48)
    assert result.trace[-1] == "All touches together -> A about 41.4214%, B about 58.5786%"


def test_what_is_a_thousand_half_lives_old_counts_nothing() -> None:
    terms = Terms(model="time_decay", half_life=Fraction(1, 100))
    assert shares((A, B), terms, Grounds((touch("A", 0), touch("B", 30)))).weights == exact(A=0, B=1)


def test_only_verified_touches_of_the_deals_partners_up_to_the_lock_count() -> None:
    story = (touch("A", 1), touch("B", 0, verified=False), touch("X", 0), touch("B", 9))
    result = shares((A, B), Terms(model="first_touch"), Grounds(story, lock=at(5)))
    assert result.weights == exact(A=1, B=0)
    assert result.trace == (
        "First touch: A MEETING on 2027-02-02 -> 100%",
        "Not verified, not counted: B MEETING on 2027-02-01",
        "After the lock, not counted: B MEETING on 2027-02-10",
        "All touches together -> A 100%, B 0%",
    )


def test_one_of_a_kind_a_day_counts_by_the_calendar_of_the_programme() -> None:
    late, early = datetime(2027, 2, 1, 23, tzinfo=UTC), datetime(2027, 2, 2, 1, tzinfo=UTC)
    assert len(counted((Touch("A", late, "POC"), Touch("A", early, "POC")), "A", None).touches) == 2
    berlin = [Touch("A", moment.astimezone(ZoneInfo("Europe/Berlin")), "POC") for moment in (late, early)]
    assert counted(berlin, "A", None).touches == (berlin[0],)
    assert len(counted((*berlin, Touch("A", berlin[0].at, "QUOTE")), "A", None).touches) == 2
    milestone = Touch("A", berlin[1].at, "POC", Milestone.OPP_CREATED)
    assert counted((berlin[0], milestone), "A", None).touches == (milestone,)


@pytest.mark.parametrize("model", TOUCH_MODELS)
def test_without_a_touch_the_parts_are_equal(model: str) -> None:
    result = shares((A, B), Terms(model=model), Grounds((touch("A", 1, verified=False),)))
    assert result.weights == exact(A="1/2", B="1/2")
    assert result.trace[-1] == "No touch counts, so the parts are equal -> A 50%, B 50%"


@pytest.mark.parametrize("model", TOUCH_MODELS)
def test_two_who_came_at_the_same_moment_get_the_same(model: str) -> None:
    assert divided(model, touch("B", 1), touch("A", 1)) == exact(A="1/2", B="1/2")


stories = st.lists(
    st.builds(
        Touch,
        partner=st.sampled_from("ABCX"),
        at=st.integers(0, 12).map(at) | st.datetimes(timezones=st.just(UTC)),
        kind=st.sampled_from(["POC", "MEETING"]),
        milestone=st.none() | st.sampled_from(Milestone),
        verified=st.booleans(),
    ),
    max_size=8,
)


def test_two_touches_that_differ_only_in_being_verified_are_told_in_one_order() -> None:
    seen, unseen = (Touch("A", at(3), "POC", verified=verified) for verified in (True, False))
    one, other = (
        shares((A, B), Terms(model="first_touch"), Grounds(story, lock=at(1)))
        for story in ((seen, unseen), (unseen, seen))
    )
    assert (one, one.trace) == (other, other.trace)


@quick
@given(
    stories,
    st.sampled_from(TOUCH_MODELS),
    st.none() | st.integers(-3, 12).map(at),
    st.randoms(use_true_random=False),
)
def test_any_story_is_divided_whole_and_the_same_in_any_order(
    story: list[Touch], model: str, lock: datetime | None, random: Random
) -> None:
    grounds = Grounds(tuple(story), lock=lock, opened=at(4))
    result = shares((A, B, C), Terms(model=model), grounds)
    assert summed(result.weights) == 1 and min(result.weights.values()) >= 0
    random.shuffle(story)
    again = shares((C, A, B), Terms(model=model), Grounds(tuple(story), lock=lock, opened=at(4)))
    assert (again, again.trace) == (result, result.trace)
