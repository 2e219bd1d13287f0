"""A scenario's facts as rows in two served CRMs, cycles over them by the real adapters, and what both then say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, product
from pathlib import Path
from typing import Any, Final

from connector.crm import Crm
from connector.record import Ref, Text, datetime_text
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.hubspot.tables import Source
from connector.sandbox.hubspot.writing import Draft, archive, commit, merge
from connector.sandbox.salesforce.identifiers import new_id
from connector.sandbox.salesforce.tables import Row as Stored
from connector.sandbox.salesforce.values import stamp_text, stored
from connector.sandbox.salesforce.writes import calculate
from connector.sandbox.serve import Sandbox
from connector.sandbox.world import World as Portals
from sync.cycle import cycle
from sync.identity.assemble import thing_id
from sync.identity.link import Linked, row_thing_id
from sync.mapping.fieldmap import FieldMap, Mappings, Rule
from sync.model.directive import Directive
from sync.model.facts import Facts
from sync.model.ids import name
from sync.model.row import Row
from sync.model.ruling import Case
from sync.policy import Policies, Policy
from sync.store.directives import add_directives
from sync.store.due import make_all_due
from sync.store.opening import open_store
from sync.world import Report, World
from tests.contract.hubspot_writing_rig import Free, opened
from tests.contract.salesforce_rig import SERVICE
from tests.machine.office import CURRENCY, NO_BRAKE, paused, shipped

from .crm_rows import rows_of

PORTALS: Final = Portals(
    salesforce={"org": {"multi_currency": True, "currency": "EUR", "currencies": ["EUR", "USD", "JPY"]}},
    hubspot={"portal": {"companyCurrency": "EUR", "timeZone": "UTC"}},
)
SOMEBODY: Final = Source("CRM_UI", "person")
KINDS: Final = ("account", "opportunity", "line", "registration")
TOLD: Final = ("person", "stage_history", "external_approval")
"""What only one of the CRMs has, and what a person has to activate."""
REFERENCES: Final = frozenset(
    {"account", "opportunity", "partner", "parent", "renewal_of", "shared_id", "lines", "needs"}
    | {"registration", "reports_to"}
)


class Crms:
    """Both CRMs of one scenario, dealsync beside them, and people who edit. Ids are handed out once a thing."""

    def __init__(self, sandbox: Sandbox, folder: Path, policies: Policies) -> None:
        self.sandbox = sandbox
        salesforce = SalesforceCrm("sf", {"url": sandbox.salesforce_url, **SERVICE}, ledger=Free())
        self._portal_crm = opened(sandbox)
        self.crms: dict[str, Crm] = {"sf": salesforce, "hs": self._portal_crm}
        self.mappings = Mappings((*shipped().all, *paused(frozenset(TOLD), "sf")))
        places = [*product(CURRENCY, (*KINDS, "attribution")), *product(("sf",), TOLD)]
        self.maps = {place: self._map(*place) for place in places}
        self._numbers = count(1000)
        self._ids: dict[tuple[str, str, str], str] = {}  # connection, kind, the story's word
        self._people: dict[str, str] = {}
        self._rows: dict[tuple[str, str, str], dict[str, Text]] = {}  # as they were last put
        self.world = World(
            store=open_store("sqlite:///dealsync.db", folder),
            crms=self.crms,
            mappings=self.mappings,
            policies=self._with_people(policies),
            record_of={"opportunity": "sf", "account": "sf"},
            limits=NO_BRAKE,
        )
        for switchboard in self._switchboards:
            switchboard.settings["limits"] = "off"

    @property
    def _switchboards(self) -> tuple[Any, Any]:
        return self.sandbox.salesforce.switchboard, self.sandbox.hubspot.switchboard

    def _map(self, connection: str, kind: str) -> FieldMap:
        found = self.mappings.for_kind(connection, kind)
        assert found is not None
        return found

    def close(self) -> None:
        self.world.store.close()
        self._portal_crm.close()

    def at(self, now: datetime) -> None:
        """Both CRMs' clocks say ``now``."""
        for switchboard in self._switchboards:
            switchboard.offset = now - datetime.now(UTC)

    def run(self, now: datetime) -> Report:
        """One cycle; nothing may be left over."""
        report = cycle(self.world, now)
        assert not report.faults, report.faults
        assert report.complete, report.notes
        return report

    # what people do in the CRMs

    def become(self, facts: Facts) -> None:
        """Both CRMs say these facts: rows are created, edited, merged and deleted as they differ from before."""
        self._merge(facts)
        self._name([partner.id for partner in facts.partners])
        there = set()
        for kind, connection, key, values in rows_of(facts):
            if (connection, kind, key) not in self._ids:
                fresh = self.person(key) if kind == "person" else self._fresh(connection, kind)
                self._ids[connection, kind, key] = fresh
            there.add((connection, kind, key))
            self._put(connection, kind, key, values)
        for place in [place for place in self._rows if place not in there]:
            self._drop(place)

    def hear(self, given: tuple[Directive, ...], cases: Iterable[Case], now: datetime) -> None:
        """What people told dealsync, kept as the commands keep it."""
        named = {case.id: self._case(case) for case in cases}
        with self.world.store.write() as connection:
            add_directives(connection, [self._ours(directive, named) for directive in given])
            make_all_due(connection, now)

    def _ours(self, directive: Directive, cases: Mapping[str, str]) -> Directive:
        parts = tuple(replace(part, party=self.thing("account", part.party)) for part in directive.parts)
        about = self.thing("opportunity", self.thing("registration", directive.subject))
        winner = self.thing("registration", directive.winner) if directive.winner else None
        return replace(
            directive,
            subject=cases.get(about, about),
            by=self.person(directive.by),
            winner=winner,
            parts=parts,
        )

    def _case(self, case: Case) -> str:
        """dealsync's id of a case: it is named after its registrations and what it is about."""
        about = "; ".join(sorted(self.thing("opportunity", word) for word in case.scope.split("; ")))
        return name("case", case.kind, *sorted(self.thing("registration", r) for r in case.registrations), about)

    def _fresh(self, connection: str, kind: str) -> str:
        number = next(self._numbers)
        if connection == "hs":
            return str(number)
        return new_id(self._org.schema.object(self.maps["sf", kind].object).prefix, number)

    def _name(self, partners: list[str]) -> None:
        """Ids for new partners, so that dealsync's own names sort as the story's do: the last cent goes by them."""
        if all(("sf", "account", partner) in self._ids for partner in partners):
            return
        drawn = [self._fresh("sf", "account") for _ in partners]
        object_name = self.maps["sf", "account"].object
        in_order = sorted(drawn, key=lambda ident: name("par", str(Ref("sf", object_name, ident))))
        self._ids |= {("sf", "account", key): ident for key, ident in zip(sorted(partners), in_order, strict=True)}

    def person(self, who: str) -> str:
        """A user's id; the same text stands for the person in HubSpot."""
        if who not in self._people:
            self._people[who] = new_id("005", next(self._numbers))
        return self._people[who]

    def _with_people(self, policies: Policies) -> Policies:
        found = []
        for policy in policies.all:
            rules = policy.approvals
            people = {role: tuple(map(self.person, names)) for role, names in rules.people.items()}
            found.append(policy.model_copy(update={"approvals": rules.model_copy(update={"people": people})}))
        return Policies(tuple[Policy, ...](found))

    def _put(self, connection: str, kind: str, key: str, values: Mapping[str, Any]) -> None:
        texts = self._texts(self.maps[connection, kind], values)
        before = self._rows.get((connection, kind, key))
        changed = {field: text for field, text in texts.items() if before is None or before.get(field) != text}
        self._rows[connection, kind, key] = texts
        if changed:
            write = self._salesforce if connection == "sf" else self._hubspot
            write(self.maps[connection, kind].object, self._ids[connection, kind, key], changed, before is None)

    def _texts(self, field_map: FieldMap, values: Mapping[str, Any]) -> dict[str, Text]:
        found: dict[str, Text] = {}
        for rule in field_map.rules:
            if rule.path in values:
                found |= zip(rule.remotes, self._spelt(field_map.connection, rule, values[rule.path]), strict=False)
        return found

    def _spelt(self, connection: str, rule: Rule, value: Any) -> tuple[Text, ...]:
        """A value as the CRM keeps it; a reference is given as (kind, the story's word), several as a list."""
        if rule.path in ("voter", "owner"):
            value = self.person(value) if value else None
        if rule.path in REFERENCES:
            other = "sf" if rule.path == "shared_id" else connection
            named = [self._ids.get((other, *each), _unknown(rule, each[1])) for each in value]
            return (";".join(filter(None, named)) or None,)
        if value is None:
            return (None,) * len(rule.remotes)
        if isinstance(value, str) and not rule.setting.choices.map:
            return (value or None,)
        return rule.transform.write(value, rule.setting)

    @property
    def _org(self) -> Any:
        return self.sandbox.salesforce.org

    def _salesforce(self, kind: str, ident: str, texts: Mapping[str, Text], new: bool) -> None:
        spec = self._org.schema.object(kind)
        table = self._org.tables.table(spec)
        moment = stamp_text(self._org.now())
        values = {
            spec.fields[name.lower()].name: text for name, text in texts.items() if name.lower() in spec.fields
        }
        if new:
            row: Stored = self._org._row(spec, {**values, "SystemModstamp": moment}) | {"Id": ident}
        else:
            changes = {name: stored(spec.fields[name.lower()], text) for name, text in values.items()}
            row = table.rows[ident] | changes | {"SystemModstamp": moment, "LastModifiedDate": moment}
            calculate(spec, row)
        self._org.tables.put(table, ident, row)

    def _hubspot(self, kind: str, ident: str, texts: Mapping[str, Text], new: bool) -> None:
        portal = self.sandbox.hubspot.portal
        spec = portal.types[kind]
        links = {name: (text or "").split(";") for name, text in texts.items() if "#" in name}
        values = {name: text for name, text in texts.items() if "#" not in name}
        if new:
            stamped = {**values, spec.modified: datetime_text(portal.now())}
            portal._load(kind, {"id": ident, "properties": stamped})
        else:
            commit(portal, Draft(spec, portal.tables[kind].rows[ident], values), SOMEBODY)
            for other in (name.partition("#")[0] for name in links):
                for linked in list(portal.links.of((kind, other), ident)):
                    portal.links.disconnect((kind, other), ident, linked)
        portal._link(kind, {"id": ident, "associations": {name: ids for name, ids in links.items() if ids != [""]}})

    def _drop(self, place: tuple[str, str, str]) -> None:
        connection, kind, _ = place
        name, ident = self.maps[connection, kind].object, self._ids[place]
        del self._rows[place]
        if connection == "sf":
            table = self._org.tables.table(self._org.schema.object(name))
            gone = {"IsDeleted": True, "SystemModstamp": stamp_text(self._org.now())}
            self._org.tables.put(table, ident, table.rows[ident] | gone)
        else:
            portal = self.sandbox.hubspot.portal
            archive(portal, portal.types[name], portal.tables[name].rows[ident])

    def _merge(self, facts: Facts) -> None:
        for deal in facts.opportunities:
            for old in deal.merged:
                for ref in deal.members:
                    self._absorb(ref.connection, deal.id, old)

    def _absorb(self, connection: str, winner: str, loser: str) -> None:
        if self._rows.pop((connection, "opportunity", loser), None) is None:
            return
        name = self.maps[connection, "opportunity"].object
        one, other = (self._ids[connection, "opportunity", key] for key in (winner, loser))
        if connection == "sf":
            self._org.merge(name, one, other)
        else:
            portal = self.sandbox.hubspot.portal
            rows = portal.tables[name].rows
            merge(portal, portal.types[name], rows[one], rows[other], SOMEBODY)

    # what the CRMs say

    def thing(self, kind: str, key: str) -> str:
        """dealsync's own id of what the story calls ``key``; anything else stays as it is."""
        place = next(((c, self._ids[c, kind, key]) for c in CURRENCY if (c, kind, key) in self._ids), None)
        if place is None:
            return key
        row = Row(Ref(place[0], self.maps[place[0], kind].object, place[1]), kind, datetime.now(UTC), {}, {})
        return thing_id("partners", Linked((row,), ())) if kind == "account" else row_thing_id(row)

    def says(self, connection: str, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Every live row of one kind in our words, with the story's word for it."""
        field_map = self.maps[connection, kind]
        crm = self.crms[connection]
        words = {ident: key for (c, k, key), ident in self._ids.items() if (c, k) == (connection, kind)}
        ids = [ident for page in crm.ids(field_map.object) for ident in page]
        records = crm.read(field_map.object, ids, field_map.fields)
        return [(words.get(record.ref.id, ""), field_map.read(record)[0].values) for record in records]

    def word(self, kind: str, ref: Ref | None) -> str:
        """The story's word for a row."""
        known = {(c, ident): key for (c, k, key), ident in self._ids.items() if k == kind}
        return known[ref.connection, ref.id] if ref else "VENDOR"


def _unknown(rule: Rule, key: str) -> str:
    """A claim may name a line that nobody has: it is then only text."""
    return key.rpartition("/")[2] if rule.path == "lines" else ""
