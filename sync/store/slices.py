"""Counts what was measured by region, industry, role or bundle, in three queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Table, case, func, select

from sync.metrics.divided import Slice
from sync.metrics.narrow import Narrow
from sync.store.measured_tables import measured_claim, measured_deal, measured_part
from sync.store.narrowed import narrowed

_COLUMNS: Final = {"region": "region", "vertical": "vertical", "role": "roles", "bundle": "bundle"}


def slices(connection: Connection, narrow: Narrow, by: str) -> dict[str, Slice]:
    """The core counts by one of region, vertical, role, bundle."""
    found: dict[str, Slice] = defaultdict(Slice)
    for row in _grouped(connection, narrow, measured_claim, by, _claims()):
        for of in _names(row[0]):
            own = found[of]
            own.registrations += row.number
            own.conflicted += row.conflicted
            own.decided += row.decided
            own.approved += row.approved
            own.late += row.late
    for row in _grouped(connection, narrow, measured_deal, by, _deals(), measured_deal.c.parties > 0):
        for of in _names(row[0]):
            found[of].won += row.won
            found[of].lost += row.lost
    won = measured_part.c.outcome == "WON"
    currency = measured_part.c.currency
    for row in _grouped(connection, narrow, measured_part, by, [currency, _sum("minor")], won):
        for of in _names(row[0]):
            credit = found[of].credit
            credit[row.currency] = credit.get(row.currency, 0) + int(row.minor)
    return dict(found)


def _grouped(
    connection: Connection, narrow: Narrow, table: Table, by: str, columns: list[Any], *where: Any
) -> Iterator[Any]:
    column = table.c[_COLUMNS[by]]
    query = narrowed(select(column.label("of"), *columns), table, narrow).where(column.is_not(None), *where)
    plain = [entry for entry in columns if entry.name == "currency"]
    yield from connection.execute(query.group_by(column, *plain))


def _sum(name: str) -> Any:
    return func.sum(measured_part.c[name]).label(name)


def _many(condition: Any, name: str) -> Any:
    return func.sum(case((condition, 1), else_=0)).label(name)


def _claims() -> list[Any]:
    c = measured_claim.c
    return [
        func.count().label("number"),
        _many(c.kinds != "", "conflicted"),
        _many(c.decided.is_not(None), "decided"),
        _many(c.decided == "approve", "approved"),
        _many(c.late, "late"),
    ]


def _deals() -> list[Any]:
    outcome = measured_deal.c.outcome
    return [_many(outcome == "WON", "won"), _many(outcome == "LOST", "lost")]


def _names(value: str | bool) -> list[str]:
    """What a group is called; one of several roles is in each."""
    if not isinstance(value, str):
        return ["yes" if value else "no"]
    return value.strip(";").split(";") if value.startswith(";") or not value else [value]
