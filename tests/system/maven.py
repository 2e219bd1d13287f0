"""A year of somebody's real pipeline with invented partners on it, by one documented rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.sandbox.load import load_exports

PARTNERS = {
    "001P00000000001": ("Alder Resale", "Gold"),
    "001P00000000002": ("Birch Integration", "Platinum"),
    "001P00000000003": ("Cedar Advisory", "Silver"),
    "001P00000000004": ("Dogwood Systems", "Gold"),
    "001P00000000005": ("Elm Services", "Bronze"),
    "001P00000000006": ("Fir Consulting", "Silver"),
}
ROLES = ("SOURCE;RESELL", "RESELL", "IMPLEMENT", "PRESALES;IMPLEMENT", "ADVISE", "SUPPORT")
EVERY = 20
EXPORTED = "2018-01-01T00:00:00Z"
REVIEWER = "005R00000000001"


def with_partners(folder: Path, now: datetime) -> dict[str, Any]:
    """The exports of ``folder`` as a Salesforce world, with six partners and their registrations.

    Every 20th opportunity that has an account, in the order of the file, is claimed. With h a hash of its id, it
    gets 1 + h mod 3 registrations; the n-th is from partner (h + n) mod 6 with the roles (h // 6 + n) mod 6 of
    ROLES, so that exclusive roles clash now and then. Registrations were submitted a day after a closed deal was
    opened, or ten days ago on an open one; every other one has the approving vote of a reviewer a day later. Rows
    without a date of their own are from the day of the export.
    """
    world = load_exports(folder).salesforce
    objects = world["objects"]
    objects["Account"] += [
        {"Id": ident, "Name": name, "IsPartner": True, "Partner_Status__c": "Active", "Partner_Tier__c": tier}
        for ident, (name, tier) in PARTNERS.items()
    ]
    for rows in objects.values():
        for row in rows:
            if not row.get("CreatedDate"):
                row["CreatedDate"] = EXPORTED
    claimed = [deal for deal in objects["Opportunity"] if deal.get("AccountId")][::EVERY]
    objects["Deal_Registration__c"] = [claim for deal in claimed for claim in _claims(deal, now)]
    return dict(world)


def _claims(deal: Mapping[str, Any], now: datetime) -> Iterator[dict[str, Any]]:
    drawn = int.from_bytes(hashlib.sha256(str(deal["Id"]).encode()).digest()[:4], "big")
    closed = str(deal["StageName"]).startswith("Closed")
    opened = datetime.fromisoformat(str(deal["CreatedDate"]))
    submitted = opened + timedelta(days=1) if closed else now - timedelta(days=10)
    for number in range(1 + drawn % 3):
        at = submitted + timedelta(minutes=number * 5)
        claim = {
            "Name": f"Claim {number + 1} on {deal['Name']}"[:80],
            "Opportunity__c": deal["Id"],
            "Partner_Account__c": list(PARTNERS)[(drawn + number) % len(PARTNERS)],
            "Roles__c": ROLES[(drawn // 6 + number) % len(ROLES)],
            "Submitted_At__c": _text(at),
            "CreatedDate": _text(at),
        }
        vote = {
            "Review_Vote__c": "Approve",
            "Review_Voter__c": REVIEWER,
            "Review_Voted_At__c": _text(at + timedelta(days=1)),
        }
        yield claim | (vote if (drawn + number) % 2 else {})


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
