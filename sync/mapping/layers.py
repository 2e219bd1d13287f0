"""What a mapping file is put together from: the one it extends, and the names that differ in one environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Key

from sync.expressions import with_names
from sync.model.problem import Problem, did_you_mean
from sync.shape import shape_problem

Content = Mapping[str, Any]


class OverlayForm(BaseModel):
    """One mapping in ``overlays/NAME.toml``: names that are others in this environment, and no rules."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    object: str | None = None
    key: str | None = None
    remote: Mapping[str, str] = Key(default_factory=dict)  # our files' name of a field to its name here


def extended(base: Content, own: Content) -> dict[str, Any]:
    """``own`` over ``base``, one level deep: blocks of the same path, picklists of the same name, plain keys.

    ``drop`` names paths of the base that are left out; tests are only the own ones.
    """
    own_fields = {field.get("canonical"): field for field in _blocks(own)}
    dropped = {path for path in own.get("drop", ()) if isinstance(path, str)}
    kept = [own_fields.pop(field.get("canonical"), field) for field in _blocks(base)]
    fields = [field for field in kept if field.get("canonical") not in dropped]
    whole = {**base, **own, "field": [*fields, *own_fields.values()], "test": own.get("test", [])}
    named = {field.get("picklist") for field in whole["field"]}
    inherited = {name: block for name, block in _table(base, "picklist").items() if name in named}
    whole["picklist"] = {**inherited, **_table(own, "picklist")}
    whole["types"] = {**_table(base, "types"), **_table(own, "types")}
    return whole


def _blocks(content: Content) -> list[Content]:
    found = content.get("field", [])
    return [block for block in found if isinstance(block, Mapping)] if isinstance(found, list) else []


def _table(content: Content, name: str) -> Content:
    found = content.get(name, {})
    return found if isinstance(found, Mapping) else {}


def dropped_in_vain(source: str, base: Content, own: Content) -> list[Problem]:
    """Paths that are left out and that the extended mapping does not have."""
    known = [str(field.get("canonical")) for field in _blocks(base)]
    return [
        Problem(f"{source}: drop", f"{path!r} is not mapped there", did_you_mean(str(path), known, "remove it"))
        for path in own.get("drop", ())
        if path not in known
    ]


def parse_overlay(source: str, content: Content) -> tuple[dict[str, OverlayForm], list[Problem]]:
    """The mappings of an environment's overlay, by their id; every fault of it."""
    found: dict[str, OverlayForm] = {}
    problems: list[Problem] = []
    for name, block in content.items():
        try:
            found[name] = OverlayForm.model_validate(block)
        except ValidationError as error:
            for fault in error.errors():
                problem = shape_problem(f"{source}", OverlayForm, fault, _HINT, whole="the whole block")
                where = problem.where.replace(f"{source}: ", f"{source}: {name}.", 1)
                problems.append(Problem(where, problem.what, problem.fix))
    return found, problems


_HINT: Final = "an overlay holds object, key and remote: names only"


def overlaid(content: Content, overlay: OverlayForm) -> dict[str, Any]:
    """A mapping with the names of one environment in it."""
    renamed = dict(content)
    renamed |= {key: value for key in ("object", "key") if (value := getattr(overlay, key)) is not None}
    renamed["field"] = [_renamed(field, overlay.remote) for field in _blocks(content)]
    if isinstance(scope := content.get("scope"), Mapping):
        renamed["scope"] = _respelt(scope, ("where",), overlay.remote)
    renamed["types"] = {overlay.remote.get(name, name): kind for name, kind in _table(content, "types").items()}
    if isinstance(tests := content.get("test"), list):
        renamed["test"] = [_retold(test, overlay.remote) for test in tests]
    return renamed


def _retold(test: Any, names: Mapping[str, str]) -> Any:
    """A test with the fields it gives by their names here."""
    if not isinstance(test, Mapping) or not isinstance(given := test.get("given"), Mapping):
        return test
    return {**test, "given": {names.get(name, name): value for name, value in given.items()}}


def _renamed(field: Content, names: Mapping[str, str]) -> dict[str, Any]:
    remote = field.get("remote", ())
    several = [remote] if isinstance(remote, str) else list(remote)
    found = {"remote": [_name(entry, names) for entry in several]} if remote else {}
    return {**_respelt(field, ("expr", "write_if"), names), **found}


def _respelt(block: Content, keys: Sequence[str], names: Mapping[str, str]) -> dict[str, Any]:
    """A block with the names of here in its expressions."""
    texts = {key: with_names(text, names) for key in keys if isinstance(text := block.get(key), str)}
    return {**block, **texts}


def _name(remote: Any, names: Mapping[str, str]) -> Any:
    text = str(remote)
    return names.get(text.removesuffix("?"), text.removesuffix("?")) + ("?" if text.endswith("?") else "")


def renamed_in_vain(source: str, content: Content, overlay: OverlayForm) -> list[Problem]:
    """Names of an overlay that its mapping does not use."""
    remotes = [entry for field in _blocks(content) for entry in _several(field.get("remote", ()))]
    known = [str(entry).removesuffix("?") for entry in remotes] + list(_table(content, "types"))
    return [
        Problem(f"{source}.remote.{name}", f"{name} is not mapped", did_you_mean(name, known, "remove it"))
        for name in overlay.remote
        if name not in known
    ]


def _several(remote: Any) -> list[Any]:
    return [remote] if isinstance(remote, str) else list(remote)
