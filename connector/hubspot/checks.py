"""What `dealsync doctor` says of a HubSpot connection: small checks in a table, each over fetched facts.

Pure. Sources: developers.hubspot.com, "Versioning", "Usage guidelines", "Properties", and the changelog entries
"CRM API write validation enforcement" and "Deprecating support for v4 APIs".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from connector.finding import Finding, Severity, Use
from connector.hubspot.describe import STANDARD
from connector.hubspot.gateway import DEFAULT_VERSION
from connector.hubspot.links import MARK
from connector.hubspot.objects import brought
from connector.hubspot.splits import SPLITS
from connector.record import FieldInfo

ENDS: Final[Mapping[str, date]] = {
    "v3": date(2027, 3, 30),  # our v3 reads associations by v4, which ends first
    "v4": date(2027, 3, 30),
    "2026-03": date(2027, 9, 30),  # eighteen months
    "2026-09": date(2028, 3, 31),
}
"""The day after which HubSpot no longer supports a version."""

SKEW: Final = timedelta(minutes=1)
SOON: Final = timedelta(days=180)
HEADROOM: Final = 5  # a warning below one part in so many of the day's calls
UNREADABLE_RULES: Final = (
    "rules that an admin set for stages (2026-09 and later) cannot be read in advance: a write that they refuse is "
    "kept back with the rule's own words"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as the portal describes it to us, or why it does not."""

    fields: tuple[FieldInfo, ...] = ()
    refusal: str = ""

    @property
    def named(self) -> dict[str, FieldInfo]:
        """Its fields by name."""
        return {each.name: each for each in self.fields}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a survey found. ``now`` is our clock, ``theirs`` HubSpot's; ``unsaid`` is why ``scopes`` are unknown."""

    connection: str
    version: str
    now: datetime
    unreachable: str = ""
    theirs: datetime | None = None
    edition: str = ""
    scopes: frozenset[str] | None = None
    unsaid: str = ""
    seen: Mapping[str, Seen] = field(default_factory=dict)
    daily: tuple[int | None, int | None] = (None, None)  # limit, left


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
        mend = f"create {facts.connection}" if CREATES in fix and _ours(place) else ""
        yield Finding(f"{facts.connection}: {place}" if place else facts.connection, what, fix, severity, mend)


CREATES: Final = "(dealsync init)"
"""In the fix of what we create, where it is ours."""


def _ours(place: str) -> bool:
    """Whether a place is a property that we bring."""
    kind, _, name = place.partition(".")
    return name in brought(kind)


