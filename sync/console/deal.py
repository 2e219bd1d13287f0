"""The deal on one page: both CRMs, partners, split, ledger, why, and what happened; or all of one account."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query
from starlette.responses import Response

from sync import rulings
from sync.console.visit import Here
from sync.earning import earned_on
from sync.explain import account_view, deal_whole, sales_deal, sales_sides

Text = Annotated[str, Form()]


def page(visit: Here, ident: str) -> Response:
    """One deal, whole."""
    world = visit.world
    sides, view = deal_whole(world, ident, visit.now)
    deal = next(deal for deal in view["deals"] if deal["id"] == sides["id"])
    if not visit.money:
        seen, beside = sales_deal(deal), sales_sides(sides)
        return visit.page("deal.html", deal=seen, sides=beside, problems=view["problems"])
    earned = earned_on(world, [deal["id"]])
    return visit.page("deal.html", deal=deal, sides=sides, problems=view["problems"], earned=earned)


def account(visit: Here, ident: str, page: Annotated[int, Query(ge=0, le=10_000)] = 0) -> Response:
    """The deals of a customer or a partner, each with who is in it."""
    return visit.page("account.html", view=account_view(visit.world, ident, visit.now, page))


def share(visit: Here, ident: str, parts: Text = "", reason: Text = "", by_policy: Text = "") -> Response:
    """A split as people agreed on it: one ``PARTNER=PERCENT`` a line; or the policy's own again."""
    wanted = () if by_policy else tuple(line.strip() for line in parts.splitlines() if line.strip())
    said = rulings.share(visit.world, ident, wanted, visit.speaker(reason))
    with visit.site.store.write() as connection:
        visit.note(connection, "share", said.directive.subject, {"directive": said.directive.id})
    return visit.see(
        f"/deals/{said.directive.subject}", "Recorded. The next run divides the deal so, and tells the CRMs."
    )
