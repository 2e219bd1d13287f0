"""A portal without custom objects, seen as if it had one: its records are the deals of one pipeline.

What the plain layout (`connector.hubspot.layout`) created is read and written under the custom object's own names,
so that its mapping does not change; the deals are read without it. Its own deal is named by id in a property.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connector.errors import CrmError, PauseMapping
from connector.finding import Finding, Severity, Use
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.layout import DEALS, FILED, Wish
from connector.hubspot.pipelines import PIPELINES, STAGES
from connector.hubspot.spelt import PIPELINE, Spelling
from connector.record import (
    Capabilities,
    Change,
    Cursor,
    FieldInfo,
    Identity,
    ObjectInfo,
    Op,
    Outcome,
    Page,
    Record,
    RecordTypes,
)


class PlainCrm:
    """A `connector.crm.Crm` over a portal that may have no custom objects.

    ``kind`` is the object that is kept in deals, ``stage`` its field that is their stage, ``label`` the name of
    their pipeline. Everything else is passed on. ``wish`` ``auto`` finds out by what is there, when it is first
    asked, whether records are deals; ``custom_objects`` passes everything on. Raises PauseMapping where there is no
    such pipeline.
    """

    def __init__(self, crm: HubSpotCrm, *, kind: str, stage: str, label: str, wish: Wish = "pipeline") -> None:
        self._crm, self._kind, self._stage, self._label, self._wish = crm, kind, stage, label, wish
        self._known: Spelling | None = None
        self._plain: bool | None = None if wish == "auto" else wish == "pipeline"

    @property
    def plain(self) -> bool:
        """Whether records of ``kind`` are deals; an object of that name comes before them. Raises CrmError."""
        if self._plain is None:
            self._plain = not self._crm.has(self._kind) and self._pipeline() is not None
        return self._plain

    @property
    def name(self) -> str:
        return self._crm.name

    @property
    def can(self) -> Capabilities:
        return self._crm.can

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        if self._passed(kind):
            yield from self._crm.changes(kind, fields, since)
            return
        for page in self._crm.changes(DEALS, self._asked(kind, fields), since):
            yield replace(page, records=tuple(self._told(kind, fields, page.records)))

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        self._crm.ahead(asks)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """Told apart by the pipeline, so that a list of deals with it takes the place of a list of ids."""
        if self._passed(kind):
            yield from self._crm.ids(kind)
            return
        for page in self.changes(kind, (), None):
            yield [record.ref.id for record in page.records if not record.deleted]

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        if self._passed(kind):
            return self._crm.read(kind, keys, fields, by=by)
        key = self._spelling().field(by) if kind == self._kind else by
        return list(self._told(kind, fields, self._crm.read(DEALS, keys, self._asked(kind, fields), by=key)))

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """A lost answer to the question what is there already becomes the fault of those changes."""
        theirs = {change.id: change for change in changes if change.kind == self._kind}
        try:
            spelt = self._spelt([change for change in changes if change.id in theirs])
        except CrmError as fault:
            yield from (Outcome(change, fault=fault) for change in theirs.values())
            spelt = {}
        asked = [
            spelt.get(change.id, change) for change in changes if change.id in spelt or change.id not in theirs
        ]
        for outcome in self._crm.write(asked):
            yield replace(outcome, change=theirs.get(outcome.change.id, outcome.change))

    def refuses(self, kind: str) -> str | None:
        """Why this portal cannot hold ``deal_splits`` or ``notes`` of ours; ``None`` where it can."""
        return self._crm.refuses(kind)

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        if kind == DEALS or self._passed(kind):
            return self._crm.describe(kind)
        spelling = self._spelling()
        return tuple(told for info in self._crm.describe(DEALS) for told in spelling.described(info))

    def record_types(self, kind: str) -> RecordTypes:
        """The pipelines of deals, without the one that is not read as deals."""
        found = self._crm.record_types(kind)
        return {name: lists for name, lists in found.items() if not (self.plain and name == self._label)}

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        """What was chosen and why, then what was created for it; what is there already is never changed."""
        layout = self._crm.layout(objects, {self._kind: self._stage}, self._wish)
        self._known, self._plain = None, layout.name == "pipeline"
        return [f"Layout {layout.name}: {layout.why}.", *self._crm.lay_out(layout)]

    def check(self, uses: Sequence[Use], now: datetime) -> Sequence[Finding]:
        """What `dealsync doctor` says, of the layout first."""
        try:
            laid_out = self._laid_out()
            spelling = self._spelling() if self.plain else None
        except CrmError:  # what is wrong is found again, and said, by the checks of the portal
            return self._crm.check(uses, now)
        spelt = [spelling.use(use) if spelling and use.kind == self._kind else use for use in uses]
        return [laid_out, *self._crm.check(spelt, now)]

    def whoami(self) -> Identity:
        return replace(self._crm.whoami(), own_objects=not self.plain)

    def close(self) -> None:
        """Close the pooled connections."""
        self._crm.close()

    def _laid_out(self) -> Finding:
        """Where records are kept, or would be."""
        place = f"{self.name}: layout"
        there, pipeline = self._crm.has(self._kind), self._pipeline() is not None
        if self.plain and pipeline:
            what = f"{self._kind} is the deals of the pipeline {self._label!r}; parts of deals are their properties"
        elif there and not self.plain:
            what = f"{self._kind} is a custom object"
        else:
            layout = self._crm.layout((ObjectInfo(self._kind, self._label, (), custom=True),), {}, self._wish)
            what = f"nothing keeps {self._kind} yet; it would be a {WORDS[layout.name]}: {layout.why}"
            fix = f"dealsync init . --create {self.name}" + (f"; {layout.instead}" if layout.instead else "")
            return Finding(place, what, fix, Severity.ERROR)
        if there and pipeline and self._wish == "auto":
            fix = f'set layout = "pipeline" or "custom_objects" in [connection.{self.name}]'
            return Finding(place, f"{what}, and the other one is there, too", fix, Severity.WARNING)
        return Finding(place, what, "", Severity.OK)

    def _passed(self, kind: str) -> bool:
        """Whether a kind is none of the two that are told apart here."""
        return kind not in (self._kind, DEALS) or not self.plain

    def _asked(self, kind: str, fields: Sequence[str]) -> list[str]:
        """The deal's fields for those of a kind, and the pipeline by which the two kinds are told apart."""
        names = list(fields) if kind == DEALS else [self._spelling().field(name) for name in fields]
        return [*names, PIPELINE]

    def _told(self, kind: str, fields: Sequence[str], records: Sequence[Record]) -> Iterator[Record]:
        """The records of a kind. Which kind a deleted one was, nobody knows any more: both hear of it."""
        spelling = self._spelling()
        for record in records:
            ref = replace(record.ref, kind=kind)
            if record.deleted:
                yield record._replace(ref=ref)
            elif (record.values[-1] == spelling.pipeline) == (kind == self._kind):
                values = zip(fields, record.values[:-1], strict=True)
                told = (value if kind == DEALS else spelling.told(name, value) for name, value in values)
                yield record._replace(ref=ref, values=tuple(told))

    def _spelt(self, changes: Sequence[Change]) -> dict[str, Change]:
        """Each change as one of a deal, by its id. Raises CrmError."""
        if not changes or not self.plain:
            return {change.id: change for change in changes}
        keyed: dict[str, set[str]] = defaultdict(set)
        for change in changes:
            if change.op is Op.UPSERT:
                keyed[change.by].add(change.key)
        missing = {(by, key) for by, keys in keyed.items() for key in keys - self._there(by, keys)}
        spelling = self._spelling()
        return {change.id: spelling.change(change, new=(change.by, change.key) in missing) for change in changes}

    def _there(self, by: str, keys: set[str]) -> set[str]:
        found = self.read(self._kind, sorted(keys), [by], by=by)
        return {str(record.values[0]) for record in found}

    def _spelling(self) -> Spelling:
        known = self._known
        if known is None:
            pipeline = self._pipeline()
            if pipeline is None:
                place = f"{self.name}: no pipeline of deals is called {self._label!r}"
                message = f"{place}, which would hold {self._kind}. Fix: create it (dealsync init)"
                raise PauseMapping(message, kind=self._kind, code="NO_PIPELINE")
            stages = {
                _option(label): stage
                for stage, label, of in self._listed(STAGES, "id", "label", PIPELINE)
                if of == pipeline
            }
            filed = stages.pop(_option(FILED), "")
            known = self._known = Spelling(self._kind, self._stage, pipeline, filed, stages)
        return known

    def _pipeline(self) -> str | None:
        return next((row[0] for row in self._listed(PIPELINES, "id", "label") if row[1] == self._label), None)

    def _listed(self, kind: str, *fields: str) -> Iterator[tuple[str, ...]]:
        for page in self._crm.changes(kind, fields, None):
            yield from (tuple(map(str, record.values)) for record in page.records)


def _option(label: str) -> str:
    """The option of which the layout made this stage."""
    return label.lower().replace(" ", "_")


WORDS: Mapping[str, str] = {"custom_objects": "custom object", "pipeline": "pipeline of deals"}
