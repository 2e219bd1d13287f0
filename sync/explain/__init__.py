"""Why things stand as they stand: what is asked about, judged anew and laid open as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync.explain.account import account_view
from sync.explain.deals import alone_view, deal_view
from sync.explain.meant import deals_meant, is_wanted, names_of, partners_meant
from sync.explain.partner import partner_view
from sync.explain.ruling import rulings
from sync.explain.sales import sales_deal, sales_sides
from sync.explain.sides import deal_sides
from sync.model.deal import Opportunity
from sync.model.problem import BadInput, Problem
from sync.page import Judged, judge_page
from sync.store.asked import Asked, asked, problems_of
from sync.store.verdicts import decisions_on
from sync.world import World

__all__ = [
    "account_view",
    "deal_whole",
    "explain_view",
    "partner_view",
    "partners_view",
    "sales_deal",
    "sales_sides",
]


def explain_view(world: World, ident: str, now: datetime) -> dict[str, Any]:
    """Why things stand as they stand: everything decided about what ``ident`` names.

    ``ident`` is an id of the CRM, one of ours (of a case, a decision or a split, too), or a unique beginning.
    Raises BadInput when nothing or several things by that name are known.
    """
    what, problems = _asked(world, ident)
    return _explained(world, (ident, what, problems), judge_page(world, what.judged, now), now)


def deal_whole(world: World, ident: str, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """One deal beside itself as `deal_sides` shows it, and explained as `explain_view` does: judged once.

    Raises BadInput when ``ident`` names no deal.
    """
    what, problems = _asked(world, ident)
    pages = judge_page(world, what.judged, now)
    for judged in pages:
        if deal := _meant(judged, {what.id, ident}):
            own = replace(what, kind="opportunity", id=deal.id, subject="")
            explained = _explained(world, (deal.id, own, problems), [judged], now)
            return deal_sides(world, judged, deal), explained
    raise BadInput([Problem(ident, f"this is of kind {what.kind}", "give the id of a deal")])


def _asked(world: World, ident: str) -> tuple[Asked, list[Problem]]:
    with world.store.read() as connection:
        what = asked(connection, ident)
        return what, problems_of(connection, what.judged, ident)


def _meant(judged: Judged, asked_for: set[str]) -> Opportunity | None:
    deals = judged.facts.opportunities
    return next((deal for deal in deals if asked_for & {deal.id, *deal.also, *names_of(deal.members)}), None)


def _explained(
    world: World, question: tuple[str, Asked, list[Problem]], pages: Iterable[Judged], now: datetime
) -> dict[str, Any]:
    """What was asked about, with what could not be understood of it, laid open."""
    ident, what, problems = question
    view: dict[str, Any] = {"asked": ident, "kind": what.kind, "id": what.id, "more_groups": what.more}
    deals: list[dict[str, Any]] = []
    alone: list[dict[str, Any]] = []
    for judged in pages:
        problems += judged.facts.problems if what.kind != "partner" else ()
        shown = deals_meant(judged, what, ident)
        own = _registrations(judged, shown)
        with world.store.read() as connection:
            recorded = decisions_on(connection, own)
        ruled = rulings(judged, recorded, world.policies, now, own)
        deals += [deal_view(judged, deal, ruled) for deal in shown]
        alone += [entry for entry in alone_view(judged, ruled) if is_wanted(entry, judged, what, ident)]
    plain = [
        {"where": problem.where, "what": problem.what, "fix": problem.fix} for problem in dict.fromkeys(problems)
    ]
    return view | {"deals": deals, "alone": alone, "problems": plain}


def _registrations(judged: Judged, deals: Iterable[Opportunity]) -> list[str]:
    """The registrations on these deals, and those on none."""
    ids = {deal.id for deal in deals}
    return [entry.id for entry in judged.facts.registrations if entry.opportunity_id in {*ids, None}]


def partners_view(world: World, ident: str, now: datetime, partner: str) -> dict[str, Any]:
    """What one partner may read about what ``ident`` names, and nothing else. Raises BadInput as `explain_view`."""
    with world.store.read() as connection:
        what = asked(connection, ident)
        reader = asked(connection, partner)
    pages: Sequence[Judged] = judge_page(world, what.judged, now)
    seen = [
        partner_view(judged.facts, judged.verdict, own, world.policies, now)
        for judged in pages
        for own in sorted(partners_meant(judged, partner, reader))
    ]
    if not seen:
        fix = "give the id of a partner that is registered on it"
        raise BadInput([Problem(partner, f"this is no partner in what {ident} names", fix)])
    return {
        "asked": ident,
        "partner": seen[0]["partner"],
        "registrations": [entry for view in seen for entry in view["registrations"]],
    }
