"""A folder of CRM exports becomes a world: every row is kept, with its defects, and every defect is counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.sandbox.drafts import Draft, read_drafts
from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.identifiers import long_id, new_id
from connector.sandbox.salesforce.schema import Field, Object, Schema
from connector.sandbox.salesforce.values import Stored, stored


@dataclass
class Loaded:
    """A world's ``salesforce.json``, the source rows of each file, and how often each defect was seen."""

    salesforce: dict[str, Any]
    files: dict[str, int] = field(default_factory=dict)
    defects: Counter[str] = field(default_factory=Counter)

    def report(self) -> str:
        """Every file, every object and every defect on a line of its own."""
        files = [f"{count:7} rows in {name}" for name, count in self.files.items()]
        kinds = [f"{len(rows):7} rows of {kind}" for kind, rows in self.salesforce["objects"].items()]
        defects = [f"{count:7} x {what}" for what, count in self.defects.most_common()]
        return "\n".join(["read:", *files, "loaded:", *kinds, "defects, left as they are:", *(defects or ["none"])])


def load_exports(folder: Path) -> Loaded:
    """The Salesforce side of a world from the CSV and record-JSON files of a folder.

    ``exports.toml`` in the folder says how columns map; without it the shipped one recognises files by header. A
    CSV named like an object is read column by column, and record JSON says itself what it is. The same folder
    always gives the same ids. Raises FileNotFoundError without a folder, ValueError for files that cannot be read.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder} to load exports from")
    loaded = Loaded({"org": {"name": folder.name}, "schema": {}, "objects": {}})
    drafts, extra = read_drafts(folder, loaded.files, loaded.defects)
    loaded.salesforce["schema"] = extra
    schema = Schema({}, extra, multi_currency=True)
    loaded.salesforce["objects"] = _Resolving(schema, loaded.defects).rows(drafts)
    return loaded


class _Resolving:
    """Gives every draft its id, then every reference the id it means."""

    def __init__(self, schema: Schema, defects: Counter[str]) -> None:
        self._schema = schema
        self._defects = defects
        self._named: dict[str, dict[str, Any]] = {}

    def rows(self, drafts: Iterable[Draft]) -> dict[str, list[dict[str, Stored]]]:
        known = [(self._schema.object(draft.kind), draft) for draft in drafts]
        serial: Counter[str] = Counter()
        for spec, draft in known:
            serial[spec.name] += 1
            draft.values["Id"] = long_id(str(draft.values.get("Id"))) or new_id(spec.prefix, serial[spec.name])
            if draft.ref in self._named:
                self._defects[f"{spec.name}: another row is called {draft.ref!r} too"] += 1
            elif draft.ref:
                self._named[draft.ref] = draft.values
        objects: dict[str, list[dict[str, Stored]]] = defaultdict(list)
        for spec, draft in known:
            objects[spec.name].append(self._row(spec, draft))
        return dict(objects)

    def _row(self, spec: Object, draft: Draft) -> dict[str, Stored]:
        row = {name: self._value(spec, spec.fields[name.lower()], value) for name, value in draft.values.items()}
        needed = {name for name in row if spec.fields[name.lower()].required} | set(draft.needs)
        for name in sorted(needed):
            if row.get(name) is None and draft.values.get(name) is None:
                self._defects[f"{spec.name}.{name} is empty"] += 1
        return row

    def _value(self, spec: Object, field: Field, value: object) -> Stored:
        if isinstance(value, str) and value.startswith("@"):
            return self._followed(spec, field, value[1:])
        try:
            kept = stored(field, value, trusted=True)
        except Refusal as refusal:
            self._defects[f"{spec.name}.{field.name} cannot hold a value: {refusal.message}"] += 1
            return None
        if field.values and isinstance(kept, str) and not set(kept.split(";")) <= set(field.values):
            self._defects[f"{spec.name}.{field.name}: the org does not offer {kept!r}"] += 1
        return kept

    def _followed(self, spec: Object, field: Field, path: str) -> Stored:
        ref, _, name = path.partition(":")
        found: Mapping[str, Any] = self._named.get(ref, {})
        if not found:
            self._defects[f"{spec.name}.{field.name}: there is no {ref!r}"] += 1
        value = found.get(name or "Id")
        return None if value is None else str(value)
