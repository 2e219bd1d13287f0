"""Guarded expressions of mappings: one door to the library that runs them."""

from sync.expressions.expression import (
    LONGEST,
    STEPS,
    Expression,
    Refused,
    as_day,
    compile_expression,
    place_of,
    with_names,
)
from sync.expressions.functions import FUNCTIONS, Function, Type

__all__ = [
    "FUNCTIONS",
    "LONGEST",
    "STEPS",
    "Expression",
    "Function",
    "Refused",
    "Type",
    "as_day",
    "compile_expression",
    "place_of",
    "with_names",
]
