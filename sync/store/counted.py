"""Counts what was measured, in SQL: the numbers of a programme, whole or narrowed to a part of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, func, select

from sync.metrics.counts import KINDS, Counts, DealCount, PartCount
from sync.metrics.narrow import Narrow
from sync.model.registration import Role
from sync.store.dialect import member
from sync.store.measured_tables import measured_claim, measured_deal, measured_part
from sync.store.narrowed import MOST, OPEN, narrowed
from sync.store.rows import moment_text
from sync.store.tables import case_file

LARGEST: Final = 20
"""Of partners, the ones with the most credit are counted one by one."""


def count(connection: Connection, narrow: Narrow) -> Counts:
    """Everything that the numbers are made from and that no clock changes, for what ``narrow`` leaves."""
    claims = _claims(connection, narrow)
    return Counts(
        **claims,
        endings=_endings(connection) if narrow == Narrow(record=narrow.record) else {},
        deals=_deals(connection, narrow),
        middles=_middles(connection, narrow),
        days=_days(connection, narrow),
        partners=_parts(connection, narrow),
        roles=_roles(connection, narrow),
    )


def count_overdue(connection: Connection, narrow: Narrow, now: datetime) -> int:
    """Registrations that wait for a decision longer than they should."""
    late = measured_claim.c.due < moment_text(now)
    query = narrowed(select(func.count()).select_from(measured_claim), measured_claim, narrow)
    return int(connection.scalar(query.where(late, measured_claim.c.state.in_(OPEN))) or 0)


def _by(connection: Connection, narrow: Narrow, column: Any, *where: ColumnElement[bool]) -> dict[Any, int]:
    """Registrations by one column."""
    query = narrowed(select(column, func.count()), measured_claim, narrow).where(*where)
    return {row[0]: row[1] for row in connection.execute(query.group_by(column))}


def _claims(connection: Connection, narrow: Narrow) -> dict[str, Any]:
    c = measured_claim.c
    some = [
        func.sum(case((c.late, 1), else_=0)),
        func.sum(case((c.decided.is_not(None) & ~c.person, 1), else_=0)),
        func.sum(case((c.returns > 0, 1), else_=0)),
        func.sum(case((c.kinds != "", 1), else_=0)),
    ]
    sums = connection.execute(narrowed(select(*some), measured_claim, narrow)).one()
    named = zip(("late", "by_rule", "returned", "conflicted"), sums, strict=True)
    joined = select(c.party, func.min(c.day), func.min(case((c.decided == "approve", c.decided_at))))
    people = connection.execute(narrowed(joined, measured_claim, narrow).group_by(c.party)).all()
    return {
        **{name: int(number or 0) for name, number in named},
        "states": _by(connection, narrow, c.state),
        "decided": _by(connection, narrow, c.decided, c.decided.is_not(None)),
        "minutes": _by(connection, narrow, c.minutes, c.minutes.is_not(None)),
        "kinds": _kinds(_by(connection, narrow, c.kinds, c.kinds != "")),
        "reasons": _by(connection, narrow, c.reason, c.state == "REJECTED"),
        "waiting": _by(connection, narrow, c.since, c.state.in_(OPEN)),
        "protected": _by(connection, narrow, c.protected_to, c.state == "APPROVED", c.protected_to.is_not(None)),
        "joined": [(first, approved and approved[:10]) for _, first, approved in people],
    }


def _kinds(several: Mapping[str, int]) -> dict[str, int]:
    """A registration in two kinds of conflict counts in each."""
    found: dict[str, int] = defaultdict(int)
    for text, number in several.items():
        for kind in text.strip(";").split(";"):
            found[kind] += number
    return dict(found)


def _endings(connection: Connection) -> dict[str, int]:
    ending = member(connection, case_file.c.body, "resolution")
    query = select(ending, func.count()).where(case_file.c.state == "RESOLVED").group_by(ending)
    return {row[0]: row[1] for row in connection.execute(query) if row[0]}


def _kind() -> ColumnElement[Any]:
    """The number of partners, as far as kinds tell them apart."""
    return func.coalesce(case((measured_deal.c.parties > MOST, MOST), else_=measured_deal.c.parties), 0)


def _deals(connection: Connection, narrow: Narrow) -> list[DealCount]:
    c, kind = measured_deal.c, _kind()
    sums = [
        func.count(),
        func.count(c.minor),
        func.sum(c.minor),
        func.sum(case((c.sourced, c.minor))),
        func.sum(case((c.influenced, c.minor))),
        func.sum(c.fulfilled_minor),
    ]
    query = narrowed(select(kind, c.outcome, c.currency, *sums), measured_deal, narrow)
    rows = connection.execute(query.group_by(kind, c.outcome, c.currency)).all()
    return [DealCount(KINDS[row[0]], row[1], row[2], *(int(value or 0) for value in row[3:])) for row in rows]


def _days(connection: Connection, narrow: Narrow) -> dict[str, dict[int, int]]:
    kind, days = _kind(), measured_deal.c.days
    query = narrowed(select(kind, days, func.count()), measured_deal, narrow).where(days.is_not(None))
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for row in connection.execute(query.group_by(kind, days)):
        found[KINDS[row[0]]][row[1]] = row[2]
    return found


def _middles(connection: Connection, narrow: Narrow) -> dict[tuple[str, str], int]:
    """The median amount of won deals of each kind and currency."""
    c, kind = measured_deal.c, _kind()
    place = func.row_number().over(partition_by=(kind, c.currency), order_by=c.minor)
    whole = func.count().over(partition_by=(kind, c.currency))
    columns = (kind.label("kind"), c.currency, c.minor, place.label("place"), whole.label("whole"))
    won = narrowed(select(*columns), measured_deal, narrow)
    ordered = won.where(c.outcome == "WON", c.minor.is_not(None)).subquery()
    at = ordered.c
    query = select(at.kind, at.currency, at.minor).where(2 * at.place >= at.whole, 2 * at.place <= at.whole + 1)
    return {(KINDS[row[0]], row[1]): row[2] for row in connection.execute(query)}


def _parts(connection: Connection, narrow: Narrow) -> list[PartCount]:
    c = measured_part.c
    columns = (c.party, func.max(c.name), c.outcome, c.currency, func.count(), func.sum(c.minor))
    query = narrowed(select(*columns), measured_part, narrow).where(c.outcome != "LOST")
    grouped = query.group_by(c.party, c.outcome, c.currency).order_by(func.sum(c.minor).desc(), c.party)
    rows = connection.execute(grouped.limit(LARGEST))
    return [PartCount(row[0], row[1], row[2], row[3], row[4], int(row[5])) for row in rows]


def _roles(connection: Connection, narrow: Narrow) -> list[PartCount]:
    """By the roles that a partner holds together: so every part counts once."""
    c = measured_part.c
    columns = (c.roles, c.outcome, c.currency, func.count(), func.sum(c.minor))
    query = narrowed(select(*columns), measured_part, narrow).where(c.outcome != "LOST")
    rows = connection.execute(query.group_by(c.roles, c.outcome, c.currency).order_by(func.sum(c.minor).desc()))
    return [PartCount(row[0], _read(row[0]), row[1], row[2], row[3], int(row[4])) for row in rows]


def _read(several: str) -> str:
    return several.strip(";").replace(";", ", ") or "no role"


def choices(connection: Connection) -> dict[str, list[str]]:
    """What the numbers can be narrowed to."""
    c = measured_claim.c
    found = {
        column.name: list(connection.scalars(select(column).distinct().order_by(column)))
        for column in (c.region, c.vertical)
    }
    return {**found, "role": [role.value for role in Role], "bundle": ["yes", "no"]}