def _reachable(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    if facts.unreachable:
        what, fix = _halves(facts.unreachable)
        yield "", what, fix or "check the address, the network and the sign-in", Severity.ERROR


def _clock(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    if facts.theirs is None:
        yield "clock", "HubSpot's answer carries no Date", "let the proxy pass it", Severity.WARNING
    elif abs(facts.now - facts.theirs) > SKEW:
        seconds = int((facts.now - facts.theirs).total_seconds())
        way = "ahead of" if seconds > 0 else "behind"
        fix = "set the clock by NTP: webhooks are refused from five minutes on"
        yield "clock", f"this machine is {abs(seconds)} s {way} HubSpot", fix, Severity.WARNING


def _version(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    ends = ENDS.get(facts.version)
    if ends is None or facts.now.date() <= ends - SOON:
        return
    over = facts.now.date() > ends
    what = f"version {facts.version} {'ended' if over else 'ends'} on {ends}"
    severity = Severity.ERROR if over else Severity.WARNING
    yield "api_version", what, f'set api_version = "{DEFAULT_VERSION}" and watch for refused writes', severity


def _scopes(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    if facts.scopes is None:
        yield "scopes", f"HubSpot does not say what the token may do ({facts.unsaid})", "", Severity.NOTE
        return
    for use in uses:
        missing = [scope for scope in needed(use) if scope not in facts.scopes]
        if missing:
            yield use.kind, f"the token lacks {', '.join(missing)}", "grant the scopes to the app", Severity.ERROR


def needed(use: Use) -> tuple[str, ...]:
    """The scopes that using an object takes. Notes are guarded by the scopes of contacts."""
    if use.kind == SPLITS:
        return ("crm.dealsplits.read_write",)
    name = {"notes": "contacts"}.get(use.kind, use.kind) if use.kind in (*STANDARD, "owners") else "custom"
    schema = () if name in ("owners", "line_items") else (f"crm.schemas.{name}.read",)
    write = (f"crm.objects.{name}.write",) if use.writes else ()
    return (f"crm.objects.{name}.read", *write, *schema)


def _objects(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use in uses:
        if refusal := facts.seen[use.kind].refusal:
            what, fix = _halves(refusal)
            yield use.kind, what, fix or "pause the mapping of this object", Severity.ERROR


def _present(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, known in _described(facts, uses):
        for name in dict.fromkeys((*use.reads, *use.writes)):
            if name not in known:
                what = f"{'the label' if MARK in name else 'the property'} is not there, or hidden from us"
                severity = Severity.ERROR if name in use.writes else Severity.WARNING
                yield f"{use.kind}.{name}", what, "create it (dealsync init), or correct the mapping", severity


def _types(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, known in _described(facts, uses):
        for name, types in use.types.items():
            if name in known and known[name].type not in types:
                what = f"it holds {known[name].type}, and the mapping expects {' or '.join(types)}"
                yield f"{use.kind}.{name}", what, "map to another property", Severity.ERROR


def _key(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, known in _described(facts, uses):
        if use.key and use.key not in known:
            what, fix = "our unique property is not there", "create it as unique (dealsync init)"
            yield f"{use.kind}.{use.key}", what, fix, Severity.ERROR
        elif use.key and not known[use.key].unique:
            fix = "HubSpot makes properties unique only at creation: delete it, and let dealsync init create it"
            yield (
                f"{use.kind}.{use.key}",
                "it is not unique, so that nothing can be upserted by it",
                fix,
                Severity.ERROR,
            )


def _required(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, known in _described(facts, uses):
        missing = [name for name, info in known.items() if info.required and name not in (*use.writes, use.key)]
        if use.key and missing:
            what = f"a new record needs {', '.join(missing)}, which we do not write"
            yield use.kind, what, "let HubSpot no longer require them", Severity.ERROR
    if facts.version >= "2026-09" and not facts.version.startswith("v") and any(use.writes for use in uses):
        yield "", UNREADABLE_RULES, "", Severity.NOTE


def _read_only(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, known in _described(facts, uses):
        for name in use.writes:
            if name in known and not known[name].writable:
                why = "calculated by HubSpot" if known[name].calculated else "read-only"
                fix = "map to a property that can be written"
                yield f"{use.kind}.{name}", f"we write it, and it is {why}", fix, Severity.ERROR


def _options(facts: Facts, uses: Sequence[Use]) -> Iterator[Found]:
    for use, known in _described(facts, uses):
        for name, values in use.options.items():
            there = known[name].options if name in known else values
            lacking = [value for value in values if there and value not in there]
            if lacking:
                fix = "add the options in HubSpot (dealsync init), or correct the picklist of the mapping"
                yield f"{use.kind}.{name}", f"it has no option {', '.join(lacking)}", fix, Severity.ERROR


def _headroom(facts: Facts, _: Sequence[Use]) -> Iterator[Found]:
    limit, left = facts.daily
    if limit is None or left is None:
        yield "limits", "HubSpot does not say how many calls are left today", "", Severity.NOTE
    elif left * HEADROOM < limit:
        severity = Severity.WARNING if left else Severity.ERROR
        fix = "let other programs call less, or buy the API limit increase"
        yield "limits", f"{left} of the day's {limit} calls are left", fix, severity


def _halves(message: str) -> tuple[str, str]:
    """What went wrong, and what to do about it."""
    what, _, fix = message.partition(". Fix: ")
    return what, fix


def _described(facts: Facts, uses: Sequence[Use]) -> Iterator[tuple[Use, dict[str, FieldInfo]]]:
    for use in uses:
        if use.kind != SPLITS and not facts.seen[use.kind].refusal:
            yield use, facts.seen[use.kind].named


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("it can be reached and takes the sign-in", _reachable),
    ("both clocks agree", _clock),
    ("the version is supported for a long time", _version),
    ("the token may do what the mappings need", _scopes),
    ("every object is there", _objects),
    ("every mapped property and label is there", _present),
    ("every property holds what its mapping expects", _types),
    ("our unique properties are unique", _key),
    ("nothing is required that we do not write", _required),
    ("everything that we write can be written", _read_only),
    ("every option that we write exists", _options),
    ("enough of the day's calls are left", _headroom),
)
"""What a check says when all is well, and the check."""
