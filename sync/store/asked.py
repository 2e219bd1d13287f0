"""What a person asks about: the thing that an id names, and the connected groups that have to be judged for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, or_, select

from sync.model.problem import BadInput, Problem
from sync.store.dialect import begins
from sync.store.involved import groups_naming
from sync.store.known import SHORTEST, groups_of_cases, near
from sync.store.tables import case_file, decision, problem, record, split

MANY: Final = 200
"""At most so many groups are judged for one answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``kind``: partner, account, opportunity, registration, …, case, decision or split; ``id``: ours.

    ``subject``: the registration or deal that a decision or a split is about.
    """

    kind: str
    id: str
    groups: tuple[str, ...]
    subject: str = ""

    @property
    def judged(self) -> tuple[str, ...]:
        """The groups that one answer is made of; ``more`` are left out."""
        return self.groups[:MANY]

    @property
    def more(self) -> int:
        return max(0, len(self.groups) - MANY)


def asked(connection: Connection, ident: str) -> Asked:
    """What ``ident`` names: an id of a CRM, one of ours, or the beginning that only one thing has.

    Raises BadInput when nothing or several things are meant; near misses are named.
    """
    for whole in (True, False):
        found = _named(connection, ident, whole) if whole or len(ident) >= SHORTEST else []
        things = {(entry.kind, entry.id): entry for entry in found}
        if len(things) > 1:
            names = ", ".join(sorted(f"{kind} {own}" for kind, own in things)[:9])
            raise BadInput([Problem(ident, f"several things begin like this: {names}", "give more of the id")])
        if things:
            return next(iter(things.values()))
    alike = near(connection, ident)
    fix = "give an id of a CRM record or of dealsync; `dealsync plan` reads the CRMs"
    if alike:
        fix = f"did you mean {' or '.join(alike)}?"
    raise BadInput([Problem(ident, "nothing by this id is known here", fix)])


def _named(connection: Connection, ident: str, whole: bool) -> list[Asked]:
    def like(*columns: Column[str]) -> ColumnElement[bool]:
        return or_(*(column == ident if whole else begins(column, ident) for column in columns))

    found = _records(connection, like(record.c.id, record.c.key, record.c.thing))
    ids = connection.scalars(select(case_file.c.id).where(like(case_file.c.id)).limit(9)).all()
    groups = groups_of_cases(connection, ids)
    found += [Asked("case", own, (groups[own],)) for own in ids if own in groups]
    made = select(decision.c.id, decision.c.subject).where(like(decision.c.id)).limit(9)
    found += [
        Asked("decision", row.id, _group(connection, row.subject), row.subject) for row in connection.execute(made)
    ]
    return found + (_split(connection, ident) if ident.startswith("spl_") else [])


def _records(connection: Connection, condition: ColumnElement[bool]) -> list[Asked]:
    """Rows of CRMs; several rows of one thing are one thing, and a deal's row in another CRM is the deal."""
    columns = record.c.kind, record.c.thing, record.c.group_id
    rows = connection.execute(select(*columns).where(condition).order_by(record.c.key).limit(9)).all()
    found = []
    for row in rows:
        named = sorted(groups_naming(connection, [row.group_id])) if row.kind == "account" else []
        if named:
            found.append(Asked("partner", row.thing, tuple(named)))
        else:
            found.append(Asked(row.kind, row.thing, (row.group_id,)))
    return found


def _split(connection: Connection, ident: str) -> list[Asked]:
    holds = split.c.body.contains(f'"decision_id":"{ident}', autoescape=True)
    deals = connection.scalars(select(split.c.opportunity_id).where(holds).distinct().limit(9))
    return [Asked("split", deal, _group(connection, deal), deal) for deal in deals]


def _group(connection: Connection, thing: str) -> tuple[str, ...]:
    query = select(record.c.group_id).where(record.c.thing == thing).order_by(record.c.key).limit(1)
    return tuple(connection.scalars(query))


def problems_of(connection: Connection, groups: Sequence[str], ident: str) -> list[Problem]:
    """What could not be understood in the rows that ``ident`` names."""
    here = (record.c.id == ident) | (record.c.key == ident) | (record.c.thing == ident)
    query = select(problem).join(record, record.c.key == problem.c.key).where(here, record.c.group_id.in_(groups))
    return [Problem(row.place, row.what, row.fix) for row in connection.execute(query.order_by(problem.c.place))]
