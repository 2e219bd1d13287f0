"""From the texts of a form to what it says, in our words; every text that says nothing is named with its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sync.mapping.paths import Region
from sync.model.filing import Form
from sync.model.money import Money
from sync.model.problem import Problem
from sync.model.registration import Evidence, Response, Role

Texts = Mapping[str, Sequence[str]]
"""What a browser sends: every field with its values."""

EVIDENCE_KINDS: Final = ("POC", "MEETING", "QUOTE", "NDA", "EMAIL", "OTHER")


@dataclass(slots=True)
class Read:
    """What was understood so far, and what was not."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_form(texts: Texts, zone: ZoneInfo) -> tuple[Form, list[Problem]]:
    """A form, and a problem for every field that says nothing. ``zone``: of the days by which evidence is dated."""
    read = Read()
    for name, reader in READERS.items():
        if text := _text(texts, name):
            _take(read, name, partial(reader, text), "correct it")
    for name, words in (("roles", Role), ("regions", Region)):
        if chosen := [text for text in texts.get(name, ()) if text]:
            _take(read, name, partial(_chosen, words, chosen), "choose from the list")
    if families := tuple(word.strip() for word in _text(texts, "families").split(";") if word.strip()):
        read.values["families"] = families
    read.values |= {name: True for name in ("lead", "sourcing") if _text(texts, name) == "on"}
    _take(read, "declared_value", partial(_value, texts), "write it like 120000.50, and choose its currency")
    _take(read, "evidence", partial(_evidence, texts, zone), "give its kind, its day and where to find it")
    return Form(**{name: value for name, value in read.values.items() if value is not None}), read.problems


def _text(texts: Texts, name: str) -> str:
    return (texts.get(name) or [""])[0].strip()


def _chosen(words: Callable[[str], StrEnum], texts: Sequence[str]) -> tuple[StrEnum, ...]:
    return tuple(words(text) for text in texts)


def _take(read: Read, name: str, reader: Callable[[], Any], fix: str) -> None:
    try:
        read.values[name] = reader()
    except ValueError as error:
        read.problems.append(Problem(name, str(error), fix))


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is not a number") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a day like 2026-12-31") from None


def _value(texts: Texts) -> Money | None:
    amount = _text(texts, "declared_value")
    return Money.parse(amount, _text(texts, "currency")) if amount else None


def _evidence(texts: Texts, zone: ZoneInfo) -> tuple[Evidence, ...] | None:
    kind, day, ref = (_text(texts, name) for name in ("evidence", "evidence_day", "evidence_ref"))
    if not (kind or ref):
        return None
    if kind not in EVIDENCE_KINDS:
        raise ValueError("its kind is missing")
    if not (day and ref):
        raise ValueError("its day, or where to find it, is missing")
    return (Evidence(kind, datetime.combine(_day(day), time(), zone), ref),)


READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "customer_name": str,
    "customer_domain": str,
    "customer_country": str,
    "customer_duns": str,
    "expected_close": _day,
    "contribution": _number,
    "proposed_share": _number,
    "joint_key": str,
    "joint_response": Response,
}


def texts_of(form: Form) -> dict[str, list[str]]:
    """A form as a browser shows it, to be corrected; evidence is only added, so it begins empty."""
    found = {name: [str(value)] for name in READERS if (value := getattr(form, name)) is not None}
    found |= {name: [str(word) for word in getattr(form, name) or ()] for name in ("roles", "regions")}
    if form.families:
        found["families"] = ["; ".join(form.families)]
    if form.declared_value:
        found |= {"declared_value": [str(form.declared_value.major)], "currency": [form.declared_value.currency]}
    return found
