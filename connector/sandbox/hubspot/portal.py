"""One HubSpot account: its object types, records, links, pipelines and owners, loaded from a world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from connector.sandbox.hubspot import schema
from connector.sandbox.hubspot.errors import missing_scopes, unknown_type
from connector.sandbox.hubspot.links import Links
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.tables import Properties, Row, Source, Table, Version
from connector.sandbox.hubspot.values import NotTaken, clean, iso, moment, text_of
from connector.sandbox.switchboard import Switchboard

if TYPE_CHECKING:
    from connector.sandbox.hubspot.splits import Split

IMPORTED = Source("IMPORT", "world")
FIRST_NEW_ID = 30_000_000_001
FIRST_NEW_TYPE = 50_000_001
DEFAULT_OWNER = {"id": "77", "email": "owner@example.com", "firstName": "Olga", "lastName": "Owner", "userId": 7}


class Rate(NamedTuple):
    """What one of a currency is worth in the account's own, as text, since a moment."""

    currency: str
    worth: str
    since: str
    current: bool = True


class Portal:
    """Everything an account holds.

    ``world["portal"]`` may give portalId, timeZone, companyCurrency, additionalCurrencies, exchangeRates (what one
    of a currency is worth in the company's, as text), pastRates (lists of currency, worth and since when),
    custom_objects (false: the portal has none yet), owners and pipelines; ``world["schema"]`` what its objects have
    besides, and without. Raises ValueError for a world that is no portal.
    """

    def __init__(self, world: Mapping[str, Any], switchboard: Switchboard) -> None:
        about: Mapping[str, Any] = world.get("portal", {})
        facts = schema.facts(world.get("schema", {}))
        self.switchboard = switchboard
        self.id = int(about.get("portalId", 48_000_001))
        self.zone = ZoneInfo(about.get("timeZone", "America/New_York"))
        self.currency: str = about.get("companyCurrency", "USD")
        others = ["USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD"]
        self.currencies: list[str] = about.get(
            "additionalCurrencies", [code for code in others if code != self.currency]
        )
        current = about.get("exchangeRates", {}).items()
        self.dated_rates = [Rate(*past)._replace(current=False) for past in about.get("pastRates", ())]
        self.dated_rates += [Rate(code, worth, schema.EPOCH) for code, worth in current]
        self.owners: list[dict[str, Any]] = about.get("owners", [DEFAULT_OWNER])
        self.pipelines: list[dict[str, Any]] = about.get("pipelines", facts["pipelines"])
        self.types: dict[str, ObjectType] = {}
        self.tables: dict[str, Table] = {}
        self.links = Links()
        self.splits: dict[str, list[Split]] = {}  # by deal
        self._type_numbers = count(FIRST_NEW_TYPE)
        self._define(facts, custom=about.get("custom_objects", True))
        objects = world.get("objects", {})
        for name, rows in objects.items():
            for row in rows:
                self._load(name, row)
        highest = max((table.live[-1] for table in self.tables.values() if table.live), default=0)
        self._ids = count(max(FIRST_NEW_ID, highest + 1))
        for name, rows in objects.items():
            for row in rows:
                self._link(name, row)

    @property
    def rates(self) -> dict[str, str]:
        """What one of each other currency is worth now."""
        return {rate.currency: rate.worth for rate in self.dated_rates if rate.current}

    def now(self) -> datetime:
        """The account's clock, to the millisecond."""
        now = self.switchboard.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def next_id(self) -> str:
        """The id of a new record: higher than every other."""
        return str(next(self._ids))

    def next_type_id(self) -> str:
        """The object type id of a new custom object."""
        return f"2-{next(self._type_numbers)}"

    def kind(self, name: str) -> ObjectType:
        """The object type of a name, a type id or a fully qualified name. Raises Refusal."""
        for kind in self.types.values():
            if name in (kind.name, kind.id, kind.singular, self.full_name(kind), f"p_{kind.name}"):
                return kind
        raise unknown_type(name)

    def full_name(self, kind: ObjectType) -> str:
        """``p{portal}_name`` for a custom object, the name for HubSpot's own."""
        return f"p{self.id}_{kind.name}" if kind.custom else kind.name

    def allow(self, kind: ObjectType, verb: str) -> None:
        """Refuse an object that the token has no scope for (setting ``missing_scopes``)."""
        if kind.name in self.setting("missing_scopes", ()):
            scoped = "custom" if kind.custom else kind.name
            raise missing_scopes(f"crm.objects.{scoped}.{verb}")

    def setting(self, name: str, default: Any) -> Any:
        """One of the switchboard's settings for this vendor."""
        return self.switchboard.settings.get(name, default)

    def hidden(self, kind: ObjectType) -> set[str]:
        """Properties that this user cannot see (setting ``hidden_properties``)."""
        return set(self.setting("hidden_properties", {}).get(kind.name, ()))

    def visible(self, kind: ObjectType) -> dict[str, schema.Property]:
        """Properties that this user can see."""
        hidden = self.hidden(kind)
        return {name: prop for name, prop in kind.properties.items() if name not in hidden}

    def add_type(self, kind: ObjectType) -> None:
        """A new object type with an empty table."""
        self.types[kind.name] = kind
        self.tables[kind.name] = Table()
        self.tables[kind.name].track(prop.name for prop in kind.properties.values() if prop.unique)

    def stages(self) -> dict[str, dict[str, Any]]:
        """Every deal stage by id."""
        return {stage["id"]: stage for pipeline in self.pipelines for stage in pipeline["stages"]}

    def offer_stages(self) -> None:
        """Let deals take every pipeline and stage that there is now."""
        deals = self.types["deals"].properties
        deals["dealstage"].options = schema.options(list(self.stages()))
        deals["pipeline"].options = schema.options([pipeline["id"] for pipeline in self.pipelines])

    def computed(self, kind: ObjectType, properties: Properties) -> Properties:
        """The properties with what HubSpot calculates from them."""
        if kind.name == "deals":
            chance = self.stages().get(properties.get("dealstage") or "", {}).get("probability", "")
            properties["hs_is_closed"] = text_of(chance in {"1.0", "0.0"})
            properties["hs_is_closed_won"] = text_of(chance == "1.0")
            properties["amount_in_home_currency"] = self._at_home(properties)
        return properties

    def _at_home(self, properties: Properties) -> str | None:
        currency = properties.get("deal_currency_code") or self.currency
        rate = "1" if currency == self.currency else self.rates.get(currency)
        amount = properties.get("amount")
        return f"{Decimal(amount) * Decimal(rate):f}" if amount and rate else None

    def rows(self, name: str) -> list[dict[str, object]]:
        """Every record of a type as stored, archived and merged ones too. Raises KeyError."""
        return [self._raw(self.types[name], row) for row in list(self.tables[name].rows.values())]

    def _raw(self, kind: ObjectType, row: Row) -> dict[str, object]:
        linked: dict[str, list[str]] = {}
        for pair, types in list(self.links.types.items()):
            if pair[0] != kind.name:
                continue
            for to_id, ids in sorted(self.links.of(pair, row.id).items()):
                for each in types:
                    if each.id in ids:
                        linked.setdefault(f"{pair[1]}#{each.label or ''}", []).append(to_id)
        return {
            "id": row.id,
            "properties": dict(row.properties),
            "associations": linked,
            "archived": row.archived_at is not None,
            "mergedInto": row.merged_into,
            "updatedBy": row.versions[-1].source.id,
        }

    def _define(self, facts: Mapping[str, Any], custom: bool) -> None:
        for name, fact in facts["types"].items():
            self.add_type(schema.standard_type(name, fact))
        currency = self.types["deals"].properties["deal_currency_code"]
        currency.options = schema.options([self.currency, *self.currencies])
        self.offer_stages()
        for link in facts["links"]:
            self.links.hubspot_type(tuple(link["pair"]), link["unlabelled"])
            if "primary" in link:
                self.links.hubspot_type(tuple(link["pair"]), link["primary"], primary=True)
        if custom:
            self._define_custom(facts)

    def _define_custom(self, facts: Mapping[str, Any]) -> None:
        for name, fact in facts["custom"].items():
            properties = [schema.from_fact(row, "") for row in fact["properties"]]
            self.add_type(schema.custom_type(name, fact["id"], fact, fact["primary"], properties))
        for link in facts["custom_links"]:
            pair = tuple(link["pair"])
            self.links.user_type(pair, (None, None), "_to_".join(pair))
            if "label" in link:
                self.links.user_type(pair, (link["label"], link["label"]), link["label"])

    def _load(self, name: str, given: Mapping[str, Any]) -> None:
        if name not in self.types:
            raise ValueError(f"hubspot.json: objects.{name}: no such object; there are {', '.join(self.types)}")
        kind, table, id_ = self.types[name], self.tables[name], str(given["id"])
        if not id_.isdecimal() or id_ in table.rows:
            raise ValueError(f"hubspot.json: {name} {id_}: ids are numbers, each once in an object; give another")
        values = {key: _value(kind, id_, key, value) for key, value in given.get("properties", {}).items()}
        modified = moment(values.get(kind.modified) or values.get(kind.created) or iso(self.now()))
        created = moment(values.get(kind.created) or iso(modified))
        taken = [key for key, value in values.items() if value and table.holder(key, value)]
        if taken:
            raise ValueError(f"hubspot.json: {name} {id_}: {taken[0]} is unique, and another record has this value")
        stamps: Properties = {"hs_object_id": id_, kind.created: iso(created), kind.modified: iso(modified)}
        properties = self.computed(kind, values | stamps)
        table.add(Row(id_, created, [Version(modified.astimezone(UTC), IMPORTED, properties)]))

    def _link(self, name: str, given: Mapping[str, Any]) -> None:
        for field, ids in given.get("associations", {}).items():
            other, _, label = field.partition("#")
            pair = (name, other)
            if other not in self.types:
                raise ValueError(f"hubspot.json: {name} {given['id']}: {field}: no object {other}")
            if not self.links.unlabelled(pair):
                self.links.user_type(pair, (None, None), f"{name}_to_{other}")
            labelled = self.links.labelled(pair, label) if label else self.links.unlabelled(pair)
            types = [labelled] if labelled else self.links.user_type(pair, (label, label), label)[:1]
            for id_ in ids:
                if str(id_) not in self.tables[other].rows:
                    raise ValueError(f"hubspot.json: {name} {given['id']}: {field}: no {other} {id_}")
                self.links.connect(pair, str(given["id"]), str(id_), types)


def _value(kind: ObjectType, id_: str, name: str, value: object) -> str | None:
    """A world's value as a portal could hold it. Raises ValueError."""
    where = f"hubspot.json: {kind.name} {id_}: {name}"
    if name not in kind.properties:
        raise ValueError(f"{where}: no such property; spell it as hubspot/schema.toml does, or add it there")
    try:
        return clean(kind.properties[name], value)
    except NotTaken as refused:
        raise ValueError(f"{where}: no portal holds this value: {refused.message}") from refused
