"""What pydantic finds wrong with a file, said in our words: the place, the cause, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel

from sync.model.problem import Problem, did_you_mean


def shape_problem(
    source: str, model: type[BaseModel], fault: Any, hint: str, *, whole: str, first: int = 1
) -> Problem:
    """One fault of a file whose shape is ``model``.

    ``hint``: where every key is explained; ``whole``: the file; ``first``: the number of the first of several.
    """
    place: Sequence[int | str] = fault["loc"]
    where = f"{source}: {_dotted(place, first) or whole}"
    what, fix = _said(model, fault, place, hint)
    return Problem(where, what, fix, _dotted(place, 1))


def _dotted(place: Sequence[int | str], first: int) -> str:
    return ".".join(str(part + first) if isinstance(part, int) else part for part in place)


def _said(model: type[BaseModel], fault: Any, place: Sequence[int | str], hint: str) -> tuple[str, str]:
    if fault["type"] == "extra_forbidden":
        return "unknown key", did_you_mean(str(place[-1]), known_keys(model, place), f"remove it; {hint}")
    if fault["type"] == "missing":
        return fault["msg"], f"add {place[-1]} = …; {hint}"
    what, _, fix = fault["msg"].removeprefix("Value error, ").partition("; ")
    if not fix:
        words = re.findall(r"'([^']*)'", str(fault.get("ctx", {}).get("expected", "")))
        fix = did_you_mean(str(fault["input"]), words, f"correct the value; {hint}")
    return what, fix


def known_keys(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that may stand where the last part of ``place`` stands."""
    here: Any = model
    for part in place[:-1]:
        here = _inside(here, part)
    fields = _model(here)
    return [field.alias or name for name, field in fields.model_fields.items()] if fields else []


def _model(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type):
        return kind if issubclass(kind, BaseModel) else None
    return next((found for inner in get_args(kind) if (found := _model(inner))), None)


def _inside(kind: Any, part: int | str) -> Any:
    """The type of one part of a value of type ``kind``."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        return next((field.annotation for name, field in fields.items() if part in (name, field.alias)), None)
    inner = [entry for entry in get_args(kind) if entry is not type(None)]
    return (
        inner[-1] if inner and isinstance(part, str) else next((entry for entry in inner if entry is not ...), None)
    )
