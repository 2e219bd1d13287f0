"""Deal splits: credit for a deal divided among owners, replaced as a whole (HubSpot docs, "Deal splits")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.sandbox.hubspot import errors
from connector.sandbox.hubspot.errors import invalid
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.tables import Row
from connector.sandbox.hubspot.values import iso
from connector.sandbox.hubspot.wire import Answer, Call

MOST = 100
USERS_MOST = 10
DECIMALS = 8


@dataclass(frozen=True, slots=True)
class Split:
    """One owner's part of a deal."""

    id: str
    owner: str
    percentage: Decimal
    made: str

    def json(self) -> dict[str, Any]:
        """As the API shows it: a record of its own, every value a text."""
        part = {"hs_deal_split_percentage": str(self.percentage), "hubspot_owner_id": self.owner}
        stamps = {"createdAt": self.made, "updatedAt": self.made, "archived": False}
        return {"id": self.id, "properties": part} | stamps


def read(call: Call) -> Answer:
    """The splits of deals; a deal without any has an empty list, one that is not there is listed."""
    _allow(call)
    ids = [str(given["id"]) for given in call.inputs(MOST)]
    table = call.table(call.portal.kind("deals"))
    missing = [id_ for id_ in ids if not table.find(id_)]
    refused = [errors.missing_records("deal", missing).item()] if missing else []
    return call.batch(200, [_json(call.portal, id_) for id_ in ids if id_ not in missing], refused)


def upsert(call: Call) -> Answer:
    """New splits instead of all former ones; one deal that is not valid refuses the request."""
    _allow(call)
    checked = [(str(given.get("id")), _checked(call, given)) for given in call.inputs(MOST)]
    for id_, parts in checked:
        made = iso(call.portal.now())
        call.portal.splits[id_] = [
            Split(call.portal.next_id(), owner, percentage, made) for owner, percentage in parts.items()
        ]
    return call.batch(200, [_json(call.portal, id_) for id_, _ in reversed(checked)])


def _json(portal: Portal, id_: str) -> dict[str, Any]:
    return {"id": id_, "splits": [split.json() for split in portal.splits.get(id_, [])]}


def _allow(call: Call) -> None:
    if "deal_splits" in call.portal.setting("missing_scopes", ()):
        raise errors.missing_scopes("crm.dealsplits.read_write")
    if call.portal.setting("deal_splits", "on") == "off":
        raise invalid("Deal splits are not turned on for this account")


def _checked(call: Call, given: Mapping[str, Any]) -> dict[str, Decimal]:
    deal = call.table(call.portal.kind("deals")).find(str(given.get("id")))
    if deal is None:
        raise errors.missing_records("deal", [str(given.get("id"))])
    splits: Sequence[Mapping[str, Any]] = given.get("splits") or []
    parts = {str(split.get("ownerId")): _percentage(deal, split) for split in splits}
    _refuse_owners(call, deal, list(parts), len(splits))
    if sum(parts.values()) != 1:
        raise invalid(f"Split percentages of deal {deal.id} must add up to 1.0, not {sum(parts.values())}")
    return parts


def _percentage(deal: Row, split: Mapping[str, Any]) -> Decimal:
    try:
        part = Decimal(str(split.get("percentage")))
    except InvalidOperation:
        raise invalid(f"{split.get('percentage')!r} is not a number") from None
    exponent = part.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > DECIMALS or not 0 < part <= 1:
        raise invalid(f"Split percentage {part} of deal {deal.id} must be above 0 with at most {DECIMALS} decimals")
    return part


def _refuse_owners(call: Call, deal: Row, owners: Sequence[str], given: int) -> None:
    known = {str(owner["id"]) for owner in call.portal.owners if not owner.get("archived")}
    if unknown := [owner for owner in owners if owner not in known]:
        raise invalid(f"Owners {unknown} of deal {deal.id} do not exist", {"ownerId": unknown})
    if len(owners) != given:
        raise invalid(f"An owner has two splits of deal {deal.id}")
    if given > int(call.portal.setting("split_users_most", USERS_MOST)):
        raise invalid(f"Deal {deal.id} has more split users than this account allows")
    if deal.properties.get("hubspot_owner_id") not in owners:
        raise invalid(f"The owner of deal {deal.id} must be included as a split owner")
