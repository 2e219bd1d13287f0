"""The promises, each as a question that a store and two CRMs can be asked after any cycle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
from sqlalchemy import select

from connector.record import Absent
from sync.lifecycle import Event
from sync.model.split import Split, SplitStatus
from sync.page import Judged, judge_page
from sync.store.intake import stored_record
from sync.store.tables import baseline, decision, due, problem, record, split, standing
from tests.machine.office import Office

Contents = dict[str, dict[str, dict[str, str]]]
"""Kind ("sf:Opportunity") to row id to values."""

CARRY_ON = {Event.OPP_WON, Event.OPP_LOST, Event.PROTECTION_END, Event.INACTIVE, Event.OVERDUE}
RULED = {Event.APPROVE, Event.REJECT, Event.WITHDRAW}


@dataclass(frozen=True)
class Before:
    """How things were before a cycle: what the CRMs said, and what we had written, by row and field."""

    contents: Contents
    ours: dict[tuple[str, str, str], dict[str, str | None]]


def before(office: Office) -> Before:
    ours: dict[tuple[str, str, str], dict[str, str | None]] = defaultdict(dict)
    with office.world.store.read() as connection:
        for row in connection.execute(select(baseline)):
            ours[row.connection, row.object, row.key][row.field] = row.text
    return Before(contents(office), ours)


def contents(office: Office) -> Contents:
    """Everything that both CRMs say, ready to be compared later."""
    return {
        f"{name}:{kind}": {row.id: dict(row.values) for row in rows.values() if not row.deleted}
        for name, crm in office.crms.items()
        for kind, rows in crm.rows.items()
    }


def everything_is_stored(office: Office) -> None:
    """P1: every row of every CRM is stored as it is, and what is not understood in it is a problem."""
    with office.world.store.read() as connection:
        stored = {row.key: row for row in connection.execute(select(record))}
        problems = {(row.key, row.place) for row in connection.execute(select(problem))}
    live = {
        f"{kind}:{row_id}": values for kind, rows in contents(office).items() for row_id, values in rows.items()
    }
    assert {key for key, row in stored.items() if not row.deleted} == live.keys()
    understood: set[tuple[str, str]] = set()
    for key, row in stored.items():
        field_map = office.mappings.of(row.connection, row.object)
        assert field_map is not None
        entry = stored_record(field_map, row)
        if not row.deleted:
            raw = dict(zip(field_map.fields, entry.values, strict=True))
            seen = {name: text for name, text in raw.items() if not isinstance(text, Absent)}
            assert seen == {name: live[key].get(name) for name in seen}
            understood |= {(key, fault.where) for fault in field_map.read(entry)[1]}
    assert problems == understood


def no_row_twice(office: Office) -> None:
    """P2: no two rows carry the same key of ours."""
    for crm in office.crms:
        key = office.field(crm, "attribution", "key")
        keys = Counter(row.values.get(key) for row in office.rows(crm, "attribution"))
        assert [name for name, number in keys.items() if number > 1] == []


def only_ours_was_written(office: Office, before: Contents) -> None:
    """P4: a cycle writes the fields that dealsync owns, and creates and deletes nothing but rows with its key."""
    for name in office.crms:
        for field_map in office.mappings.of_connection(name):
            ours = {remote for rule in field_map.rules if rule.writes for remote in rule.remotes}
            kind = f"{name}:{field_map.object}"
            was, now = before[kind], contents(office)[kind]
            changed = was.keys() ^ now.keys()
            if field_map.canonical != "attribution":
                assert changed == set()
            assert all((was.get(row_id) or now[row_id]).get(field_map.key or "") for row_id in changed)
            for row_id in was.keys() & now.keys():
                theirs = [{f: v for f, v in side[row_id].items() if f not in ours} for side in (was, now)]
                assert theirs[0] == theirs[1]


def no_person_was_overwritten(office: Office, was: Before) -> None:
    """What a person wrote over a field of ours stays: only empty fields and our own last values are written."""
    now = contents(office)
    for name in office.crms:
        for field_map in office.mappings.of_connection(name):
            kind = f"{name}:{field_map.object}"
            for row_id, values in was.contents[kind].items():
                key = values.get(field_map.key or "", "") if field_map.canonical == "attribution" else row_id
                ours = was.ours.get((name, field_map.object, key), {})
                for field, text in values.items():
                    if text not in (now[kind].get(row_id, values).get(field), "false") and field in ours:
                        assert text == ours[field], (kind, row_id, field)


def edits_survive(office: Office, planned: Contents, edited: Contents) -> None:
    """P7: what a person wrote between plan and apply is not written over (a row of ours may still go)."""
    now = contents(office)
    for kind, rows in edited.items():
        for row_id, values in rows.items():
            for field, text in values.items():
                if row_id in now[kind] and planned[kind].get(row_id, values).get(field) != text:
                    assert now[kind][row_id].get(field) == text, (kind, row_id, field)


def nothing_hidden_was_written(office: Office, before: Contents) -> None:
    """P5: what we cannot read is never written."""
    now = contents(office)
    for name, crm in office.crms.items():
        for kind, field in crm.hidden:
            place = f"{name}:{kind}"
            for row_id in before[place].keys() & now[place].keys():
                assert before[place][row_id].get(field) == now[place][row_id].get(field)


def sets(office: Office, state: Contents) -> dict[tuple[str, str], list[dict[str, str]]]:
    """The rows of each split in each CRM, by connection and deal."""
    found: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for crm in office.crms:
        field_map = office.field_map(crm, "attribution")
        deal = office.field(crm, "attribution", "opportunity")
        for row in state[f"{crm}:{field_map.object}"].values():
            if field_map.key in row and deal in row:
                found[crm, row[deal]].append(row)
    return found


def sets_are_whole(office: Office, before: Contents) -> None:
    """P6: the shares of a deal make 100.00, or nobody touched the set in this cycle."""
    was = sets(office, before)
    for (crm, deal), rows in sets(office, contents(office)).items():
        share = office.field(crm, "attribution", "share")
        total = sum(Decimal(row.get(share, "0")) for row in rows)
        same = sorted(map(sorted_items, rows)) == sorted(map(sorted_items, was.get((crm, deal), [])))
        assert same or total == 100, (crm, deal, total)


def sorted_items(row: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(row.items())


def nothing_is_left_to_do(office: Office) -> list[Judged]:
    """P3, in full: not only what is due, but every group judged again from scratch moves and writes nothing."""
    with office.world.store.read() as connection:
        kinds = record.c.kind.in_(("registration", "attribution"))
        groups = list(connection.scalars(select(record.c.group_id).where(kinds).distinct()))
    judged = judge_page(office.world, groups, office.moment)
    assert [group.verdict.decisions for group in judged] == [()] * len(judged)
    assert [group.plan.changes for group in judged] == [()] * len(judged)
    return judged


def splits_are_written(office: Office, judged: Iterable[Judged]) -> None:
    """Every split that stands is in each CRM of its deal, to the cent, unless something waits for a person."""
    written = sets(office, contents(office))
    for group in judged:
        waiting = {fault.connection for fault in group.plan.held}
        deals = {deal.id: deal for deal in group.facts.opportunities}
        for entry in () if group.facts.problems else group.verdict.splits:
            for ref in {ref.connection: ref for ref in reversed(deals[entry.opportunity_id].members)}.values():
                if ref.connection not in waiting:
                    assert_written(office, entry, written.get((ref.connection, ref.id), []), ref.connection)


def assert_written(office: Office, entry: Split, rows: list[dict[str, str]], crm: str) -> None:
    share, amount = (office.field(crm, "attribution", path) for path in ("share", "amount"))
    assert len(rows) == len(entry.portions)
    assert sum(Decimal(row[share]) for row in rows) == 100
    if entry.amount:
        assert sum(Decimal(row[amount]) for row in rows) == entry.amount.major


def people_outrank_rules(office: Office) -> None:
    """Rules carry on what a person ruled and never reverse it; every standing has its decision (I8)."""
    last: dict[str, Any] = {}
    made: dict[str, Any] = {}
    with office.world.store.read() as connection:
        for row in connection.execute(select(decision).order_by(decision.c.seq)):
            before = last.get(row.subject)
            if before is not None and before.person and before.event in RULED and not row.person:
                assert row.event in CARRY_ON
            last[row.subject] = made[row.id] = row
        for row in connection.execute(select(standing)):
            decided = made[msgspec.json.decode(row.body)["decision_id"]]
            assert (decided.subject, decided.to_state) == (row.id, row.state)


def locked_weights_stay(office: Office) -> None:
    """I6: after a split is locked its weights are the same in every later version."""
    locked: dict[str, dict[str, Fraction]] = {}
    with office.world.store.read() as connection:
        for body in connection.scalars(select(split.c.body).order_by(split.c.opportunity_id, split.c.version)):
            entry = msgspec.json.decode(body, type=Split)
            weights = {portion.party: Fraction(portion.weight) for portion in entry.portions}
            if entry.status is SplitStatus.LOCKED:
                assert locked.setdefault(entry.opportunity_id, weights) == weights
            assert sum(weights.values()) == 1


def nothing_was_kept(office: Office) -> tuple[int, int]:
    """How many decisions and due groups there are: a run that may not write changes neither."""
    with office.world.store.read() as connection:
        return len(connection.execute(select(decision)).all()), len(connection.execute(select(due)).all())
