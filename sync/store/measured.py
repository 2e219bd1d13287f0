"""Keeps one plain row a deal, a registration and a part, as they are read and judged: numbers need no judging."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, select

from sync.identity.assemble import stage_of
from sync.metrics import Moved, decided
from sync.model.deal import Opportunity, Stage
from sync.model.facts import Facts, Verdict
from sync.model.money import Money
from sync.model.registration import Standing
from sync.model.row import Row
from sync.model.ruling import Severity
from sync.model.split import VENDOR, Portion, Split
from sync.policy import Policies
from sync.store.called import keep_called
from sync.store.measured_tables import measured_claim, measured_deal, measured_part
from sync.store.rows import chunks, moment_text, upsert, upsert_page
from sync.store.runs import recall, remember
from sync.store.tables import decision

UNKNOWN: Final = "unknown"
"""The region or industry of a customer of whom no CRM says it."""


class Measured(NamedTuple):
    """One judged group."""

    group_id: str
    facts: Facts
    verdict: Verdict


def edition(connection: Connection) -> str:
    """Changes whenever anything that is counted may have."""
    return recall(connection, _EDITION) or "0"


_EDITION: Final = "measured"


def _next_edition(connection: Connection) -> None:
    remember(connection, _EDITION, str(int(edition(connection)) + 1))


def keep_read(connection: Connection, rows: Sequence[Row], things: Sequence[str]) -> None:
    """What rows are called, and deals as a CRM tells them: what is known of those that nobody registers.

    ``things``: the rows' own ids.
    """
    keep_called(connection, rows)
    deals = [(row, thing) for row, thing in zip(rows, things, strict=True) if row.kind == "opportunity"]
    if not deals:
        return
    _next_edition(connection)
    for chunk in chunks([thing for row, thing in deals if row.deleted]):
        connection.execute(delete(measured_deal).where(measured_deal.c.id.in_(chunk)))
    told = [(row, thing, stage) for row, thing in deals if not row.deleted and (stage := stage_of(row))]
    upsert_page(connection, measured_deal, [_told(*deal) for deal in told])


def keep_judged(connection: Connection, groups: Sequence[Measured], policies: Policies) -> None:
    """Everything about some judged groups, in the place of what was kept about them before."""
    _next_edition(connection)
    for chunk in chunks([group.group_id for group in groups]):
        for table in (measured_claim, measured_part):
            connection.execute(delete(table).where(table.c.group_id.in_(chunk)))
    moves = _moves(connection, [entry.id for group in groups for entry in group.facts.registrations])
    upsert(connection, measured_deal, [row for group in groups for row in _deals(group)])
    upsert(connection, measured_claim, [row for group in groups for row in _claims(group, moves, policies)])
    upsert(connection, measured_part, [row for group in groups for row in _parts(group)])


def _moves(connection: Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Moved]]:
    """Every move of some registrations, oldest first."""
    found: dict[str, list[Moved]] = defaultdict(list)
    names = ("subject", "event", "to_state", "person", "at")
    for chunk in chunks(ids):
        query = select(*[decision.c[name] for name in names]).where(decision.c.subject.in_(chunk))
        for row in connection.execute(query.order_by(decision.c.seq)):
            found[row.subject].append(Moved(row.event, row.to_state, row.person, datetime.fromisoformat(row.at)))
    return found


def _told(row: Row, thing: str, stage: Stage) -> dict[str, Any]:
    """A deal that is read, as it would be taken alone: a row without a known stage is no deal yet."""
    told = row.values
    began = told.get("created_at") or row.stamp
    worth = _worth(stage, told.get("amount"), began.date(), told.get("close_date"))
    worth |= {"id": thing, "connection": row.ref.connection, "name": told.get("name") or ""}
    return worth


def _plain(deal: Opportunity) -> dict[str, Any]:
    """What a deal's own row says."""
    who = {"id": deal.id, "connection": deal.members[0].connection, "name": deal.name}
    return who | _worth(deal.stage, deal.amount, deal.created_at.date(), deal.close_date)


def _worth(stage: Stage, amount: Money | None, began: date, close: date | None) -> dict[str, Any]:
    ended = close if stage.closed else None
    return {
        "outcome": stage.value if stage.closed else "OPEN",
        "currency": amount.currency if amount else "",
        "minor": amount.minor if amount else None,
        "days": max(0, (ended - began).days) if ended and stage is Stage.WON else None,
        "day": (ended or began).isoformat(),
    }


