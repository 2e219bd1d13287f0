"""What a draft would change is worked out beside the pages: does a page ever wait for it, and for the right one?"""

from __future__ import annotations

from threading import Event

from sync.console.weighing import KEPT, Scales, Weighing
from sync.impact import Impact
from sync.model.problem import BadInput, Problem
from sync.world import Progress

ANSWER = Impact(("stage",), 7, 3, 0, 2, 1)


def finished(weighing: Weighing) -> Weighing:
    assert weighing.over.wait(30)
    return weighing


def test_a_page_is_shown_while_it_is_worked_out_and_then_the_answer() -> None:
    begun, go = Event(), Event()

    def work(tell: Progress) -> Impact:
        tell("weigh", 500, 40_000)
        begun.set()
        assert go.wait(30)
        return ANSWER

    scales = Scales()
    seen = scales.weigh("sf-opportunity", ("a",), 0.0, work)
    assert begun.wait(30)
    assert (seen.over.is_set(), seen.done, seen.total) == (False, 500, 40_000)
    assert scales.weigh("sf-opportunity", ("a",), 1.0, work) is seen, "asking again begins nothing anew"
    go.set()
    assert finished(seen).impact == ANSWER


def test_an_edit_ends_the_work_on_the_text_before_it() -> None:
    begun, go = Event(), Event()

    def long(tell: Progress) -> Impact:
        begun.set()
        assert go.wait(30)
        tell("weigh", 1, 2)
        return ANSWER

    scales = Scales()
    before = scales.weigh("sf-opportunity", ("a",), 0.0, long)
    assert begun.wait(30)
    after = scales.weigh("sf-opportunity", ("b",), 0.0, lambda _tell: ANSWER)
    go.set()
    assert finished(before).failure == "the draft was changed meanwhile"
    assert finished(after).impact == ANSWER


def test_what_is_wrong_with_the_draft_is_the_answer() -> None:
    def work(_tell: Progress) -> Impact:
        raise BadInput([Problem("sf-opportunity", "it does not fit", "correct it")])

    weighing = finished(Scales().weigh("sf-opportunity", ("a",), 0.0, work))
    assert [problem.what for problem in weighing.problems] == ["it does not fit"]


def test_an_answer_is_good_for_a_while_and_then_worked_out_again() -> None:
    scales = Scales()
    first = finished(scales.weigh("sf-opportunity", ("a",), 0.0, lambda _tell: ANSWER))
    assert scales.weigh("sf-opportunity", ("a",), KEPT, lambda _tell: ANSWER) is first
    assert scales.weigh("sf-opportunity", ("a",), KEPT + 1, lambda _tell: ANSWER) is not first
