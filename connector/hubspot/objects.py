"""What dealsync needs of a portal, from objects.toml beside this module, as far as the mappings use it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from connector.record import FieldInfo, FieldType, ObjectInfo


def wanted(used: Mapping[str, Collection[str]]) -> tuple[ObjectInfo, ...]:
    """The objects and properties of ours among those that the mappings use; all else is the portal's own."""
    return tuple(_object(kind, facts, used[kind]) for kind, facts in _known().items() if kind in used)


def staged() -> tuple[str, str, str]:
    """The object that can be kept as deals, its property that is then their stage, and its label."""
    return next((kind, facts["stage"], facts["label"]) for kind, facts in _known().items() if "stage" in facts)


def brought(kind: str) -> frozenset[str]:
    """The properties that are created on one object."""
    return frozenset(_known().get(kind, {}).get("fields", {}))


@cache
def _known() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _object(kind: str, facts: Mapping[str, Any], names: Collection[str]) -> ObjectInfo:
    fields = tuple(_field(name, fact) for name, fact in facts["fields"].items() if name in names)
    associated = tuple((other, label) for other, label in facts.get("associated", ()))
    return ObjectInfo(kind, facts["label"], fields, custom=facts.get("custom", False), associated=associated)


def _field(name: str, fact: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        name,
        name.replace("_", " ").capitalize(),
        FieldType(fact["type"]),
        unique=fact.get("unique", False),
        length=fact.get("length"),
        options=tuple(fact.get("options", ())),
    )
