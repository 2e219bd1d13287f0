"""What one partner may read about its registrations: nobody else's name or amount, unless they work together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from sync.counterfactual import counterfactuals
from sync.model.facts import Facts, Verdict
from sync.model.money import Money
from sync.model.registration import Registration, Response, Standing
from sync.model.ruling import Joint
from sync.model.split import Portion
from sync.policy import Policies

SOMEBODY: Final = "another partner"
SOME_AMOUNT: Final = "(an amount)"
THOUSAND: Final = 1000


def partner_view(
    facts: Facts, verdict: Verdict, partner_id: str, policies: Policies, now: datetime
) -> dict[str, Any]:
    """The registrations of one partner as it may see them (I14). Pure.

    Its own part of the split, not the whole; names of those only with whom it is in an active joint registration.
    Free text that somebody typed is shown with every other name and amount taken out.
    """
    filed = {entry.id: entry for entry in facts.registrations}
    name = next((partner.name for partner in facts.partners if partner.id == partner_id), partner_id)
    return {
        "partner": name,
        "registrations": [
            shown | {"open_to_you": _open(facts, verdict, policies, now, filed[shown["id"]])}
            for shown in registration_views(facts, verdict, partner_id)
        ],
    }


def registration_views(facts: Facts, verdict: Verdict, partner_id: str) -> list[dict[str, Any]]:
    """The same without what would change them, which takes as long as deciding some ten times."""
    standings = {standing.registration_id: standing for standing in verdict.standings}
    return [
        _registration(facts, verdict, entry, standings[entry.id])
        for entry in facts.registrations
        if entry.partner_id == partner_id and entry.id in standings
    ]


def _open(facts: Facts, verdict: Verdict, policies: Policies, now: datetime, entry: Registration) -> list[str]:
    flips = counterfactuals(facts, verdict, policies, now, entry.id)
    return list(dict.fromkeys(flip.partner_text for flip in flips if flip.partner_text))


def _registration(facts: Facts, verdict: Verdict, entry: Registration, standing: Standing) -> dict[str, Any]:
    friends = set(together(verdict.joints, entry).values())
    hidden = secrets_of(facts, verdict, {entry.partner_id, *friends})
    plain: dict[str, Any] = msgspec.to_builtins(standing)
    names = {partner.id: partner.name for partner in facts.partners}
    portion = _portion(verdict, entry)
    return {
        "id": entry.id,
        "row": str(entry.ref),
        "customer": entry.customer_name,
        "message": without(standing.message, hidden),
        "works_with": sorted(names[friend] for friend in friends if friend in names),
        "share": None
        if portion is None
        else {
            "percent": str(portion.percent) if portion.percent is not None else None,
            "amount": str(portion.amount) if portion.amount else None,
        },
        **{key: plain[key] for key in _SHOWN},
    }


_SHOWN: Final = (
    "state",
    "roles",
    "submitted_at",
    "reason",
    "review_due",
    "answer_due",
    "approved_at",
    "protection_start",
    "protection_end",
)


def together(joints: Iterable[Joint], entry: Registration) -> dict[str, str]:
    """The others in a joint registration in which all have agreed, this one among them: registration to partner."""
    found: dict[str, str] = {}
    for joint in joints:
        accepted = {own: partner for own, partner, answer in joint.members if answer is Response.ACCEPTED}
        if joint.key and joint.state.agreed and entry.id in accepted:
            found |= accepted
    return {own: partner for own, partner in found.items() if partner != entry.partner_id}


def _portion(verdict: Verdict, entry: Registration) -> Portion | None:
    """Its own part of the split of its deal."""
    portions = (
        portion
        for split in verdict.splits
        if split.opportunity_id == entry.opportunity_id
        for portion in split.portions
        if portion.party == entry.partner_id
    )
    return next(portions, None)


def secrets_of(facts: Facts, verdict: Verdict, known: set[str]) -> list[tuple[str, str]]:
    """What must not be read, and what is read in its place; the longest first."""
    names = {partner.name for partner in facts.partners if partner.id not in known}
    others = [
        portion.amount for split in verdict.splits for portion in split.portions if portion.party not in known
    ]
    others += [entry.declared_value for entry in facts.registrations if entry.partner_id not in known]
    amounts = {text for amount in others if amount and amount.minor for text in _spelt(amount)}
    found = [(name, SOMEBODY) for name in names if name] + [(amount, SOME_AMOUNT) for amount in amounts]
    return sorted(found, key=lambda secret: (-len(secret[0]), secret))


def _spelt(amount: Money) -> set[str]:
    """An amount as programs and people write it: with and without its currency, thousands apart, zero cents.

    Below a thousand its cents stay: otherwise every "30 days" would be somebody's amount.
    """
    numbers = {str(amount.major), f"{amount.major:,}"}
    if abs(amount.major) >= THOUSAND:
        numbers |= {text.removesuffix(".00") for text in numbers}
    return numbers | {f"{number} {amount.currency}" for number in numbers}


def without(text: str, hidden: Sequence[tuple[str, str]]) -> str:
    """``text`` with every secret in it exchanged, in whatever case it is written."""
    for secret, instead in hidden:
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", instead, text, flags=re.IGNORECASE)
    return text
