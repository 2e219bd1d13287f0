"""What the CRMs already hold when dealsync takes over, as decisions of people: statuses, protections and splits.

Pure: rows and facts of one group in, directives out. What was adopted is never judged anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from connector.record import Absent, Ref
from sync.attribution.apportion import percent_2dp
from sync.mapping.fieldmap import Mappings
from sync.model.deal import Opportunity
from sync.model.directive import Act, Directive, StatedPart
from sync.model.facts import Facts, History
from sync.model.ids import name
from sync.model.money import Money
from sync.model.plan import Agreed, Held
from sync.model.registration import Registration, Role, State
from sync.model.row import Row
from sync.model.split import VENDOR

TOLERANCE: Final = Fraction(1)
"""Percent that the shares of a deal may be away from 100 and still be taken as rounding (three times 33.33)."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What one group holds. ``taken``: fields that count as written by dealsync from now on."""

    directives: tuple[Directive, ...] = ()
    taken: tuple[Agreed, ...] = ()
    left: tuple[Held, ...] = ()  # what cannot be adopted, and what to do about it
    scaled: tuple[str, ...] = ()  # splits whose shares did not make 100 and were scaled to it


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes over, when, and which CRM's word counts for a deal that both hold."""

    by: str
    now: datetime
    record_of: Mapping[str, str] = field(default_factory=dict)


def adoption(rows: Sequence[Row], facts: Facts, history: History, mappings: Mappings, taker: Taker) -> Adoption:
    """Everything in one group that people decided and dealsync did not.

    What dealsync has judged already is passed over, so adopting twice adopts once.
    """
    by_ref = {row.ref: row for row in rows}
    registrations = [
        (entry, by_ref[entry.ref]) for entry in facts.registrations if entry.id not in history.standings
    ]
    said = [directive for entry, row in registrations if (directive := _standing(entry, row, taker))]
    taken = [row for entry, row in registrations if any(directive.subject == entry.id for directive in said)]
    left: list[Held] = []
    scaled: list[str] = []
    for deal in facts.opportunities:
        if deal.id in history.splits:
            continue
        found = _split(deal, rows, facts, taker, (left, scaled))
        if found:
            said.append(found)
            taken += _shares_of(deal, rows)
    touched = {row.values.get("opportunity") for row in taken}
    taken += [row for row in rows if row.kind == "opportunity" and row.ref in touched and not row.deleted]
    return Adoption(tuple(said), tuple(_taken(taken, mappings)), tuple(left), tuple(scaled))


def _standing(entry: Registration, row: Row, taker: Taker) -> Directive | None:
    """Where people left a registration; ``None`` when they have not touched it: the rules judge it as any other."""
    status = row.values.get("status")
    if status in (None, State.DRAFT):
        return None
    values = row.values
    return Directive(
        id=name("dir", Act.ADOPT, entry.id),
        act=Act.ADOPT,
        subject=entry.id,
        by=taker.by,
        at=taker.now,
        reason=values.get("status_reason") or "",
        message=values.get("message") or "",
        state=State(status),
        submitted_at=entry.submitted_at or entry.created_at,
        review_due=values.get("review_due"),
        protection_start=values.get("protection_start"),
        protection_end=values.get("protection_end"),
    )


def _shares_of(deal: Opportunity, rows: Iterable[Row]) -> list[Row]:
    """The attribution rows of a deal, in every CRM that holds it."""
    return [
        row
        for row in rows
        if row.kind == "attribution" and not row.deleted and row.values.get("opportunity") in deal.members
    ]


def _split(
    deal: Opportunity, rows: Sequence[Row], facts: Facts, taker: Taker, notes: tuple[list[Held], list[str]]
) -> Directive | None:
    """The split that people entered on one deal, from the CRM whose word counts where both hold one."""
    left, scaled = notes
    shares = _shares_of(deal, rows)
    if not shares:
        return None
    record = taker.record_of.get("opportunity")
    places = sorted({row.ref.connection for row in shares}, key=lambda place: (place != record, place))
    own = sorted((row for row in shares if row.ref.connection == places[0]), key=lambda row: row.ref)
    if faults := list(_faults(own, facts)):
        ref = own[0].ref
        left += [Held(ref.connection, ref.kind, ref.id, "", f"{fault}", deal.name) for fault in faults]
        return None
    if (total := _total(own)) != 100:
        scaled.append(f"{deal.name}: its shares make {_percent(total)} and are scaled to 100.00")
    weights = _by_amount(deal, own) or [Fraction(row.values["share"]) / total for row in own]
    parts = tuple(_part(row, facts, weight) for row, weight in zip(own, weights, strict=True))
    return Directive(name("dir", Act.ADOPT, deal.id), Act.ADOPT, deal.id, taker.by, taker.now, parts=parts)


