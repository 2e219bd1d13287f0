"""Two CRMs in memory under the shipped mappings, the store in a file, a clock, and people who edit."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from connector.memory import MemoryCrm, Row
from connector.record import FieldInfo, FieldType, Text, datetime_text
from sync.cycle import cycle
from sync.mapping.fieldmap import FieldMap, Mappings, Rule, compile_form
from sync.mapping.form import parse
from sync.mapping.paths import PATHS
from sync.model.money import Money
from sync.model.plan import Limits
from sync.policy import Policies
from sync.policy import parse as parse_policy
from sync.store.opening import open_store
from sync.world import Report, World
from tests.machine import stores

ROOT: Final = Path(__file__).resolve().parents[2]
START: Final = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NO_BRAKE: Final = Limits(changes=100_000, deletes=100_000)
CURRENCY: Final = {"sf": "USD", "hs": "EUR"}
JUDGED: Final = frozenset({"account", "opportunity", "line", "registration", "attribution"})
TYPES: Final = {
    "number": FieldType.NUMBER,
    "flag": FieldType.BOOLEAN,
    "day": FieldType.DATE,
    "moment": FieldType.DATETIME,
    "reference": FieldType.REFERENCE,
}


@cache
def shipped(kinds: frozenset[str] = JUDGED) -> Mappings:
    """The shipped mappings of what is judged."""
    return Mappings(tuple(_compiled(kinds)))


def paused(kinds: frozenset[str], connection: str) -> tuple[FieldMap, ...]:
    """Shipped mappings of one connection that are paused, as if somebody had activated them."""
    return tuple(entry for entry in _compiled(kinds, "paused") if entry.connection == connection)


def _compiled(kinds: Collection[str], status: str = "active") -> Iterator[FieldMap]:
    for path in sorted((ROOT / "mappings").glob("*.toml")):
        form, problems = parse(path.name, tomllib.loads(path.read_text("utf-8")))
        assert form is not None, problems
        if form.status == status and form.canonical in kinds:
            yield compile_form(form, CURRENCY[form.connection])


@cache
def standard() -> Policies:
    """The shipped programme."""
    [path] = (ROOT / "sync" / "presets").rglob("standard.toml")
    policy, faults = parse_policy(path.name, tomllib.loads(path.read_text("utf-8"), parse_float=Decimal))
    assert policy is not None, faults
    return Policies((policy,))


def schema(mappings: Mappings, connection: str) -> dict[str, tuple[FieldInfo, ...]]:
    """Every object and field that the mappings of one connection name."""
    return {
        field_map.object: tuple(_field(field_map, rule, name) for rule in field_map.rules for name in rule.remotes)
        for field_map in mappings.of_connection(connection)
    }


def _field(field_map: FieldMap, rule: Rule, name: str) -> FieldInfo:
    kind = TYPES.get(PATHS[field_map.canonical][rule.path].transform, FieldType.TEXT)
    here, target = rule.setting.refers
    refers = (target,) if here == field_map.connection and kind is FieldType.REFERENCE else ()
    return FieldInfo(name, name, kind, unique=name == field_map.key, refers_to=refers)


def usd(amount: int | str) -> Money:
    return Money.parse(str(amount), "USD")


class Office:
    """``crms`` are the CRMs as they are; ``world`` sees them through whatever a test puts in between."""

    def __init__(self, folder: Path, mappings: Mappings | None = None) -> None:
        self.folder = folder
        self.moment = START
        self.mappings = mappings or shipped()
        self.crms = {
            name: MemoryCrm(name, schema(self.mappings, name), now=lambda: self.moment) for name in CURRENCY
        }
        self.policies = standard()
        stores.prepare(folder)
        self.world = self.opened()

    def opened(self) -> World:
        """The store as it is in the file, with nothing remembered from before."""
        return World(
            store=open_store(stores.address(self.folder), self.folder),
            crms=self.crms,
            mappings=self.mappings,
            policies=self.policies,
            record_of={"opportunity": "sf", "account": "sf"},
            limits=NO_BRAKE,
        )

    def reopen(self) -> None:
        self.world.store.close()
        self.world = self.opened()

    def copied(self, name: str) -> Office:
        """The same office a second time, in a folder below; from here on the two know nothing of each other."""
        folder = self.folder / name
        folder.mkdir()
        self.close()
        twin = self.again(folder)
        self.world = replace(self.opened(), limits=self.world.limits)
        return twin

    def again(self, folder: Path) -> Office:
        """The same office in another folder, while this one is closed."""
        stores.copy(self.folder, folder)
        twin = Office(folder, self.mappings)
        twin.moment = self.moment
        twin.follow(self.policies)
        for crm, own in twin.crms.items():
            own.rows = copy.deepcopy(self.crms[crm].rows)
            own.hidden = set(self.crms[crm].hidden)
            own._numbers = copy.copy(self.crms[crm]._numbers)
        return twin

    def close(self) -> None:
        self.world.store.close()

    def limit(self, limits: Limits) -> None:
        self.world = replace(self.world, limits=limits)

    def follow(self, policies: Policies) -> None:
        """From now on these are the programme's rules."""
        self.policies = policies
        self.world = replace(self.world, policies=policies)

    # time and cycles

    def passes(self, **time: int) -> None:
        self.moment += timedelta(**time)

    def run(self, **how: Any) -> Report:
        """One cycle, a minute later."""
        self.passes(minutes=1)
        return cycle(self.world, self.moment, **how)

    # people

    def put(self, crm: str, kind: str, row_id: str | None = None, /, **values: Any) -> str:
        """Create a row, or edit the one with this id; ``values`` by canonical path, in our words."""
        field_map = self.field_map(crm, kind)
        texts = {
            remote: text
            for rule in field_map.rules
            if rule.path in values
            for remote, text in zip(rule.remotes, _spelt(rule, values[rule.path]), strict=False)
        }
        if row_id is None and any(rule.path == "created_at" for rule in field_map.rules):
            texts = {self.field(crm, kind, "created_at"): datetime_text(self.moment), **texts}
        return self.crms[crm].put(field_map.object, texts, row_id)

    def drop(self, crm: str, kind: str, row_id: str) -> None:
        self.crms[crm].drop(self.field_map(crm, kind).object, row_id)

    def merge(self, crm: str, kind: str, loser: str, winner: str) -> None:
        self.crms[crm].merge(self.field_map(crm, kind).object, loser, winner)

    # what is there

    def field_map(self, crm: str, kind: str) -> FieldMap:
        found = self.mappings.for_kind(crm, kind)
        assert found is not None
        return found

    def field(self, crm: str, kind: str, path: str) -> str:
        """The remote field of a canonical path (the first, for an amount)."""
        return next(rule.remotes[0] for rule in self.field_map(crm, kind).rules if rule.path == path)

    def rows(self, crm: str, kind: str) -> list[Row]:
        """The live rows of one kind."""
        stored = self.crms[crm].rows[self.field_map(crm, kind).object]
        return [row for row in stored.values() if not row.deleted]

    def says(self, crm: str, kind: str, row_id: str, path: str) -> Text:
        """What one field of one row says now."""
        return self.crms[crm].rows[self.field_map(crm, kind).object][row_id].values.get(self.field(crm, kind, path))

    def shares(self, crm: str, deal: str) -> dict[Text, Text]:
        """Partner row to percent, for the attribution rows of one deal."""
        names = [self.field(crm, "attribution", path) for path in ("opportunity", "partner", "share")]
        found = [[row.values.get(name) for name in names] for row in self.rows(crm, "attribution")]
        return {partner: share for opportunity, partner, share in found if opportunity == deal}

    def contents(self) -> dict[str, Any]:
        """Everything both CRMs say; our own rows by their key, because ids are handed out in order of creation."""
        found: dict[str, Any] = {}
        for name in self.crms:
            for field_map in self.mappings.of_connection(name):
                ours = field_map.key if field_map.canonical == "attribution" else None
                for row in self.rows(name, field_map.canonical):
                    key = row.values.get(ours or "") or row.id
                    found[f"{name}:{field_map.object}:{key}"] = row.values
        return found


def _spelt(rule: Rule, value: Any) -> Sequence[Text]:
    if isinstance(value, str) and not rule.setting.choices.map:
        return (value,)
    return rule.transform.write(value, rule.setting)
