"""A deal as sales sees it: who is in it, in which role, how long; amounts of splits and the ledger have no room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

WITHOUT_MONEY: Final = frozenset(
    {
        *("name", "account", "type", "stage", "close_date", "created_at", "owner", "won", "closed"),
        *("registration_status", "protection_end", "partner_count", "primary_partner", "conflict"),
    }
)
"""The fields of a deal that say nothing of what anybody gets."""

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SalesDeal:
    """What `sync.explain.deals.deal_view` says, without its split, its amount, and what waits to be written."""

    id: str
    name: str
    account: str | None
    stage: str
    rows: Sequence[str]
    link: str | None
    registrations: Sequence[Plain]
    cases: Sequence[Plain]
    joint: Sequence[Plain]
    decisions: Sequence[Plain]
    held: Sequence[Plain]
    pending_writes: Sequence[str]


@dataclass(frozen=True, slots=True)
class SalesSides:
    """What `sync.explain.sides.deal_sides` says without the ledger, fields of money, and what was written."""

    id: str
    rows: Sequence[str]
    fields: Sequence[Plain]
    writes: Sequence[Plain]
    audit: Plain


def sales_deal(deal: Plain) -> SalesDeal:
    """The part of a deal that sales may see; of changes that wait, only which rows they are about."""
    waits = [f"{change['crm']} {change['object']} {change['key']}" for change in deal["pending_writes"]]
    kept = {field.name: deal[field.name] for field in fields(SalesDeal)}
    return SalesDeal(**{**kept, "pending_writes": waits})


def sales_sides(sides: Plain) -> SalesSides:
    """The part of a deal's sides that sales may see; of what was written, only the names of the fields."""
    return SalesSides(
        id=sides["id"],
        rows=sides["rows"],
        fields=[field for field in sides["fields"] if field["path"] in WITHOUT_MONEY],
        writes=[{**write, "fields": list(write["fields"])} for write in sides["writes"]],
        audit=sides["audit"],
    )
