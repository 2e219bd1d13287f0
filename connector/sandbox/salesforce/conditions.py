"""A WHERE clause checked against the schema and compiled, once for each query, into one test of a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import ge, gt, le, lt

from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.identifiers import long_id
from connector.sandbox.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field, Object
from connector.sandbox.salesforce.soql import Compared, Condition, Joined, Listed, Literal, Path, marked
from connector.sandbox.salesforce.tables import Row, Table, Tables
from connector.sandbox.salesforce.values import Stored

Test = Callable[[Row], bool]
Getter = Callable[[Row], Stored]

_ORDERED = {"<": lt, "<=": le, ">": gt, ">=": ge}
_LITERALS = {"boolean": "boolean", "int": "number", "date": "date", "datetime": "datetime"}
_SPELLED = {"datetime": "dateTime", "currency": "double", "percent": "double"}


@dataclass(frozen=True, slots=True)
class Column:
    """A path found in the schema: its field, and how to get the value of a row."""

    field: Field
    get: Getter
    reference: Field | None = None  # the field that leads to the parent row
    owner: Object | None = None  # the parent row's object

    @property
    def folded(self) -> bool:
        """Whether text is compared without regard to case."""
        return self.field.type in TEXT_TYPES and not self.field.case_sensitive


class Columns:
    """The paths of one query, looked up in the schema of its object."""

    def __init__(self, tables: Tables, spec: Object, text: str) -> None:
        self._tables = tables
        self._spec = spec
        self._text = text

    def find(self, path: Path) -> Column:
        """The column of a path. Refusal INVALID_FIELD with Salesforce's words for one that is missing or hidden."""
        if not path.parent:
            field = self._field(self._spec, path)
            name = field.name
            return Column(field, lambda row: row[name])
        reference = self._tables.schema.parent(self._spec, path.parent)
        owner = self._tables.schema.find(reference.to) if reference else None
        if reference is None or owner is None:
            raise self.refuse(path, f"Didn't understand relationship '{path.parent}' in field path. {_CUSTOM_R}")
        field = self._field(owner, path)
        return Column(field, _through(reference.name, self._tables.table(owner), field.name), reference, owner)

    def refuse(self, path: Path, message: str, code: str = "INVALID_FIELD") -> Refusal:
        """A Refusal that marks the path in the query."""
        return Refusal(code, marked(self._text, path.at, message))

    def _field(self, owner: Object, path: Path) -> Field:
        field = self._tables.schema.field(owner, path.name)
        if field is None:
            raise self.refuse(path, f"No such column '{path.name}' on entity '{owner.name}'. {_CUSTOM_C}")
        return field

    def test(self, condition: Condition) -> Test:
        """One function that says of a row whether the condition holds."""
        match condition:
            case Joined("AND", parts):
                return _all_of([self.test(part) for part in parts])
            case Joined("OR", parts):
                return _any_of([self.test(part) for part in parts])
            case Joined(_, parts):
                inner = self.test(parts[0])
                return lambda row: not inner(row)
            case Listed(path, literals, negated):
                return self._listed(path, literals, negated)
            case Compared(path, operator, literal):
                return self._compared(path, operator, literal)

    def _filtered(self, path: Path) -> Column:
        column = self.find(path)
        if not column.field.filterable:
            raise self.refuse(path, f"field '{column.field.name}' can not be filtered in a query call")
        return column

    def _listed(self, path: Path, literals: Iterable[Literal], negated: bool) -> Test:
        column = self._filtered(path)
        wanted = {self._wanted(path, column, literal) for literal in literals}
        get = _folding(column)
        return (lambda row: get(row) not in wanted) if negated else (lambda row: get(row) in wanted)

    def _compared(self, path: Path, operator: str, literal: Literal) -> Test:
        column = self._filtered(path)
        if operator == "LIKE":
            return self._like(path, column, literal)
        wanted = self._wanted(path, column, literal)
        get = _folding(column)
        if operator == "=":
            return lambda row: get(row) == wanted
        if operator == "!=":
            return lambda row: get(row) != wanted
        return _ordered(get, operator, wanted)

    def _like(self, path: Path, column: Column, literal: Literal) -> Test:
        if column.field.type not in TEXT_TYPES or not isinstance(literal.value, str):
            raise self.refuse(path, "invalid operator on field", "INVALID_QUERY_FILTER_OPERATOR")
        pattern = _pattern(literal.value)
        get = column.get
        return lambda row: pattern.match(str(get(row) or "")) is not None

    def _wanted(self, path: Path, column: Column, literal: Literal) -> Stored:
        """The literal as rows hold it, after the checks that Salesforce makes of its kind."""
        field = column.field
        if literal.kind == "null":
            return None
        if literal.kind != _literal_kind(field):
            quoted = _literal_kind(field) == "string"
            kind = "string and should be" if quoted else f"{_SPELLED.get(field.type, field.type)} and should not be"
            message = f"value of filter criterion for field '{field.name}' must be of type {kind}"
            raise self.refuse(path, f"{message} enclosed in quotes")
        if field.type in ("id", "reference"):
            found = long_id(str(literal.value))
            if found is None:
                raise self.refuse(path, f"invalid ID field: {literal.value}", "INVALID_QUERY_FILTER_OPERATOR")
            return found
        return literal.value.casefold() if column.folded and isinstance(literal.value, str) else literal.value


