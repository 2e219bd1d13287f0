"""How the programme does: every number with what it rests on, the rows behind it, and both as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import HTTPException
from starlette.responses import Response

from sync.console.visit import Here
from sync.insight import figures_csv, insight, insight_by, listing, listing_csv, narrowed, offered
from sync.metrics import SECTIONS, Figure, Rows
from sync.metrics.divided import BY
from sync.metrics.narrow import Narrow
from sync.model.problem import BadInput, Problem
from sync.store.narrowed import Listed

PAGE: Final = 50
LAST: Final = 10_000_000
NARROWED: Final = ("region", "vertical", "role", "bundle", "period")
DRAWN: Final = frozenset({"registrations", "reasons", "kinds", "waiting", "protected"})
"""Figures that are drawn as bars beside their table."""

WORDED: Final = frozenset({"registrations", "kinds", "endings", "reasons"})
"""Figures of words that are explained where they stand."""

MONEY: Final = frozenset({"revenue", "partners"})
"""Sections that are not for sales, as the parts of deals are not."""


def page(visit: Here, by: str = "region") -> Response:
    """Every number of the programme, narrowed to what the address says."""
    world, query = visit.world, visit.request.query_params
    narrow = _narrow(visit)
    found = [figure for figure in insight(world, narrow, visit.now) if _may(visit, figure)]
    parts = [figure for figure in insight_by(world, narrow, by) if _may(visit, figure)]
    sections = {name: _tables(own) for name, own in groupby(found, lambda figure: figure.section)}
    return visit.page(
        "insight.html",
        sections=sections,
        about={name: " ".join((section.__doc__ or "").split()) for name, section in SECTIONS.items()},
        parts=_side_by_side(parts),
        by=by,
        divisions=BY,
        drawn=DRAWN,
        worded=WORDED,
        offered=offered(world),
        asked={name: query.get(name, "") for name in NARROWED},
        link=lambda figure: _link(visit, figure, by),
        nothing=not any(figure.n for figure in found),
    )


def _narrow(visit: Here) -> Narrow:
    """To what the address narrows the numbers. Raises BadInput."""
    query = visit.request.query_params
    words = {name: query.get(name, "").strip() for name in NARROWED}
    if words["bundle"] not in ("", "yes", "no"):
        raise BadInput([Problem("bundle", f"{words['bundle']!r} says nothing", "write yes or no")])
    return narrowed(visit.world, words.pop("period"), **words)


def _may(visit: Here, figure: Figure) -> bool:
    money = figure.section in MONEY or (figure.rows is not None and figure.rows.of == "parts")
    return visit.money or not money


def _tables(own: Any) -> list[tuple[str, list[Figure]]]:
    """The figures of a section, those of one kind together."""
    return [(title, list(same)) for title, same in groupby(own, lambda figure: figure.title)]


def _side_by_side(parts: Sequence[Figure]) -> dict[str, list[Figure]]:
    return {of: list(own) for of, own in groupby(parts, lambda figure: figure.of)}


def _link(visit: Here, figure: Figure, by: str) -> str:
    """Where the rows behind a figure are listed; empty where there are none."""
    if figure.rows is None:
        return ""
    query = visit.request.query_params
    kept = {name: query.get(name, "") for name in NARROWED}
    if figure.section == f"by {by}":
        kept[by] = figure.of
    asked = {name: text for name, text in kept.items() if text}
    return "/insight/rows?" + urlencode(
        {"of": figure.rows.of, **asked, **{f"is.{k}": v for k, v in figure.rows.only}}
    )


def rows(visit: Here, of: str = "registrations", skip: int = 0) -> Response:
    """The rows that a number is made of, some at a time."""
    listed = _listed(visit, of)
    found = listing(visit.world, listed, visit.now, max(0, min(skip, LAST)), PAGE)
    query = dict(visit.request.query_params)
    query.pop("notice", None)
    shown: dict[str, Any] = {
        "of": of,
        "found": found,
        "numbers": ("days", "minutes", "parties", "returns", "day", "since", "due", "protected_to", "decided_at"),
        "only": listed.rows.only,
        "asked": {name: query[name] for name in NARROWED if query.get(name)},
        "csv": "/insight/rows.csv?" + urlencode({**query, "of": of}),
        "before": _turned(query, found.skipped - PAGE) if found.skipped else "",
        "after": _turned(query, found.skipped + PAGE) if found.skipped + PAGE < found.total else "",
    }
    return visit.page("insight_rows.html", **shown)


def _turned(query: Mapping[str, str], skip: int) -> str:
    return "/insight/rows?" + urlencode({**query, "skip": str(max(0, skip))})


def _listed(visit: Here, of: str) -> Listed:
    """Which list the address asks for. Refuses amounts of partners' parts to sales."""
    if of == "parts" and not visit.money:
        raise HTTPException(403, "What partners' parts are worth is not for sales.")
    only = [(key[3:], text) for key, text in visit.request.query_params.items() if key.startswith("is.")]
    return Listed(Rows(of, tuple(only)), _narrow(visit))


def rows_file(visit: Here, of: str = "registrations") -> Response:
    """The rows that a number is made of, all of them, as CSV."""
    found = listing(visit.world, _listed(visit, of), visit.now)
    return _file(f"{of}.csv", listing_csv(of, found))


def figures_file(visit: Here) -> Response:
    """Every number as CSV."""
    found = [figure for figure in insight(visit.world, _narrow(visit), visit.now) if _may(visit, figure)]
    return _file("metrics.csv", figures_csv(found))


def _file(name: str, text: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
