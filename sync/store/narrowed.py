"""The rows behind a number, and what a query is narrowed to: words from an address, never SQL from one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, func, or_, select

from sync.metrics.counts import KINDS
from sync.metrics.figure import Rows
from sync.metrics.narrow import Narrow
from sync.model.problem import BadInput, Problem
from sync.store.measured_tables import measured_claim, measured_deal, measured_part
from sync.store.rows import moment_text

MOST: Final = len(KINDS) - 1
"""From so many partners on, deals are of the last kind."""

OPEN: Final = ("SUBMITTED", "UNDER_REVIEW", "ACTION_REQUIRED", "IN_CONFLICT")

TABLES: Final[Mapping[str, Table]] = {
    "registrations": measured_claim,
    "deals": measured_deal,
    "parts": measured_part,
}

Condition = ColumnElement[bool]


def narrowed(query: Select[Any], table: Table, narrow: Narrow) -> Select[Any]:
    """``query`` over what ``narrow`` leaves of one of the tables."""
    return query.where(*_left(table, narrow))


def _left(table: Table, narrow: Narrow) -> Iterator[Condition]:
    c = table.c
    if table is measured_deal:
        yield or_(c.parties.is_not(None), c.connection == narrow.record)
    for name in ("region", "vertical"):
        if wanted := getattr(narrow, name):
            yield c[name] == wanted
    if narrow.role:
        yield c.roles.contains(f";{narrow.role};", autoescape=True)
    if narrow.bundle:
        yield c.bundle if narrow.bundle == "yes" else ~c.bundle
    if narrow.first:
        yield c.day >= narrow.first.isoformat()
    if narrow.after:
        yield c.day < narrow.after.isoformat()


def of_kind(text: str) -> Condition:
    """Deals with so many partners; ``with partners`` is any."""
    parties = measured_deal.c.parties
    if text == "with partners":
        return parties > 0
    number = KINDS.index(text)
    if number == 0:
        return or_(parties == 0, parties.is_(None))
    return parties >= MOST if number == MOST else parties == number


def _plain(column: ColumnElement[Any]) -> Callable[[str, datetime], Condition]:
    return lambda text, _now: column == text


_CLAIM, _DEAL, _PART = measured_claim.c, measured_deal.c, measured_part.c
_ONLY: Final[Mapping[tuple[str, str], Callable[[str, datetime], Condition]]] = {
    **{("registrations", name): _plain(_CLAIM[name]) for name in ("state", "reason", "decided", "party")},
    ("registrations", "late"): lambda text, _now: (
        _CLAIM.decided.is_not(None) & (~_CLAIM.late if text == "no" else _CLAIM.late)
    ),
    ("registrations", "since_from"): lambda text, _now: _CLAIM.since >= text,
    ("registrations", "since_to"): lambda text, _now: _CLAIM.since <= text,
    ("registrations", "protected_from"): lambda text, _now: _CLAIM.protected_to >= text,
    ("registrations", "protected_to"): lambda text, _now: _CLAIM.protected_to <= text,
    ("registrations", "overdue"): lambda _text, now: (_CLAIM.due < moment_text(now)) & _CLAIM.state.in_(OPEN),
    ("registrations", "returned"): lambda _text, _now: _CLAIM.returns > 0,
    ("registrations", "open"): lambda _text, _now: _CLAIM.state.in_(OPEN),
    ("registrations", "by"): lambda text, _now: (
        _CLAIM.decided.is_not(None) & (~_CLAIM.person if text == "rule" else _CLAIM.person)
    ),
    ("registrations", "conflict"): lambda text, _now: (
        _CLAIM.kinds != "" if text == "any" else _CLAIM.kinds.contains(f";{text};", autoescape=True)
    ),
    **{("deals", name): _plain(_DEAL[name]) for name in ("outcome", "currency")},
    ("deals", "kind"): lambda text, _now: of_kind(text),
    **{("parts", name): _plain(_PART[name]) for name in ("party", "roles", "currency", "outcome")},
}
"""What a list can be narrowed to, beside what every number can."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list to be shown: of what, what its rows have in common, and to what all numbers are narrowed."""

    rows: Rows
    narrow: Narrow


def rows_behind(
    connection: Connection, listed: Listed, now: datetime, skip: int = 0, most: int | None = None
) -> list[dict[str, Any]]:
    """The rows of a list, newest first, as plain values by column. Raises BadInput for words that nobody knows."""
    table = _table(listed.rows)
    query = select(table).where(*_where(listed, now)).order_by(table.c.day.desc(), *table.primary_key)
    return [dict(row) for row in connection.execute(query.offset(skip).limit(most)).mappings()]


def count_behind(connection: Connection, listed: Listed, now: datetime) -> int:
    """How many rows a list has. Raises BadInput for words that nobody knows."""
    query = select(func.count()).select_from(_table(listed.rows)).where(*_where(listed, now))
    return int(connection.scalar(query) or 0)


def _where(listed: Listed, now: datetime) -> list[Condition]:
    of = listed.rows.of
    only = [_ONLY[of, name](text, now) for name, text in listed.rows.only]
    return [*_left(TABLES[of], listed.narrow), *only]


def _table(rows: Rows) -> Table:
    """The table of a list, when everything that is asked of it is known."""
    known = sorted({name for listed, name in _ONLY if listed == rows.of})
    wrong = [name for name, _ in rows.only if name not in known]
    kinds = ("with partners", *KINDS)
    found = []
    if rows.of not in TABLES:
        found.append(Problem("the list", f"there is no list of {rows.of}", f"one of {', '.join(TABLES)}"))
    elif wrong:
        what = f"{rows.of} are not told apart by {', '.join(wrong)}"
        found.append(Problem("the list", what, f"one of {', '.join(known)}"))
    for name, text in rows.only:
        if name == "kind" and text not in kinds:
            found.append(Problem("the list", f"there is no kind {text!r} of deals", f"one of {', '.join(kinds)}"))
    if found:
        raise BadInput(found)
    return TABLES[rows.of]
