"""Guarded expressions of mappings: typed, exact, without loops; whatever could be slow or unclear is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import rule_engine
from rule_engine import DataType
from rule_engine import ast as tree
from rule_engine.errors import EngineError, FunctionCallError, RuleSyntaxError, SymbolResolutionError

from sync.expressions.functions import BUILTINS, FUNCTIONS, TYPES, Type, typed
from sync.model.problem import did_you_mean

LONGEST: Final = 500
"""Characters of an expression."""

STEPS: Final = 200
"""Steps of one evaluation: an expression has no loops, so it takes as many as it has parts."""

_QUOTED: Final = re.compile(r"""[dt]?('[^'\\]*'|"[^"\\]*")""")
_BANNED: Final = re.compile(
    r"(?P<quote>[A-Za-z]''|\\)|(?P<shift><<|>>)|(?P<pattern>=~|!~)|(?P<loop>\bfor\b)|(?P<nan>\b(?:nan|inf)\b)"
    r"|(?P<mapping>\{)|(?P<power>\*\*)|(?P<bits>[|^#]|(?<!&)&(?![.\[&]))|(?P<exponent>\d[eE][+-]?\d)"
)
_REASONS: Final = {
    "quote": ("strings take no prefix and no backslash", "use the other kind of quotation mark inside"),
    "shift": ("there is no << or >>", "calculate with * and /"),
    "pattern": ("there are no patterns", "use $split_part, $left, $digits or `in`"),
    "loop": ("there are no loops", "name the values one by one"),
    "nan": ("nan and inf are no numbers", "write a number"),
    "mapping": ("there are no mappings", "use a [picklist.NAME]"),
    "power": ("there is no **", "calculate with * and /"),
    "bits": ("there is no |, ^, # or single &", "use `and` and `or`"),
    "exponent": ("numbers are written in full", "write 1000 for 1e3"),
}
_ALLOWED: Final = (
    *(tree.SymbolExpression, tree.StringExpression, tree.FloatExpression, tree.BooleanExpression),
    *(tree.NullExpression, tree.DatetimeExpression, tree.TimedeltaExpression, tree.ArrayExpression),
    *(tree.AddExpression, tree.SubtractExpression, tree.ArithmeticExpression, tree.UnaryExpression),
    *(tree.ComparisonExpression, tree.ArithmeticComparisonExpression, tree.LogicExpression),
    *(tree.CoalesceExpression, tree.TernaryExpression, tree.ContainsExpression, tree.FunctionCallExpression),
)


class Refused(ValueError):
    """An expression that is not run. ``what`` is wrong with it, and what to do: ``fix``."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}: {fix}")
        self.what = what
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. ``fields`` are those it reads, ``steps`` what one evaluation takes at the most."""

    text: str
    fields: tuple[str, ...]
    steps: int
    types: Mapping[str, Type]
    rule: Any

    def run(self, texts: Mapping[str, str | None]) -> Any:
        """The value for the text of its fields: str, Decimal, bool, datetime or ``None``.

        Raises ValueError with a plain sentence for a text of the wrong type, and for what cannot be calculated.
        """
        values = {name: typed(name, texts.get(name), self.types.get(name, "text")) for name in self.fields}
        try:
            return self.rule.evaluate(values)
        except (EngineError, ArithmeticError) as error:
            cause = getattr(error, "error", None) or error
            said = getattr(cause, "message", "") or str(cause) or type(cause).__name__
            raise ValueError(f"the expression cannot be calculated: {said}") from None


def compile_expression(
    text: str, types: Mapping[str, Type], wanted: Type, known: tuple[str, ...] = ()
) -> Expression:
    """The expression for a value of type ``wanted``; every field that ``types`` does not name is text.

    ``known``: the fields that exist; without them every name is taken for a field. Raises Refused.
    """
    _guard(text)
    schema = dict.fromkeys((*known, *(() if known else _names(text))), "text") | dict(types)
    context = rule_engine.Context(
        type_resolver=rule_engine.type_resolver_from_dict(
            {name: DataType.NULLABLE(TYPES[kind]) for name, kind in schema.items()}
        ),
        default_value=None,
        default_timezone="UTC",
        mapping_attribute_lookup=False,
    )
    context.builtins = BUILTINS
    try:
        rule = rule_engine.Rule(text, context=context)
    except EngineError as error:
        raise _explained(error, tuple(schema)) from None
    parts = list(_parts(rule.statement.expression))
    _check_parts(parts)
    _check_result(rule.statement.expression, wanted)
    fields = sorted({part.name for part in parts if isinstance(part, tree.SymbolExpression) and not part.scope})
    own: dict[str, Type] = {name: types[name] for name in fields if name in types}
    return Expression(text, tuple(fields), len(parts), own, rule)


