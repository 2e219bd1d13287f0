"""A new installation made beside the live CRMs: signed in, looked at, mapped, shown; written by `sync.commands`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import tomlkit

from connector.budget import CallCount
from connector.crm import Crm
from connector.errors import PauseMapping
from connector.hubspot import objects
from connector.record import Identity, Value
from connector.registry import NEEDS, open_crm
from connector.retry import Patient
from connector.salesforce import package
from sync import secret
from sync.mapping.fieldmap import FieldMap, compile_form
from sync.mapping.form import MappingForm, parse
from sync.mapping.layers import extended
from sync.mapping.proof import plain
from sync.model.problem import BadInput
from sync.sign_in import SIGN_IN_ATTEMPTS, Clock
from sync.sources import toml_content
from sync.suggest import Org, Suggestion, as_mapping, likeliest

KINDS: Final[Mapping[str, str]] = {"sf": "salesforce", "hs": "hubspot"}
"""The name of a connection, as the shipped mappings have it, and what it is."""
URLS: Final = {"sf": "https://acme.my.salesforce.com", "hs": "https://api.hubapi.com"}
SECRETS: Final[Mapping[tuple[str, str], str]] = {
    ("sf", "client_id"): "env:SF_CLIENT_ID",
    ("sf", "client_secret"): "env:SF_CLIENT_SECRET",
    ("sf", "refresh_token"): "env:SF_REFRESH_TOKEN",
    ("sf", "username"): "env:SF_USERNAME",
    ("sf", "private_key"): "file:salesforce.key",
    ("hs", "token"): "env:HUBSPOT_TOKEN",
    ("hs", "client_id"): "env:HUBSPOT_CLIENT_ID",
    ("hs", "client_secret"): "env:HUBSPOT_CLIENT_SECRET",
    ("hs", "refresh_token"): "env:HUBSPOT_REFRESH_TOKEN",
}
"""Where each part of a sign-in usually is."""

LOOKED_AT: Final = 25
"""Records whose values are looked at."""
SHOWN: Final = 5
"""Records that are shown through the mapping."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One connection as somebody described it; values of ``auth`` may be references."""

    name: str
    url: str
    currency: str
    auth: Mapping[str, str]

    @property
    def kind(self) -> str:
        return KINDS[self.name]


def asked_of(name: str, flow: str) -> tuple[str, ...]:
    """What a sign-in flow needs besides the address."""
    return tuple(key for key in NEEDS[KINDS[name]][flow] if key != "url")


def signed_in(answered: Answered, home: Path, clock: Clock) -> tuple[Crm, Identity]:
    """The CRM, and who we are there. Raises BadInput for a secret that is not there, CrmError for the rest."""
    auth = {key: secret.resolve(f"{answered.name}.{key}", home, value) for key, value in answered.auth.items()}
    settings = {"kind": answered.kind, "url": answered.url} | auth
    ledger = CallCount(now=clock.now, percent={})
    crm = open_crm(answered.name, settings, ledger=ledger)
    patient = Patient(crm, sleep=clock.sleep, now=clock.now, on_wait=clock.on_wait)
    return patient, replace(patient, attempts=SIGN_IN_ATTEMPTS).whoami()


def shipped(connection: str) -> Iterator[MappingForm]:
    """The mappings of one CRM that are active as shipped, by name."""
    for entry in sorted(files("mappings").iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith(f"{connection}-") and entry.name.endswith(".toml"):
            form, _ = parse(entry.name, _content(entry.name[:-5]))
            if form is not None and form.status == "active":
                yield form


def _content(name: str) -> dict[str, Any]:
    text = (files("mappings") / f"{name}.toml").read_text(encoding="utf-8")
    return toml_content(text, name, []) or {}


def look(crm: Crm, form: MappingForm, kind: str) -> Org | None:
    """One object as it is, with what a few records hold; ``None`` where the CRM does not have it (for us)."""
    try:
        fields = crm.describe(kind)
    except PauseMapping:
        return None
    known = objects.brought(kind) if form.connection == "hs" else package.brought(kind)
    org = Org(fields, {}, known)
    names = likeliest(form, org)
    rows = _some(crm, kind, names, LOOKED_AT)
    texts = {name: [text for row in rows if isinstance(text := row[at], str)] for at, name in enumerate(names)}
    return replace(org, texts=texts)


def _some(crm: Crm, kind: str, names: Sequence[str], many: int) -> list[tuple[Value, ...]]:
    ids = list(next(iter(crm.ids(kind)), ()))[:many]
    return [record.values for record in crm.read(kind, ids, names)] if ids and names else []


def compiled(form: MappingForm, found: Sequence[Suggestion], kind: str, currency: str) -> FieldMap:
    """The mapping as suggested. Raises BadInput with every fault of it."""
    own = as_mapping(form, found, kind)
    whole = extended(_content(form.id), own) if own else _content(form.id)
    ready, problems = parse(f"mappings/{form.id}.toml", whole)
    if ready is None:
        raise BadInput(problems)
    return compile_form(ready, currency)


def preview(crm: Crm, field_map: FieldMap) -> list[dict[str, Any]]:
    """Five records through a mapping: each value in our words, and every problem. Keeps nothing."""
    there = {info.name for info in crm.describe(field_map.object)}
    names = [name for name in field_map.fields if name in there or "#" in name]
    ids = list(next(iter(crm.ids(field_map.object)), ()))[:SHOWN]
    shown = []
    for record in crm.read(field_map.object, ids, names):
        known = dict(zip(names, record.values, strict=True))
        row, problems = field_map.read(record._replace(values=tuple(known.get(name) for name in field_map.fields)))
        values = {
            path: said for path, value in row.values.items() if (said := plain(value)) not in (None, (), False)
        }
        shown.append({"id": record.ref.id, "values": values, "problems": [f"{p.what}: {p.fix}" for p in problems]})
    return shown


def mapping_text(form: MappingForm, content: Mapping[str, Any]) -> str:
    """A mapping file that holds only what is others in this org."""
    document = tomlkit.document()
    document.add(tomlkit.comment(f"{form.title}: only what differs from the shipped mapping stands here."))
    document.add(tomlkit.comment("`dealsync mapping show` lists all of it, mappings/README.md explains every key."))
    document.add(tomlkit.nl())
    for key, value in content.items():
        if value not in ([], {}):
            document.add(key, value)
    return tomlkit.dumps(document)


def config_text(answered: Sequence[Answered]) -> str:
    """config.toml for these connections."""
    document = tomlkit.parse((files("sync.presets") / "config.toml").read_text(encoding="utf-8"))
    connections: Any = document["connection"]
    given = {entry.name: entry for entry in answered}
    for name in KINDS:
        if name not in given:
            del connections[name]
            continue
        block, entry = connections[name], given[name]
        block["url"], block["currency"] = entry.url, entry.currency
        auth = tomlkit.inline_table()
        auth.update(entry.auth)
        block["auth"] = auth
    records: Any = document["records"]
    records["opportunity"] = answered[0].name
    return tomlkit.dumps(document)
