"""Deals divided by JSON lines in and out: a line that cannot be divided says why, and stops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sync.attribution.apportion import Parts
from sync.attribution.coalitions import present
from sync.attribution.grounds import Grounds, Unusable
from sync.attribution.lines import Line, LineSplit, split_lines
from sync.attribution.party import Party
from sync.attribution.programme import terms_of
from sync.attribution.questions import Line as Listed
from sync.attribution.questions import Question
from sync.attribution.shares import shares
from sync.attribution.touch import Touch
from sync.attribution.trace import Explain, silent
from sync.attribution.weights import Weights
from sync.attribution.withdrawal import Withdrawal, withdraw
from sync.model.money import exponent
from sync.model.registration import Role

Answer = dict[str, Any]
Fault = dict[str, str]

FIXES = {
    "missing": "add it",
    "extra_forbidden": "remove it or correct its spelling",
    "whole": "write one JSON object a line",
}


def answers(lines: Iterable[bytes | str]) -> Iterator[str]:
    """One line of JSON for every line that is not blank, in the same order; see README.md beside this file."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield json.dumps(answer(line, f"line {number}"))


def answer(line: bytes | str, place: str) -> Answer:
    """The parts of one deal, or what is wrong with its line: its ``id``, or ``place`` when it has none."""
    try:
        content = json.loads(line, parse_float=Decimal, parse_constant=_refused, object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError) as why:
        return _faults(place, [_fault("line", f"not JSON: {why}", FIXES["whole"])])
    if not isinstance(content, dict):
        return _faults(place, [_fault("line", "not an object", FIXES["whole"])])
    name = content.get("id") if isinstance(content.get("id"), str | int) else place
    try:
        return {"id": name, **_answered(Question.model_validate(content))}
    except ValidationError as error:
        return _faults(name, [_explained(fault) for fault in error.errors()])
    except Unusable as why:
        return _faults(name, [_fault(why.field, why.cause, why.fix)])


def _faults(name: object, faults: list[Fault]) -> Answer:
    return {"id": name, "error": faults[0], **({"also": faults[1:]} if faults[1:] else {})}


def _explained(fault: ErrorDetails) -> Fault:
    """A message of ours says ``cause; fix``, and ``field: `` before it where it is about more than one field."""
    message, field = fault["msg"].removeprefix("Value error, "), ".".join(map(str, fault["loc"]))
    if not field:
        field, _, message = message.partition(": ")
    cause, _, fix = message.partition("; ")
    return _fault(field, cause, FIXES.get(fault["type"], fix or "correct the value"))


def _fault(field: str, cause: str, fix: str) -> Fault:
    return {"field": field, "cause": cause, "fix": fix}


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} is there twice")
    return found


@dataclass(frozen=True, slots=True)
class _Divided:
    weights: Weights | None
    capped: frozenset[str] = frozenset()
    explain: Explain = silent
    lines: LineSplit | None = None


def _answered(asked: Question) -> Answer:
    minor, warning = _minor(asked)
    order = asked.tie_order or _order(asked)
    found = _divided(asked, minor, order)
    parts = Parts(found.weights, order, found.capped) if found.weights is not None else None
    minors = found.lines.totals if found.lines else parts.of(minor) if parts and minor is not None else None
    digits = exponent(asked.currency) if asked.currency else asked.exponent
    told: Answer = {
        "weights": _text(found.weights),
        "share_ppm": parts.of(1_000_000) if parts else None,
        "percent_2dp": _text(parts.percent()) if parts else None,
        "hubspot_8dp": _text(parts.fractions()) if parts else None,
        "amount_minor": minors,
    }
    if minors is not None and digits is not None:
        told["amount"] = {party: _major(count, digits) for party, count in minors.items()}
    if found.lines:
        told["lines"] = found.lines.by_line
    if asked.explain:
        told["arithmetic"] = list(found.explain())
    return told | ({"warning": warning} if warning else {})


def _text(numbers: Mapping[str, Fraction] | Mapping[str, Decimal] | None) -> dict[str, str] | None:
    if numbers is None:
        return None
    return {party: format(n, "f") if isinstance(n, Decimal) else str(n) for party, n in numbers.items()}


def _major(minor: int, digits: int) -> str:
    """Whole units and their fraction, for numbers of any length."""
    units, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{units}" + (f".{rest:0{digits}d}" if digits else "")


def _minor(asked: Question) -> tuple[int | None, str]:
    """The amount in minor units, rounded half-even as domain §5.2 says, and a warning when that changed it."""
    if asked.amount is None or asked.currency is None:
        return asked.total_minor, ""
    digits = exponent(asked.currency)
    minor = round(asked.amount * 10**digits)
    if minor == asked.amount * 10**digits:
        return minor, ""
    return minor, f"the amount has more digits than {asked.currency} has: divided as {_major(minor, digits)}"


def _order(asked: Question) -> tuple[str, ...]:
    """Domain §5.2, as far as a line tells: the source first, then by role, then by partner id."""
    places = {role: place for place, role in enumerate(Role)}
    ranked = sorted(
        (Role.SOURCE not in partner.roles, sorted(places[role] for role in partner.roles), partner.id)
        for partner in asked.partners or ()
    )
    return tuple(partner for _, _, partner in ranked)


def _divided(asked: Question, minor: int | None, order: tuple[str, ...]) -> _Divided:
    if asked.weights is not None:
        return _Divided(asked.weights, asked.capped)
    parties = [
        Party(p.id, frozenset(map(str, p.roles)), p.contribution, p.tier or "", p.late, p.sourcing)
        for p in asked.partners or ()
    ]
    lines = _lines(asked, {party.id for party in parties})
    if minor is not None and _is_bundle(asked):
        split = split_lines(lines, minor, order)
        return _Divided(split.weights, lines=split)
    pools = {role.value: pool for role, pool in asked.policy.pools.items()}
    found = shares(parties, terms_of(asked.policy, pools), _grounds(asked, lines))
    if not asked.leavers:
        return _Divided(found.weights, found.capped, lambda: found.trace)
    left = withdraw(found.weights, asked.leavers, Withdrawal(asked.policy.withdrawal))
    return _Divided(left.weights, found.capped & left.weights.keys(), lambda: (*found.trace, *left.trace))


def _is_bundle(asked: Question) -> bool:
    rules = asked.policy
    if rules.model == "lines":
        return bool(asked.lines)
    named = any(line.needs or line.parts for line in asked.lines)
    return named and rules.bundles == "lines" and rules.model not in ("shapley", "negotiated")


def _lines(asked: Question, partners: set[str]) -> tuple[Line, ...]:
    unit = 10 ** exponent(asked.currency) if asked.currency else 1
    return tuple(Line(line.id, round(line.net * unit), present(_parts(line), partners)) for line in asked.lines)


def _parts(line: Listed) -> Weights:
    return line.parts or dict.fromkeys(line.needs, Fraction(1))


def _grounds(asked: Question, lines: tuple[Line, ...]) -> Grounds:
    return Grounds(
        touches=tuple(Touch(t.partner, t.at, t.kind, t.milestone, t.verified) for t in asked.touches),
        lock=asked.lock_at,
        opened=asked.opened_at,
        lines=lines,
        worth={coalition.partners: coalition.worth for coalition in asked.coalitions},
        agreed={party: share / 100 for party, share in asked.agreed.items()},
    )
