"""Deal splits: HubSpot's own division of a deal among its users, written as a whole or not at all.

A division is one field, so that it compares like any other: ``77:0.6;88:0.4`` is owner and part of 1, by owner id.
Source: developers.hubspot.com, "Deal splits": Sales Hub Enterprise with the feature turned on, the deal's owner is
one of the owners, parts add up to 1 with at most eight decimals, what is written replaces what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import msgspec

from connector.errors import CrmError, Gone, InDoubt, Rejected
from connector.hubspot.answers import SplitRow, SplitRows
from connector.hubspot.gateway import Gateway
from connector.hubspot.narrow import batches, narrowed
from connector.hubspot.read import Reader
from connector.hubspot.routes import Route
from connector.record import (
    ABSENT,
    Change,
    FieldInfo,
    FieldType,
    Op,
    Outcome,
    Record,
    Ref,
    Text,
    Value,
    number_text,
)

SPLITS = "deal_splits"
FIELD = "splits"
FIELDS = (
    FieldInfo("id", "Deal", FieldType.ID, writable=False, refers_to=("deals",)),
    FieldInfo(FIELD, "Owners and their parts", FieldType.TEXT),
)
MOST = 100
DECIMALS = 8
EXACT = msgspec.json.Encoder(decimal_format="number")
READ = Route(SplitRows, "POST", "/deal-splits/{v}/batch/read", "/crm/v3/objects/deals/splits/batch/read")
UPSERT = Route(
    SplitRows, "POST", "/deal-splits/{v}/batch/upsert", "/crm/v3/objects/deals/splits/batch/upsert", writes=True
)

Parts = Mapping[str, Decimal]
"""Part of 1 by owner id."""


class Splits:
    """Reads and writes the splits of one portal's deals."""

    def __init__(self, gateway: Gateway, reader: Reader) -> None:
        self._gateway, self._reader = gateway, reader

    def read(self, ids: Sequence[str], fields: Sequence[str]) -> list[Record]:
        """One record a deal; a deal that is gone is missing. Raises PauseMapping where the portal has no splits."""
        found = self._current(ids)
        if not found:
            return []
        now = self._gateway.server_time  # splits have stamps of their own, and are replaced with every write
        return [
            Record(Ref(self._gateway.name, SPLITS, deal), now, tuple(_value(name, deal, text) for name in fields))
            for deal, text in found.items()
        ]

    def write(self, call: Sequence[Change]) -> Iterator[Outcome]:
        """As `_replace`; a removed split leaves the whole deal to its owner, because HubSpot takes none away."""
        asked = {change.id: change for change in call}
        removed = [change for change in call if change.op is Op.REMOVE and change.by == "id"]
        try:
            owners = self._owners(removed)
        except CrmError as error:
            yield from (Outcome(change, fault=error) for change in removed)
            owners, call = {}, [change for change in call if change not in removed]
        whole = [_given_back(change, owners) if change in removed else change for change in call]
        for outcome in self._replace(whole):
            yield replace(outcome, change=asked[outcome.change.id])

    def _replace(self, call: Sequence[Change]) -> Iterator[Outcome]:
        """What is there already is not written again; what HubSpot would refuse is not sent."""
        wrong = {change.id: fault for change in call if (fault := self._malformed(change))}
        good = [change for change in call if change.id not in wrong]
        try:
            current = self._current([change.key for change in good])
            same = [change for change in good if current.get(change.key) == _wanted(change)]
            good = [change for change in good if change not in same]
            owners = self._owners(good)
        except CrmError as error:
            yield from (Outcome(change, fault=wrong.get(change.id, error)) for change in call)
            return
        wrong |= {change.id: fault for change in good if (fault := self._misfit(change, owners))}
        yield from (Outcome(change, fault=wrong[change.id]) for change in call if change.id in wrong)
        yield from (Outcome(change, change.key) for change in same)
        yield from self._sent([change for change in good if change.id not in wrong])

    def _sent(self, call: Sequence[Change]) -> Iterator[Outcome]:
        for sent, answer in narrowed(self._send, call) if call else ():
            if isinstance(answer, CrmError):
                yield from (Outcome(change, fault=answer) for change in sent)
            else:
                kept = {str(row.id): _text(row) for row in answer.results}
                yield from (self._verified(change, kept.get(change.key)) for change in sent)

    def _send(self, call: Sequence[Change]) -> SplitRows:
        inputs = [
            {
                "id": int(change.key),
                "splits": [
                    {"ownerId": int(who), "percentage": part} for who, part in _parts(_wanted(change)).items()
                ],
            }
            for change in call
        ]
        return self._gateway.send(UPSERT, SPLITS, body=EXACT.encode({"inputs": inputs}))

    def _verified(self, change: Change, kept: Text) -> Outcome:
        if kept == _wanted(change):
            return Outcome(change, change.key)
        what = "does not mention it" if kept is None else f"says {kept!r}"
        return Outcome(
            change, change.key, fault=InDoubt(f"{self._place(change)}: the answer {what}. Fix: read back")
        )

    def _current(self, ids: Sequence[str]) -> dict[str, Text]:
        found: dict[str, Text] = {}
        for batch in batches(list(dict.fromkeys(ids)), MOST):
            body = {"inputs": [{"id": deal} for deal in batch]}
            found |= {str(row.id): _text(row) for row in self._gateway.send(READ, SPLITS, body=body).results}
        return found

    def _owners(self, call: Sequence[Change]) -> dict[str, Text]:
        rows = self._reader.rows("deals", [change.key for change in call], ["hubspot_owner_id"]) if call else []
        return {row.id: row.properties.get("hubspot_owner_id") for row in rows}

    def _malformed(self, change: Change) -> CrmError | None:
        """What is wrong with the change by itself, all at once."""
        try:
            faults = list(_faults(change))
        except (ValueError, InvalidOperation):
            faults = [f"{_wanted(change)!r} is no list of owner:part (77:0.6;88:0.4)"]
        return Rejected(f"{self._place(change)}: {'; '.join(faults)}. Fix: correct the split") if faults else None

    def _misfit(self, change: Change, owners: Mapping[str, Text]) -> CrmError | None:
        if change.key not in owners:
            return Gone(f"{self._place(change)}: the deal was deleted or merged. Fix: read it again")
        owner = owners[change.key]
        if owner not in _parts(_wanted(change)):
            who = f"its owner {owner}" if owner else "an owner (it has none)"
            return Rejected(f"{self._place(change)}: {who} must be one of the split's owners. Fix: add the owner")
        return None

    def _place(self, change: Change) -> str:
        return f"{self._gateway.name}: splits of deal {change.key}"


