"""Why things stand as they stand: everything decided about one deal, registration or account, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from connector.record import Ref
from sync.model.deal import Opportunity
from sync.model.facts import Facts
from sync.model.problem import BadInput, Problem
from sync.model.registration import Registration
from sync.model.ruling import Case
from sync.model.split import Split
from sync.page import Judged, judge_page
from sync.store.groups import group_of
from sync.store.verdicts import decisions_on
from sync.views import change_view, held_view
from sync.world import World


def explain_view(world: World, ident: str, now: datetime) -> dict[str, Any]:
    """Why things stand as they stand: everything decided about the deal, registration or account ``ident``.

    ``ident`` is an id of the CRM or one of ours. Raises BadInput when nothing by that name is known.
    """
    with world.store.read() as connection:
        group = group_of(connection, ident)
    if group is None:
        what = "nothing by this id is known here"
        raise BadInput(
            [Problem(ident, what, "give an id of a CRM record or of dealsync; `dealsync plan` reads the CRMs")]
        )
    (judged,) = judge_page(world, [group], now)
    registrations = [entry.id for entry in judged.facts.registrations]
    with world.store.read() as connection:
        decisions = decisions_on(connection, registrations)
    pending = {entry.id for entry in judged.verdict.decisions} - {entry.id for entry in decisions}
    plain: Mapping[str, Any] = msgspec.to_builtins(judged.verdict)
    everything = [*msgspec.to_builtins(decisions), *(d for d in plain["decisions"] if d["id"] in pending)]
    return {
        "asked": ident,
        "deals": _deals(judged, everything, pending, ident),
        "alone": _alone(judged, everything, pending),
    }


def _deals(judged: Judged, decisions: list[Any], pending: set[str], ident: str) -> list[dict[str, Any]]:
    """The deals that were asked for; every deal with a registration when the account was asked for."""
    facts = judged.facts
    asked = {deal.id for deal in facts.opportunities if ident in {deal.id, *_names(deal.members)}} or {
        entry.opportunity_id
        for entry in facts.registrations
        if entry.opportunity_id and ident in {entry.id, *_names([entry.ref])}
    }
    registered = {entry.opportunity_id for entry in facts.registrations}
    shown = [deal for deal in facts.opportunities if deal.id in (asked or registered)]
    return [_deal(judged, deal, decisions, pending) for deal in shown]


def _deal(judged: Judged, deal: Opportunity, decisions: list[Any], pending: set[str]) -> dict[str, Any]:
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
        "registrations": [_registration(judged, entry, partners) for entry in own],
        "cases": [_case(case, partners, facts) for case in verdict.cases if ids & set(case.registrations)],
        "joint": [
            {"key": joint.key or None, "state": joint.state, "text": joint.text or None}
            for joint in verdict.joints
            if joint.opportunity_id == deal.id
        ],
        "split": _split(split, partners) if split else None,
        "decisions": _decisions(decisions, {entry.id: partners[entry.partner_id] for entry in own}, pending),
        "held": [held_view(held) for held in judged.plan.held],
        "pending_writes": [change_view(change) for change in judged.plan.changes],
    }


def _decisions(decisions: list[Any], partners: Mapping[str, str], pending: set[str]) -> list[dict[str, Any]]:
    """The moves of some registrations, each with its partner's name, and whether it is recorded yet."""
    return [
        decision | {"partner": partners[decision["subject"]], "pending": decision["id"] in pending}
        for decision in decisions
        if decision["subject"] in partners
    ]


def _names(refs: Iterable[Ref]) -> set[str]:
    return {name for ref in refs for name in (ref.id, str(ref))}


def _registration(judged: Judged, entry: Registration, partners: Mapping[str, str]) -> dict[str, Any]:
    standing = next(s for s in judged.verdict.standings if s.registration_id == entry.id)
    plain: dict[str, Any] = msgspec.to_builtins(standing)
    return {"id": entry.id, "row": str(entry.ref), "partner": partners[entry.partner_id]} | {
        key: plain[key]
        for key in (
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
        )
    }


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
        "arithmetic": list(split.arithmetic),
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


def _alone(judged: Judged, decisions: list[Any], pending: set[str]) -> list[dict[str, Any]]:
    """Registrations that are not on any deal yet."""
    partners = {partner.id: partner.name for partner in judged.facts.partners}
    alone = [entry for entry in judged.facts.registrations if entry.opportunity_id is None]
    return [
        _registration(judged, entry, partners)
        | {"decisions": _decisions(decisions, {entry.id: partners[entry.partner_id]}, pending)}
        for entry in alone
    ]
