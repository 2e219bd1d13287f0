"""Everything decided about one deal, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from sync.explain.ruling import Ruling, ruling_view
from sync.model.deal import Opportunity
from sync.model.facts import Facts
from sync.model.registration import Registration
from sync.model.ruling import Case
from sync.model.split import Split
from sync.page import Judged
from sync.views import change_view, held_view


def deal_view(judged: Judged, deal: Opportunity, rulings: Mapping[str, Ruling]) -> dict[str, Any]:
    """Everything decided about one deal. ``rulings``: of the registrations of this group, by id."""
    facts, verdict = judged.facts, judged.verdict
    partners = {partner.id: partner.name for partner in facts.partners}
    account = next((account.name for account in facts.accounts if account.id == deal.account_id), None)
    own = [entry for entry in facts.registrations if entry.opportunity_id == deal.id]
    ids = {entry.id for entry in own}
    split = next((entry for entry in verdict.splits if entry.opportunity_id == deal.id), None)
    return {
        "id": deal.id,
        "name": deal.name,
        "account": account,
        "stage": deal.stage,
        "amount": str(deal.amount) if deal.amount else None,
        "rows": [str(ref) for ref in deal.members],
        "link": deal.link or None,
        "registrations": [registration_view(judged, entry, rulings[entry.id]) for entry in own],
        "cases": [_case(case, partners, facts) for case in verdict.cases if ids & set(case.registrations)],
        "joint": [
            {"key": joint.key or None, "state": joint.state, "text": joint.text or None}
            for joint in verdict.joints
            if joint.opportunity_id == deal.id
        ],
        "split": _split(split, partners) if split else None,
        "decisions": _decisions(rulings, {entry.id: partners[entry.partner_id] for entry in own}),
        "held": [held_view(held) for held in judged.plan.held],
        "pending_writes": [change_view(change) for change in judged.plan.changes],
    }


def _decisions(rulings: Mapping[str, Ruling], partners: Mapping[str, str]) -> list[dict[str, Any]]:
    """The moves of some registrations, recorded ones first, each with its partner's name."""
    moves = [(pending, move) for own in partners for pending, move in rulings[own].moves]
    plain: list[dict[str, Any]] = [
        msgspec.to_builtins(move) | {"partner": partners[move.subject], "pending": pending}
        for pending, move in sorted(moves, key=lambda entry: (entry[0], entry[1].at))
    ]
    return plain


def registration_view(judged: Judged, entry: Registration, ruling: Ruling) -> dict[str, Any]:
    """Where one registration stands, and why."""
    partners = {partner.id: partner.name for partner in judged.facts.partners}
    standing = next(s for s in judged.verdict.standings if s.registration_id == entry.id)
    plain: dict[str, Any] = msgspec.to_builtins(standing)
    shown = {key: plain[key] for key in _SHOWN}
    return (
        {"id": entry.id, "row": str(entry.ref), "partner": partners[entry.partner_id]}
        | shown
        | {"phases": dict(ruling.phases), "ruling": ruling_view(ruling)}
    )


_SHOWN: Final = (
    "state",
    "roles",
    "submitted_at",
    "policy",
    "reason",
    "message",
    "review_due",
    "approved_at",
    "protection_start",
    "protection_end",
    "by_person",
    "breached_at",
    "grace_end",
    "vote_ignored",
)


def alone_view(judged: Judged, rulings: Mapping[str, Ruling]) -> list[dict[str, Any]]:
    """Registrations that are not on any deal yet."""
    partners = {partner.id: partner.name for partner in judged.facts.partners}
    return [
        registration_view(judged, entry, rulings[entry.id])
        | {"decisions": _decisions(rulings, {entry.id: partners[entry.partner_id]})}
        for entry in judged.facts.registrations
        if entry.opportunity_id is None
    ]


def _case(case: Case, partners: Mapping[str, str], facts: Facts) -> dict[str, Any]:
    holder = {entry.id: partners[entry.partner_id] for entry in facts.registrations}
    plain: dict[str, Any] = msgspec.to_builtins(case)
    return plain | {
        "partners": [holder[entry] for entry in case.registrations if entry in holder],
        "winner": holder.get(case.winner or ""),
    }


def _split(split: Split, partners: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": split.version,
        "status": split.status,
        "model": split.model,
        "policy": split.policy,
        "amount": str(split.amount) if split.amount else None,
        "arithmetic": [*split.arithmetic, *split.notes, *filter(None, [split.waiting])],
        "waiting": split.waiting or None,
        "portions": [
            {
                "partner": partners.get(portion.party, portion.party),
                "roles": list(portion.roles),
                "weight": portion.weight,
                "percent": str(portion.percent) if portion.percent is not None else None,
                "amount": str(portion.amount) if portion.amount else None,
                "sourced": portion.sourced,
                "influenced": portion.influenced,
                "fulfilled": portion.fulfilled,
            }
            for portion in split.portions
        ],
    }
