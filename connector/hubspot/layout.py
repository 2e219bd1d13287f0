"""Where a portal can keep our records: in custom objects, or plainly in deals, their properties and their labels.

Pure. Custom objects need an Enterprise subscription and scopes. A portal without them gets a pipeline of its own
for records that have stages, one deal each (`connector.hubspot.plain` reads and writes them). Records without
stages are not kept: what they say stands in the deal's own properties, and their labels become labels of deals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from connector.record import FieldInfo, FieldType, ObjectInfo

DEALS: Final = "deals"
CUSTOM_WRITE: Final = "crm.schemas.custom.write"
FILED: Final = "Filed"
"""The stage in which people file: a deal is always in some stage, and this one says that the field is empty."""
Wish = Literal["auto", "custom_objects", "pipeline"]
"""What config.toml says of the layout."""
WON, LOST, OPEN = "1.0", "0.0", "0.5"


@dataclass(frozen=True, slots=True)
class StageInfo:
    """A stage of a pipeline; ``probability`` 1.0 is won, 0.0 is lost."""

    label: str
    probability: str


@dataclass(frozen=True, slots=True)
class PipelineInfo:
    """A pipeline of deals to be created."""

    label: str
    stages: tuple[StageInfo, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides. ``custom`` are the portal's custom objects; ``refusal`` is why HubSpot did not list them.

    ``pipelines`` are the labels of the pipelines of deals. ``scopes`` are what our token may do, ``None`` where
    HubSpot did not say.
    """

    custom: frozenset[str] = frozenset()
    refusal: str = ""
    scopes: frozenset[str] | None = None
    pipelines: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Layout:
    """What was chosen, why, what to create for it, and what a person must do first for the other one."""

    name: Literal["custom_objects", "pipeline"]
    why: str
    objects: tuple[ObjectInfo, ...]
    pipelines: tuple[PipelineInfo, ...] = ()
    instead: str = ""


def choose(facts: Facts, objects: Sequence[ObjectInfo], stages: Mapping[str, str], wish: Wish = "auto") -> Layout:
    """The layout for ``objects``; ``stages`` names the objects that become deals, and the field that is a stage.

    What is there already stays where it is, whatever the portal would let us do by now.
    """
    custom = [wanted.name for wanted in objects if wanted.custom]
    missing = [name for name in custom if name not in facts.custom]
    names = " and ".join(missing)
    used = [wanted.label for wanted in objects if wanted.custom and wanted.label in facts.pipelines]
    if wish != "auto":
        why = f"config.toml says {wish}"
    elif not missing:
        why = f"the portal has {' and '.join(custom) or 'all that is needed'}"
    elif used:
        why = f"the portal has the pipeline {used[0]!r}"
        return _plain(why, 'for custom objects: set layout = "custom_objects"', objects, stages)
    elif facts.refusal:
        why = f"HubSpot refuses custom objects ({facts.refusal})"
        instead = "for custom objects: an Enterprise subscription, and the scopes crm.schemas.custom.* for the app"
        return _plain(why, instead, objects, stages)
    elif facts.scopes is not None and CUSTOM_WRITE not in facts.scopes:
        why = f"{names} cannot be created without the scope {CUSTOM_WRITE}"
        return _plain(why, f"for custom objects: grant {CUSTOM_WRITE} to the app", objects, stages)
    else:
        why = f"{names} can be created"
    if wish == "pipeline":
        return _plain(why, "", objects, stages)
    return Layout("custom_objects", why, tuple(objects))


def _plain(why: str, instead: str, objects: Sequence[ObjectInfo], stages: Mapping[str, str]) -> Layout:
    staged = [wanted for wanted in objects if wanted.name in stages]
    own = [wanted for wanted in objects if not wanted.custom and wanted.name != DEALS]
    deals = ObjectInfo(DEALS, "Deal", tuple(_deal_fields(objects, stages)), associated=tuple(_labels(objects)))
    pipelines = tuple(_pipeline(wanted, stages[wanted.name]) for wanted in staged)
    return Layout("pipeline", why, (deals, *own), pipelines, instead)


def property_name(kind: str, field: str) -> str:
    """The property of a deal that holds a field of a custom object: ``registration_status``."""
    prefix = kind.rpartition("_")[2] + "_"
    return field if field.startswith(prefix) else prefix + field


def _deal_fields(objects: Sequence[ObjectInfo], stages: Mapping[str, str]) -> list[FieldInfo]:
    found: dict[str, FieldInfo] = {}
    for wanted in objects:
        for field in _fields(wanted, stages):
            found.setdefault(field.name, field)
    return list(found.values())


def _fields(wanted: ObjectInfo, stages: Mapping[str, str]) -> list[FieldInfo]:
    if wanted.name == DEALS:
        return list(wanted.fields)
    if not wanted.custom or wanted.name not in stages:
        return []
    own = [field for field in wanted.fields if field.type is not FieldType.ASSOCIATION]
    of_deal = FieldInfo(property_name(wanted.name, "deal_id"), f"{wanted.label}: deal", FieldType.TEXT)
    named = [replace(field, name=property_name(wanted.name, field.name), required=False) for field in own]
    return [*(field for field, info in zip(named, own, strict=True) if info.name != stages[wanted.name]), of_deal]


def _labels(objects: Sequence[ObjectInfo]) -> list[tuple[str, str]]:
    """The labels of the custom objects, on deals; what was linked to a deal is one now, and names it."""
    pairs = [pair for wanted in objects if wanted.custom or wanted.name == DEALS for pair in wanted.associated]
    return list(dict.fromkeys(pair for pair in pairs if pair[0] != DEALS and pair[1]))


def _pipeline(wanted: ObjectInfo, stage: str) -> PipelineInfo:
    options = next((field.options for field in wanted.fields if field.name == stage), ())
    stages = (StageInfo(option.replace("_", " ").capitalize(), _chance(option)) for option in options)
    return PipelineInfo(wanted.label, (StageInfo(FILED, OPEN), *stages))


def _chance(option: str) -> str:
    if option == "won":
        return WON
    return LOST if option in ENDED else OPEN


ENDED: Final = ("lost", "rejected", "expired", "revoked", "withdrawn", "superseded")
"""Stages after which nothing more is expected."""
