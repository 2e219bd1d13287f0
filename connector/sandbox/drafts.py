"""The files of an export folder as drafts: rows with their object, before references and types are settled."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.sandbox.salesforce.schema import Schema

_SHIPPED = Path(__file__).with_name("exports.toml")
_COLUMNS = re.compile(r"\{([^}]+)\}")
Extra = dict[str, dict[str, Any]]


@dataclass
class Draft:
    """One row to be: its values, ``@ref`` where they mean another row, and ``ref`` by which others mean it."""

    kind: str
    values: dict[str, Any]
    ref: str = ""
    needs: tuple[str, ...] = ()


def read_drafts(folder: Path, files: dict[str, int], defects: Counter[str]) -> tuple[list[Draft], Extra]:
    """Every row of every file, and the objects and fields that the org must get for them.

    ``files`` receives the count of source rows, ``defects`` the files that nobody recognises.
    """
    extra: Extra = {}
    reading = _Reading(_mappings(folder), Schema({}, {}, multi_currency=True), extra)
    drafts: list[Draft] = []
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.json")]):
        rows = _source(path)
        found = reading.csv(path, rows) if path.suffix == ".csv" else reading.records(rows)
        if found is None:
            defects[f"{path.name} is not recognised: not loaded"] += len(rows)
            continue
        files[path.name] = len(rows)
        drafts.extend(found)
    return drafts, extra


class _Reading:
    def __init__(self, mappings: list[dict[str, Any]], schema: Schema, extra: Extra) -> None:
        self._mappings = mappings
        self._schema = schema
        self._extra = extra

    def csv(self, path: Path, rows: list[dict[str, Any]]) -> list[Draft] | None:
        header = set(rows[0]) if rows else set()
        for mapping in self._mappings:
            if header and set(mapping["header"]) <= header:
                return list(self._mapped(mapping["row"], rows))
        spec = self._schema.find(path.stem)
        if spec is None:
            return None
        for name in header:
            self._declare(spec.name, name, [row[name] for row in rows])
        return [Draft(spec.name, {name: text or None for name, text in row.items()}) for row in rows]

    def records(self, rows: list[dict[str, Any]]) -> list[Draft] | None:
        """Record JSON, as ``sf data export tree`` writes it: what the org lacks is declared from the values."""
        if not all("type" in row.get("attributes", {}) for row in rows):
            return None
        kinds = {row["attributes"]["type"] for row in rows}
        for kind in sorted(kinds):
            mine = [row for row in rows if row["attributes"]["type"] == kind]
            for name in sorted({name for row in mine for name in row} - {"attributes"}):
                self._declare(kind, name, [row.get(name) for row in mine])
        return [
            Draft(
                row["attributes"]["type"],
                {name: value for name, value in row.items() if name != "attributes"},
                row["attributes"].get("referenceId", ""),
            )
            for row in rows
        ]

    def _mapped(self, wanted: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Iterator[Draft]:
        seen: set[str] = set()
        for spec in wanted:
            for name, fact in spec.get("types", {}).items():
                self._extra.setdefault(spec["object"], {"fields": {}})["fields"][name] = fact
        for row in rows:
            for spec in wanted:
                ref = _filled(spec.get("ref", ""), row) or ""
                if spec.get("once") and ref in seen:
                    continue
                seen.add(ref)
                values = {name: _value(spec, name, text, row) for name, text in spec["fields"].items()}
                yield Draft(spec["object"], values, ref, tuple(spec.get("needs", ())))

    def _declare(self, kind: str, name: str, values: list[Any]) -> None:
        """A field that the org does not have, with the type that its values show."""
        spec = self._schema.find(kind)
        if spec and name.lower() in spec.fields:
            return
        self._extra.setdefault(kind, {"fields": {}})["fields"][name] = _type_of(values)


def _type_of(values: list[Any]) -> dict[str, Any]:
    filled = [value for value in values if value is not None]
    if filled and all(isinstance(value, bool) for value in filled):
        return {"type": "boolean"}
    if filled and all(isinstance(value, int | float) for value in filled):
        return {"type": "double", "scale": 2}
    longest = max((len(str(value)) for value in filled), default=0)
    return {"type": "string", "length": 255} if longest <= 255 else {"type": "textarea", "length": 131_072}


def _mappings(folder: Path) -> list[dict[str, Any]]:
    """The folder's own mappings first, then the shipped ones."""
    found: list[dict[str, Any]] = []
    for path in (folder / "exports.toml", _SHIPPED):
        if path.exists():
            try:
                found += tomllib.loads(path.read_text("utf-8"))["file"]
            except (tomllib.TOMLDecodeError, KeyError) as error:
                raise ValueError(f"{path}: a list of [[file]] tables is expected: {error}") from error
    return found


def _source(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    try:
        content = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON at line {error.lineno}: {error.msg}") from error
    rows = content.get("records", []) if isinstance(content, dict) else content
    return [row for row in rows if isinstance(row, dict)]


def _value(spec: Mapping[str, Any], name: str, template: str, row: Mapping[str, Any]) -> str | None:
    text = _filled(template, row)
    words: Mapping[str, str] = spec.get("values", {}).get(name, {})
    return words.get(text, text) if text is not None else None


def _filled(template: str, row: Mapping[str, Any]) -> str | None:
    """The template with its columns filled in; None when one of them is empty."""
    filled = template
    for match in _COLUMNS.finditer(template):
        names = match[1].split("|")
        unknown = [name for name in names if name not in row]
        if unknown:
            there = ", ".join(row)
            raise ValueError(f"exports.toml: {template!r} asks for column {unknown[0]!r}; the file has {there}")
        text = next((str(row[name]).strip() for name in names if row[name] and str(row[name]).strip()), None)
        if text is None:
            return None
        filled = filled.replace(match[0], text)
    return filled
