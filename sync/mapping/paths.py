"""The canonical paths: every word a mapping file may use on our side, with its type.

`mappings/README.md` prints this table; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.model.deal import OpportunityType, Stage
from sync.model.parties import NamedList, PartnerStatus, Tier
from sync.model.registration import Choice, Response, Role, State, Vote
from sync.model.split import SplitStatus


class RegistrationStatus(StrEnum):
    """What an opportunity shows of its registrations as a whole."""

    NONE = "NONE"
    IN_REVIEW = "IN_REVIEW"
    IN_CONFLICT = "IN_CONFLICT"
    APPROVED = "APPROVED"
    EXPIRED = "EXPIRED"
    WON = "WON"
    LOST = "LOST"


class Region(StrEnum):
    NA = "NA"
    LATAM = "LATAM"
    EMEA = "EMEA"
    APAC = "APAC"


@dataclass(frozen=True, slots=True)
class Path:
    """One canonical path: its transform, and the words a choice may take."""

    transform: str
    words: tuple[str, ...] = ()
    ours: bool = False  # dealsync computes it and writes it
    some: bool = False  # a mapping may leave words out: those are not written


def _choice(words: type[StrEnum], *, several: bool = False, ours: bool = False) -> Path:
    return Path("choices" if several else "choice", tuple(word.value for word in words), ours)


def _ours(transform: str) -> Path:
    return Path(transform, ours=True)


def label_path(role: Role) -> str:
    """The path of an opportunity that names the partners of its split in one role."""
    return f"partners_{role.value.lower()}"


PATHS: dict[str, dict[str, Path]] = {
    "account": {
        "name": Path("text"),
        "domain": Path("domain"),
        "phone": Path("text"),
        "city": Path("text"),
        "postal_code": Path("text"),
        "country": Path("text"),
        "industry": Path("text"),
        "duns": Path("text"),
        "parent": Path("reference"),
        "owner": Path("text"),
        "shared_id": Path("reference"),
        "named_list": _choice(NamedList),
        "is_partner": Path("flag"),
        "partner_status": _choice(PartnerStatus),
        "tier": _choice(Tier),
        "certifications": Path("certifications"),
        "agreement_start": Path("day"),
        "agreement_end": Path("day"),
        "agreement_regions": _choice(Region, several=True),
        "agreement_families": Path("words"),
        "agreement_exclusive": Path("flag"),
        "currency": Path("text"),
        "merged_ids": Path("words"),
    },
    "opportunity": {
        "name": Path("text"),
        "account": Path("reference"),
        "type": _choice(OpportunityType),
        "stage": _choice(Stage),
        "closed": Path("flag"),
        "won": Path("flag"),
        "amount": Path("money"),
        "close_date": Path("day"),
        "created_at": Path("moment"),
        "source": Path("text"),
        "direct_engaged_at": Path("moment"),
        "renewal_of": Path("reference"),
        "shared_id": Path("reference"),
        "owner": Path("text"),
        "last_activity": Path("day"),
        "pipeline": Path("text"),
        "merged_ids": Path("words"),
        "registration_status": _choice(RegistrationStatus, ours=True),
        "primary_partner": _ours("reference"),
        "sourced": _ours("flag"),
        "influenced": _ours("flag"),
        "partner_count": _ours("number"),
        "conflict": _ours("flag"),
        "protection_end": _ours("day"),
        "split_summary": _ours("text"),
        **{label_path(role): _ours("references") for role in Role},
    },
    "line": {
        "opportunity": Path("reference"),
        "code": Path("text"),
        "family": Path("text"),
        "needs": Path("references"),
        "quantity": Path("number"),
        "net": Path("part"),
    },
    "registration": {
        "filing_key": Path("text"),
        "name": Path("text"),
        "opportunity": Path("reference"),
        "partner": Path("reference"),
        "customer_name": Path("text"),
        "customer_domain": Path("domain"),
        "customer_country": Path("text"),
        "customer_duns": Path("text"),
        "roles": _choice(Role, several=True),
        "families": Path("words"),
        "regions": _choice(Region, several=True),
        "lines": Path("words"),
        "contribution": Path("number"),
        "lead": Path("flag"),
        "tender_published_on": Path("day"),
        "customer_choice": _choice(Choice),
        "sourcing": Path("flag"),
        "declared_value": Path("money"),
        "expected_close": Path("day"),
        "submitted_at": Path("moment"),
        "created_at": Path("moment"),
        "joint_key": Path("text"),
        "joint_response": _choice(Response),
        "proposed_share": Path("number"),
        "evidence": Path("evidence"),
        "withdrawn": Path("flag"),
        "extension_requested_at": Path("moment"),
        "vote": _choice(Vote),
        "voter": Path("text"),
        "voted_at": Path("moment"),
        "vote_reason": Path("text"),
        "paid": Path("money"),
        "paid_on": Path("day"),
        "status": _choice(State, ours=True),
        "status_reason": _ours("text"),
        "message": _ours("text"),
        "review_due": _ours("moment"),
        "protection_start": _ours("day"),
        "protection_end": _ours("day"),
        "conflict": _ours("words"),
        "decision": _ours("text"),
    },
    "attribution": {
        "key": _ours("text"),
        "opportunity": _ours("reference"),
        "partner": _ours("reference"),
        "roles": _ours("words"),
        "share": _ours("number"),
        "amount": _ours("money"),
        "sourced": _ours("flag"),
        "influenced": _ours("flag"),
        "fulfilled": _ours("flag"),
        "split_status": _choice(SplitStatus, ours=True),
        "split_version": _ours("number"),
        "policy": _ours("text"),
        "decision": _ours("text"),
    },
    "partner_role": {
        "opportunity": _ours("reference"),
        "partner": _ours("reference"),
        "role": Path("choice", tuple(role.value for role in Role), ours=True, some=True),
        "primary": _ours("flag"),
    },
    "credit": {
        "opportunity": _ours("reference"),
        "user": _ours("text"),
        "type": Path("choice", ("PARTNER",), ours=True),
        "percent": _ours("number"),
        "note": _ours("text"),
    },
    "deal_split": {
        "opportunity": _ours("reference"),
        "parts": _ours("words"),
    },
    "person": {
        "name": Path("text"),
        "email": Path("text"),
        "active": Path("flag"),
        "reports_to": Path("reference"),
        "user_id": Path("text"),
        "archived": Path("flag"),
        "first_name": Path("text"),
        "last_name": Path("text"),
    },
    "stage_history": {
        "opportunity": Path("reference"),
        "stage": _choice(Stage),
        "amount": Path("number"),
        "at": Path("moment"),
    },
    "rate": {
        "currency": Path("text"),
        "rate": Path("number"),
        "worth": Path("number"),
        "base": Path("text"),
        "from": Path("day"),
        "to": Path("day"),
    },
    "external_approval": {
        "registration": Path("reference"),
        "status": Path("text"),
        "completed_at": Path("moment"),
    },
}

LISTS: Final = ("partner_role", "credit", "deal_split")
"""Those of our objects that are lists of a CRM's own: written where config.toml says so, and never judged by."""
