"""What people said is kept once, in its order, and cannot be changed by anybody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from sync.model.directive import Act, Directive
from sync.model.facts import Facts, History
from sync.model.ruling import Case, CaseState, Severity
from sync.store.directives import add_directives, directives_after, load_directives, with_directives
from sync.store.opening import Store
from sync.store.tables import directive

NOW = datetime(2027, 2, 1, 9, 0, tzinfo=UTC)


def said(ident: str, subject: str, act: Act = Act.APPROVE) -> Directive:
    return Directive(id=ident, act=act, subject=subject, by="Maria", at=NOW, reason="because")


def test_directives_come_back_by_subject_in_the_order_in_which_they_were_given(store: Store) -> None:
    with store.write() as connection:
        add_directives(connection, [said("d1", "R1"), said("d2", "R2"), said("d3", "R1", Act.REVOKE)])
    with store.read() as connection:
        found = load_directives(connection, ["R1", "R3"])
        later = directives_after(connection, 1, 10)
    assert [(entry.id, entry.act, entry.seq) for entry in found["R1"]] == [
        ("d1", Act.APPROVE, 1),
        ("d3", Act.REVOKE, 3),
    ]
    assert found.keys() == {"R1"}
    assert [entry.id for entry in later] == ["d2", "d3"]


def test_the_same_directive_given_twice_is_kept_once(store: Store) -> None:
    for reason in ("because", "because of something else"):
        with store.write() as connection:
            add_directives(connection, [Directive("d1", Act.REJECT, "R1", "Maria", NOW, reason)])
    with store.read() as connection:
        (kept,) = load_directives(connection, ["R1"])["R1"]
    assert kept.reason == "because"


@pytest.mark.parametrize("change", [update(directive).values(by="a rule"), delete(directive)])
def test_nobody_changes_what_was_said(store: Store, change: object) -> None:
    with store.write() as connection:
        add_directives(connection, [said("d1", "R1")])
    with pytest.raises(IntegrityError, match="what a person said is never"), store.write() as connection:
        connection.execute(change)  # type: ignore[call-overload]


def test_a_group_gets_what_was_said_about_its_cases_and_not_what_was_said_elsewhere(store: Store) -> None:
    case = Case("case_1", "C02", Severity.BLOCK, CaseState.OPEN, ("R1", "R2"), None, "RESELL", "both", NOW)
    with store.write() as connection:
        add_directives(connection, [said("d1", "case_1", Act.DISMISS), said("d2", "elsewhere")])
    with store.read() as connection:
        own, other = with_directives(connection, [Facts(), Facts()], [History(cases={"case_1": case}), History()])
    assert [entry.id for entry in own.directives] == ["d1"]
    assert other.directives == ()
