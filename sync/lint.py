"""Everything that is wrong with config, policies and mappings, at once: file and line, key, cause, fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sync.config import Config, load
from sync.drift import misfitting
from sync.mapping.fieldmap import compile_form
from sync.mapping.form import MappingForm
from sync.mapping.proof import astray, failures
from sync.model.problem import BadInput, Problem
from sync.places import line_of, places
from sync.runtime.schedule import trigger
from sync.sources import each_mapping
from sync.store.opening import is_there, open_store


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to correct. ``file`` is relative to the installation; ``line`` counts from 1."""

    file: str
    line: int
    key: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key + ': ' if self.key else ''}{self.what}"


def lint(home: Path) -> list[Fault]:
    """Every fault of an installation's files, in the order of files and lines. Raises nothing.

    Asks no CRM; what the CRMs offer is known from the schemas that the store has, if there is one.
    """
    config, problems = _loaded(home)
    folder, environment = (config.form.mappings, config.form.environment) if config else ("mappings", "")
    passed_over: list[Problem] = []  # the loading said them already
    for source, form in each_mapping(home, folder, environment, passed_over):
        problems += failed_tests(source, form)
    if config:
        problems += _schedules(config)
        problems += _misfits(home, config)
    return sorted(set(located(home, problems)))


def _loaded(home: Path) -> tuple[Config | None, list[Problem]]:
    try:
        return load(home), []
    except BadInput as error:
        return None, list(error.problems)


def failed_tests(source: str, form: MappingForm) -> Iterator[Problem]:
    """The tests inside one mapping that it does not pass, and those that speak of what it does not have."""
    compiled = compile_form(form, None, {field.projection for field in form.field if field.projection})
    for number, test in enumerate(form.test, start=1):
        key = f"test.{number}"
        where = f"{source}: {key} ({test.name})"
        lost = [Problem(where, what, fix, f"{key}.{at}") for what, fix, at in astray(form, test)]
        yield from lost
        if not lost:
            for sentence in failures(compiled, test):
                yield Problem(where, sentence, "correct the mapping, or the test", key)


def _misfits(home: Path, config: Config) -> Iterator[Problem]:
    """Where mappings do not fit the schemas that were pulled last."""
    with suppress(BadInput):  # a store that cannot be opened is what `doctor` says
        if is_there(config.store_url, home):
            forms = each_mapping(home, config.form.mappings, config.form.environment, [])
            with closing(open_store(config.store_url, home)) as store, store.read() as connection:
                yield from misfitting(connection, forms, config.form.connection)


def _schedules(config: Config) -> Iterator[Problem]:
    schedule = config.form.schedule
    for key, text in (("sync", schedule.sync), ("reconcile", schedule.reconcile)):
        try:
            if text:
                trigger(text)
        except BadInput as error:
            for problem in error.problems:
                yield Problem(f"config.toml: schedule.{key}", problem.what, problem.fix)


def located(home: Path, problems: Iterable[Problem]) -> Iterator[Fault]:
    """Problems of files with the line they stand on."""
    lines: dict[str, dict[tuple[str, ...], int]] = {}
    for problem in problems:
        source, _, key = problem.where.partition(": ")
        if source not in lines:
            lines[source] = places(_text(home / source))
        broken = re.search(r"\(at line (\d+)", problem.what)
        line = int(broken[1]) if broken else line_of(lines[source], problem.key or key)
        yield Fault(source, line, key, problem.what, problem.fix)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
