"""Two rows that look like one customer: proposed with the evidence, answered by a person, heeded ever after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.model.directive import Act
from sync.model.problem import BadInput
from sync.recognise import compare_changed
from sync.rulings import Speaker
from sync.rulings.customers import identity_view, say_apart, say_same
from tests.machine.northwind import Northwind

NAMES = ("Brightwater Robotics GmbH", "BRIGHTWATER ROBOTICS")


class Twins(Northwind):
    """One customer in both CRMs, with nothing that they share but how they are called."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.one = self.put("sf", "account", name=NAMES[0], country="DE", domain="brightwater.de")
        self.other = self.put("hs", "account", name=NAMES[1], country="DE", domain="brightwater-robotics.com")
        self.run()

    def pairs(self) -> list[set[str]]:
        return [{side["row"] for side in pair["sides"]} for pair in identity_view(self.world)["pairs"]]

    @property
    def both(self) -> set[str]:
        return {self.named("sf", self.one), self.named("hs", self.other)}

    def named(self, crm: str, row: str) -> str:
        return f"{crm}:{self.world.mappings.for_kind(crm, 'account').object}:{row}"  # type: ignore[union-attr]

    def speaker(self, reason: str = "") -> Speaker:
        return Speaker("Maria", self.moment, reason)

    def group(self, crm: str, row: str) -> str | None:
        from sync.store.groups import group_of

        with self.world.store.read() as connection:
            return group_of(connection, self.named(crm, row))


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Twins]:
    opened = Twins(tmp_path)
    yield opened
    opened.close()


def test_what_looks_like_one_is_proposed_with_its_evidence_and_nothing_is_linked(twins: Twins) -> None:
    (pair,) = (
        pair for pair in identity_view(twins.world)["pairs"] if {s["row"] for s in pair["sides"]} == twins.both
    )
    assert {side["name"] for side in pair["sides"]} == set(NAMES)
    assert pair["reasons"]
    assert twins.group("sf", twins.one) != twins.group("hs", twins.other)


def test_only_what_changed_is_compared_again(twins: Twins) -> None:
    assert twins.both in twins.pairs()
    assert compare_changed(twins.world, twins.moment) == 0
    twins.put("hs", "account", twins.other, name="Something Else Entirely", country="FR", domain="else.fr")
    twins.run()
    assert compare_changed(twins.world, twins.moment) == 0
    assert twins.both not in twins.pairs()


def test_a_link_is_heeded_undone_and_remembered(twins: Twins) -> None:
    say_same(twins.world, twins.one, twins.other, twins.speaker("their own site says so"))
    assert twins.group("sf", twins.one) == twins.group("hs", twins.other)
    assert twins.both not in twins.pairs()
    twins.run()
    say_apart(twins.world, twins.one, twins.other, twins.speaker())
    assert twins.group("sf", twins.one) != twins.group("hs", twins.other)
    answers = identity_view(twins.world, only_open=False)["answers"]
    assert [(answer["act"], answer["by"]) for answer in answers] == [(Act.LINK, "Maria"), (Act.SEPARATE, "Maria")]
    assert twins.both not in twins.pairs()


def test_a_link_outlives_every_change_of_the_rows(twins: Twins) -> None:
    say_same(twins.world, twins.one, twins.other, twins.speaker())
    twins.put("hs", "account", twins.other, name="Other Name", country="US", domain="other.com")
    twins.run()
    assert twins.group("sf", twins.one) == twins.group("hs", twins.other)


@pytest.mark.parametrize("say", [say_same, say_apart])
def test_the_same_word_twice_an_unknown_row_or_one_row_alone_is_refused(twins: Twins, say: object) -> None:
    assert callable(say)
    say(twins.world, twins.one, twins.other, twins.speaker())
    for one, other in (
        (twins.one, twins.other),
        (twins.one, "nobody"),
        (twins.one, twins.one),
        (twins.one, twins.deal),
    ):
        with pytest.raises(BadInput):
            say(twins.world, one, other, twins.speaker())
