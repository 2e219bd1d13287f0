"""Asks an org everything that its checks are judged by, as the integration user; a refusal is a fact, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote_plus

import msgspec

from connector.errors import CrmError
from connector.finding import Use
from connector.record import Identity, RecordTypes
from connector.salesforce.checks import Facts, Rule, Seen
from connector.salesforce.describe import Catalogue, Described
from connector.salesforce.natives import NATIVES, Natives
from connector.salesforce.soql import quoted, select
from connector.salesforce.wire import Wire

P = ParamSpec("P")
T = TypeVar("T")
MOST_RULES = 25
"""Validation rules of one object whose formulas are read: each costs a call."""


class Rows(msgspec.Struct):
    """The rows of a query; set-up fits into one page."""

    records: list[dict[str, Any]]


class Values(msgspec.Struct):
    """The values of one picklist for one record type."""

    values: list[dict[str, Any]] = []


class Picklists(msgspec.Struct, rename="camel"):
    """User Interface API, "Get Values for All Picklist Fields of a Record Type"."""

    picklist_field_values: dict[str, Values]


ROWS, PICKLIST_VALUES = msgspec.json.Decoder(Rows), msgspec.json.Decoder(Picklists)


class Survey:
    """Reads only: about five calls, two for each object, one for each validation rule and record type."""

    def __init__(
        self, wire: Wire, catalogue: Catalogue, whoami: Callable[[], Identity], natives: Natives, *, name: str
    ) -> None:
        self._name = name
        self._wire = wire
        self._catalogue = catalogue
        self._whoami = whoami
        self._natives = natives

    def facts(self, uses: Sequence[Use], now: datetime) -> Facts:
        """Everything for `checks.evaluate`; ``now`` is our own clock. Raises nothing that Salesforce says."""
        identity, unreachable = _tried(self._whoami)
        if identity is None:
            return Facts(self._name, self._wire.version, now, unreachable=unreachable)
        validations, no_validations = _tried(self._validations, uses)
        duplicates, no_duplicates = _tried(self._duplicates, uses)
        refusals = {"validation rule": no_validations, "duplicate rule": no_duplicates}
        return Facts(
            self._name,
            self._wire.version,
            now,
            identity=identity,
            seen={use.kind: self._seen(use) for use in uses},
            defined=self._defined(uses) if not no_validations else {},
            record_types={use.kind: _tried(self.record_types, use.kind)[0] or {} for use in uses if use.options},
            validations=validations or (),
            duplicates=duplicates or (),
            unsaid={topic: why for topic, why in refusals.items() if why},
        )

    def _seen(self, use: Use) -> Seen:
        self._catalogue.forget(use.kind)
        described, refusal = _tried(self._catalogue.described, use.kind)
        if described is not None and use.kind in NATIVES and use.writes:
            refusal = self._natives.refusal(use.kind) or ""
        if described is None or refusal:
            return Seen(refusal=refusal)

        def having(is_so: Callable[[Described], bool]) -> frozenset[str]:
            return frozenset(field.name for field in described.fields if is_so(field))

        return Seen(
            tuple(self._catalogue.fields(use.kind).values()),
            creatable=having(lambda field: field.createable),
            updatable=having(lambda field: field.updateable),
            external_ids=having(lambda field: field.external_id),
            case_sensitive=having(lambda field: field.case_sensitive),
            restricted=having(lambda field: field.restricted_picklist),
            allows_create=described.createable,
        )

    def _defined(self, uses: Sequence[Use]) -> dict[str, frozenset[str]]:
        """Every field of the org, seen by us or not, where one is missing (Tooling API, "FieldDefinition")."""
        found: dict[str, frozenset[str]] = {}
        for use in uses:
            names = {*use.reads, *use.writes}
            known, _ = _tried(self._catalogue.fields, use.kind)
            if known is not None and not names <= known.keys():
                rows, _ = _tried(self._tooling, ["QualifiedApiName"], "FieldDefinition", use.kind)
                found[use.kind] = frozenset(str(row["QualifiedApiName"]) for row in rows or ())
        return found

    def record_types(self, kind: str) -> RecordTypes:
        """The values of every picklist, by record type, but for the master: one call each. Raises PauseMapping."""
        found: dict[str, Mapping[str, tuple[str, ...]]] = {}
        for each in self._catalogue.described(kind).record_type_infos:
            if each.available and not each.master:
                path = f"ui-api/object-info/{kind}/picklist-values/{each.record_type_id}"
                lists, _ = _tried(self._picklists, path, kind)
                if lists:
                    found[each.name] = {
                        name: tuple(str(value["value"]) for value in values.values)
                        for name, values in lists.picklist_field_values.items()
                    }
        return found

    def _picklists(self, path: str, kind: str) -> Picklists:
        return self._wire.get(path, kind=kind).read(PICKLIST_VALUES)

    def _validations(self, uses: Sequence[Use]) -> tuple[Rule, ...]:
        """The active rules of what we write. A formula comes one rule at a time (Tooling API, "ValidationRule")."""
        found: list[Rule] = []
        for use in (use for use in uses if use.writes):
            columns = ("Id", "ValidationName", "Active", "ErrorMessage")
            rules = [row for row in self._tooling(columns, "ValidationRule", use.kind) if row["Active"]]
            for number, row in enumerate(rules):
                formula = self._formula(use.kind, str(row["Id"])) if number < MOST_RULES else ""
                found.append(Rule(use.kind, str(row["ValidationName"]), formula, str(row["ErrorMessage"] or "")))
        return tuple(found)

    def _formula(self, kind: str, rule: str) -> str:
        soql = select(["Metadata"], "ValidationRule", f" WHERE Id = {quoted(rule)}")
        for row in self._rows(f"tooling/query/?q={quote_plus(soql)}", kind):
            return str((row.get("Metadata") or {}).get("errorConditionFormula", ""))
        return ""

    def _duplicates(self, uses: Sequence[Use]) -> tuple[Rule, ...]:
        """The active duplicate rules of what we create, and the fields that their matching rules compare."""
        kinds = ", ".join(quoted(use.kind) for use in uses if use.key)
        active = f" WHERE IsActive = true AND SobjectType IN ({kinds})"
        rules = self._query(["DeveloperName", "SobjectType"], "DuplicateRule", active) if kinds else []
        if not rules:
            return ()
        active = " WHERE MatchingRule.RuleStatus = 'Active'"
        compared: dict[str, list[str]] = {}
        for item in self._query(["Field", "MatchingRule.SobjectType"], "MatchingRuleItem", active):
            kind = str((item["MatchingRule"] or {}).get("SobjectType"))
            compared.setdefault(kind, []).append(str(item["Field"]))
        found = ((str(rule["SobjectType"]), str(rule["DeveloperName"])) for rule in rules)
        return tuple(Rule(kind, name, " ".join(compared.get(kind, ()))) for kind, name in found)

    def _tooling(self, columns: Sequence[str], source: str, kind: str) -> list[dict[str, Any]]:
        soql = select(columns, source, f" WHERE EntityDefinition.QualifiedApiName = {quoted(kind)}")
        return self._rows(f"tooling/query/?q={quote_plus(soql)}", kind)

    def _query(self, columns: Sequence[str], source: str, clause: str) -> list[dict[str, Any]]:
        return self._rows(f"query/?q={quote_plus(select(columns, source, clause))}", source)

    def _rows(self, path: str, kind: str) -> list[dict[str, Any]]:
        return self._wire.get(path, kind=kind).read(ROWS).records


def _tried(ask: Callable[P, T], *args: P.args, **options: P.kwargs) -> tuple[T | None, str]:
    """The answer, or in words why there is none."""
    try:
        return ask(*args, **options), ""
    except CrmError as error:
        return None, error.message
