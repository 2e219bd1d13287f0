"""What `dealsync doctor` says of a Salesforce connection: small checks in a table, each over fetched facts.

Pure. Sources: REST API Developer Guide ("sObject Describe", "API Usage header"), Tooling API ("ValidationRule",
"FieldDefinition"), Object Reference ("DuplicateRule", "MatchingRuleItem"), User Interface API ("picklist values").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from connector.finding import Finding, Severity, Use
from connector.record import FieldInfo, Identity
from connector.salesforce.natives import NATIVES

SKEW: Final = timedelta(minutes=1)
HEADROOM: Final = (2, 5)  # a warning below two fifths of the day's calls: the last fifth we leave to others
OLDEST, OLDEST_WHOLE = 46, 52
"""API versions since which upserts of collections exist, and the duplicate rule header with all its parts."""
WITHOUT_API: Final = ("Personal Edition", "Contact Manager Edition", "Group Edition", "Professional Edition")


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as the org describes it to us, or why it does not. ``required`` we must give to a new row."""

    fields: tuple[FieldInfo, ...] = ()
    creatable: frozenset[str] = frozenset()
    updatable: frozenset[str] = frozenset()
    external_ids: frozenset[str] = frozenset()
    case_sensitive: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()
    allows_create: bool = True
    refusal: str = ""

    @property
    def named(self) -> dict[str, FieldInfo]:
        """Its fields by name."""
        return {each.name: each for each in self.fields}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of an administrator; ``about`` is the text in which it names fields: a formula, or their names."""

    kind: str
    name: str
    about: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a survey found. ``unsaid`` is what the org would not tell us, and why, by topic."""

    connection: str
    version: str
    now: datetime
    unreachable: str = ""
    identity: Identity | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)
    defined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    record_types: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = field(default_factory=dict)
    validations: tuple[Rule, ...] = ()
    duplicates: tuple[Rule, ...] = ()
    unsaid: Mapping[str, str] = field(default_factory=dict)


Found = tuple[str, str, str, Severity]
"""Place below the connection (may be empty), what, fix, severity."""
Check = Callable[[Facts, Sequence[Use]], Iterator[Found]]


def evaluate(facts: Facts, uses: Sequence[Use]) -> tuple[Finding, ...]:
    """Every finding of every check; a check without one says that all is well. Unreachable: nothing but that."""
    checks = CHECKS[:1] if facts.unreachable else CHECKS
    return tuple(finding for title, check in checks for finding in _findings(facts, uses, title, check))


def _findings(facts: Facts, uses: Sequence[Use], title: str, check: Check) -> Iterator[Finding]:
    found = list(check(facts, uses)) or [("", title, "", Severity.OK)]
    for place, what, fix, severity in found:
        yield Finding(f"{facts.connection}: {place}" if place else facts.connection, what, fix, severity)


