"""What the screens show as JSON, to read only: the same views behind the same gate, told by the same functions."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import HTTPException, Query
from pydantic import BaseModel
from starlette.responses import Response

from sync import rulings
from sync.console.portal import company
from sync.console.visit import Here
from sync.explain import deal_whole, sales_deal, sales_sides
from sync.model.problem import BadInput, Problem
from sync.portal.account import COLUMNS, lines_of, own_statement
from sync.portal.own import PAGE, own_one, own_page
from sync.statement import Statement, period, statement
from sync.store import ledger
from sync.store.runs import last_runs
from sync.views import run_view, search_view

ROOT: Final = "/api/"
"""Where everything here lies; an answer below it is JSON, a refusal too."""

WRITES: Final = 100
"""Writes of a run told at once."""

Page = Annotated[int, Query(ge=0, le=100_000)]
Over = Annotated[str, Query(max_length=30, description="2026, 2026Q4, 2026-11 or 2026-11-01..2026-11-15")]


class Fault(BaseModel):
    """One thing that is wrong: where, what, and what to do about it."""

    where: str
    what: str
    fix: str


class Refusal(BaseModel):
    """Why there is no answer."""

    title: str
    said: str
    problems: list[Fault]


def _told(value: Any) -> Response:
    """Exact: amounts and shares are text."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def described(visit: Here) -> Response:
    """This interface, described as OpenAPI."""
    return _told(visit.request.app.openapi())


def found(visit: Here, q: Annotated[str, Query(min_length=2, max_length=200)]) -> Response:
    """Deals, accounts and registrations by a name, a part of it, an id or a domain."""
    return _told({"found": search_view(visit.world, q.strip())})


def deal(visit: Here, ident: str) -> Response:
    """One deal, whole: both CRMs, partners, split, ledger, why, and what happened; sales gets it without money."""
    sides, view = deal_whole(visit.world, ident, visit.now)
    if visit.money:
        return _told({"sides": sides} | view)
    deals = [sales_deal(own) for own in view["deals"]]
    return _told({"sides": sales_sides(sides), "id": sides["id"], "deals": deals, "problems": view["problems"]})


def cases(visit: Here, kind: Annotated[str, Query(max_length=30)] = "", page: Page = 0) -> Response:
    """Open cases, requests for more time, and registrations that wait for an answer; the next clock first."""
    return _told(rulings.inbox_view(visit.world, visit.now, kind, page, page))


def case(visit: Here, ident: str) -> Response:
    """One case: the claims side by side, and what each rule said."""
    return _told(rulings.case_view(visit.world, ident, visit.now))


def registration(visit: Here, ident: str) -> Response:
    """One registration: where it stands, and what fits it now."""
    return _told(rulings.registration_view(visit.world, ident, visit.now))


def runs(visit: Here, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
    """The latest runs with their reports, newest first."""
    with visit.site.store.read() as connection:
        return _told({"runs": last_runs(connection, limit)})


def run(visit: Here, ident: str, page: Page = 0) -> Response:
    """One run: its report, its writes by connection and state, and some of them."""
    shown = run_view(visit.world.store, ident, WRITES, page * WRITES)
    if shown is None:
        raise HTTPException(404, "No run has this id; old ones may have been pruned.")
    changes = {"writes": list(shown["writes"])}
    return _told(shown | changes)


def statements(visit: Here, over: Over, partner: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What partners' parts of won deals came to; ``partner``: only the one with this name or id."""
    span = period(over)
    with visit.site.store.read() as connection:
        known = ledger.parties(connection)
        asked = {party: name for party, name in known.items() if partner.casefold() in ("", party, name.casefold())}
        if partner and not asked:
            fix = "ask without it for all of them"
            raise BadInput([Problem(partner, "nobody by this name has an entry in the ledger", fix)])
        made = [
            statement(
                party,
                name,
                span,
                ledger.entries_of_party(connection, party, span.first, span.after),
                ledger.balances_before(connection, party, span.first),
            )
            for party, name in asked.items()
        ]
    return _told({"period": span.label, "statements": [_stated(entry) for entry in made]})


def _stated(entry: Statement) -> dict[str, Any]:
    accounts = [
        {
            "currency": account.currency,
            "opening": str(account.opening.major),
            "entries": [dict(zip(COLUMNS, map(str, line), strict=True)) for line in lines_of(account)],
            "closing": str(account.closing.major),
        }
        for account in entry.accounts
    ]
    return {"party": entry.party, "name": entry.name, "accounts": accounts}


def own_registrations(visit: Here, page: Page = 0) -> Response:
    """A partner's own registrations, the latest change first."""
    shown, total = own_page(visit.world, company(visit), visit.now, page)
    return _told({"total": total, "size": PAGE, "registrations": shown})


def own_registration(visit: Here, ident: str) -> Response:
    """One registration of the partner that asks."""
    return _told(own_one(visit.world, company(visit), ident, visit.now))


def own_account(visit: Here, over: Over) -> Response:
    """What the partner's own parts of won deals came to."""
    return _told(_stated(own_statement(visit.world, company(visit), period(over))))
