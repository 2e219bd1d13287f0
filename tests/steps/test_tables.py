"""The tables that are the product: every row has a sentence of its own, and tables that belong together agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from sync.attribution.models import MODELS
from sync.claim import EVIDENCE_POINTS
from sync.conflicts.catalogue import CATALOGUE
from sync.ladder import LADDER
from sync.lifecycle import MOVES, Event
from sync.mapping.transforms import TRANSFORMS
from sync.model.registration import Role, State
from sync.policy import Attribution, Ladder
from sync.resolve import RULINGS
from tests.steps.business import STANDARD


def first_line(function: object) -> str:
    return (function.__doc__ or "").strip().splitlines()[0] if function.__doc__ else ""


SENTENCES: Mapping[str, Mapping[str, str]] = {
    "MOVES": {row.event.value: row.sentence for row in MOVES},
    "CATALOGUE": {row.kind: row.sentence for row in CATALOGUE},
    "LADDER": {name: first_line(rung) for name, rung in LADDER.items()},
    "RULINGS": {kind: first_line(ruling) for kind, ruling in RULINGS.items()},
    "TRANSFORMS": {name: transform.sentence for name, transform in TRANSFORMS.items()},
    "MODELS": {name: first_line(model) for name, model in MODELS.items()},
}


@pytest.mark.parametrize("table", SENTENCES)
def test_every_row_says_in_a_sentence_what_it_does(table: str) -> None:
    for row, sentence in SENTENCES[table].items():
        assert sentence.endswith("."), f"{table} {row}: {sentence!r}"
        assert sentence[0].isupper(), f"{table} {row}: {sentence!r}"
        assert len(sentence.split()) >= 4, f"{table} {row}: {sentence!r}"
        assert "\n" not in sentence, f"{table} {row}: {sentence!r}"


def test_no_two_rows_share_a_sentence() -> None:
    said = [sentence for table in SENTENCES.values() for sentence in table.values()]
    assert sorted(said) == sorted(set(said))


def test_every_kind_of_conflict_can_be_ruled_on_and_nothing_else() -> None:
    assert [row.kind for row in CATALOGUE] == list(RULINGS)


def test_no_kind_is_there_twice_and_each_has_a_title() -> None:
    assert len({row.kind for row in CATALOGUE}) == len({row.title for row in CATALOGUE}) == len(CATALOGUE)


def test_every_detector_is_named_after_the_kind_that_its_findings_carry() -> None:
    """A finding of another kind would be ruled on by another row."""
    for row in CATALOGUE:
        constants = row.find.__code__.co_consts
        assert row.kind in constants
        assert not [other.kind for other in CATALOGUE if other.kind != row.kind and other.kind in constants]


def test_every_rung_a_policy_may_name_exists() -> None:
    assert list(Ladder().rungs) == list(LADDER)
    assert tuple(STANDARD.ladder.rungs) == Ladder().rungs


def test_every_model_a_policy_may_name_exists() -> None:
    named = set(get_args(Attribution.model_fields["model"].annotation))
    assert named == set(MODELS)


def test_every_event_has_its_row_and_every_state_is_reached_or_awaited() -> None:
    assert {row.event for row in MOVES} == set(Event)
    reached = {row.target for row in MOVES if row.target}
    assert reached == set(State)


def test_every_state_that_still_asks_can_be_left() -> None:
    for state in State:
        if state.live:
            assert [row for row in MOVES if state in row.sources and row.target not in (None, state)]


def test_the_programme_knows_every_role_and_every_piece_of_work_weighs_something() -> None:
    assert set(STANDARD.roles) == set(Role)
    assert all(points > 0 for points in EVIDENCE_POINTS.values())
