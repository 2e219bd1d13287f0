"""Which deals of a judged group are meant by what a person asked about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.record import Ref
from sync.model.deal import Opportunity
from sync.page import Judged
from sync.store.asked import Asked


def is_wanted(entry: dict[str, Any], judged: Judged, what: Asked, ident: str) -> bool:
    """Whether a registration without a deal is shown: to a partner only its own."""
    partners = partners_meant(judged, ident, what) if what.kind == "partner" else None
    holder = {filed.id: filed.partner_id for filed in judged.facts.registrations}
    return partners is None or holder[entry["id"]] in partners


def deals_meant(judged: Judged, what: Asked, ident: str) -> list[Opportunity]:
    """The deals that were asked for; every deal with a registration when the account was asked for."""
    facts = judged.facts
    named = _named(judged, what, ident)
    if what.kind == "partner":
        partners = partners_meant(judged, ident, what)
        wanted = {entry.opportunity_id for entry in facts.registrations if entry.partner_id in partners}
        return [deal for deal in facts.opportunities if deal.id in wanted]
    wanted = {deal.id for deal in facts.opportunities if named & {deal.id, *names_of(deal.members)}}
    wanted |= {e.opportunity_id for e in facts.registrations if named & {e.id, *names_of([e.ref])}}
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


def partners_meant(judged: Judged, ident: str, what: Asked) -> set[str]:
    """The partners of a group that were asked about, by our ids."""
    return {
        partner.id
        for partner in judged.facts.partners
        if {ident, what.id} & {partner.id, *names_of(partner.members)}
        or any(name.startswith(ident) for name in names_of(partner.members))
    }


def names_of(refs: Iterable[Ref]) -> set[str]:
    """Every name of some rows: the id in the CRM, and the whole one."""
    return {name for ref in refs for name in (ref.id, str(ref))}
