"""A service under load: a world of many claimed deals, both CRMs in a process of their own, workers beside them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import requests

from connector.sandbox.salesforce.identifiers import new_id
from connector.sandbox.world import SHIPPED, resolve
from sync.commands import write_new
from tests.store.server import database, drop

CHANGES: Final = 5
"""What one of these deals makes dealsync write: two rows of its split, the deal, and both registrations."""
WRITTEN: Final = {
    "salesforce": ("Partner_Attribution__c", "Opportunity", "Deal_Registration__c"),
    "hubspot": ("partner_attribution", "deals", "partner_registration"),
}
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+[\d:]+)")
_PERSON: Final = "0055e00000000MiAAI"


def world(folder: Path, deals: int) -> None:
    """Half of the deals in each CRM, each claimed by a reseller and an implementer whom a person has approved.

    Its moments are those of now, whenever it is served: decisions are named after them.
    """
    now = datetime.now(UTC)
    salesforce = json.loads((SHIPPED / "demo" / "salesforce.json").read_text("utf-8"))
    hubspot = json.loads((SHIPPED / "demo" / "hubspot.json").read_text("utf-8"))
    for number in range(deals // 2):
        _add(salesforce["objects"], _in_salesforce(10_000 + number))
    for number in range(deals - deals // 2):
        _add(hubspot["objects"], _in_hubspot(number))
    (folder / "salesforce.json").write_text(json.dumps(resolve(salesforce, now)), "utf-8")
    (folder / "hubspot.json").write_text(json.dumps(resolve(hubspot, now)), "utf-8")


def _add(objects: dict[str, list[Any]], rows: dict[str, list[Any]]) -> None:
    for kind, some in rows.items():
        objects[kind] += some


def _in_salesforce(number: int) -> dict[str, list[Any]]:
    customer, deal = new_id("001", number), new_id("006", number)
    claims = [("0015e0000003r4nAAA", "RESELL"), ("0015e0000003rEgAAI", "IMPLEMENT")]
    old = {"CreatedDate": "{now-40d}", "SystemModstamp": "{now-20d}", "CurrencyIsoCode": "USD"}
    return {
        "Account": [{"Id": customer, "Name": _name(number), **old}],
        "Opportunity": [
            {"Id": deal, "Name": f"Deal {number}", "AccountId": customer, "Type": "New Business", **old}
            | {"StageName": "Proposal", "Amount": f"{number}.01", "CloseDate": "{today+45d}"}
        ],
        "Deal_Registration__c": [
            {"Id": new_id("a01", 2 * number + at), "Name": f"{role} {number}", "Opportunity__c": deal, **old}
            | {"Partner_Account__c": partner, "Roles__c": role, "Submitted_At__c": "{now-25d}"}
            | {"Filing_Key__c": f"SF-{number}-{at}", "Review_Vote__c": "Approve", "Review_Voter__c": _PERSON}
            | {"Review_Voted_At__c": "{now-22d}"}
            for at, (partner, role) in enumerate(claims)
        ],
    }


def _in_hubspot(number: int) -> dict[str, list[Any]]:
    customer, deal = str(50_000_000 + number), str(60_000_000 + number)
    claims = [("18402560838", "resell"), ("18402560479", "implement")]
    old = {"createdate": "{now-40d}", "hs_lastmodifieddate": "{now-20d}"}
    properties = {"dealname": f"Deal {number}", "pipeline": "default", "dealstage": "contractsent", **old}
    money = {"amount": f"{1000 + number}.01", "deal_currency_code": "EUR", "closedate": "{now+40d}"}
    return {
        "companies": [{"id": customer, "properties": {"name": _name(number), **old}}],
        "deals": [
            {"id": deal, "properties": properties | money, "associations": {"companies#Primary": [customer]}}
        ],
        "partner_registration": [
            {
                "id": str(70_000_000 + 2 * number + at),
                "properties": {"registration_name": f"{role} {number}", "roles": role, "review_vote": "approve"}
                | {"submitted_at": "{now-25d}", "review_voter": "61204417", "review_voted_at": "{now-22d}"}
                | {"filing_key": f"HS-{number}-{at}", "hs_lastmodifieddate": "{now-20d}"},
                "associations": {"deals#": [deal], "companies#Registering partner": [partner]},
            }
            for at, (partner, role) in enumerate(claims)
        ],
    }


def _name(number: int) -> str:
    """Names that are like no other: letters by the digits of a number that mixes them."""
    mixed = number * 2_654_435_761 % 2**40
    return "".join("bdfgklmnprstvzaeiou"[mixed // 19**at % 19] for at in range(9)).title() + f" {number} Works"


@dataclass
class Served:
    """Both CRMs in a process of their own."""

    urls: dict[str, str]

    def ask(self, method: str, crm: str, path: str, body: object = None) -> Any:
        """One control route of a CRM. Raises requests.HTTPError where it refuses."""
        answer = requests.request(method, f"{self.urls[crm]}/_sandbox/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def sent(self) -> int:
        """How many writing calls both had."""
        calls = [call for crm in self.urls for call in self.ask("GET", crm, "calls")]
        return sum("/read" not in call["path"] and call["kind"] != "fault" and _writes(call) for call in calls)

    def written(self) -> list[str]:
        """What both say of deals, claims and shares, without ids and moments, which differ from run to run."""
        rows = [
            (kind, row) for crm in WRITTEN for kind in WRITTEN[crm] for row in self.ask("GET", crm, f"rows/{kind}")
        ]
        keys = {row["id"]: row["properties"]["engine_key"] for kind, row in rows if kind == "partner_attribution"}
        return sorted(f"{kind} {_shown(row, keys)}" for kind, row in rows)

    def keys(self) -> list[str]:
        """The key of every live row of ours, with its CRM."""
        ours, theirs = (
            self.ask("GET", "salesforce", "rows/Partner_Attribution__c"),
            self.ask("GET", "hubspot", "rows/partner_attribution"),
        )
        found = [f"sf {row['Engine_Key__c']}" for row in ours if not row["IsDeleted"]]
        return found + [f"hs {row['properties']['engine_key']}" for row in theirs if not row["archived"]]


def _shown(row: dict[str, Any], keys: dict[str, str]) -> str:
    """One row; rows of ours that it names go by their keys, because ids are handed out in order of creation."""
    if "associations" in row:
        linked = {name: sorted(keys.get(each, each) for each in ids) for name, ids in row["associations"].items()}
        own = {name: value for name, value in row["properties"].items() if not name.startswith("hs_")}
        row = {**row, "associations": dict(sorted(linked.items())), "properties": dict(sorted(own.items()))}
    return " ".join(f"{name}={_MOMENT.sub('', str(row[name]))}" for name in sorted(row) if named(name))


def _writes(call: dict[str, Any]) -> bool:
    searches = call["path"].endswith(("/search", "/read", "/token"))
    return call["method"] in ("POST", "PATCH", "PUT", "DELETE") and not searches


def named(field_name: str) -> bool:
    """Whether a field may be compared: ours and people's, but no moments and nothing that the CRM itself counts."""
    moment = field_name.lower().endswith(("_at__c", "_at"))
    own = field_name[0].islower() and not field_name.startswith(("hs_", "id"))
    return not moment and (field_name.endswith("__c") or own)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The world of a folder, served until the block ends."""
    command = [sys.executable, "-P", "-m", "connector.sandbox", "--world", str(folder), "--no-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = json.loads(process.stdout.readline())
        yield Served({crm: said[crm] for crm in WRITTEN})
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextmanager
def installed(home: Path, crms: Served, store: str) -> Iterator[Path]:
    """A new installation beside them whose store is ``sqlite`` or ``postgresql``, without brakes."""
    write_new(home, (crms.urls["salesforce"], crms.urls["hubspot"]))
    config = home / "config.toml"
    text = config.read_text("utf-8")
    text = re.sub(r"(?m)^(changes|creates|deletes|lost) = \d+$", r"\1 = 1000000", text)
    text = text.replace('sync = "every 5 minutes"', 'sync = "every 1 minutes"')
    if store == "postgresql":
        text = text.replace('url = "sqlite:///dealsync.db"', f'url = "{database(home)}"')
    config.write_text(text, "utf-8")
    try:
        yield home
    finally:
        if store == "postgresql":
            drop(home)


@dataclass
class Worker:
    """One command of the service in a process of its own, and what it has said since it was first started."""

    home: Path
    arguments: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "-P", "-m", "sync.cli", *self.arguments, "--home", str(self.home)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "NO_COLOR": "1"})

    def end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""


def run_once(home: Path) -> dict[str, Any]:
    """One ``run --once --json``. Raises RuntimeError where it answers nothing."""
    command = [sys.executable, "-P", "-m", "sync.cli", "run", "--once", "--json", "--home", str(home)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if not ran.stdout.strip():
        raise RuntimeError(ran.stderr)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer
