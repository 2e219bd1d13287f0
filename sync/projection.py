"""A split in the lists that a CRM has of its own: brought to what the split says, never read, never judged by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from connector.record import Op, Ref, Text, number_text
from sync.mapping.fieldmap import FieldMap, Mappings
from sync.model.deal import Opportunity
from sync.model.facts import Facts, Verdict
from sync.model.parties import Partner
from sync.model.plan import FieldChange, Held, PlannedChange
from sync.model.split import VENDOR, Portion, Split

Texts = Mapping[str, Text]
Written = Mapping[tuple[str, str, str], Mapping[str, Texts]]
"""What we last wrote, by (connection, object, deal's row), then by the row's key."""


def project(
    facts: Facts, verdict: Verdict, mappings: Mappings, written: Written, left_alone: Collection[Ref]
) -> tuple[list[PlannedChange], list[Held]]:
    """The changes that bring every list that is switched on to its split, and those that an org cannot hold.

    Compared is with what we wrote last: a row that a person took out, or keeps beside ours, stays theirs.
    """
    splits = {split.opportunity_id: split for split in verdict.splits}
    partners = {partner.id: partner for partner in facts.partners}
    changes: list[PlannedChange] = []
    held: list[Held] = []
    for field_map in mappings.lists:
        place = (field_map.connection, field_map.object)
        refused = mappings.refused.get(place)
        for deal, ref in _deals(facts, field_map.connection, left_alone):
            split = splits.get(deal.id) if field_map in mappings.projections else None
            try:
                want = dict(_rows(Shown(split, deal, ref, partners, field_map))) if split else {}
            except ValueError as why:
                held.append(Held(*place, ref.id, "", str(why), deal.name))
                continue
            if not refused:
                reason = split.decision_id if split else "no split asks for it any more"
                changes += _changes(field_map, deal, want, written.get((*place, ref.id), {}), reason)
            elif want:
                held.append(Held(*place, ref.id, "", refused, deal.name))
    return changes, held


def _deals(facts: Facts, connection: str, left_alone: Collection[Ref]) -> Iterator[tuple[Opportunity, Ref]]:
    for deal in facts.opportunities:
        ref = next((ref for ref in deal.members if ref.connection == connection), None)
        if ref and ref not in left_alone:
            yield deal, ref


@dataclass(frozen=True, slots=True)
class Shown:
    """One split, to be shown in one list: the deal and its row there, partners by id, the list's mapping."""

    split: Split
    deal: Opportunity
    row: Ref
    partners: Mapping[str, Partner]
    field_map: FieldMap

    def credited(self) -> Iterator[tuple[Portion, Partner]]:
        """The partners that have a part."""
        for portion in self.split.portions:
            if portion.party != VENDOR and portion.party in self.partners:
                yield portion, self.partners[portion.party]

    def manager(self, partner: Partner) -> str:
        """Who is credited for a partner in a list of people. Raises ValueError where nobody is."""
        if user := partner.manager_in(self.row.connection):
            return user
        fix = "give its account an owner, who is then credited"
        raise ValueError(f"nobody looks after {partner.name} in {self.row.connection}: {fix}")


def _rows(shown: Shown) -> Iterator[tuple[str, Texts]]:
    """The rows of a list by key. Raises ValueError, in words for a person, where the list cannot say the split."""
    for values in _SHOWN[shown.field_map.canonical](shown):
        yield _named(shown.field_map, shown.field_map.write({"opportunity": shown.row, **values}))


def _roles(shown: Shown) -> Iterator[Mapping[str, Any]]:
    """One row a partner and role that the mapping has a word for; the largest part is marked, once."""
    words = shown.field_map.words("role")
    marked = False
    for portion, partner in sorted(shown.credited(), key=lambda pair: -(pair[0].share_ppm or 0)):
        row = partner.row_in(shown.row.connection)
        for role in portion.roles if row else ():
            if role.value in words:
                yield {"partner": row, "role": role.value, "primary": not marked}
                marked = True


def _credits(shown: Shown) -> Iterator[Mapping[str, Any]]:
    """One row a channel manager, with the percent of all partners that he or she looks after."""
    percent: dict[str, Decimal] = defaultdict(Decimal)
    names: dict[str, list[str]] = defaultdict(list)
    for portion, partner in shown.credited():
        if portion.percent is None:
            raise ValueError("its parts are amounts that make no percent")
        user = shown.manager(partner)
        percent[user] += portion.percent
        names[user].append(partner.name)
    for user in sorted(percent):
        note = ", ".join(sorted(names[user]))
        yield {"user": user, "type": "PARTNER", "percent": percent[user], "note": note}


def _division(shown: Shown) -> Iterator[Mapping[str, Any]]:
    """The whole deal among people: channel managers for the partners, the owner for what the vendor keeps."""
    millionths: dict[str, int] = defaultdict(int)
    owner = dict(shown.deal.held_by).get(shown.row.connection)
    for portion, partner in shown.credited():
        millionths[shown.manager(partner)] += portion.share_ppm or 0
    rest = 1_000_000 - sum(millionths.values())
    if owner is None:
        raise ValueError("the deal has no owner, who must have a part of it: give it one")
    millionths[owner] += rest
    if millionths[owner] <= 0:
        raise ValueError("the deal's owner must have a part of it, and the partners have all of it")
    parts = {who: Decimal(part) / 1_000_000 for who, part in millionths.items() if part}
    ordered = sorted(parts, key=lambda who: (len(who), who))
    yield {"parts": tuple(f"{who}:{number_text(parts[who])}" for who in ordered)}


_SHOWN: Final[Mapping[str, Callable[[Shown], Iterator[Mapping[str, Any]]]]] = {
    "partner_role": _roles,
    "credit": _credits,
    "deal_split": _division,
}


def _named(field_map: FieldMap, texts: Texts) -> tuple[str, Texts]:
    names = (field_map.key or "").split(":")
    rest = {name: text for name, text in texts.items() if name not in names}
    return ":".join(str(texts[name]) for name in names), rest


def _changes(
    field_map: FieldMap, deal: Opportunity, want: Mapping[str, Texts], before: Mapping[str, Texts], reason: str
) -> Iterator[PlannedChange]:
    """What goes before what comes, as one set of the deal."""
    for key in sorted(before.keys() - want.keys()) + sorted(want):
        texts, was = want.get(key), before.get(key, {})
        if texts == was:
            continue
        yield PlannedChange(
            connection=field_map.connection,
            object=field_map.object,
            op=Op.UPSERT if texts is not None else Op.REMOVE,
            by=field_map.key or "",
            key=key,
            fields=tuple(FieldChange(name, was.get(name), (texts or {}).get(name)) for name in (texts or was)),
            title=f"{deal.name} · {field_map.object}",
            reason=reason,
            group=f"{field_map.connection}:{deal.id}:{field_map.object}",
            creates=texts is not None and not was,
        )
