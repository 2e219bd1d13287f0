"""What an expression may call: typed, total, and never more than a bounded answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

from rule_engine import DataType
from rule_engine.builtins import Builtins

from sync.domains import domain

TEXT: Final = 10_000
"""Characters that a function may answer with."""

Type = Literal["text", "number", "flag", "day", "moment"]

TYPES: Final[Mapping[str, Any]] = {
    "text": DataType.STRING,
    "number": DataType.FLOAT,
    "flag": DataType.BOOLEAN,
    "day": DataType.DATETIME,
    "moment": DataType.DATETIME,
}


def typed(name: str, text: str | None, kind: Type) -> Any:
    if text is None or kind == "text":
        return text
    try:
        if kind == "number":
            number = Decimal(text)
            if not number.is_finite() or abs(number.adjusted()) > 60:
                raise ValueError
            return number
        if kind == "flag":
            return {"true": True, "false": False}[text]
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, ArithmeticError, KeyError):
        raise ValueError(f"{name} is {text[:40]!r}, which is not a {kind}") from None


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what it takes and gives, what it does, an example."""

    run: Callable[..., Any]
    takes: tuple[Any, ...]
    gives: Any
    sentence: str
    example: tuple[str, Any]


def _kept(text: str) -> str:
    if len(text) > TEXT:
        raise ArithmeticError(f"a text of more than {TEXT} characters")
    return text


def _replace(text: str, old: str, new: str) -> str:
    if not old or len(text) + text.count(old) * len(new) > TEXT + len(text):
        raise ArithmeticError(f"nothing to replace, or a text of more than {TEXT} characters")
    return text.replace(old, new)


def _part(text: str, mark: str, number: Decimal) -> str:
    parts = text.split(mark) if mark else [text]
    return parts[int(number) - 1] if 1 <= number <= len(parts) else ""


def _rounded(number: Decimal, places: Decimal) -> Decimal:
    if not 0 <= places <= 12:
        raise ArithmeticError("more than 12 places, or fewer than none")
    return number.quantize(Decimal(1).scaleb(-int(places)), rounding=ROUND_HALF_UP)


def _days(number: Decimal) -> timedelta:
    if abs(number) > 100_000:
        raise ArithmeticError("more than 100,000 days")
    return timedelta(days=int(number))


_S, _N, _D = DataType.STRING, DataType.FLOAT, DataType.DATETIME
_ANY: Final = DataType.NULLABLE(DataType.STRING)

FUNCTIONS: Final[Mapping[str, Function]] = {
    "trim": Function(lambda s: _kept(s.strip()), (_S,), _S, "without blanks at both ends", ("$trim(' a ')", "a")),
    "upper": Function(lambda s: _kept(s.upper()), (_S,), _S, "in capitals", ("$upper('ab')", "AB")),
    "lower": Function(lambda s: _kept(s.lower()), (_S,), _S, "in small letters", ("$lower('AB')", "ab")),
    "left": Function(
        lambda s, n: s[: max(int(n), 0)], (_S, _N), _S, "the first characters", ("$left('abcd', 2)", "ab")
    ),
    "split_part": Function(
        _part, (_S, _S, _N), _S, "one part, counted from 1", ("$split_part('a-b', '-', 2)", "b")
    ),
    "replace": Function(_replace, (_S, _S, _S), _S, "one text for another", ("$replace('a b', ' ', '_')", "a_b")),
    "digits": Function(
        lambda s: "".join(re.findall(r"[0-9]", s)), (_S,), _S, "its digits", ("$digits('+49 30')", "4930")
    ),
    "domain": Function(
        lambda s: domain(s) or "",
        (_S,),
        _S,
        "of a mail or web address",
        ("$domain('a@b.example.com')", "example.com"),
    ),
    "is_blank": Function(
        lambda s: not (s or "").strip(),
        (_ANY,),
        DataType.BOOLEAN,
        "empty, or only blanks",
        ("$is_blank(' ')", True),
    ),
    "number": Function(
        lambda s: typed("the text", s, "number"),
        (_S,),
        _N,
        "a text as a number",
        ("$number('12.5')", Decimal("12.5")),
    ),
    "round": Function(_rounded, (_N, _N), _N, "half up, to so many places", ("$round(2.345, 2)", Decimal("2.35"))),
    "min": Function(min, (_N, _N), _N, "the smaller", ("$min(1, 2)", Decimal(1))),
    "max": Function(max, (_N, _N), _N, "the larger", ("$max(1, 2)", Decimal(2))),
    "days_between": Function(
        lambda a, b: Decimal((b - a).days),
        (_D, _D),
        _N,
        "whole days from one to the other",
        ("$days_between(d'2026-01-01', d'2026-01-31')", Decimal(30)),
    ),
    "add_days": Function(
        lambda d, n: d + _days(n),
        (_D, _N),
        _D,
        "so many days later",
        ("$add_days(d'2026-01-31', 1)", datetime(2026, 2, 1, tzinfo=UTC)),
    ),
}
"""Everything that can be called; mappings/README.md prints them."""

BUILTINS: Final = Builtins(
    {name: function.run for name, function in FUNCTIONS.items()},
    timezone=UTC,
    value_types={
        name: DataType.FUNCTION(
            name, return_type=function.gives, argument_types=function.takes, minimum_arguments=len(function.takes)
        )
        for name, function in FUNCTIONS.items()
    },
)
