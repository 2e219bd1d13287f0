"""What each kind of conflict needs is read from both CRMs, or the kind says that it cannot be looked for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.conflicts.catalogue import CATALOGUE
from sync.conflicts.inputs import INPUTS, unavailable
from sync.mapping.fieldmap import FieldMap, compile_form
from sync.mapping.form import parse
from sync.mapping.paths import PATHS

FOLDER = Path(__file__).resolve().parents[2] / "mappings"


def shipped() -> Iterator[FieldMap]:
    for path in sorted(FOLDER.glob("*.toml")):
        form, problems = parse(path.name, tomllib.loads(path.read_text(encoding="utf-8")))
        assert form, problems
        if form.status == "active":
            yield compile_form(form, "EUR")


SHIPPED = tuple(shipped())


def test_every_kind_says_what_it_needs() -> None:
    assert list(INPUTS) == [row.kind for row in CATALOGUE]


@pytest.mark.parametrize("kind", INPUTS)
def test_what_it_needs_are_words_of_ours(kind: str) -> None:
    for path in INPUTS[kind]:
        thing, _, field = path.partition(".")
        assert field in PATHS[thing], path


@pytest.mark.parametrize("crm", ["sf", "hs"])
def test_the_shipped_mappings_of_each_crm_read_what_every_kind_needs(crm: str) -> None:
    assert unavailable(mapping for mapping in SHIPPED if mapping.connection == crm) == {}


def test_a_kind_whose_field_an_org_lacks_says_so_and_names_the_crm() -> None:
    fewer = tuple(
        replace(mapping, rules=tuple(rule for rule in mapping.rules if rule.path != "direct_engaged_at"))
        if mapping.connection == "hs"
        else mapping
        for mapping in SHIPPED
    )
    assert unavailable(fewer) == {"C04": "hs maps no opportunity.direct_engaged_at"}
