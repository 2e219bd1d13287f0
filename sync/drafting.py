"""A policy while somebody writes it: what is wrong with it, what it changes, its text as the next version. Pure."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError

from sync.model.problem import Problem
from sync.policy import Policies, Policy, lint, parse


@dataclass(frozen=True, slots=True)
class Draft:
    """The rules of the next version of ``name``, as TOML; ``effective_from`` and ``why`` as they were typed."""

    name: str
    text: str
    effective_from: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft as it would be published. ``policy`` is there only when nothing is wrong with it."""

    text: str
    version: int
    policy: Policy | None
    problems: tuple[Problem, ...]


def next_version(policies: Policies, name: str) -> int:
    """The version that follows every version of this policy."""
    return max((policy.version for policy in policies.all if policy.name == name), default=0) + 1


def newest(policies: Policies, name: str) -> Policy | None:
    """The last version of a policy."""
    own = [policy for policy in policies.all if policy.name == name]
    return max(own, key=lambda policy: policy.version, default=None)


def check(draft: Draft, policies: Policies, now: datetime) -> Checked:
    """The draft as the next version, with everything that is wrong with it at once."""
    version = next_version(policies, draft.name)
    problems = list(_day_problems(draft, policies, now))
    text = draft.text.replace("\r\n", "\n")
    try:
        text = as_version(text, version, _day(draft.effective_from))
    except ParseError as error:
        problems.append(Problem("draft", f"it is not TOML: {error}", "correct that place"))
        return Checked(text, version, None, tuple(problems))
    if (named := _named(draft.text)) != draft.name:
        what = f"it is called {named!r}: the draft is the next version of {draft.name!r}"
        problems.append(Problem("draft: name", what, f'write name = "{draft.name}"'))
    policy, faults = parse("draft", tomllib.loads(text, parse_float=Decimal))
    problems += faults
    if policy:
        problems += [p for p in lint([*((p.id, p) for p in policies.all), ("draft", policy)]) if "draft" in p.where]
    return Checked(text, version, None if problems else policy, tuple(dict.fromkeys(problems)))


def _named(text: str) -> Any:
    return tomlkit.parse(text).unwrap().get("name")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day_problems(draft: Draft, policies: Policies, now: datetime) -> Iterator[Problem]:
    """The first day must lie ahead, and behind that of every version that is there."""
    where, day, last = "effective date", _day(draft.effective_from), newest(policies, draft.name)
    if day is None:
        yield Problem(where, f"{draft.effective_from!r} is no date", "write it as 2027-01-01")
    elif last and day <= last.effective_from:
        what = f"{last.id} takes effect on {last.effective_from}: the next version follows it"
        yield Problem(where, what, "choose a later day")
    elif day <= (today := last.today(now) if last else now.date()):
        what = f"{day} has begun: registrations of that day were judged by the rules in force"
        yield Problem(where, what, f"choose a day after {today}")


def as_version(text: str, version: int, first: date | None) -> str:
    """The same rules as another version; comments and order stay. Raises ParseError for what is not TOML."""
    document = tomlkit.parse(text)
    changed: dict[str, Any] = {"version": version, "effective_from": first}
    for key, value in changed.items():
        if value is not None:
            document[key] = value
    document.pop("effective_to", None)
    return tomlkit.dumps(document)


def signed(text: str, version: int, by: str, at: datetime, why: str) -> str:
    """The text with who published it, when and why on its first line, in the place of an earlier such line."""
    rest = re.sub(r"\A# Version \d+, published [^\n]*\n", "", text)
    said = " ".join(f"{by}: {why}".split())
    return f"# Version {version}, published {at:%Y-%m-%d %H:%M} UTC by {said}\n{rest}"


def changes(before: str, after: str) -> list[str]:
    """The lines that differ, each with its sign."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++"))]


# Every key with its value and its sentence.


def sentences(table: str) -> dict[str, str]:
    """The sentence of each key, from the table of keys in Markdown (sync/presets/README.md)."""
    found: dict[str, str] = {}
    for row in re.findall(r"^\| (`[^|]*) \| (.*) \|$", table, re.MULTILINE):
        section = ""
        for key in re.findall(r"`([^`]+)`", row[0]):
            section = key.rpartition(".")[0] or section
            found[key if "." in key or not section else f"{section}.{key}"] = row[1]
    return found


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a policy as it stands, and what it sets."""

    name: str
    value: str
    sentence: str


def keys(policy: Policy, table: Mapping[str, str]) -> Iterator[Key]:
    """Every key of a policy, those that its file leaves out with the value that counts then."""
    for name, value in _flat(policy.model_dump(mode="json"), ""):
        yield Key(name, _shown(value), _sentence(name, table))


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(value: Any) -> str:
    match value:
        case None | [] | "" | {}:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_shown(entry) for entry in value)
        case dict():
            return "; ".join(f"{name} {_shown(entry)}" for name, entry in value.items())
        case _:
            return str(value)


def _sentence(name: str, table: Mapping[str, str]) -> str:
    """The sentence of a key, else that of the nearest table around it, else of the first key in it."""
    general = re.sub(r"^(roles|incentives)\.[A-Z]+", r"\1.ROLE", name)
    while general:
        if general in table:
            return table[general]
        inside = next((said for key, said in table.items() if key.startswith(f"{general}.")), "")
        if inside:
            return inside
        general = general.rpartition(".")[0]
    return ""
