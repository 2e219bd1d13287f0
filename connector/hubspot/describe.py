"""What this portal has: objects, properties and association labels, each asked once and remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connector.errors import PauseMapping
from connector.hubspot import routes
from connector.hubspot.answers import AssociationType, ObjectSchema, Property
from connector.hubspot.decode import field_info
from connector.hubspot.gateway import Gateway
from connector.record import FieldInfo, FieldType

STANDARD = (
    "companies",
    "contacts",
    "deals",
    "invoices",
    "leads",
    "line_items",
    "notes",
    "orders",
    "products",
    "quotes",
    "subscriptions",
    "tickets",
    "users",
)
"""HubSpot's own objects; every other name is one of the portal's custom objects."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "deals": ("dealname", "dealstage", "pipeline"),
    "notes": ("hs_timestamp",),
}
"""What HubSpot itself requires of new records; an admin may require more."""

LINKED = ("companies", "deals", "line_items")
"""The standard objects whose associations are described; the portal's custom objects come on top."""

OWNERS = "owners"
OWNER_FIELDS = tuple(
    FieldInfo(name, label, type_, writable=False)
    for name, label, type_ in (
        ("id", "Owner id", FieldType.ID),
        ("email", "Email", FieldType.TEXT),
        ("firstName", "First name", FieldType.TEXT),
        ("lastName", "Last name", FieldType.TEXT),
        ("userId", "User id", FieldType.REFERENCE),
        ("archived", "Deactivated", FieldType.BOOLEAN),
    )
)


class Portal:
    """The portal's own schema. ``forget`` makes it ask again, at any moment of any thread."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._custom: dict[str, ObjectSchema] | None = None
        self._properties: dict[str, dict[str, Property]] = {}
        self._labels: dict[tuple[str, str], list[AssociationType]] = {}

    def knows(self, kind: str) -> bool:
        """Whether the properties of ``kind`` were asked already."""
        return kind in self._properties

    def fields(self, kind: str) -> tuple[FieldInfo, ...]:
        """Properties and association fields of ``kind``. Raises PauseMapping where the object does not exist."""
        if kind == OWNERS:
            return OWNER_FIELDS
        required = self.required(kind)
        described = (field_info(found) for found in self.properties(kind).values())
        properties = (replace(info, required=info.name in required) for info in described)
        return (*properties, *self._associations(kind))

    def properties(self, kind: str) -> dict[str, Property]:
        """Every property of ``kind`` that we may see, by name."""
        self.know(kind)
        known = self._properties.get(kind)
        if known is None:
            found = self._gateway.send(routes.PROPERTIES, kind).results
            known = self._properties[kind] = {property_.name: property_ for property_ in found}
        return known

    def required(self, kind: str) -> tuple[str, ...]:
        """The properties without which a record of ``kind`` cannot be created. Raises PauseMapping."""
        self.know(kind)
        return REQUIRED.get(kind, ()) if kind in STANDARD else tuple(self.custom()[kind].required_properties)

    def labels(self, kind: str, other: str) -> list[AssociationType]:
        """The association types from ``kind`` to ``other``; the one without label is the plain association."""
        self.know(kind)
        self.know(other)
        known = self._labels.get((kind, other))
        if known is None:
            known = self._labels[kind, other] = self._gateway.send(routes.LABELS, kind, other).results
        return known

    def know(self, kind: str) -> None:
        """Make sure that ``kind`` is an object of this portal. Raises PauseMapping."""
        if kind not in STANDARD and kind not in self._allowed(kind):
            place = f"{self._gateway.name}: HubSpot has no object {kind!r}"
            raise PauseMapping(
                f"{place}. Fix: create it (dealsync init) or correct the mapping", kind=kind, code="NO_OBJECT"
            )

    def _allowed(self, kind: str) -> Mapping[str, ObjectSchema]:
        """The custom objects; where we may not know them, it is ``kind`` that cannot be used."""
        try:
            return self.custom()
        except PauseMapping as refused:
            raise PauseMapping(refused.message, kind=kind, code=refused.code) from refused

    def custom(self) -> dict[str, ObjectSchema]:
        """The portal's custom objects by name; calls address them by their type id (``2-123``)."""
        known = self._custom
        if known is None:
            known = {schema.name: schema for schema in self._gateway.send(routes.SCHEMAS).results}
            self._gateway.types.update({name: schema.object_type_id for name, schema in known.items()})
            self._custom = known
        return known

    def forget(self, kind: str) -> None:
        """Ask again about ``kind``: something of it was created, hidden or removed."""
        self._properties.pop(kind, None)
        self._custom = None
        for pair in [pair for pair in list(self._labels) if kind in pair]:
            self._labels.pop(pair, None)

    def _associations(self, kind: str) -> Iterator[FieldInfo]:
        for other in (*LINKED, *self._custom_names()):
            if other == kind:
                continue
            for name in self._label_names(kind, other):
                label = f"{other} ({name or 'any label'})"
                yield FieldInfo(f"{other}#{name}", label, FieldType.ASSOCIATION, refers_to=(other,))

    def _custom_names(self) -> Sequence[str]:
        try:
            return tuple(self.custom())
        except PauseMapping:
            return ()  # custom objects need a scope that an app without them lacks

    def _label_names(self, kind: str, other: str) -> list[str]:
        try:
            types = self.labels(kind, other)
        except PauseMapping:
            return []  # these two cannot be associated, or we may not see the other one
        return list(dict.fromkeys(["", *(found.label for found in types if found.label)])) if types else []
