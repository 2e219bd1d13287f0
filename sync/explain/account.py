"""The deals of a customer or a partner, a page at a time, with who is in them and how that stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sync.explain.meant import deals_meant, is_wanted
from sync.model.registration import Registration
from sync.page import Judged, judge_page
from sync.store.asked import asked
from sync.world import World

PAGE: Final = 10
"""Groups that are judged for one page."""


def account_view(world: World, ident: str, now: datetime, page: int = 0) -> dict[str, Any]:
    """``deals`` and registrations on none (``alone``) of what ``ident`` names; ``pages``: how many there are.

    Raises BadInput when nothing or several things by that name are known.
    """
    with world.store.read() as connection:
        what = asked(connection, ident)
    found: dict[str, Any] = {"asked": ident, "kind": what.kind, "id": what.id, "page": page}
    found |= {"pages": -(-len(what.groups) // PAGE), "deals": [], "alone": []}
    for judged in judge_page(world, what.groups[page * PAGE :][:PAGE], now):
        entries = [(entry, _standing(judged, entry)) for entry in judged.facts.registrations]
        accounts = {account.id: account.name for account in judged.facts.accounts}
        for deal in deals_meant(judged, what, ident):
            on = [plain for entry, plain in entries if entry.opportunity_id == deal.id]
            about = {"id": deal.id, "name": deal.name, "account": accounts.get(deal.account_id or "")}
            worth = {"stage": deal.stage, "amount": str(deal.amount) if deal.amount else None}
            found["deals"].append(about | worth | {"registrations": on})
        free = [plain for entry, plain in entries if entry.opportunity_id is None]
        found["alone"] += [plain for plain in free if is_wanted(plain, judged, what, ident)]
    return found


def _standing(judged: Judged, entry: Registration) -> dict[str, Any]:
    partners = {partner.id: partner.name for partner in judged.facts.partners}
    standing = next(own for own in judged.verdict.standings if own.registration_id == entry.id)
    return {
        "id": entry.id,
        "partner": partners[entry.partner_id],
        "roles": list(standing.roles),
        "state": standing.state,
    }
