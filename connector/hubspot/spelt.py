"""How one custom object is spelt in deals, where a portal has no custom objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from connector.finding import Use
from connector.hubspot.layout import DEALS, property_name
from connector.hubspot.links import MARK
from connector.record import Change, FieldInfo, FieldType, Text, Value

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

    def use(self, use: Use) -> Use:
        """What a mapping of the object uses, as uses of deals."""
        return replace(
            use,
            kind=DEALS,
            reads=tuple(map(self.field, use.reads)),
            writes=tuple(map(self.field, use.writes)),
            key=use.key and self.field(use.key),
            options={
                self.field(name): tuple(self.stages.get(each, each) for each in options)
                if name == self.stage
                else options
                for name, options in use.options.items()
            },
            types={self.field(name): types for name, types in use.types.items()},
        )

    def _spelt(self, value: Text) -> str:
        return self.stages.get(value, value) if value else self.filed