def split_text(parts: Parts) -> Text:
    """A division in canonical spelling; of nobody, ``None``."""
    ordered = sorted(parts.items(), key=lambda part: (len(part[0]), part[0]))
    return ";".join(f"{owner}:{number_text(part)}" for owner, part in ordered) or None


def _given_back(change: Change, owners: Mapping[str, Text]) -> Change:
    """The division that is none. Of a deal that is gone, or has no owner, it says so when it is written."""
    parts = {owners.get(change.key) or "0": Decimal(1)}
    return replace(change, op=Op.UPSERT, values=((FIELD, split_text(parts)),))


def _wanted(change: Change) -> str:
    return dict(change.values).get(FIELD) or ""


def _parts(text: str) -> dict[str, Decimal]:
    pairs = [part.partition(":") for part in text.split(";") if part]
    return {owner: Decimal(part) for owner, _, part in pairs}


def _text(row: SplitRow) -> Text:
    return split_text(
        {
            each.properties.get("hubspot_owner_id") or "": Decimal(
                each.properties.get("hs_deal_split_percentage") or 0
            )
            for each in row.splits
        }
    )


def _value(name: str, deal: str, text: Text) -> Value:
    return {"id": deal, FIELD: text}.get(name, ABSENT)


def _faults(change: Change) -> Iterator[str]:
    if change.op is not Op.UPSERT or change.by != "id" or not change.key.isdecimal():
        yield "splits can only be replaced, by the id of their deal"
    if unknown := [name for name, _ in change.values if name != FIELD]:
        yield f"a split has no field {', '.join(unknown)}"
    text = _wanted(change)
    parts = _parts(text)
    if not all(owner.isdecimal() for owner in parts) or len(parts) != len(text.split(";")):
        yield f"{text!r} does not name every owner once"
    if not all(0 < part <= 1 and part == round(part, DECIMALS) for part in parts.values()):
        yield f"every part is above 0 and has at most {DECIMALS} decimals"
    if sum(parts.values()) != 1:
        yield f"the parts add up to {sum(parts.values())}, not to 1"
    elif split_text(parts) != text:
        yield f"it is spelt {split_text(parts)}"
