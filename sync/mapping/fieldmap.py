"""A mapping compiled once: records to rows of our words, and our words to CRM text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from connector.record import ABSENT, Absent, Record, Text, Value
from sync.expressions import Expression, compile_expression
from sync.mapping.calculated import calculated, defaulted
from sync.mapping.columns import Meant, Reader, Refused, meaning, meanings
from sync.mapping.form import EXPRESSIONS, FieldForm, MappingForm
from sync.mapping.paths import PATHS
from sync.mapping.transforms import TRANSFORMS, Choices, Setting, Transform
from sync.model.ids import digest
from sync.model.problem import Problem
from sync.model.row import Row


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of a mapping, ready to run."""

    path: str
    remotes: tuple[str, ...]
    optional: frozenset[str]
    transform: Transform
    setting: Setting
    ours: bool
    writes: bool
    filed: bool = False  # people fill it in
    keeps: bool = False  # a value of people is not cleared when we have nothing to say
    projection: str = ""  # the switch in config.toml without which the field is not there
    meaning: str = ""  # what the file says of it, to compare versions by
    guard: Expression | None = None  # over the record as it is: where it is false, the field is left as it is


@dataclass(frozen=True, slots=True)
class FieldMap:
    """One mapping file, compiled. ``fields`` are asked for in this order; ``hash`` is the mapping's version.

    ``lacking`` are fields that are never written: optional ones that the org is known not to have, and those whose
    schema changed under us.
    """

    id: str
    connection: str
    object: str
    canonical: str
    optional: bool
    key: str | None  # the remote field that carries our key
    fields: tuple[str, ...]
    rules: tuple[Rule, ...]
    hash: str
    lacking: frozenset[str] = frozenset()
    careful: bool = False  # something is not read that was: nothing is cleared
    unread: frozenset[str] = frozenset()  # paths that are not read until a person has mended mapping or CRM
    scope: Expression | None = None  # over a record as it is: where it is false, an unknown one is not taken in
    readers: tuple[Reader, ...] = field(default=(), repr=False, compare=False)  # the rules, laid out for reading
    constants: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def read(self, record: Record) -> tuple[Row, list[Problem]]:
        """A row, and a problem for every value that is not what the mapping says it is."""
        whole = self._whole(record)
        return self._row(whole, meaning(self.readers, whole.values))

    def read_all(self, records: Sequence[Record]) -> Iterator[tuple[Row, list[Problem]]]:
        """The same of many, each in its turn: what a field says more than once is understood once."""
        whole = [self._whole(record) for record in records]
        return map(self._row, whole, meanings(self.readers, whole))

    def _whole(self, record: Record) -> Record:
        """A tombstone comes without values."""
        lacking = len(self.fields) - len(record.values)
        return record._replace(values=(*record.values, *(ABSENT,) * lacking)) if lacking else record

    def _row(self, record: Record, meant: Meant) -> tuple[Row, list[Problem]]:
        values, refused = meant
        told = {**self.constants, **values} if self.constants else values
        raw = dict(zip(self.fields, record.values, strict=True))
        row = Row(record.ref, self.canonical, record.stamp, told, raw, record.deleted, record.merged_into)
        return row, [self._problem(record, fault) for fault in refused] if refused else []

    def _problem(self, record: Record, fault: Refused) -> Problem:
        where = f"{record.ref} {'/'.join(self.fields[place] for place in fault.places)}"
        return Problem(where, fault.what, f"correct the record, or the mapping {self.id}")

    def write(self, values: Mapping[str, Any], raw: Mapping[str, Value] | None = None) -> dict[str, Text]:
        """CRM text for the paths of ``values`` that this mapping writes. Raises ValueError naming the path.

        ``raw``: the record as it is; its fields are left alone where a guard of the mapping says so.
        """
        return self._texts(values, [r for r in self.rules if r.writes and (raw is None or _allowed(r, raw))])

    def file(self, values: Mapping[str, Any]) -> dict[str, Text]:
        """CRM text for the paths of ``values`` that people own, as filed. Raises as `write`."""
        return self._texts(values, [rule for rule in self.rules if rule.filed])

    def remotes(self, path: str) -> tuple[str, ...]:
        """The remote fields of one path; none when it is not mapped."""
        return next((rule.remotes for rule in self.rules if rule.path == path), ())

    def _texts(self, values: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, Text]:
        written: dict[str, Text] = {}
        for rule in rules:
            if rule.path not in values:
                continue
            try:
                texts = rule.transform.write(values[rule.path], rule.setting)
            except ValueError as error:
                raise ValueError(f"{self.id}: {rule.path}: {error}") from error
            pairs = zip(rule.remotes, texts, strict=False)
            written.update(
                (remote, text)
                for remote, text in pairs
                if remote not in self.lacking and not (text is None and (rule.keeps or self.careful))
            )
        return written

    def resting(self, reads: Collection[str], writes: Collection[str]) -> FieldMap:
        """The same mapping, without reading some of its remote fields and without writing some."""
        at = {place for place, remote in enumerate(self.fields) if remote in reads}
        readers = tuple(reader for reader in self.readers if not at.intersection(reader.places))
        unread = frozenset(rule.path for rule in self.rules if set(reads).intersection(rule.remotes))
        return replace(self, readers=readers, lacking=self.lacking | frozenset(writes), unread=unread)

    def words(self, path: str) -> frozenset[str]:
        """Our words that the picklist of a path has a value for."""
        return frozenset(
            word for rule in self.rules if rule.path == path for word in rule.setting.choices.map.values()
        )

    def projection(self, remote: str) -> str:
        """The switch that a remote field depends on; empty for a field that is always there."""
        return next((rule.projection for rule in self.rules if remote in rule.remotes), "")

    def may_miss(self, remote: str, want: Text = "") -> bool:
        """Whether a remote field is allowed to be missing in this org, where it should become ``want``."""
        nothing_to_say = want is None and bool(self.projection(remote))
        return nothing_to_say or any(remote in rule.optional for rule in self.rules)