def _total(own: Sequence[Row]) -> Fraction:
    return sum((Fraction(row.values["share"]) for row in own), Fraction())


def _by_amount(deal: Opportunity, own: Sequence[Row]) -> list[Fraction] | None:
    """The exact weights behind shares that were rounded to two decimals: the amounts, where both say the same.

    ``None`` where the rows have no amounts, or amounts that are not the deal's or not of these shares.
    """
    amounts: list[Money] = [row.values["amount"] for row in own if row.values.get("amount")]
    total = sum(amount.minor for amount in amounts)
    if len(amounts) < len(own) or not total or Money(total, amounts[0].currency) != deal.amount:
        return None
    if any(amount.minor < 0 or amount.currency != amounts[0].currency for amount in amounts):
        return None
    weights = {str(place): Fraction(amount.minor, total) for place, amount in enumerate(amounts)}
    percent = percent_2dp(weights, list(weights))
    same = all(percent[str(place)] == row.values["share"] for place, row in enumerate(own))
    return list(weights.values()) if same else None


def _faults(own: Sequence[Row], facts: Facts) -> Iterator[str]:
    """Why the rows of one deal are not a split that can stand; each with what to do."""
    partners = [_partner(row, facts) for row in own]
    if lost := [str(row.values.get("partner")) for row, known in zip(own, partners, strict=True) if not known]:
        yield f"its split names {', '.join(lost)}, no known partner: mark that account as a partner, adopt again"
    if twice := sorted({p for p, number in Counter(partners).items() if p and number > 1}):
        names = ", ".join(_names(facts).get(partner, partner) for partner in twice)
        yield f"its split has several rows of {names}: join them into one, then adopt again"
    if any(row.values.get("share") is None or row.values["share"] < 0 for row in own):
        yield "its split has a row without a share, or with one below zero: fill it in, then adopt again"
    elif abs(_total(own) - 100) > TOLERANCE:
        yield f"the shares of its split make {_percent(_total(own))}: correct them to 100.00, then adopt again"


def _names(facts: Facts) -> dict[str, str]:
    return {partner.id: partner.name for partner in facts.partners}


def _partner(row: Row, facts: Facts) -> str | None:
    """The partner of an attribution row; a row that names none is the vendor's own."""
    ref: Ref | None = row.values.get("partner")
    if ref is None:
        return VENDOR
    return next((partner.id for partner in facts.partners if ref in partner.members), None)


def _part(row: Row, facts: Facts, weight: Fraction) -> StatedPart:
    values: Mapping[str, Any] = row.values
    return StatedPart(
        party=_partner(row, facts) or VENDOR,
        weight=str(weight),
        roles=tuple(Role(role) for role in values.get("roles") or () if role in set(Role)),
        sourced=bool(values.get("sourced")),
        influenced=bool(values.get("influenced")),
        fulfilled=bool(values.get("fulfilled")),
    )


def _percent(total: Fraction) -> str:
    return f"{Decimal(total.numerator) / Decimal(total.denominator):.2f} percent"


def _taken(rows: Iterable[Row], mappings: Mappings) -> Iterator[Agreed]:
    """Every field of ours on these rows, as it stands: from now on it counts as written by dealsync."""
    for row in rows:
        field_map = mappings.of(row.ref.connection, row.ref.kind)
        key = (row.kind == "attribution" and row.values.get("key")) or row.ref.id
        for rule in field_map.rules if field_map else ():
            for remote in rule.remotes if rule.writes else ():
                text = row.raw.get(remote)
                if not isinstance(text, Absent):
                    yield Agreed(row.ref.connection, row.ref.kind, key, remote, text)