def _guard(text: str) -> None:
    """Before parsing: constants are calculated while an expression is parsed."""
    if len(text) > LONGEST:
        raise Refused(f"it has {len(text)} characters, and may have {LONGEST}", "make it two fields, or a picklist")
    if found := _BANNED.search(_QUOTED.sub("''", text)):
        what, fix = _REASONS[str(found.lastgroup)]
        raise Refused(f"{found[0]!r}: {what}", fix)
    if re.search(r"\d{40}", text):
        raise Refused("it has a number of more than 40 digits", "write a shorter number")
    if text.count("(") + text.count("[") > 60:
        raise Refused("it is nested too deep", "make it two fields, or a picklist")


def _names(text: str) -> Iterator[str]:
    words = re.findall(r"(?<![$\w.])[A-Za-z_]\w*", _QUOTED.sub("''", text))
    yield from (word for word in words if word not in {"and", "or", "not", "in", "true", "false", "null"})


def with_names(text: str, names: Mapping[str, str]) -> str:
    """An expression with other names of fields in it; what stands in quotation marks stays."""
    return _NAMED.sub(lambda found: names.get(found[0], found[0]), text)


_NAMED: Final = re.compile(rf"{_QUOTED.pattern}|(?<![$\w.])[A-Za-z_]\w*")


def _parts(part: Any) -> Iterator[Any]:
    """Every node of a syntax tree."""
    yield part
    slots = (name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()))
    for value in (getattr(part, name, None) for name in dict.fromkeys((*slots, *vars(part)))):
        for inner in value if isinstance(value, tuple | list) else (value,):
            if isinstance(inner, tree.ASTNodeBase):
                yield from _parts(inner)


def _check_parts(parts: list[Any]) -> None:
    if len(parts) > STEPS:
        raise Refused(f"it takes {len(parts)} steps, and may take {STEPS}", "make it two fields, or a picklist")
    called = {id(part.function) for part in parts if isinstance(part, tree.FunctionCallExpression)}
    for part in parts:
        if not isinstance(part, _ALLOWED):
            word = type(part).__name__.removesuffix("Expression")
            raise Refused(f"it may not use {word}", "see the expressions in mappings/README.md")
        if isinstance(part, tree.SymbolExpression) and part.scope and id(part) not in called:
            raise Refused(f"${part.name} stands alone", "call it, as in $trim(Name)")
        if isinstance(part, tree.FunctionCallExpression) and getattr(part.function, "name", "") not in FUNCTIONS:
            name = getattr(part.function, "name", "this")
            raise Refused(f"there is no function ${name}", did_you_mean(name, FUNCTIONS, f"one of {_listed()}"))


def _listed() -> str:
    return ", ".join(f"${name}" for name in FUNCTIONS)


def _check_result(expression: Any, wanted: Type) -> None:
    found = getattr(expression, "result_type", DataType.BOOLEAN)
    found = getattr(found, "inner_type", found)
    if found not in (TYPES[wanted], DataType.NULL):
        word = next((name for name, kind in TYPES.items() if kind == found), "of no single type")
        raise Refused(f"its result is {word}, and this path takes {wanted}", f"make every branch of it {wanted}")


def _explained(error: EngineError, fields: tuple[str, ...]) -> Refused:
    said = error.message
    if isinstance(error, SymbolResolutionError):
        return Refused(
            f"there is no field {error.symbol_name!r}", did_you_mean(error.symbol_name, fields, "correct its name")
        )
    if isinstance(error, RuleSyntaxError):
        place = re.search(r"LexToken\(\w+,(.*),\d+,(\d+)\)", str(error))
        where = f" at {place[1]} (character {int(place[2]) + 1})" if place else " at its end"
        return Refused(f"it cannot be read{where}", "check quotation marks, brackets and operators")
    if "nullable" in said:
        return Refused(
            f"a field may be empty here ({said.split('(')[-1].split(';')[0]})",
            "say what then: (Field ?? 0) or (Field ?? '')",
        )
    if isinstance(error, FunctionCallError):
        return Refused(
            f"${error.function_name} is called wrongly: {said}", "see the functions in mappings/README.md"
        )
    return Refused(
        f"it does not fit together: {said}", "compare and combine values of one type; see `types` in the file"
    )


def as_day(moment: datetime) -> date:
    """The day of a calculated moment."""
    return moment.astimezone(UTC).date()


def place_of(text: str, refused: Refused) -> tuple[int, int]:
    """Where in ``text`` the fault lies, as the first character and the one after the last; else the whole of it."""
    if found := re.search(r"\(character (\d+)\)", refused.what):
        start = int(found[1]) - 1
        return start, start + len(re.match(r"\w+|.?", text[start:], re.DOTALL)[0])  # type: ignore[index]
    if "at its end" in refused.what:
        return len(text.rstrip()) - 1, len(text.rstrip())
    for word in re.findall(r"'([^']+)'|(\$\w+)", refused.what):
        named = word[0] or word[1]
        if found := re.search(rf"(?<![\w$]){re.escape(named)}(?!\w)", text):
            return found.span()
    return 0, len(text)
