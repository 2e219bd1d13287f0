"""The shape of a mapping file, checked key by key before anything is compiled from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sync.expressions import Refused, Type, compile_expression
from sync.mapping.paths import PATHS
from sync.mapping.transforms import TRANSFORMS
from sync.model.ids import digest
from sync.model.problem import Problem, did_you_mean
from sync.shape import shape_problem

HINT: Final = "mappings/README.md shows every key"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class FieldForm(_Frozen):
    """One ``[[field]]``: a canonical path, the CRM fields it stands in or is calculated from, and who owns them.

    A remote name with a trailing ``?`` may be missing in this org without anybody being told. ``default`` is the
    text that an empty field is read as. ``null``: what a field that we write becomes when we have nothing to say.
    ``write_if``: an expression over the record as it is; where it is false, the field is left as it is.
    ``projection``: the field is only there where config.toml names it among the projections of the connection.
    """

    canonical: str
    remote: tuple[str, ...] = ()
    expr: str | None = None
    direction: Literal["in", "out", "both"] = "in"
    owner: Literal["crm", "filed", "engine"] = "crm"
    picklist: str | None = None
    refers: str | None = None
    default: str | None = None
    null: Literal["clear", "keep"] = "clear"
    write_if: str | None = None
    projection: Literal["role_label"] | None = None
    notes: str = ""

    @field_validator("remote", mode="before")
    @classmethod
    def _one_or_several(cls, remote: Any) -> Any:
        return (remote,) if isinstance(remote, str) else remote

    @property
    def names(self) -> tuple[str, ...]:
        """The CRM's names of its fields, without question marks."""
        return tuple(remote.removesuffix("?") for remote in self.remote)


class PicklistForm(_Frozen):
    """One ``[picklist.name]``: CRM value to our word."""

    map: Mapping[str, str]
    unmapped: str = Field(default="error", pattern=r"^(error|skip|default:.+)$")


class ScopeForm(_Frozen):
    """``[scope]``: which records are taken in. ``where``: an expression over the record as it is.

    A record that is known stays known, wherever it goes: leaving the scope withdraws nothing.
    """

    where: str
    notes: str = ""


Given = bool | int | Decimal | str
"""A value in a test, as TOML has it."""


class TestForm(_Frozen):
    """One ``[[test]]``: a record (``given``: CRM field to value), and what it is in our words (``expect``).

    ``refused``: the paths whose values must be reported as problems.
    """

    __test__ = False

    name: str
    given: Mapping[str, Given]
    expect: Mapping[str, Given | tuple[Given, ...]] = Field(default_factory=dict)
    refused: tuple[str, ...] = ()


class MappingForm(_Frozen):
    """One mapping file, with what it extends already put in."""

    schema_version: Literal[1] = Field(alias="schema")
    extends: str | None = None
    drop: tuple[str, ...] = ()
    id: str
    title: str = ""
    connection: str
    object: str
    canonical: str
    status: Literal["active", "paused"] = "active"
    optional: bool = False
    key: str | None = None
    notes: str = ""
    scope: ScopeForm | None = None
    types: Mapping[str, Type] = Field(default_factory=dict)  # of the CRM's fields that expressions read
    field: tuple[FieldForm, ...] = Field(min_length=1)
    picklist: Mapping[str, PicklistForm] = Field(default_factory=dict)
    test: tuple[TestForm, ...] = ()

    @property
    def version(self) -> str:
        """A digest of what the file means: comments, titles, notes, tests and the order of fields are not in it."""
        apart = {"extends", "drop", "title", "notes", "test", "field", "scope"}
        plain = self.model_dump(mode="json", exclude=apart)
        scope = [f"scope {self.scope.where}"] if self.scope else []
        fields = sorted(field.model_dump_json(exclude={"notes"}) for field in self.field)
        return digest(repr(plain), *fields, *scope)


def parse(source: str, content: Mapping[str, Any]) -> tuple[MappingForm | None, list[Problem]]:
    """A mapping from one TOML document, or every fault of it."""
    try:
        form = MappingForm.model_validate(content)
    except ValidationError as error:
        return None, [
            shape_problem(source, MappingForm, fault, HINT, whole="the whole file") for fault in error.errors()
        ]
    problems = [Problem(f"{source}: {key}", what, fix, at) for key, what, fix, at in _word_problems(form)]
    return (None if problems else form), problems


Fault = tuple[str, str, str, str]
"""Key as it is said, what is wrong, what to do, the very key to look at."""


def _word_problems(form: MappingForm) -> Iterator[Fault]:
    if form.canonical not in PATHS:
        fix = did_you_mean(form.canonical, PATHS, f"one of {', '.join(PATHS)}")
        yield "canonical", f"unknown object {form.canonical!r}", fix, "canonical"
        return
    seen: set[str] = set()
    for number, field in enumerate(form.field, start=1):
        key = f"field.{number} ({field.canonical})"
        if field.canonical in seen:
            yield key, "the path is mapped twice", "remove one of the two", f"field.{number}.canonical"
        seen.add(field.canonical)
        for what, fix, at in _field_problems(form, field):
            yield key, what, fix, at if at.startswith("picklist.") else f"field.{number}.{at}"
    for what, fix in _scope_problems(form):
        yield "scope", what, fix, "scope.where"
    for name, picklist in form.picklist.items():
        at = f"picklist.{name}"
        if not any(field.picklist == name for field in form.field):
            yield at, "no field uses this picklist", "remove it, or name it in a field", at
        if not picklist.map:
            yield f"{at}.map", "the map is empty", "map at least one value", at