def _reachable(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    if facts.unreachable:
        what, fix = _halves(facts.unreachable)
        yield "", what, fix or "check the address, the network and the sign-in", Severity.ERROR


def _clock(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    ahead = facts.now - facts.identity.server_time if facts.identity else timedelta()
    if abs(ahead) > SKEW:
        way = "ahead of" if ahead > timedelta() else "behind"
        what = f"this machine is {abs(int(ahead.total_seconds()))} s {way} Salesforce"
        yield "clock", what, "set the clock by NTP: a JWT is refused outside its three minutes", Severity.WARNING


def _edition(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    if facts.identity and facts.identity.edition in WITHOUT_API:
        what = f"{facts.identity.edition} has the API only as an add-on"
        yield "edition", what, "make sure that the add-on is not a trial", Severity.WARNING
    if facts.identity and facts.identity.edition == "unknown":
        fix = "let the integration user read the Organization object to have it checked"
        yield "edition", "we may not read the org's edition", fix, Severity.NOTE


def _version(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    number = int(facts.version.removeprefix("v").partition(".")[0])
    if number < OLDEST_WHOLE:
        severity = Severity.ERROR if number < OLDEST else Severity.WARNING
        fix = f'set api_version = "{OLDEST_WHOLE}.0" or newer'
        yield "api_version", f"{facts.version} is too old", fix, severity


def _objects(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use in uses:
        seen = facts.seen[use.kind]
        if seen.refusal:
            what, fix = _halves(seen.refusal)
            yield use.kind, f"is not there for us: {what}", f"deploy the package; {fix}", Severity.ERROR
        elif use.key and use.writes and not seen.allows_create:
            fix = "give the integration user Create on the object"
            yield use.kind, "we may not create rows", fix, Severity.ERROR


def _readable(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        for name in dict.fromkeys((*use.reads, *use.writes)):
            if name in seen.named or "." in name:
                continue
            hidden = name in facts.defined.get(use.kind, ())
            what = "is hidden from us by field-level security" if hidden else "is not there, or hidden from us"
            fix = "give the integration user Read" if hidden else "deploy the package, or correct the mapping"
            yield f"{use.kind}.{name}", what, fix, Severity.ERROR


def _writable(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        for name in use.writes:
            settable = seen.creatable if use.kind in NATIVES else seen.creatable & seen.updatable
            if name in seen.named and name not in settable:
                fixed = seen.named[name].calculated
                fix = "correct the mapping" if fixed else "give the integration user Edit on the field"
                what = "is calculated by Salesforce" if fixed else "is read-only for us"
                yield f"{use.kind}.{name}", what, fix, Severity.ERROR


def _key(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        place = f"{use.kind}.{use.key}"
        info = seen.named.get(use.key or "")
        if info is None:
            if use.key:
                yield place, "our external id is not there for us", "deploy the package", Severity.ERROR
            continue
        if not info.unique:
            yield place, "is not unique: a repeated write could make a second row", "mark it Unique", Severity.ERROR
        if info.name not in seen.external_ids:
            yield place, "is no External ID: nothing can be upserted by it", "mark it External ID", Severity.ERROR
        elif info.name not in seen.case_sensitive:
            what = "takes keys that differ only in case for one"
            yield place, what, "make it case-sensitive if your ids have 15 characters", Severity.NOTE


def _required(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        if use.key and use.writes:
            given = (*use.writes, use.key)
            for info in seen.fields:
                if info.required and info.name not in given:
                    what, fix = "must be filled in new rows, and no mapping does", "map it, or give it a default"
                    yield f"{use.kind}.{info.name}", what, fix, Severity.ERROR


def _options(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        for name, wanted in use.options.items():
            offered = seen.named[name].options if name in seen.named else wanted
            if missing := [value for value in wanted if value not in offered]:
                severity = Severity.ERROR if name in seen.restricted else Severity.WARNING
                what = f"does not offer {', '.join(missing)}, which we write"
                yield f"{use.kind}.{name}", what, "add the values, or map others", severity


def _record_types(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use in uses:
        for record_type, offered in facts.record_types.get(use.kind, {}).items():
            for name, wanted in use.options.items():
                if missing := [value for value in wanted if value not in offered.get(name, wanted)]:
                    what = f"record type {record_type} does not offer {', '.join(missing)}"
                    yield f"{use.kind}.{name}", what, "add the values to the record type", Severity.WARNING


def _types(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        for name, wanted in use.types.items():
            info = seen.named.get(name)
            if info and wanted and info.type not in wanted:
                what = f"is {info.type}, not {' or '.join(wanted)}"
                yield f"{use.kind}.{name}", what, "change the field's type or the mapping", Severity.ERROR


def _calculated(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, seen in _described(facts, uses):
        for name in use.reads:
            if name in seen.named and seen.named[name].calculated:
                what = "is a formula or roll-up: its change does not move the row's stamp, so it is seen later"
                yield f"{use.kind}.{name}", what, "", Severity.NOTE


def _validations(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    fix = "let it pass the integration user's writes"
    yield from _rules(facts, uses, facts.validations, "validation rule", fix)


def _duplicates(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    creating = [use for use in uses if use.key]
    fix = 'exempt the integration user, or set duplicates = "allow" where the rule only warns'
    yield from _rules(facts, creating, facts.duplicates, "duplicate rule", fix)


def _rules(facts: Facts, uses: Sequence[Use], rules: Sequence[Rule], word: str, fix: str) -> Iterator[Found]:
    """Rules that name a field which we write; a rule whose fields we could not learn counts as well."""
    if word in facts.unsaid:
        yield f"{word}s", f"we may not read them: {facts.unsaid[word]}", "", Severity.NOTE
    for use in uses:
        for rule in rules:
            touched = [name for name in use.writes if re.search(rf"\b{name}\b", rule.about)]
            if rule.kind == use.kind and (touched or (not rule.about and use.writes)):
                said = f" ({rule.message})" if rule.message else ""
                what = f"{word} {rule.name} looks at {', '.join(touched) or 'fields unknown to us'}{said}"
                yield use.kind, what, fix, Severity.WARNING


def _headroom(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    known = facts.identity
    if known is None or known.daily_limit is None or known.daily_used is None:
        yield "limits", "the day's API calls are not told to us", "", Severity.NOTE
        return
    left = known.daily_limit - known.daily_used
    if left * HEADROOM[1] < known.daily_limit * HEADROOM[0]:
        what = f"{left} of {known.daily_limit} API calls are left today"
        yield "limits", what, "find out who uses them, or buy more", Severity.WARNING


def _described(facts: Facts, uses: Sequence[Use]) -> Iterator[tuple[Use, Seen]]:
    for use in uses:
        if not facts.seen[use.kind].refusal:
            yield use, facts.seen[use.kind]


def _halves(message: str) -> tuple[str, str]:
    """What happened, and what to do about it, of a message of `connector.salesforce.errors`."""
    what, _, fix = message.rpartition("; ")
    return (what, fix) if what else (fix, "")


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("reachable and signed in", _reachable),
    ("clocks agree", _clock),
    ("edition has the API", _edition),
    ("API version is supported", _version),
    ("objects are there", _objects),
    ("mapped fields can be read", _readable),
    ("fields that we write can be written", _writable),
    ("external ids are unique", _key),
    ("required fields are mapped", _required),
    ("picklists offer what we write", _options),
    ("record types offer what we write", _record_types),
    ("field types fit", _types),
    ("no mapped field is calculated", _calculated),
    ("no validation rule touches what we write", _validations),
    ("no duplicate rule touches what we create", _duplicates),
    ("API calls are left", _headroom),
)
"""What a check says when it finds nothing, and the check."""