def candidates(condition: Condition | None, table: Table, include_deleted: bool) -> list[str] | None:
    """Ids among which all matching rows are, where an index knows; None where every row must be looked at."""
    match condition:
        case Joined("AND", parts):
            found = (candidates(part, table, include_deleted) for part in parts)
            return next((ids for ids in found if ids is not None), None)
        case Compared(Path("", name), "=", literal):
            return _indexed(table, name, [literal], include_deleted)
        case Listed(Path("", name), literals, False):
            return _indexed(table, name, literals, include_deleted)
    return None


def _indexed(table: Table, name: str, literals: Iterable[Literal], include_deleted: bool) -> list[str] | None:
    texts = [literal.value for literal in literals]
    field = table.spec.fields.get(name.lower())
    if field is None or not all(isinstance(text, str) for text in texts):
        return None
    if field.type == "id":
        return list(dict.fromkeys(filter(None, (long_id(str(text)) for text in texts))))
    if field.name in table.keys and not include_deleted:  # the recycle bin is in no index
        return list(dict.fromkeys(row_id for text in texts for row_id in table.holding(field.name, text)))
    return None


def _through(reference: str, parents: Table, name: str) -> Getter:
    def get(row: Row) -> Stored:
        parent = parents.rows.get(str(row[reference]))
        return parent[name] if parent else None

    return get


def _folding(column: Column) -> Getter:
    get = column.get
    if not column.folded:
        return get

    def folded(row: Row) -> Stored:
        value = get(row)
        return value.casefold() if isinstance(value, str) else value

    return folded


def _ordered(get: Getter, operator: str, wanted: Stored) -> Test:
    holds = _ORDERED[operator]

    def test(row: Row) -> bool:
        value = get(row)
        return value is not None and wanted is not None and bool(holds(value, wanted))

    return test


def _all_of(tests: list[Test]) -> Test:
    return lambda row: all(test(row) for test in tests)


def _any_of(tests: list[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)


def _literal_kind(field: Field) -> str:
    return "number" if field.type in NUMBER_TYPES else _LITERALS.get(field.type, "string")


def _pattern(text: str) -> re.Pattern[str]:
    """A LIKE pattern: % any text, _ one character, a backslash takes the meaning away."""
    parts = re.findall(r"\\[%_]|.", text, re.S)
    wild = {"%": ".*", "_": "."}
    escaped = (wild.get(part) or re.escape(part[1] if len(part) == 2 else part) for part in parts)
    return re.compile("".join(escaped) + r"\Z", re.S | re.I)


_REFERENCE = "Please reference your WSDL or the describe call for the appropriate names."
_CUSTOM_C = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    + _REFERENCE
)
_CUSTOM_R = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom "
    "relationship name. " + _REFERENCE
)
