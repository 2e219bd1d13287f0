"""One text of a mapping, taken apart: what it says, what it means, and every fault of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync import drafts
from sync.config import Config
from sync.config.loading import compiled
from sync.lint import failed_tests
from sync.mapping.fieldmap import FieldMap
from sync.mapping.form import MappingForm
from sync.mapping.form import parse as parse_mapping
from sync.model.problem import BadInput, Problem
from sync.places import line_of, places
from sync.sources import put_together, read_overlays, toml_content


@dataclass(frozen=True, slots=True)
class Sheet:
    """``content``: as the file says it, with what it extends; ``form``, ``field_map``: as it runs here, if sound.

    ``failed``: the tests inside it that it does not pass.
    """

    name: str
    text: str
    content: Mapping[str, Any]
    form: MappingForm | None
    field_map: FieldMap | None
    faults: tuple[Problem, ...]
    failed: tuple[Problem, ...] = ()

    @property
    def place(self) -> tuple[str, str]:
        """Connection and object, by their names here."""
        known = (self.form.connection, self.form.object) if self.form else ()
        return known or (str(self.content.get("connection")), str(self.content.get("object")))

    def remotes(self, path: str) -> list[str]:
        """The CRM's fields of one path by their names here, with their question marks."""
        field = next((field for field in self.form.field if field.canonical == path), None) if self.form else None
        said = field.remote if field else self.block(path).get("remote", ())
        return [said] if isinstance(said, str) else [str(entry) for entry in said]

    @property
    def blocks(self) -> list[Mapping[str, Any]]:
        """Its fields, as written."""
        return [field for field in self.content.get("field", ()) if isinstance(field, Mapping)]

    def block(self, path: str) -> Mapping[str, Any]:
        """The field of one path; empty where it is not mapped."""
        return next((field for field in self.blocks if field.get("canonical") == path), {})

    def faults_of(self, path: str) -> list[Problem]:
        """What is wrong with one field."""
        return [fault for fault in self.faults if f"({path})" in fault.where]

    def line_of(self, fault: Problem) -> int:
        """The line that a fault stands on."""
        return line_of(places(self.text), fault.key or fault.where.partition(": ")[2])

    def checked(self) -> MappingForm:
        """Its form. Raises BadInput with every fault of it."""
        if self.form is None:
            raise BadInput(list(self.faults))
        return self.form


def sheet(config: Config, name: str, text: str) -> Sheet:
    """A text of the mapping ``name``, as this installation would understand it."""
    folder = config.form.mappings
    source = f"{folder}/{name}.toml"
    faults: list[Problem] = []
    content = toml_content(text, source, faults) or {}
    plain = put_together(config.home / folder, source, content, {}, []) or content
    overlays = read_overlays(config.home, folder, config.form.environment, faults)
    whole = put_together(config.home / folder, source, content, overlays, faults) if content else None
    form, found = parse_mapping(source, whole) if whole is not None else (None, [])
    faults += found
    if form is None or faults:
        return Sheet(name, text, plain, None, None, tuple(faults))
    return Sheet(name, text, plain, form, compiled(form, config.form), (), tuple(failed_tests(source, form)))


def running(config: Config, name: str) -> Sheet:
    """The file that runs."""
    return sheet(config, name, drafts.file_of(config, name).read_text(encoding="utf-8"))


def drafted(config: Config, name: str) -> Sheet:
    """The draft, or the file that runs where there is none."""
    return sheet(config, name, drafts.drafted(config, name))
