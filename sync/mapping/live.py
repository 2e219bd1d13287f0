"""The expressions of a mapping held against the fields that a CRM has, and against what these hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connector.record import FieldInfo, FieldType
from sync.expressions import Refused, Type, compile_expression
from sync.mapping.form import EXPRESSIONS, MappingForm
from sync.mapping.paths import PATHS
from sync.model.problem import Problem

_KINDS: Final[Mapping[FieldType, Type]] = {
    FieldType.NUMBER: "number",
    FieldType.BOOLEAN: "flag",
    FieldType.DATE: "day",
    FieldType.DATETIME: "moment",
}


def typed(fields: Sequence[FieldInfo]) -> dict[str, Type]:
    """What a CRM says its fields hold, in the words of expressions; text is not named."""
    return {field.name: _KINDS[field.type] for field in fields if field.type in _KINDS}


def misfits(source: str, form: MappingForm, fields: Sequence[FieldInfo]) -> Iterator[Problem]:
    """Fields that expressions read and the CRM does not have, and those that ``types`` takes for something else."""
    names, held = tuple(field.name for field in fields), typed(fields)
    for key, at, text, wanted in _expressions(form):
        try:
            own = {name: kind for name, kind in form.types.items() if name in names}
            compile_expression(text, own, wanted, names)
        except Refused as refused:
            yield Problem(f"{source}: {key}", f"{at.rpartition('.')[2]}: {refused.what}", refused.fix, at)
    for name, kind in form.types.items():
        if held.get(name, kind) != kind:
            what = f"{name} holds {held[name]} in the CRM, and is taken for {kind}"
            yield Problem(f"{source}: types.{name}", what, f'write {name} = "{held[name]}"', f"types.{name}")


def _expressions(form: MappingForm) -> Iterator[tuple[str, str, str, Type]]:
    """Every expression: how its key is called, where it stands, its text, and what it must result in."""
    for number, field in enumerate(form.field, start=1):
        key = f"field.{number} ({field.canonical})"
        if field.expr is not None:
            wanted = EXPRESSIONS[PATHS[form.canonical][field.canonical].transform]
            yield key, f"field.{number}.expr", field.expr, wanted
        if field.write_if is not None:
            yield key, f"field.{number}.write_if", field.write_if, "flag"
    if form.scope is not None:
        yield "scope", "scope.where", form.scope.where, "flag"
