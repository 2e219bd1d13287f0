"""From a verdict to what every row of every CRM should say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from connector.record import Ref
from sync.joint import PROPOSAL
from sync.mapping.paths import label_path
from sync.model.deal import Opportunity
from sync.model.facts import Facts, Verdict
from sync.model.ids import name
from sync.model.parties import Partner
from sync.model.plan import Held, Intent
from sync.model.registration import Registration, Role, Standing, State
from sync.model.ruling import Case, CaseState, Joint, Severity
from sync.model.split import VENDOR, Portion, Split

_REVIEW: Final = frozenset({State.SUBMITTED, State.UNDER_REVIEW, State.ACTION_REQUIRED})


def intend(facts: Facts, verdict: Verdict) -> tuple[list[Intent], list[Held]]:
    """Every row that should carry our fields, and what cannot be written at all.

    A deal with neither a registration nor a split is not among them: we never touch what is not ours to judge.
    """
    standings = {standing.registration_id: standing for standing in verdict.standings}
    splits = {split.opportunity_id: split for split in verdict.splits}
    partners = {partner.id: partner for partner in facts.partners}
    intents = [
        _registration(registration, standings[registration.id], verdict.cases, verdict.joints)
        for registration in facts.registrations
        if registration.id in standings
    ]
    held: list[Held] = []
    for deal in facts.opportunities:
        claims = [r for r in facts.registrations if r.opportunity_id == deal.id and r.id in standings]
        split = splits.get(deal.id)
        if not claims and split is None:
            continue
        on_deal = [standings[claim.id] for claim in claims]
        if split and split.waiting:
            held.append(_waits(deal, split))
        for connection in dict.fromkeys(ref.connection for ref in deal.members):
            missing = _without_row(split, partners, connection)
            if missing:
                held += [_no_row(deal, partner, connection) for partner in missing]
                continue
            for intent in _deal(deal, on_deal, split, (connection, partners, verdict.cases)):
                intents.append(intent)
    return intents, held


def _registration(
    registration: Registration, standing: Standing, cases: Iterable[Case], joints: Iterable[Joint]
) -> Intent:
    message = standing.message
    if any(not joint.key and registration.id in (m[0] for m in joint.members) for joint in joints):
        message = f"{message} {PROPOSAL}".strip()
    return Intent(
        connection=registration.ref.connection,
        kind="registration",
        ref=registration.ref,
        title=f"registration {registration.ref.id}",
        reason=standing.decision_id,
        values={
            "status": standing.state,
            "status_reason": standing.reason or None,
            "message": message or None,
            "review_due": standing.review_due if standing.state in _REVIEW else None,
            "protection_start": standing.protection_start,
            "protection_end": standing.protection_end,
            "conflict": _open_kinds(cases, {registration.id}),
            "decision": standing.decision_id,
        },
    )


def _open_kinds(cases: Iterable[Case], registrations: set[str]) -> tuple[str, ...]:
    open_cases = (case for case in cases if case.state is CaseState.OPEN)
    return tuple(sorted({case.kind for case in open_cases if registrations & set(case.registrations)}))


def _blocked(cases: Iterable[Case], standings: Sequence[Standing]) -> bool:
    """Whether something on the deal is in dispute; what somebody should only look at is not."""
    own = {standing.registration_id for standing in standings}
    return any(case.severity is Severity.BLOCK and _open_kinds([case], own) for case in cases)


def _deal(
    deal: Opportunity,
    standings: Sequence[Standing],
    split: Split | None,
    place: tuple[str, Mapping[str, Partner], Iterable[Case]],
) -> Iterator[Intent]:
    connection, partners, cases = place
    ref = next(ref for ref in deal.members if ref.connection == connection)
    conflicts = _open_kinds(cases, {standing.registration_id for standing in standings})
    portions = [portion for portion in (split.portions if split else ()) if portion.party != VENDOR]
    leading = max(portions, key=lambda portion: portion.share_ppm or 0, default=None)
    ends = [s.protection_end for s in standings if s.state is State.APPROVED and s.protection_end]
    yield Intent(
        connection=connection,
        kind="opportunity",
        ref=ref,
        title=deal.name,
        reason=split.decision_id if split else standings[0].decision_id,
        values={
            "registration_status": _status(standings, _blocked(cases, standings)),
            "primary_partner": partners[leading.party].row_in(connection) if leading else None,
            "sourced": any(portion.sourced for portion in portions),
            "influenced": any(portion.influenced for portion in portions),
            "partner_count": len(portions),
            "conflict": bool(conflicts),
            "protection_end": max(ends, default=None),
            "split_summary": _summary(split, partners),
            **_in_roles(portions, partners, connection),
        },
    )
    for portion in split.portions if split else ():
        yield _row(deal, split, portion, (ref, partners))


def _in_roles(
    portions: Sequence[Portion], partners: Mapping[str, Partner], connection: str
) -> Mapping[str, tuple[Ref, ...]]:
    """The rows of the partners that have each role, for labels on a deal; of a role that nobody has, none."""
    found: dict[Role, set[Ref]] = {role: set() for role in Role}
    for portion in portions:
        if row := partners[portion.party].row_in(connection):
            for role in portion.roles:
                found[role].add(row)
    return {label_path(role): tuple(sorted(rows)) for role, rows in found.items()}


def attribution_key(deal_id: str, party: str) -> str:
    """Our key of one attribution row: the same in every CRM, for ever."""
    return name("att", deal_id, party)


def _row(
    deal: Opportunity, split: Split | None, portion: Portion, place: tuple[Any, Mapping[str, Partner]]
) -> Intent:
    ref, partners = place
    assert split is not None
    partner = partners.get(portion.party)
    who = partner.name if partner else VENDOR
    return Intent(
        connection=ref.connection,
        kind="attribution",
        key=attribution_key(deal.id, portion.party),
        group=f"{ref.connection}:{deal.id}",
        title=f"{deal.name} · {who}",
        reason=split.decision_id,
        values={
            "key": attribution_key(deal.id, portion.party),
            "opportunity": ref,
            "partner": partner.row_in(ref.connection) if partner else None,
            "roles": tuple(role.value for role in portion.roles),
            "share": portion.percent,
            "amount": portion.amount,
            "sourced": portion.sourced,
            "influenced": portion.influenced,
            "fulfilled": portion.fulfilled,
            "split_status": split.status,
            "split_version": split.version,
            "policy": split.policy,
            "decision": split.decision_id,
        },
    )


def _without_row(split: Split | None, partners: Mapping[str, Partner], connection: str) -> list[str]:
    """Partners of the split without a row in this CRM: then the whole set is held, never a part of it."""
    parties = [portion.party for portion in (split.portions if split else ()) if portion.party != VENDOR]
    found = [(party, partners.get(party)) for party in parties]
    return [who.name if who else party for party, who in found if who is None or who.row_in(connection) is None]


def _waits(deal: Opportunity, split: Split) -> Held:
    """What became of a won deal after its amendment window; the deal's rows are written as before."""
    ref = deal.members[0]
    return Held(ref.connection, ref.kind, ref.id, "amount", split.waiting, deal.name)


