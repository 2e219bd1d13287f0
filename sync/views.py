"""What a person may ask: answers as plain values, the same for command line, JSON and console."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from connector.record import datetime_text
from sync.config import Config
from sync.model.plan import Held, PlannedChange, kind_of
from sync.model.problem import BadInput, Problem
from sync.page import Judged, judge_page
from sync.store import outbox, runs
from sync.store.due import count_due
from sync.store.groups import count_problems, count_rows, group_of
from sync.store.opening import Store
from sync.store.verdicts import count_open_cases, decisions_on
from sync.world import Report, World


def report_view(report: Report, world: World) -> dict[str, Any]:
    """A cycle's report: counts, changes, held, unsafe, calls by CRM and class."""
    return {
        "run": report.run_id,
        "as_of": datetime_text(report.as_of),
        "sent": report.sent,
        "complete": report.complete,
        "pulled": {f"{crm} {obj}": dict(counts) for (crm, obj), counts in report.pulled.items()},
        "groups": report.groups,
        "decisions": dict(report.decisions),
        "counts": {
            "create": report.totals.create,
            "update": report.totals.update,
            "delete": report.totals.delete,
            "held": report.totals.held,
            "unchanged": report.totals.unchanged,
        },
        "outcomes": dict(report.outcomes),
        "changes": [change_view(change) for change in report.changes],
        "held": [held_view(held) for held in report.held],
        "faults": [change_view(change) | {"why": why} for change, why in report.faults],
        "unsafe": list(report.unsafe),
        "notes": report.notes,
        "problems": dict(report.problems),
        "calls": {
            "used": _by_crm(report.calls.items()),
            "planned": _by_crm(planned_calls(report, world).items()),
        },
    }


def _by_crm(calls: Iterable[tuple[tuple[str, str], int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (crm, limit), number in sorted(calls):
        found.setdefault(crm, {})[limit] = number
    return found


def change_view(change: PlannedChange) -> dict[str, Any]:
    """One change, before and after."""
    return {
        "id": change.id,
        "crm": change.connection,
        "object": change.object,
        "key": change.key,
        "kind": kind_of(change),
        "title": change.title,
        "reason": change.reason,
        "fields": {field.field: [field.before, field.after] for field in change.fields},
    }


def held_view(held: Held) -> dict[str, Any]:
    """One write that waits for a person."""
    return {
        "crm": held.connection,
        "object": held.object,
        "key": held.key,
        "field": held.field,
        "title": held.title,
        "reason": held.reason,
    }


def planned_calls(report: Report, world: World) -> dict[tuple[str, str], int]:
    """About how many calls the writes of a plan take: for each object, one look and one write a batch."""
    found: dict[tuple[str, str], int] = {}
    for (crm, obj), number in report.totals.by_object.items():
        can = world.crms[crm].can
        calls = -(-number // can.read_batch) + -(-number // can.write_batch)
        found[crm, obj] = calls
    return found


def status_view(store: Store, config: Config, now: datetime) -> dict[str, Any]:
    """How the installation is: connections, last runs, what waits and what is wrong."""
    with store.read() as connection:
        rows = count_rows(connection)
        latest = runs.last_runs(connection, 5)
        faults = outbox.open_faults(connection, 20)
        return {
            "mode": config.form.mode,
            "connections": {
                name: {
                    "kind": form.kind,
                    "url": form.url,
                    "rows": {obj: number for (crm, obj), number in rows.items() if crm == name},
                }
                for name, form in config.form.connection.items()
            },
            "working": runs.lease_holder(connection, "cycle", now),
            "due": count_due(connection, now),
            "open_cases": count_open_cases(connection),
            "problems": dict(count_problems(connection)),
            "writes": outbox.count_states(connection),
            "faults": [change_view(change) | {"state": state, "why": why} for change, state, why in faults],
            "runs": latest,
        }


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
        "alone": _alone(judged, everything),
    }


def _deals(judged: Judged, decisions: list[Any], pending: set[str], ident: str) -> list[dict[str, Any]]:
    facts, verdict = judged.facts, judged.verdict
    partners = {partner.id: partner.name for partner in facts.partners}
    accounts = {account.id: account.name for account in facts.accounts}
    asked = {deal.id for deal in facts.opportunities if ident == deal.id or ident in _names(deal.members)} or {
        entry.opportunity_id or ""
        for entry in facts.registrations
        if ident == entry.id or ident in _names([entry.ref])
    }
    found = []
    for deal in facts.opportunities:
        if asked and deal.id not in asked:
            continue
        own = [entry for entry in facts.registrations if entry.opportunity_id == deal.id]
        ids = {entry.id for entry in own}
        if not own and not asked:
            continue
        split = next((entry for entry in verdict.splits if entry.opportunity_id == deal.id), None)
        found.append(
            {
                "id": deal.id,
                "name": deal.name,
                "account": accounts.get(deal.account_id or ""),
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
                "decisions": [d | {"pending": d["id"] in pending} for d in decisions if d["subject"] in ids],
                "held": [held_view(held) for held in judged.plan.held],
                "pending_writes": [change_view(change) for change in judged.plan.changes],
            }
        )
    return found


def _names(refs: Iterable[Any]) -> set[str]:
    return {name for ref in refs for name in (ref.id, str(ref))}


def _registration(judged: Judged, entry: Any, partners: Mapping[str, str]) -> dict[str, Any]:
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


def _case(case: Any, partners: Mapping[str, str], facts: Any) -> dict[str, Any]:
    holder = {entry.id: partners[entry.partner_id] for entry in facts.registrations}
    plain: dict[str, Any] = msgspec.to_builtins(case)
    return plain | {
        "partners": [holder[entry] for entry in case.registrations if entry in holder],
        "winner": holder.get(case.winner or ""),
    }


def _split(split: Any, partners: Mapping[str, str]) -> dict[str, Any]:
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


def _alone(judged: Judged, decisions: list[Any]) -> list[dict[str, Any]]:
    """Registrations that are not on any deal yet."""
    partners = {partner.id: partner.name for partner in judged.facts.partners}
    alone = [entry for entry in judged.facts.registrations if entry.opportunity_id is None]
    return [
        _registration(judged, entry, partners)
        | {"decisions": [decision for decision in decisions if decision["subject"] == entry.id]}
        for entry in alone
    ]
