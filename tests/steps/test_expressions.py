"""Expressions of mappings: exact, typed before anything runs, and nothing in them can be slow."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sync.expressions import FUNCTIONS, LONGEST, STEPS, Refused, Type, compile_expression

FIELDS: dict[str, Type] = {"Amount": "number", "Open": "flag", "Close": "day", "At": "moment"}
KNOWN = ("Name", *FIELDS)


def run(text: str, wanted: Type = "text", **texts: str | None) -> Any:
    return compile_expression(text, FIELDS, wanted, KNOWN).run(texts)


@pytest.mark.parametrize(
    ("text", "wanted", "texts", "result"),
    [
        ("(Amount ?? 0) * 0.1", "number", {"Amount": "0.3"}, Decimal("0.03")),
        ("(Amount ?? 0) * 0.1", "number", {}, Decimal(0)),
        ("Name", "text", {"Name": None}, None),
        ("(Open ?? false) ? 'yes' : 'no'", "text", {"Open": "true"}, "yes"),
        ("(Name ?? '') in ['a', 'b']", "flag", {"Name": "b"}, True),
        ("(Name ?? '') != 'Internal' and not (Open ?? false)", "flag", {"Name": "x"}, True),
        ("Close", "day", {"Close": "2026-11-24"}, datetime(2026, 11, 24, tzinfo=UTC)),
        (
            "$add_days(At ?? d'2026-01-01', 2)",
            "moment",
            {"At": "2026-11-24T23:30:00-02:00"},
            datetime(2026, 11, 27, 1, 30, tzinfo=UTC),
        ),
        ("$round($number($digits(Name ?? '0')) / 3, 2)", "number", {"Name": "EUR 100"}, Decimal("33.33")),
    ],
)
def test_what_does_an_expression_give(text: str, wanted: Type, texts: dict[str, str | None], result: Any) -> None:
    assert run(text, wanted, **texts) == result


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_does_what_its_example_says(name: str) -> None:
    kinds: dict[str, Type] = {"STRING": "text", "FLOAT": "number", "BOOLEAN": "flag", "DATETIME": "moment"}
    text, result = FUNCTIONS[name].example
    assert run(text, kinds[FUNCTIONS[name].gives.name]) == result


def test_it_knows_which_fields_it_reads() -> None:
    assert compile_expression("(Amount ?? 0) > 1 and (Name ?? '') == 'x'", FIELDS, "flag").fields == (
        "Amount",
        "Name",
    )


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("Nam", "there is no field 'Nam'", "did you mean 'Name'?"),
        ("$uper(Name ?? '')", "there is no function $uper", "did you mean 'upper'?"),
        ("Amount * 2", "may be empty", "(Field ?? 0)"),
        ("$upper(Name)", "may be empty", "(Field ?? '')"),
        ("(Name ?? '') > 3", "does not fit together", "one type"),
        ("Amount", "its result is number, and this path takes text", "text"),
        ("(Open ?? true) ? 'a' : 1", "of no single type", "text"),
        ("Name ==", "cannot be read at its end", "brackets"),
        ("(Name", "cannot be read", "brackets"),
        ("$upper", "$upper stands alone", "$trim(Name)"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(text: str, what: str, fix: str) -> None:
    with pytest.raises(Refused) as refused:
        run(text)
    assert what in refused.value.what
    assert fix in refused.value.fix


HOSTILE = [
    "1 << 1000000000",
    "1 >> 1000000000",
    "9 ** 9 ** 9",
    "Name =~ '(a+)+$'",
    "Name !~ '(a+)+$'",
    "[x for x in $range(1000000)]",
    "[x for x in [y for y in Name]]",
    "$range(1000000000)",
    "$random()",
    "$now",
    "$map(Name)",
    "1e999999999 // 1",
    "1E9",
    "nan == nan",
    "-inf",
    "{'a': 1}",
    "Name.__class__.__mro__",
    "Name.to_bytes",
    "''.__class__",
    "'a'.length.__class__",
    "$upper.__globals__",
    "(Name ?? '')[0]",
    "(Name ?? '')[0:10]",
    "Name | Name",
    "Name ^ Name",
    "Amount & Amount",
    "'a' * 1000000",
    "1" * 400,
    "(" * 60 + "1" + ")" * 60,
    "'" + "a" * (LONGEST + 1) + "'",
    " + ".join(["1"] * (STEPS // 2)) + " + Amount",
    "# only a comment",
    "'a' # and a comment",
    "b'abc'",
    r"'\x41'",
    "__import__('os')",
    "import os",
    "lambda: 1",
    "Name = 'x'",
    "Name; Name",
    "",
    "null.x",
    "$upper($upper)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:24] or "nothing" for text in HOSTILE])
def test_whatever_could_be_slow_or_reach_further_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        run(text)


def test_an_expression_takes_as_many_steps_as_it_has_parts_and_never_more() -> None:
    terms = " + ".join(["(Amount ?? 0)"] * 25)
    expression = compile_expression(terms, FIELDS, "number")
    assert 25 * 3 <= expression.steps <= STEPS
    assert expression.run({"Amount": "2"}) == 50


def test_a_long_one_is_refused_for_its_steps() -> None:
    with pytest.raises(Refused, match="it takes 239 steps, and may take 200"):
        compile_expression(" or ".join(["A==A"] * 60), {"A": "number"}, "flag")


@pytest.mark.parametrize(
    ("text", "wanted", "texts", "said"),
    [
        ("(Amount ?? 0) / 0", "number", {"Amount": "1"}, "cannot be calculated"),
        ("Amount", "number", {"Amount": "12 apples"}, "Amount is '12 apples', which is not a number"),
        ("Amount", "number", {"Amount": "1e99999"}, "not a number"),
        ("Open", "flag", {"Open": "maybe"}, "not a flag"),
        ("Close", "day", {"Close": "soon"}, "not a day"),
        (
            "$replace(Name ?? '', 'a', $replace(Name ?? '', 'a', Name ?? ''))",
            "text",
            {"Name": "a" * 200},
            "more than",
        ),
        ("$replace(Name ?? '', '', 'b')", "text", {"Name": "a"}, "nothing to replace"),
        ("$round(Amount ?? 0, 99)", "number", {"Amount": "1"}, "12 places"),
        ("$add_days(Close ?? d'2026-01-01', 999999999)", "day", {}, "100,000 days"),
        ("$number(Name ?? '')", "number", {"Name": "x"}, "not a number"),
    ],
)
def test_what_cannot_be_calculated_is_a_problem_of_the_record(
    text: str, wanted: Type, texts: dict[str, str | None], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        run(text, wanted, **texts)