def compile_form(form: MappingForm, currency: str | None, projections: Collection[str] = ()) -> FieldMap:
    """The runnable form of a checked mapping. ``currency``: the connection's default.

    ``projections``: those that the connection has switched on; the fields of others are not there.
    """
    there = [field for field in form.field if field.projection is None or field.projection in projections]
    rules = tuple(_rule(form, field, currency) for field in there)
    guards = (name for rule in rules if rule.guard for name in rule.guard.fields)
    scope = compile_expression(form.scope.where, form.types, "flag") if form.scope else None
    asked = (*(remote for rule in rules for remote in rule.remotes), *guards, *(scope.fields if scope else ()))
    fields = tuple(dict.fromkeys(asked))
    return FieldMap(
        id=form.id,
        connection=form.connection,
        object=form.object,
        canonical=form.canonical,
        optional=form.optional,
        key=form.key,
        scope=scope,
        fields=fields,
        rules=rules,
        hash=digest(form.version, currency or "", *sorted({rule.projection for rule in rules} - {""})),
        readers=tuple(_reader(rule, fields) for rule in rules if rule.remotes),
        constants={rule.path: rule.transform.read((), rule.setting) for rule in rules if not rule.remotes},
    )


def _allowed(rule: Rule, raw: Mapping[str, Value]) -> bool:
    """Whether its guard lets a field be written; one that cannot be calculated does not."""
    if rule.guard is None:
        return True
    texts = {name: raw.get(name, ABSENT) for name in rule.guard.fields}
    try:
        return ABSENT not in texts.values() and rule.guard.run({n: _known(t) for n, t in texts.items()}) is True
    except ValueError:
        return False


def _known(text: Value) -> Text:
    return None if isinstance(text, Absent) else text


_AMOUNTS: Final = (TRANSFORMS["money"], TRANSFORMS["part"])


def _reader(rule: Rule, fields: Sequence[str]) -> Reader:
    places = tuple(fields.index(remote) for remote in rule.remotes)
    whole = len(places) > 1 and rule.transform not in _AMOUNTS  # a missing currency has a default
    return Reader(rule.path, places, rule.transform.read, rule.setting, whole)


def _rule(form: MappingForm, field: FieldForm, currency: str | None) -> Rule:
    path = PATHS[form.canonical][field.canonical]
    picklist = form.picklist.get(field.picklist or "")
    connection, _, target = (field.refers or "").rpartition(":")
    remotes, transform = _source(form, field, TRANSFORMS[path.transform], path.transform)
    return Rule(
        path=field.canonical,
        remotes=remotes,
        optional=frozenset(remote.removesuffix("?") for remote in field.remote if remote.endswith("?")),
        transform=transform,
        setting=Setting(
            connection=form.connection,
            choices=Choices(picklist.map, picklist.unmapped) if picklist else Choices(),
            refers=(connection or form.connection, target),
            currency=currency,
        ),
        ours=path.ours,
        writes=field.direction != "in",
        filed=field.owner == "filed" and field.expr is None,
        keeps=field.null == "keep",
        projection=field.projection or "",
        meaning=field.model_dump_json(exclude={"notes"}) + (picklist.model_dump_json() if picklist else ""),
        guard=compile_expression(field.write_if, form.types, "flag") if field.write_if else None,
    )


def _source(
    form: MappingForm, field: FieldForm, transform: Transform, name: str
) -> tuple[tuple[str, ...], Transform]:
    """The remote fields of a rule, and how they are read: copied, with a default, or calculated."""
    if field.expr is not None:
        kind = EXPRESSIONS[name]
        expression = compile_expression(field.expr, form.types, kind)
        return expression.fields, calculated(expression, kind, transform)
    return field.names, transform if field.default is None else defaulted(field.default, transform)


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every active mapping of this installation.

    ``projections`` are lists of the CRM's own that are only written; ``refused`` says of which an org cannot hold
    them, by connection and object. What we ever wrote to the lists of ``off`` is taken out again.
    """

    all: tuple[FieldMap, ...]
    projections: tuple[FieldMap, ...] = ()
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    off: tuple[FieldMap, ...] = ()

    @property
    def lists(self) -> tuple[FieldMap, ...]:
        """Every list of the CRM's own, switched on or off."""
        return (*self.projections, *self.off)

    @property
    def hash(self) -> str:
        return digest(*sorted(field_map.hash for field_map in (*self.all, *self.projections)))

    def of(self, connection: str, obj: str) -> FieldMap | None:
        """The mapping of one object of one connection."""
        return next((m for m in self.all if (m.connection, m.object) == (connection, obj)), None)

    def for_kind(self, connection: str, canonical: str) -> FieldMap | None:
        """The mapping of one connection for one of our objects."""
        return next((m for m in self.all if (m.connection, m.canonical) == (connection, canonical)), None)

    def of_connection(self, connection: str) -> Sequence[FieldMap]:
        return [m for m in self.all if m.connection == connection]