def _scope_problems(form: MappingForm) -> Iterator[tuple[str, str]]:
    if form.scope is None:
        return
    if all(path.ours for path in PATHS[form.canonical].values()):
        yield "every record of this object is dealsync's own", "remove the scope"
    try:
        reads = compile_expression(form.scope.where, form.types, "flag").fields
    except Refused as refused:
        yield f"where: {refused.what}", refused.fix
        return
    written = {name for field in form.field if field.direction != "in" for name in field.names}
    for name in sorted(written.intersection(reads)):
        fix = "decide by fields that people or the CRM keep"
        yield f"it reads {name}, which dealsync writes: what we write would decide what we read", fix


def _field_problems(form: MappingForm, field: FieldForm) -> Iterator[tuple[str, str, str]]:
    path = PATHS[form.canonical].get(field.canonical)
    if path is None:
        fix = did_you_mean(field.canonical, PATHS[form.canonical], "see mappings/README.md")
        yield "unknown canonical path", fix, "canonical"
        return
    width = TRANSFORMS[path.transform].width
    if len(field.remote) > width:
        yield (
            f"{len(field.remote)} remote fields, but {path.transform} takes {width}",
            "remove the others",
            "remote",
        )
    if path.ours != (field.owner == "engine"):
        owner = "engine" if path.ours else "crm or filed"
        yield f"owner is {field.owner!r}", f"this path is owned by {owner}: change the owner", "owner"
    if not path.ours and field.direction != "in":
        fix = 'only what dealsync computes is written: use direction = "in"'
        yield f"direction is {field.direction!r}", fix, "direction"
    if path.transform in ("reference", "references") and not field.refers:
        yield "refers is missing", 'name the object it points to, e.g. refers = "Account"', "refers"
    if path.words:
        yield from _picklist_problems(form, field, path.words)
    elif field.picklist:
        yield "this path takes no picklist", "remove picklist", "picklist"
    yield from _direction_problems(field, width)
    yield from _expression_problems(form, field, path.transform)


def _direction_problems(field: FieldForm, width: int) -> Iterator[tuple[str, str, str]]:
    """Keys that only mean something for fields that are read, or only for those that are written."""
    if not field.remote and field.expr is None:
        yield "remote is missing", 'name the CRM field, e.g. remote = "Name"', "remote"
    if field.direction != "in" and (field.expr is not None or field.default is not None):
        yield "expr and default are for fields that are read", "remove it from a field that is written", "direction"
    if field.direction == "in" and (field.null != "clear" or field.write_if is not None):
        yield (
            "null and write_if are for fields that are written",
            "remove it from a field that is read",
            "direction",
        )
    if field.expr is not None and field.remote:
        yield "both remote and expr", "an expression names its fields itself: remove remote", "remote"
    if field.default is not None and width > 1:
        yield "this path takes no default", "use an expression: (Amount ?? 0)", "default"


EXPRESSIONS: Final[Mapping[str, Type]] = {
    "text": "text",
    "domain": "text",
    "choice": "text",
    "reference": "text",
    "words": "text",
    "number": "number",
    "money": "number",
    "part": "number",
    "flag": "flag",
    "day": "day",
    "moment": "moment",
}
"""What an expression for a path of this transform must result in."""


def _expression_problems(form: MappingForm, field: FieldForm, transform: str) -> Iterator[tuple[str, str, str]]:
    wanted = EXPRESSIONS.get(transform)
    if field.expr is not None and wanted is None:
        yield f"{transform} cannot be calculated", "map a field to it", "expr"
    elif field.expr is not None and wanted:
        yield from _refusal(form, field.expr, wanted, "expr")
    if field.write_if is not None:
        yield from _refusal(form, field.write_if, "flag", "write_if")


def _refusal(form: MappingForm, text: str, wanted: Type, at: str) -> Iterator[tuple[str, str, str]]:
    try:
        compile_expression(text, form.types, wanted)
    except Refused as refused:
        yield f"{at}: {refused.what}", refused.fix, at


def _picklist_problems(
    form: MappingForm, field: FieldForm, words: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    if field.picklist is None or field.picklist not in form.picklist:
        near = did_you_mean(field.picklist or "", form.picklist, "add a [picklist.…] block with a map")
        fix = near if field.picklist else "add a [picklist.…] block with a map, and name it in the field"
        yield "its picklist is missing", fix, "picklist"
        return
    picklist = form.picklist[field.picklist]
    at = f"picklist.{field.picklist}"
    targets = {word: f"{at}.map.{value}" for value, word in picklist.map.items()}
    if picklist.unmapped.startswith("default:"):
        targets.setdefault(picklist.unmapped.removeprefix("default:"), f"{at}.unmapped")
    for word in sorted(targets.keys() - set(words)):
        fix = did_you_mean(word, words, f"one of {', '.join(words)}")
        yield f"the picklist maps to {word!r}, which is not a word of this path", fix, targets[word]
    some = PATHS[form.canonical][field.canonical].some
    if field.owner == "engine" and not some and (missing := [word for word in words if word not in targets]):
        what = f"the picklist has no value for {', '.join(missing)}"
        yield what, "map a CRM value to each: they are written", f"{at}.map"
