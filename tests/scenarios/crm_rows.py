"""Facts of a scenario as rows of both CRMs: canonical values by path, references as (kind, the story's word)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from sync.identity.outside import VOTER
from sync.model.deal import Line, Opportunity
from sync.model.facts import Facts
from sync.model.parties import Account, Partner
from sync.model.registration import Registration, Vote

Placed = tuple[str, str, str, dict[str, Any]]
"""Kind, connection, the story's word for the row, its values."""


def rows_of(facts: Facts) -> Iterator[Placed]:
    """What both CRMs hold, referred-to rows first. Customers and partners stand in both, linked by their id."""
    for connection in ("sf", "hs"):
        for account in sorted(facts.accounts, key=lambda account: account.parent_id or ""):
            yield "account", connection, account.id, _account(account) | _shared(connection, "account", account.id)
        for partner in facts.partners:
            yield "account", connection, partner.id, _partner(partner) | _shared(connection, "account", partner.id)
    yield from _people(facts)
    gone = {old for deal in facts.opportunities for old in deal.merged}
    for deal in sorted(facts.opportunities, key=lambda deal: deal.renewal_of or ""):
        if deal.id in gone:
            continue
        for ref in deal.members:
            values = _deal(deal) | _shared(ref.connection, "opportunity", deal.id)
            yield "opportunity", ref.connection, deal.id, values
        for line in deal.lines:
            yield "line", deal.members[0].connection, f"{deal.id}/{line.id}", _line(deal, line)
        for place, (since, stage) in enumerate(deal.stages):
            values = {"opportunity": _one("opportunity", deal.id), "stage": stage, "at": since}
            yield "stage_history", "sf", f"{deal.id}/stage {place}", values
    deals = {deal.id: deal for deal in facts.opportunities}
    for registration in facts.registrations:
        claimed = deals.get(registration.opportunity_id or "")
        yield "registration", _filed_in(registration, claimed), registration.id, _registration(registration)
        if registration.voter == VOTER:
            yield "external_approval", "sf", f"{registration.id}/process", _process(registration)


def _people(facts: Facts) -> Iterator[Placed]:
    """Everybody above the owner of a deal, the top first, and the owner."""
    for deal in facts.opportunities:
        if deal.managers:
            yield "person", "sf", deal.managers[-1], {"name": deal.managers[-1]}
            for boss, person in pairwise((*reversed(deal.managers), deal.owners[0])):
                yield "person", "sf", person, {"name": person, "reports_to": [("person", boss)]}


def _process(registration: Registration) -> dict[str, Any]:
    """An approval process of the CRM and what it ended with."""
    return {
        "registration": _one("registration", registration.id),
        "status": "Approved" if registration.vote is Vote.APPROVE else "Rejected",
        "completed_at": registration.voted_at,
    }


def _filed_in(registration: Registration, deal: Opportunity | None) -> str:
    """Where the story says, unless the deal is only in the other CRM: a row refers to rows beside it."""
    there = [ref.connection for ref in deal.members] if deal else []
    own = registration.ref.connection
    return own if own in there or not there else there[0]


def _one(kind: str, key: str | None) -> list[tuple[str, str]]:
    return [(kind, key)] if key else []


def _shared(connection: str, kind: str, key: str) -> dict[str, Any]:
    return {"shared_id": _one(kind, key)} if connection == "hs" else {}


def _apart(domain: str | None) -> str | None:
    """A CRM's web address counts by its registrable domain: subdomains of one would all be one customer."""
    return domain and domain.replace(".example.com", "-example.com")


def _account(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "domain": _apart(account.domain),
        "country": account.country,
        "industry": account.industry,
        "parent": _one("account", account.parent_id),
        "named_list": account.named_list,
    }


def _partner(partner: Partner) -> dict[str, Any]:
    certificates = (f"{code}:{end}" if end else code for code, end in partner.certifications)
    return {
        "name": partner.name,
        "is_partner": True,
        "partner_status": partner.status,
        "tier": partner.tier,
        "certifications": ";".join(certificates),
        "agreement_end": partner.agreement_end,
        "agreement_regions": partner.agreement_regions,
        "agreement_families": partner.agreement_families,
        "agreement_exclusive": partner.agreement_exclusive,
    }


def _deal(deal: Opportunity) -> dict[str, Any]:
    return {
        "name": deal.name,
        "account": _one("account", deal.account_id),
        "type": deal.type,
        "stage": deal.stage,
        "amount": deal.amount,
        "close_date": deal.close_date,
        "created_at": deal.created_at,
        "direct_engaged_at": deal.direct_engaged_at,
        "renewal_of": _one("opportunity", deal.renewal_of),
        **({"owner": deal.owners[0]} if deal.owners else {}),
    }


def _line(deal: Opportunity, line: Line) -> dict[str, Any]:
    return {
        "opportunity": _one("opportunity", deal.id),
        "code": line.code,
        "family": line.family,
        "net": line.net,
        "needs": [("account", partner) for partner in line.needs],
    }


SAME = (
    *("created_at", "customer_name", "customer_domain", "customer_country", "roles", "families", "regions"),
    *("contribution", "lead", "tender_published_on", "customer_choice", "sourcing", "declared_value"),
    *("expected_close", "submitted_at", "joint_key", "joint_response", "proposed_share", "withdrawn"),
    *("extension_requested_at", "vote", "voter", "voted_at", "vote_reason"),
)
"""Paths of a registration that its mapping and its value call by one name."""


def _registration(registration: Registration) -> dict[str, Any]:
    evidence = (
        f"{piece.kind}|{piece.at.isoformat()}|{piece.ref or '-'}|{'verified' if piece.verified else 'no'}"
        for piece in registration.evidence
    )
    own = (
        registration if registration.voter != VOTER else replace(registration, vote=None, voter=None, voted_at=None)
    )
    return {path: getattr(own, path) for path in SAME} | {
        "customer_domain": _apart(registration.customer_domain),
        "opportunity": _one("opportunity", registration.opportunity_id),
        "partner": _one("account", registration.partner_id),
        "lines": [("line", f"{registration.opportunity_id}/{line}") for line in registration.line_ids],
        "evidence": "\n".join(evidence),
    }
