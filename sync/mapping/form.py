"""The shape of a mapping file, checked key by key before anything is compiled from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sync.mapping.paths import PATHS
from sync.mapping.transforms import TRANSFORMS
from sync.model.problem import Problem


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class FieldForm(_Frozen):
    """One ``[[field]]``: a canonical path, the CRM fields it stands in, and who owns them.

    A remote name with a trailing ``?`` may be missing in this org without anybody being told.
    """

    canonical: str
    remote: tuple[str, ...] = Field(min_length=1)
    direction: Literal["in", "out", "both"] = "in"
    owner: Literal["crm", "filed", "engine"] = "crm"
    picklist: str | None = None
    refers: str | None = None
    notes: str = ""

    @field_validator("remote", mode="before")
    @classmethod
    def _one_or_several(cls, remote: Any) -> Any:
        return (remote,) if isinstance(remote, str) else remote


class PicklistForm(_Frozen):
    """One ``[picklist.name]``: CRM value to our word."""

    map: Mapping[str, str]
    unmapped: str = Field(default="error", pattern=r"^(error|skip|default:.+)$")


class MappingForm(_Frozen):
    """One mapping file."""

    schema_version: Literal[1] = Field(alias="schema")
    id: str
    title: str = ""
    connection: str
    object: str
    canonical: str
    status: Literal["active", "paused"] = "active"
    optional: bool = False
    key: str | None = None
    notes: str = ""
    field: tuple[FieldForm, ...] = Field(min_length=1)
    picklist: Mapping[str, PicklistForm] = Field(default_factory=dict)


def parse(source: str, content: Mapping[str, Any]) -> tuple[MappingForm | None, list[Problem]]:
    """A mapping from one TOML document, or every fault of it."""
    try:
        form = MappingForm.model_validate(content)
    except ValidationError as error:
        return None, [_shape_problem(source, fault) for fault in error.errors()]
    problems = [Problem(f"{source}: {key}", what, fix) for key, what, fix in _word_problems(form)]
    return (None if problems else form), problems


def _shape_problem(source: str, fault: Any) -> Problem:
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in fault["loc"]) or "the whole file"
    if fault["type"] == "extra_forbidden":
        known = [*MappingForm.model_fields, *FieldForm.model_fields, *PicklistForm.model_fields]
        near = get_close_matches(str(fault["loc"][-1]), known, n=1)
        return Problem(f"{source}: {key}", "unknown key", f"did you mean {near[0]!r}?" if near else "remove it")
    return Problem(f"{source}: {key}", fault["msg"], "correct the value; mappings/README.md shows every key")


def _word_problems(form: MappingForm) -> Iterator[tuple[str, str, str]]:
    if form.canonical not in PATHS:
        yield "canonical", f"unknown object {form.canonical!r}", f"one of {', '.join(PATHS)}"
        return
    seen: set[str] = set()
    for number, field in enumerate(form.field, start=1):
        key = f"field.{number} ({field.canonical})"
        if field.canonical in seen:
            yield key, "the path is mapped twice", "remove one of the two"
        seen.add(field.canonical)
        for what, fix in _field_problems(form, field):
            yield key, what, fix
    for name, picklist in form.picklist.items():
        if not any(field.picklist == name for field in form.field):
            yield f"picklist.{name}", "no field uses this picklist", "remove it, or name it in a field"
        if not picklist.map:
            yield f"picklist.{name}.map", "the map is empty", "map at least one value"


def _field_problems(form: MappingForm, field: FieldForm) -> Iterator[tuple[str, str]]:
    path = PATHS[form.canonical].get(field.canonical)
    if path is None:
        near = get_close_matches(field.canonical, PATHS[form.canonical], n=1)
        yield "unknown canonical path", f"did you mean {near[0]!r}?" if near else "see mappings/README.md"
        return
    width = TRANSFORMS[path.transform].width
    if len(field.remote) > width:
        yield f"{len(field.remote)} remote fields, but {path.transform} takes {width}", "remove the others"
    if path.ours != (field.owner == "engine"):
        owner = "engine" if path.ours else "crm or filed"
        yield f"owner is {field.owner!r}", f"this path is owned by {owner}: change the owner"
    if not path.ours and field.direction != "in":
        yield f"direction is {field.direction!r}", 'only what dealsync computes is written: use direction = "in"'
    if path.transform in ("reference", "references") and not field.refers:
        yield "refers is missing", 'name the object it points to, e.g. refers = "Account"'
    if path.words:
        yield from _picklist_problems(form, field, path.words)
    elif field.picklist:
        yield "this path takes no picklist", "remove picklist"


def _picklist_problems(form: MappingForm, field: FieldForm, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if field.picklist is None or field.picklist not in form.picklist:
        yield "its picklist is missing", "add a [picklist.…] block with a map, and name it in the field"
        return
    picklist = form.picklist[field.picklist]
    targets = [*picklist.map.values()]
    if picklist.unmapped.startswith("default:"):
        targets.append(picklist.unmapped.removeprefix("default:"))
    for word in sorted(set(targets) - set(words)):
        near = get_close_matches(word.upper(), words, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(words)}"
        yield f"the picklist maps to {word!r}, which is not a word of this path", fix
    if field.owner == "engine" and (missing := [word for word in words if word not in targets]):
        yield f"the picklist has no value for {', '.join(missing)}", "map a CRM value to each: they are written"
