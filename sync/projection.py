"""A split in the lists that a CRM has of its own: brought to what the split says, never read, never judged by."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from connector.record import Op, Ref, Text
from sync.mapping.fieldmap import FieldMap, Mappings
from sync.model.deal import Opportunity
from sync.model.facts import Facts, Verdict
from sync.model.parties import Partner
from sync.model.plan import FieldChange, Held, PlannedChange
from sync.model.split import VENDOR, Split

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
    for field_map in mappings.projections:
        why = mappings.refused.get((field_map.connection, field_map.object))
        for deal, ref in _deals(facts, field_map.connection, left_alone):
            split = splits.get(deal.id)
            want = dict(_rows(split, ref, partners, field_map)) if split else {}
            before = written.get((field_map.connection, field_map.object, ref.id), {})
            if why and want:
                held.append(Held(field_map.connection, field_map.object, ref.id, "", why, deal.name))
            elif not why:
                reason = split.decision_id if split else "no split asks for it any more"
                changes += _changes(field_map, deal, want, before, reason)
    return changes, held


def _deals(facts: Facts, connection: str, left_alone: Collection[Ref]) -> Iterator[tuple[Opportunity, Ref]]:
    for deal in facts.opportunities:
        ref = next((ref for ref in deal.members if ref.connection == connection), None)
        if ref and ref not in left_alone:
            yield deal, ref


def _rows(
    split: Split, deal: Ref, partners: Mapping[str, Partner], field_map: FieldMap
) -> Iterator[tuple[str, Texts]]:
    """One row a partner and role that the mapping has a word for; the largest part is marked, once."""
    words = field_map.words("role")
    portions = [portion for portion in split.portions if portion.party != VENDOR]
    portions.sort(key=lambda portion: -(portion.share_ppm or 0))
    marked = False
    for portion in portions:
        partner = partners[portion.party].row_in(deal.connection) if portion.party in partners else None
        for role in portion.roles if partner else ():
            if role.value in words:
                values = {"opportunity": deal, "partner": partner, "role": role.value, "primary": not marked}
                marked = True
                yield _named(field_map, field_map.write(values))


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
