"""Drafts of mappings edited field by field: tried first, kept when they are sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel, Field

from connector.record import FieldInfo
from sync import drafts
from sync.config import Config
from sync.expressions import Refused, Type, compile_expression, place_of
from sync.mapped.samples import begun, samples
from sync.mapped.sheet import Sheet, drafted, sheet
from sync.mapping.edit import with_field, with_picklist, with_test, with_types, without_field
from sync.mapping.examples import following, without_example
from sync.mapping.form import EXPRESSIONS
from sync.mapping.live import typed
from sync.mapping.paths import PATHS
from sync.mapping.proof import plain
from sync.model.problem import BadInput, Problem, did_you_mean
from sync.store.published import LATEST, schemas
from sync.store.seen import latest_rows
from sync.world import World

FIVE: Final = 5
"""Records that a field is shown with."""

MANY: Final = 2000
"""Records whose values are counted."""


class Edit(BaseModel, frozen=True):
    """One field as somebody filled in its form: every key as text, empty where it is left out."""

    field: str
    remote: str = ""
    expr: str = ""
    direction: str = "in"
    owner: str = "crm"
    picklist: str = ""
    refers: str = ""
    default: str = ""
    null: str = "clear"
    write_if: str = ""
    notes: str = ""
    types: str = ""

    @property
    def keys(self) -> dict[str, Any]:
        """The keys of its block; ``None``: not in it."""
        names = [name.strip() for name in self.remote.split(",") if name.strip()]
        remote = None if self.expr.strip() or not names else names[0] if len(names) == 1 else names
        plain = ("picklist", "refers", "default", "write_if", "notes", "expr")
        texts = {key: getattr(self, key).replace("\r\n", "\n").strip() or None for key in plain}
        return {"remote": remote, **texts, "direction": self.direction, "owner": self.owner, "null": self.null}

    @property
    def declared(self) -> dict[str, str]:
        """What the fields hold that its expressions read: ``Amount=number, CloseDate=day``."""
        pairs = (entry.partition("=") for entry in self.types.split(",") if entry.strip())
        return {name.strip(): kind.strip() or "text" for name, _, kind in pairs}


class Values(BaseModel, frozen=True):
    """The map of a picklist as somebody filled in its form; a value without a word is not in it."""

    field: str
    picklist: str
    value: list[str] = Field(default_factory=list)
    word: list[str] = Field(default_factory=list)
    unmapped: str = "error"

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """CRM value and our word, in order."""
        pairs = zip(self.value, self.word, strict=False)
        return [(value.strip(), word) for value, word in pairs if value.strip() and word]


def edited(config: Config, world: World, name: str, edit: Edit) -> Sheet:
    """The draft with one field as it was filled in; nothing is kept. A picklist that is new gets its first map."""
    before = drafted(config, name)
    text = with_types(with_field(before.text, edit.field, edit.keys), edit.declared)
    text = following(before.text, text)
    wanted = edit.keys["picklist"]
    path = PATHS.get(str(before.content.get("canonical")), {}).get(edit.field)
    if path and path.words and wanted and wanted not in before.content.get("picklist", {}):
        first = _first_map(world, before, edit, path.words, whole=path.ours)
        text = with_picklist(text, wanted, first) if first else text
    return sheet(config, name, text)


def _first_map(
    world: World, before: Sheet, edit: Edit, words: Sequence[str], *, whole: bool
) -> list[tuple[str, str]]:
    remote = edit.remote.split(",")[0].strip().removesuffix("?")
    with world.store.read() as connection:
        rows = latest_rows(connection, *before.place, MANY)
        schema = schemas(connection, LATEST).get(before.place)
    offered = (
        [option for field in schema.fields if field.name == remote for option in field.options] if schema else []
    )
    seen = sorted({text for row in rows if (text := row.texts.get(remote))})
    return list(begun(words, dict.fromkeys((*offered, *seen)), whole=whole))


def tried(config: Config, world: World, name: str, edit: Edit) -> dict[str, Any]:
    """What a field would read and write as it is filled in now: samples, faults, and where in its expressions."""
    found = edited(config, world, name, edit)
    with world.store.read() as connection:
        rows = latest_rows(connection, *found.place, FIVE)
        schema = schemas(connection, LATEST).get(found.place)
    shown = samples(found.field_map, rows).get(edit.field, []) if found.field_map else []
    marks = list(
        filter(None, (_mark(found, edit, key, schema.fields if schema else ()) for key in ("expr", "write_if")))
    )
    said = {entry["what"] for entry in marks}
    faults = [fault for fault in found.faults if fault.what not in said]
    return {"samples": shown, "faults": faults, "marks": marks, "failed": found.failed}


def _mark(found: Sheet, edit: Edit, key: str, fields: Sequence[FieldInfo]) -> dict[str, Any] | None:
    """The fault of one expression, with the text before it, the words it lies in, and the text after them."""
    text = getattr(edit, key).strip()
    path = PATHS.get(str(found.content.get("canonical")), {}).get(edit.field)
    wanted: Type | None = "flag" if key == "write_if" else EXPRESSIONS.get(path.transform) if path else None
    if not text or wanted is None:
        return None
    try:
        compile_expression(text, typed(fields) | edit.declared, wanted, tuple(field.name for field in fields))  # type: ignore[arg-type]
    except Refused as refused:
        start, end = place_of(text, refused)
        parts = {"before": text[:start], "word": text[start:end], "after": text[end:]}
        return parts | {"key": key, "what": f"{key}: {refused.what}", "fix": refused.fix}
    return None


def save_field(config: Config, world: World, name: str, edit: Edit) -> None:
    """Keep one field in the draft. Raises BadInput with every fault, and keeps nothing then."""
    _keep(config, edited(config, world, name, edit))


def save_picklist(config: Config, name: str, values: Values) -> None:
    """Keep the map of one picklist in the draft. Raises as `save_field`."""
    before = drafted(config, name)
    known = before.content.get("picklist", {})
    if values.picklist not in known:
        fix = did_you_mean(values.picklist, known, "name it in the field first")
        raise BadInput([Problem(values.picklist, f"{name} has no such picklist", fix)])
    _keep(config, sheet(config, name, with_picklist(before.text, values.picklist, values.chosen, values.unmapped)))


def save_example(config: Config, world: World, name: str, ident: str, shows: str) -> None:
    """Keep in the draft that one of the five latest records is read as it is now. Raises as `save_field`."""
    before = drafted(config, name)
    before.checked()
    with world.store.read() as connection:
        rows = latest_rows(connection, *before.place, FIVE)
    seen = next((row for row in rows if row.id == ident), None)
    if seen is None or before.field_map is None:
        raise BadInput(
            [Problem(ident, "it is not among the latest records", "load the page again, then choose one")]
        )
    record = seen.as_read_by(before.field_map)
    texts = zip(before.field_map.fields, record.values, strict=True)
    given = {name: text for name, text in texts if isinstance(text, str)}
    row, _ = before.field_map.read(record)
    names = {rule.path for rule in before.field_map.rules if given.keys() & set(rule.remotes)}
    expect = {path: plain(value) for path, value in row.values.items() if path in names and value is not None}
    _keep(config, sheet(config, name, with_test(before.text, shows.strip() or ident, given, expect)))


def drop_field(config: Config, name: str, path: str) -> None:
    """Take one field out of the draft. Raises as `save_field`."""
    text = drafted(config, name).text
    _keep(config, sheet(config, name, following(text, without_field(text, path))))


def drop_example(config: Config, name: str, number: int) -> None:
    """Take one example, counted from 1, out of the draft. Raises as `save_field`."""
    text = drafted(config, name).text
    try:
        _keep(config, sheet(config, name, without_example(text, number)))
    except IndexError:
        what = f"{name} has no example {number}"
        raise BadInput([Problem(name, what, "load the page again: somebody changed the draft")]) from None


def _keep(config: Config, found: Sheet) -> None:
    found.checked()
    drafts.begin(config, found.name).write_text(found.text, encoding="utf-8")
    if found.text == drafts.file_of(config, found.name).read_text(encoding="utf-8"):
        drop_draft(config, found.name)


def drop_draft(config: Config, name: str) -> None:
    """Throw the draft away; what runs stays as it is."""
    drafts.draft_of(config, name).unlink(missing_ok=True)