def _no_row(deal: Opportunity, partner: str, connection: str) -> Held:
    reason = f"{partner} has no record in {connection}: create it there and link it by its shared id or domain"
    return Held(connection, "attribution", deal.id, "partner", reason, deal.name)


_ORDER: Final = (
    ("APPROVED", State.APPROVED),
    ("WON", State.WON),
    ("IN_REVIEW", State.IN_CONFLICT),
    ("IN_REVIEW", State.UNDER_REVIEW),
    ("IN_REVIEW", State.SUBMITTED),
    ("IN_REVIEW", State.ACTION_REQUIRED),
    ("LOST", State.LOST),
    ("EXPIRED", State.EXPIRED),
)


def _status(standings: Sequence[Standing], conflict: bool) -> str:
    """One word for all registrations of a deal: the one that says most about what may still happen."""
    if conflict:
        return "IN_CONFLICT"
    states = {standing.state for standing in standings}
    return next((word for word, state in _ORDER if state in states), "NONE")


def _summary(split: Split | None, partners: Mapping[str, Partner]) -> str | None:
    """The largest part first, the vendor last."""
    if split is None:
        return None
    parts = [
        f"{partners[portion.party].name if portion.party in partners else VENDOR} "
        + (f"{portion.percent} %" if portion.percent is not None else str(portion.amount))
        for portion in sorted(
            split.portions, key=lambda portion: (portion.party == VENDOR, -(portion.share_ppm or 0))
        )
    ]
    return " · ".join(parts)[:255]
