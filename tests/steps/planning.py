"""Rows as two CRMs show them, intents, and the plan that follows, under two small mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connector.record import Ref, Value
from sync.mapping.fieldmap import Mappings, compile_form
from sync.mapping.form import parse
from sync.model.plan import Intent, Plan
from sync.model.row import Row
from sync.plan import Known, plan
from tests.steps.business import day


def mapping(connection: str, obj: str, canonical: str, **fields: str) -> dict[str, Any]:
    refers = {"opportunity": "Opportunity", "partner": "Account", "primary_partner": "Account"}
    found = [
        {"canonical": path, "remote": remote.split(), "direction": "out", "owner": "engine"}
        | ({"refers": refers[path]} if path in refers else {})
        for path, remote in fields.items()
    ]
    plain = {"schema": 1, "id": f"{connection}-{canonical}", "connection": connection}
    return {**plain, "object": obj, "canonical": canonical, "field": found}


def compiled(*contents: dict[str, Any]) -> Mappings:
    forms = [parse("test", content) for content in contents]
    assert all(form for form, _ in forms), forms
    return Mappings(tuple(compile_form(form, "EUR") for form, _ in forms if form))


DEAL_FIELDS = {"split_summary": "Summary", "sourced": "Sourced", "partner_count": "Count", "protection_end": "End?"}
ROW_FIELDS = {"key": "Key", "opportunity": "Deal", "share": "Share", "amount": "Amount Currency?"}


def both(connection: str) -> list[dict[str, Any]]:
    deals = mapping(connection, "Opportunity", "opportunity", **DEAL_FIELDS)
    return [deals, {**mapping(connection, "Attribution", "attribution", **ROW_FIELDS), "key": "Key"}]


MAPPINGS = compiled(*both("sf"), *both("hs"))
DEAL = Ref("sf", "Opportunity", "1")


def on_deal(connection: str = "sf", **values: Any) -> Intent:
    return Intent(connection, "opportunity", values, "Deal", "dec", ref=Ref(connection, "Opportunity", "1"))


def deal_row(connection: str = "sf", **raw: Value) -> Row:
    return Row(Ref(connection, "Opportunity", "1"), "opportunity", day(0), {}, raw)


def part(key: str, share: str, **more: Any) -> Intent:
    ref = more.pop("deal", DEAL)
    values = {"key": f"att_{key}", "opportunity": ref, "share": Decimal(share)}
    group = f"{ref.connection}:{ref.id}"
    return Intent(ref.connection, "attribution", values, key, "spl", key=f"att_{key}", group=group, **more)


def part_row(key: str, share: str, *, deleted: bool = False, deal: Ref = DEAL) -> Row:
    """An attribution row as the CRM shows it; without ``att_`` in its key it is somebody else's."""
    values = {"key": key, "opportunity": deal}
    raw = {"Key": key, "Deal": deal.id, "Share": share}
    return Row(Ref(deal.connection, "Attribution", f"a-{key}"), "attribution", day(0), values, raw, deleted)


Ours = Mapping[tuple[str, str, str], Mapping[str, str | None]]


def made(intents: Sequence[Intent], rows: Sequence[Row] = (), ours: Ours | None = None, **more: Any) -> Plan:
    return plan(intents, Known(rows, ours or {}, **more), MAPPINGS)


def written(key: str, share: str) -> dict[tuple[str, str, str], dict[str, str | None]]:
    return {("sf", "Attribution", f"att_{key}"): {"Deal": "1", "Share": share}}
