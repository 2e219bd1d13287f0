"""A portal without custom objects, seen as if it had one: its records are the deals of one pipeline.

What the plain layout (`connector.hubspot.layout`) created is read and written under the custom object's own names,
so that its mapping does not change; the deals are read without it. Its own deal is named by id in a property.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connector.crm import Crm
from connector.errors import CrmError, PauseMapping
from connector.hubspot.layout import DEALS, FILED, property_name
from connector.hubspot.links import MARK
from connector.hubspot.pipelines import PIPELINES, STAGES
from connector.record import (
    Capabilities,
    Change,
    Cursor,
    FieldInfo,
    FieldType,
    Identity,
    ObjectInfo,
    Op,
    Outcome,
    Page,
    Record,
    Text,
    Value,
)

PIPELINE, STAGE, NAME = "pipeline", "dealstage", "dealname"
OF_DEAL: Final = f"{DEALS}{MARK}"
NATIVE: Final[Mapping[str, str]] = {
    "id": "id",
    "hs_createdate": "createdate",
    **{name: name for name in ("hs_lastmodifieddate", "hs_object_id", "hs_merged_object_ids")},
}
"""Fields that every record of HubSpot has, by their name in a custom object."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one custom object is spelt in deals. ``stages`` are the ids of its pipeline's stages, by option.

    ``filed`` is the stage of a new one, whose field ``stage`` is still empty.
    """

    kind: str
    stage: str
    pipeline: str
    filed: str
    stages: Mapping[str, str]

    def field(self, name: str) -> str:
        """The field of a deal that holds a field of the object."""
        if name == OF_DEAL:
            return property_name(self.kind, "deal_id")
        if name in NATIVE or MARK in name:
            return NATIVE.get(name, name)
        return STAGE if name == self.stage else property_name(self.kind, name)

    def told(self, name: str, value: Value) -> Value:
        """A deal's value as the object's."""
        if name != self.stage or not isinstance(value, str):
            return value
        options = {stage: option for option, stage in self.stages.items()}
        return None if value == self.filed else options.get(value, value)

    def change(self, change: Change, *, new: bool) -> Change:
        """The same change of a deal; a ``new`` one starts where people file."""
        values = {
            self.field(name): self._spelt(value) if name == self.stage else value for name, value in change.values
        }
        if new:
            values = {NAME: f"{self.kind} {change.key}", STAGE: self.filed, PIPELINE: self.pipeline, **values}
        return replace(change, kind=DEALS, by=self.field(change.by), values=tuple(values.items()))

    def described(self, info: FieldInfo) -> Iterator[FieldInfo]:
        """A deal's field as fields of the object, if it is one; a name that says the object's twice is two."""
        prefix = property_name(self.kind, "")
        if info.name == STAGE:
            yield replace(info, name=self.stage, type=FieldType.CHOICE, options=tuple(self.stages))
        elif info.name == self.field(OF_DEAL):
            yield replace(info, name=OF_DEAL, type=FieldType.REFERENCE, refers_to=(DEALS,))
        elif info.name.startswith(prefix):
            yield from (replace(info, name=name) for name in (info.name.removeprefix(prefix), info.name))
        elif MARK in info.name:
            yield info
        else:
            yield from (replace(info, name=name) for name, native in NATIVE.items() if native == info.name)

    def _spelt(self, value: Text) -> str:
        return self.stages.get(value, value) if value else self.filed


class PlainCrm:
    """A `connector.crm.Crm` over one whose portal has no custom objects.

    ``kind`` is the object that is kept in deals, ``stage`` its field that is their stage, ``label`` the name of
    their pipeline. Everything else is passed on. Raises PauseMapping where there is no such pipeline.
    """

    def __init__(self, crm: Crm, *, kind: str, stage: str, label: str) -> None:
        self._crm, self._kind, self._stage, self._label = crm, kind, stage, label
        self._known: Spelling | None = None

    @property
    def name(self) -> str:
        return self._crm.name

    @property
    def can(self) -> Capabilities:
        return self._crm.can

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        if kind not in (self._kind, DEALS):
            yield from self._crm.changes(kind, fields, since)
            return
        for page in self._crm.changes(DEALS, self._asked(kind, fields), since):
            yield replace(page, records=tuple(self._told(kind, fields, page.records)))

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        self._crm.ahead(asks)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """Told apart by the pipeline, so that a list of deals with it takes the place of a list of ids."""
        if kind not in (self._kind, DEALS):
            yield from self._crm.ids(kind)
            return
        for page in self.changes(kind, (), None):
            yield [record.ref.id for record in page.records if not record.deleted]

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        if kind not in (self._kind, DEALS):
            return self._crm.read(kind, keys, fields, by=by)
        key = self._spelling().field(by) if kind == self._kind else by
        return list(self._told(kind, fields, self._crm.read(DEALS, keys, self._asked(kind, fields), by=key)))

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """A lost answer to the question what is there already becomes the fault of those changes."""
        theirs = {change.id: change for change in changes if change.kind == self._kind}
        try:
            spelt = self._spelt([change for change in changes if change.id in theirs])
        except CrmError as fault:
            yield from (Outcome(change, fault=fault) for change in theirs.values())
            spelt = {}
        asked = [
            spelt.get(change.id, change) for change in changes if change.id in spelt or change.id not in theirs
        ]
        for outcome in self._crm.write(asked):
            yield replace(outcome, change=theirs.get(outcome.change.id, outcome.change))

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        if kind != self._kind:
            return self._crm.describe(kind)
        spelling = self._spelling()
        return tuple(told for info in self._crm.describe(DEALS) for told in spelling.described(info))

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        return self._crm.provision(objects)

    def whoami(self) -> Identity:
        return self._crm.whoami()

    def _asked(self, kind: str, fields: Sequence[str]) -> list[str]:
        """The deal's fields for those of a kind, and the pipeline by which the two kinds are told apart."""
        names = list(fields) if kind == DEALS else [self._spelling().field(name) for name in fields]
        return [*names, PIPELINE]

    def _told(self, kind: str, fields: Sequence[str], records: Sequence[Record]) -> Iterator[Record]:
        """The records of a kind. Which kind a deleted one was, nobody knows any more: both hear of it."""
        spelling = self._spelling()
        for record in records:
            ref = replace(record.ref, kind=kind)
            if record.deleted:
                yield replace(record, ref=ref)
            elif (record.values[-1] == spelling.pipeline) == (kind == self._kind):
                values = zip(fields, record.values[:-1], strict=True)
                told = (value if kind == DEALS else spelling.told(name, value) for name, value in values)
                yield replace(record, ref=ref, values=tuple(told))

    def _spelt(self, changes: Sequence[Change]) -> dict[str, Change]:
        """Each change as one of a deal, by its id. Raises CrmError."""
        keyed: dict[str, set[str]] = defaultdict(set)
        for change in changes:
            if change.op is Op.UPSERT:
                keyed[change.by].add(change.key)
        missing = {(by, key) for by, keys in keyed.items() for key in keys - self._there(by, keys)}
        spelling = self._spelling() if changes else None
        return {
            change.id: spelling.change(change, new=(change.by, change.key) in missing)
            for change in changes
            if spelling
        }

    def _there(self, by: str, keys: set[str]) -> set[str]:
        found = self.read(self._kind, sorted(keys), [by], by=by)
        return {str(record.values[0]) for record in found}

    def _spelling(self) -> Spelling:
        known = self._known
        if known is None:
            pipeline = next(
                (row[0] for row in self._listed(PIPELINES, "id", "label") if row[1] == self._label), None
            )
            if pipeline is None:
                place = f"{self.name}: no pipeline of deals is called {self._label!r}"
                message = f"{place}, which would hold {self._kind}. Fix: create it (dealsync init)"
                raise PauseMapping(message, kind=self._kind, code="NO_PIPELINE")
            stages = {
                _option(label): stage
                for stage, label, of in self._listed(STAGES, "id", "label", PIPELINE)
                if of == pipeline
            }
            filed = stages.pop(_option(FILED), "")
            known = self._known = Spelling(self._kind, self._stage, pipeline, filed, stages)
        return known

    def _listed(self, kind: str, *fields: str) -> Iterator[tuple[str, ...]]:
        for page in self._crm.changes(kind, fields, None):
            yield from (tuple(map(str, record.values)) for record in page.records)


def _option(label: str) -> str:
    """The option of which the layout made this stage."""
    return label.lower().replace(" ", "_")
