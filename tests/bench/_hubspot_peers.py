"""Who HubSpot's benchmark measures beside: the vendor's client, its newer SDK, dlt's reader, a Singer tap."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hubspot.hubspot import HubSpot
from urllib3 import Retry

SDK_PYTHON = Path(".pytest_cache/d/hubspot-sdk/venv/bin/python")
DLT_PYTHON = Path(".pytest_cache/d/dlt/venv/bin/python")
TAP_PYTHON = Path(".pytest_cache/d/meltano-tap-hubspot/venv/bin/python")


def typed(url: str, names: list[str]) -> int:
    """The vendor's client as its documentation has it: every answer becomes objects."""
    client = HubSpot(access_token="pat-sandbox", host=url, base_url=url, retry=Retry(0))
    lists, links, found, after = client.crm.deals.basic_api, client.crm.associations.v4.batch_api, [], None
    while True:
        page = lists.get_page(limit=100, after=after, properties=names)
        found += page.results
        if not page.paging:
            break
        after = page.paging.next.after
    linked: dict[str, list[int]] = {}
    for at in range(0, len(found), 1000):
        inputs = {"inputs": [{"id": row.id} for row in found[at : at + 1000]]}
        answer = links.get_page("deals", "companies", inputs)
        linked |= {row._from.id: [to.to_object_id for to in row.to] for row in answer.results}
    assert len(linked) == len(found)
    return len(found)


def raw(url: str, names: list[str]) -> int:
    """The vendor's client kept from making objects: its answers' bytes through the standard library's JSON."""
    client = HubSpot(access_token="pat-sandbox", host=url, base_url=url, retry=Retry(0))
    lists, links = client.crm.deals.basic_api, client.crm.associations.v4.batch_api
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = json.loads(lists.get_page(limit=100, after=after, properties=names, _preload_content=False).data)
        found += page["results"]
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    linked: dict[str, list[int]] = {}
    for at in range(0, len(found), 1000):
        inputs = {"inputs": [{"id": row["id"]} for row in found[at : at + 1000]]}
        answer = json.loads(links.get_page("deals", "companies", inputs, _preload_content=False).data)
        linked |= {row["from"]["id"]: [to["toObjectId"] for to in row["to"]] for row in answer["results"]}
    assert len(linked) == len(found)
    return len(found)


SDK = """
import sys, time, hubspot_sdk
url, names = sys.argv[1], sys.argv[2:]
hs = hubspot_sdk.HubSpot(access_token="pat-sandbox", base_url=url, max_retries=0)
wall, cpu = time.perf_counter(), time.process_time()
found = list(hs.crm.objects.deals.list(limit=100, properties=names))
for at in range(0, len(found), 1000):
    inputs = [{"id": deal.id} for deal in found[at : at + 1000]]
    path = "/crm/associations/2026-09/deals/companies/batch/read"
    hs.post(path, body={"inputs": inputs}, cast_to=dict[str, object])
print(len(found), time.perf_counter() - wall, time.process_time() - cpu)
"""


def sdk(url: str, names: list[str], deals: int) -> tuple[float, float]:
    """Wall and processor seconds of one reading by HubSpot's SDK for dated paths, in its own interpreter."""
    ran = subprocess.run([SDK_PYTHON, "-c", SDK, url, *names], check=True, capture_output=True, text=True)
    count, wall, cpu = ran.stdout.split()
    assert int(count) == deals
    return float(wall), float(cpu)


DLT = """
import os, sys, time
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
url, names = sys.argv[1], sys.argv[2:]
pages = JSONResponseCursorPaginator(cursor_path="paging.next.after", cursor_param="after")
client = RESTClient(url, auth=BearerTokenAuth("pat-sandbox"), paginator=pages, data_selector="results")
asked = {"limit": 100, "properties": ",".join(names), "associations": "companies"}
wall, cpu = time.perf_counter(), time.process_time()
found = [row for page in client.paginate("/crm/objects/2026-09/deals", params=asked) for row in page]
print(sum("associations" in row for row in found), time.perf_counter() - wall, time.process_time() - cpu)
"""


def dlt(url: str, names: list[str], deals: int) -> tuple[float, float]:
    """Wall and processor seconds of one reading by dlt's REST client, associations in the list, nothing kept."""
    ran = subprocess.run([DLT_PYTHON, "-c", DLT, url, *names], check=True, capture_output=True, text=True)
    count, wall, cpu = ran.stdout.splitlines()[-1].split()
    assert int(count) == deals
    return float(wall), float(cpu)


TAP = """
import re, sys, time, requests
url, send = sys.argv[1], requests.Session.send
def here(session, request, **more):
    address = request.url.replace("https://api.hubapi.com", url)
    request.url = re.sub("/properties/[a-z_]+", "/properties/deals", address)  # it asks for objects of Enterprise
    return send(session, request, **more)
requests.Session.send = here
from tap_hubspot.tap import TapHubspot
config = {"access_token": "pat-sandbox", "start_date": "2020-01-01T00:00:00Z"}
catalog = TapHubspot(config=config).catalog_dict
for stream in catalog["streams"]:
    for entry in stream["metadata"]:
        if not entry["breadcrumb"]:
            entry["metadata"]["selected"] = stream["tap_stream_id"] == "deals"
tap = TapHubspot(config=config, catalog=catalog)
wall, cpu = time.perf_counter(), time.process_time()
tap.sync_all()
print(time.perf_counter() - wall, time.process_time() - cpu, file=sys.stderr)
"""


def singer(url: str, deals: int) -> tuple[float, float]:
    """Wall and processor seconds of one sync of deals by a Singer tap, its messages written to a file."""
    with tempfile.TemporaryFile() as out:
        ran = subprocess.run(
            [TAP_PYTHON, "-c", TAP, url], check=True, stdout=out, stderr=subprocess.PIPE, text=True
        )
        out.seek(0)
        assert sum(b'"RECORD"' in line for line in out) >= deals  # it says some of them twice
    wall, cpu = ran.stderr.splitlines()[-1].split()
    return float(wall), float(cpu)
