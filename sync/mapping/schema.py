"""The JSON Schema of mapping files, for editors that complete and check while somebody types."""

from __future__ import annotations

from typing import Any

from sync.mapping.form import MappingForm
from sync.mapping.paths import PATHS


def json_schema() -> dict[str, Any]:
    """The schema: every key with what it means, every canonical object and path by name."""
    schema: dict[str, Any] = MappingForm.model_json_schema(by_alias=True)
    known = schema.pop("$defs")
    field = known["FieldForm"]["properties"]
    field["remote"] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    field["canonical"] = {"type": "string", "enum": sorted({path for paths in PATHS.values() for path in paths})}
    schema["properties"]["canonical"] = {"type": "string", "enum": list(PATHS)}
    required = [name for name in schema.pop("required") if name != "id"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A dealsync mapping",
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
        "required": ["id"],
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": required},
        "allOf": [_paths_of(name, paths) for name, paths in PATHS.items()],
        "$defs": known,
    }


def _paths_of(name: str, paths: Any) -> dict[str, Any]:
    """A file for one of our objects has the paths of that object only."""
    only = {"properties": {"canonical": {"enum": list(paths)}}}
    return {
        "if": {"properties": {"canonical": {"const": name}}, "required": ["canonical"]},
        "then": {"properties": {"field": {"items": only}}},
    }