def _about(facts: Facts, deal: Opportunity | None) -> dict[str, Any]:
    """Where and for whom: what numbers are divided by."""
    account = next((account for account in facts.accounts if deal and account.id == deal.account_id), None)
    return {
        "region": (account and account.country) or UNKNOWN,
        "vertical": (account and account.industry) or UNKNOWN,
        "bundle": bool(deal and any(line.needs for line in deal.lines)),
    }


def _split(group: Measured, deal: Opportunity) -> list[Portion]:
    split: Split | None = next((s for s in group.verdict.splits if s.opportunity_id == deal.id), None)
    return [portion for portion in split.portions if portion.party != VENDOR] if split else []


def _deals(group: Measured) -> Iterator[dict[str, Any]]:
    for deal in group.facts.opportunities:
        portions = _split(group, deal)
        yield {
            **_plain(deal),
            **_about(group.facts, deal),
            "parties": len(portions),
            "roles": _several({role for portion in portions for role in portion.roles}),
            "sourced": any(portion.sourced for portion in portions),
            "influenced": any(portion.influenced for portion in portions),
            "fulfilled_minor": sum(p.fulfilled_amount.minor for p in portions if p.fulfilled_amount),
        }


def _parts(group: Measured) -> Iterator[dict[str, Any]]:
    names = {partner.id: partner.name for partner in group.facts.partners}
    for deal in group.facts.opportunities:
        plain = _plain(deal)
        for portion in _split(group, deal):
            if portion.amount:
                amounts = (portion.amount, portion.sourced_amount, portion.influenced_amount)
                minor, sourced, influenced = [amount.minor if amount else 0 for amount in amounts]
                yield {
                    **_about(group.facts, deal),
                    **{key: plain[key] for key in ("outcome", "day")},
                    "opportunity_id": deal.id,
                    "party": portion.party,
                    "group_id": group.group_id,
                    "name": names.get(portion.party, portion.party),
                    "deal": deal.name,
                    "roles": _several(portion.roles),
                    "currency": portion.amount.currency,
                    "minor": minor,
                    "sourced_minor": sourced,
                    "influenced_minor": influenced,
                    "fulfilled_minor": portion.fulfilled_amount.minor if portion.fulfilled_amount else 0,
                }


def _several(words: Collection[str]) -> str:
    """Words that a query can look for one by one."""
    return "".join(f";{word}" for word in sorted(words)) + ";" if words else ""


def _claims(group: Measured, moves: Mapping[str, Sequence[Moved]], policies: Policies) -> Iterator[dict[str, Any]]:
    facts = group.facts
    deals = {deal.id: deal for deal in facts.opportunities}
    names = {partner.id: partner.name for partner in facts.partners}
    standings = {standing.registration_id: standing for standing in group.verdict.standings}
    for entry in facts.registrations:
        if standing := standings.get(entry.id):
            deal = deals.get(entry.opportunity_id or "")
            yield {
                **_about(facts, deal),
                **_stands(standing),
                **_decided(standing, moves.get(entry.id, ()), policies),
                "id": entry.id,
                "group_id": group.group_id,
                "opportunity_id": entry.opportunity_id,
                "deal": deal.name if deal else entry.customer_name or "",
                "party": entry.partner_id,
                "name": names.get(entry.partner_id, entry.partner_id),
                "kinds": _several(_conflicts(group.verdict, entry.id)),
            }


def _stands(standing: Standing) -> dict[str, Any]:
    return {
        "state": standing.state.value,
        "reason": standing.reason,
        "roles": _several(standing.roles),
        "day": standing.submitted_at.date().isoformat(),
        "since": standing.since.date().isoformat(),
        "due": moment_text(standing.review_due) if standing.review_due else None,
        "protected_to": standing.protection_end.isoformat() if standing.protection_end else None,
    }


def _decided(standing: Standing, moves: Sequence[Moved], policies: Policies) -> dict[str, Any]:
    policy = policies.by_id(standing.policy) or policies.at(standing.submitted_at)
    found = decided(standing.submitted_at, moves, policy.business_days)
    at = found.at
    return {
        "decided": found.event or None,
        "decided_at": moment_text(at) if at else None,
        "minutes": found.minutes,
        "late": bool(at and standing.review_due and at > standing.review_due),
        "person": found.person,
        "returns": found.returns,
    }


def _conflicts(verdict: Verdict, registration_id: str) -> set[str]:
    """The kinds of the cases that a registration was in, notes left out."""
    return {
        case.kind
        for case in verdict.cases
        if registration_id in case.registrations and case.severity is not Severity.INFO
    }
