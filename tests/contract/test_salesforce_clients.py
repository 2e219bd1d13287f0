"""Salesforce's independent clients, unmodified, find a Salesforce in the sandbox; an independent grammar our SOQL.

Their packages are installed from their registries once, into pytest's cache; without one they are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connector.finding import Use
from connector.record import Change, Op
from connector.sandbox.serve import Sandbox, start

from .cases import Cases, window
from .salesforce_rig import DEAL, KINDS, PARTNER, WORLD, SalesforceRig

SCRIPTS = Path(__file__).with_name("salesforce_clients")
PACKAGES = ("jsforce@3.10.16", "@jetstreamapp/soql-parser-js@6.3.1")
NATIVE, SPLIT = "OpportunityId:AccountToId:Role", "OpportunityId:SplitOwnerId:SplitTypeId"
CASES = Cases()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(WORLD) as running:
        yield running


@pytest.fixture(scope="module")
def aio_sf(pytestconfig: pytest.Config) -> Path:
    """A Python that has aio-sf. Skips with the reason where it cannot be installed."""
    cache = getattr(pytestconfig, "cache", None)
    if cache is None:
        pytest.skip("pytest has no cache to install into")
    folder = Path(cache.mkdir("salesforce-aio"))
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        pip = [python, "-m", "pip", "install", "--quiet", "aio-sf==0.1.0b14", "httpx<1"]
        for command in ([sys.executable, "-m", "venv", folder], pip):
            try:
                ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
            except (OSError, subprocess.TimeoutExpired) as error:
                pytest.skip(f"aio-sf cannot be installed: {error}")
            if ran.returncode:
                pytest.skip(f"aio-sf cannot be installed: {ran.stderr.strip()[-300:]}")
        (folder / "installed").touch()
    return python


def test_aio_sf_signs_in_describes_writes_by_collections_and_reads_back(sandbox: Sandbox, aio_sf: Path) -> None:
    command = [aio_sf, SCRIPTS / "peer.py", sandbox.salesforce_url]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"described": True, "made": 250, "rows": 250, "all": 251}


@pytest.fixture(scope="module")
def node(pytestconfig: pytest.Config) -> Path:
    """A folder with the packages and our scripts. Skips with the reason where they cannot be installed."""
    cache = getattr(pytestconfig, "cache", None)
    if cache is None:
        pytest.skip("pytest has no cache to install into")
    folder = Path(cache.mkdir("salesforce-clients"))
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES]
    if not (folder / "installed").exists():
        try:
            ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=folder)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm cannot run: {error}")
        if ran.returncode:
            pytest.skip(f"{' '.join(command)} failed: {ran.stderr.strip()[-300:]}")
        (folder / "installed").touch()
    for script in SCRIPTS.glob("*.mjs"):
        (folder / script.name).write_text(script.read_text("utf-8"), "utf-8")
    return folder


def saw(folder: Path, script: str, said: str = "", **environment: str) -> dict[str, Any]:
    """The JSON line that a script prints."""
    ran = subprocess.run(
        ["node", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        input=said,
        env={**os.environ, **environment},
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_jsforce_signs_in_describes_writes_by_job_and_reads_back(sandbox: Sandbox, node: Path) -> None:
    assert saw(node, "writes.mjs", SALESFORCE_URL=sandbox.salesforce_url) == {
        "user": "00D5e0000000001EAA",
        "key": True,
        "made": 250,
        "upserted": [[True, []], [False, ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]]],
        "updated": True,
        "partners": 2,
        "removed": True,
        "job": [2, 1, 0],
        "error": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "read": [["a", 1, None], ["c", None, 'x,"y"\nz']],
    }


def queries(salesforce: SalesforceRig) -> list[str]:
    """Every SOQL query that the adapter sends from now on, wherever it stands in a request."""
    found: list[str] = []

    def noted(answer: requests.Response, **_: object) -> None:
        request = answer.request
        found.extend(parse_qs(urlsplit(str(request.url)).query).get("q", []))
        if request.body and str(request.headers.get("Content-Type", "")).startswith("application/json"):
            body = json.loads(request.body)
            found.extend([body["query"]] if "query" in body else [])
            for part in body.get("compositeRequest", ()):
                found.extend(parse_qs(urlsplit(part["url"]).query).get("q", []))

    salesforce.crm._wire._client.session.hooks["response"].append(noted)
    return found


def test_an_independent_grammar_accepts_every_query_that_the_adapter_sends(sandbox: Sandbox, node: Path) -> None:
    salesforce = SalesforceRig(sandbox)
    found = queries(salesforce)
    crm = salesforce.crm
    ids = CASES.plain(salesforce, 25)
    first = window(crm, KINDS.plain, KINDS.fields)
    salesforce.switchboard.settings["invalid_locators"] = True
    window(crm, KINDS.plain, KINDS.fields, first[-1].cursor)
    salesforce.switchboard.settings["invalid_locators"] = False
    window(crm, "Account", ["Name", "MasterRecordId"])
    crm.ahead([(KINDS.plain, KINDS.fields, first[-1].cursor), ("Account", ["Name"], None)])
    list(crm.ids(KINDS.plain))
    crm.read(KINDS.plain, ids, [KINDS.text])
    crm.read("Account", ["001000000000099AAA"], ["Name"])
    for key, by in (("it's \\ 50% _ \n ü", KINDS.text), ("1.5", KINDS.number), ("true", KINDS.boolean)):
        crm.read(KINDS.plain, [key], [], by=by)
    crm.read(KINDS.plain, ["2026-11-24"], [], by=KINDS.date)
    crm.read(KINDS.plain, ["2026-11-24T09:30:00Z"], [], by=KINDS.datetime)
    partner = Change("p", Op.UPSERT, "OpportunityPartner", f"{DEAL}:{PARTNER}:Reseller", (), by=NATIVE)
    split = Change("s", Op.UPSERT, "OpportunitySplit", f"{DEAL}:{PARTNER}:Partner", (), by=SPLIT)
    list(crm.write([partner, split, CASES.upsert(salesforce, "a"), CASES.remove(salesforce, "a")]))
    crm.whoami()
    crm.check([Use(KINDS.ours, reads=("Nothing__c",), writes=(KINDS.amount,), key=KINDS.key)], datetime.now(UTC))
    assert len(set(found)) > 15
    said = "".join(json.dumps(query) + "\n" for query in dict.fromkeys(found))
    assert saw(node, "grammar.mjs", said) == {"count": len(set(found)), "refused": []}


def test_the_grammar_refuses_what_is_no_soql(node: Path) -> None:
    found = saw(node, "grammar.mjs", json.dumps("SELECT Id FROM Account WHERE Id IN ()") + "\n")
    assert len(found["refused"]) == 1
