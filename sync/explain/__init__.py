"""Why things stand as they stand: what is asked about, judged anew and laid open as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from connector.record import Ref
from sync.explain.deals import alone_view, deal_view
from sync.explain.partner import partner_view
from sync.explain.ruling import rulings
from sync.explain.sides import deal_sides
from sync.model.deal import Opportunity
from sync.model.problem import BadInput, Problem
from sync.page import Judged, judge_page
from sync.store.asked import Asked, asked, problems_of
from sync.store.verdicts import decisions_on
from sync.world import World

__all__ = ["deal_sides", "explain_view", "partner_view", "partners_view"]


def explain_view(world: World, ident: str, now: datetime) -> dict[str, Any]:
    """Why things stand as they stand: everything decided about what ``ident`` names.

    ``ident`` is an id of the CRM, one of ours (of a case, a decision or a split, too), or a unique beginning.
    Raises BadInput when nothing or several things by that name are known.
    """
    with world.store.read() as connection:
        what = asked(connection, ident)
        problems = problems_of(connection, what.groups, ident)
    view: dict[str, Any] = {"asked": ident, "kind": what.kind, "id": what.id, "more_groups": what.more}
    deals: list[dict[str, Any]] = []
    alone: list[dict[str, Any]] = []
    for judged in judge_page(world, what.groups, now):
        problems += judged.facts.problems if what.kind != "partner" else ()
        shown = _shown(judged, what, ident)
        own = _registrations(judged, shown)
        with world.store.read() as connection:
            recorded = decisions_on(connection, own)
        ruled = rulings(judged, recorded, world.policies, now, own)
        deals += [deal_view(judged, deal, ruled) for deal in shown]
        alone += [entry for entry in alone_view(judged, ruled) if _wanted(entry, judged, what, ident)]
    plain = [
        {"where": problem.where, "what": problem.what, "fix": problem.fix} for problem in dict.fromkeys(problems)
    ]
    return view | {"deals": deals, "alone": alone, "problems": plain}


def _registrations(judged: Judged, deals: Iterable[Opportunity]) -> list[str]:
    """The registrations on these deals, and those on none."""
    ids = {deal.id for deal in deals}
    return [entry.id for entry in judged.facts.registrations if entry.opportunity_id in {*ids, None}]


def _wanted(entry: dict[str, Any], judged: Judged, what: Asked, ident: str) -> bool:
    """Whether a registration without a deal is shown: to a partner only its own."""
    partners = _partners(judged, ident, what) if what.kind == "partner" else None
    holder = {filed.id: filed.partner_id for filed in judged.facts.registrations}
    return partners is None or holder[entry["id"]] in partners


def _shown(judged: Judged, what: Asked, ident: str) -> list[Opportunity]:
    """The deals that were asked for; every deal with a registration when the account was asked for."""
    facts = judged.facts
    named = _named(judged, what, ident)
    if what.kind == "partner":
        partners = _partners(judged, ident, what)
        wanted = {entry.opportunity_id for entry in facts.registrations if entry.partner_id in partners}
        return [deal for deal in facts.opportunities if deal.id in wanted]
    wanted = {deal.id for deal in facts.opportunities if named & {deal.id, *_names(deal.members)}}
    wanted |= {e.opportunity_id for e in facts.registrations if named & {e.id, *_names([e.ref])}}
    if wanted - {None}:
        return [deal for deal in facts.opportunities if deal.id in wanted]
    if what.kind == "registration":
        return []
    registered = {entry.opportunity_id for entry in facts.registrations}
    return [deal for deal in facts.opportunities if deal.id in registered]


def _named(judged: Judged, what: Asked, ident: str) -> set[str]:
    """Every id that leads to the deals asked for."""
    named = {ident, what.id, what.subject} - {""}
    for case in judged.verdict.cases:
        if case.id == what.id:
            named |= set(case.registrations)
    return named


def _partners(judged: Judged, ident: str, what: Asked) -> set[str]:
    return {
        partner.id
        for partner in judged.facts.partners
        if {ident, what.id} & {partner.id, *_names(partner.members)}
        or any(name.startswith(ident) for name in _names(partner.members))
    }


def _names(refs: Iterable[Ref]) -> set[str]:
    return {name for ref in refs for name in (ref.id, str(ref))}


def partners_view(world: World, ident: str, now: datetime, partner: str) -> dict[str, Any]:
    """What one partner may read about what ``ident`` names, and nothing else. Raises BadInput as `explain_view`."""
    with world.store.read() as connection:
        what = asked(connection, ident)
        reader = asked(connection, partner)
    pages: Sequence[Judged] = judge_page(world, what.groups, now)
    seen = [
        partner_view(judged.facts, judged.verdict, own, world.policies, now)
        for judged in pages
        for own in sorted(_partners(judged, partner, reader))
    ]
    if not seen:
        fix = "give the id of a partner that is registered on it"
        raise BadInput([Problem(partner, f"this is no partner in what {ident} names", fix)])
    return {
        "asked": ident,
        "partner": seen[0]["partner"],
        "registrations": [entry for view in seen for entry in view["registrations"]],
    }
