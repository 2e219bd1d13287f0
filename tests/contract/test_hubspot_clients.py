"""HubSpot's own clients, unmodified, find a HubSpot in the sandbox: Python, node, and the SDK for dated paths.

The last two are installed from their registries once, into pytest's cache; without a registry they are skipped.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.objects import deal_splits
from urllib3 import Retry

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

SCRIPTS = Path(__file__).with_name("hubspot_clients")
NODE_CLIENT = "@hubspot/api-client@14.0.1"
SDK = "hubspot-sdk==0.1.0a9"
DEAL = {"dealname": "D", "pipeline": "default", "dealstage": "contractsent", "hubspot_owner_id": "77"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World()) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> HubSpot:
    url = sandbox.hubspot_url
    retry = Retry(0, respect_retry_after_header=False)
    return HubSpot(access_token="pat-sandbox", host=url, base_url=url, retry=retry)


def installed(pytestconfig: pytest.Config, name: str, *commands: Sequence[str | Path]) -> Path:
    """A folder in which the commands ran; ``{}`` in them is that folder."""
    cache = getattr(pytestconfig, "cache", None)
    folder = Path(cache.mkdir(name)) if cache else None
    if folder is None:
        pytest.skip("pytest has no cache to install into")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be installing
        if not (folder / "installed").exists():
            install(folder, commands)
            (folder / "installed").touch()
    return folder


def install(folder: Path, commands: Sequence[Sequence[str | Path]]) -> None:
    """Run the commands one after the other. Skips with the reason of the first that fails."""
    for command in commands:
        words = [str(word).replace("{}", str(folder)) for word in command]
        try:
            ran = subprocess.run(words, check=False, capture_output=True, text=True, timeout=300, cwd=folder)
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{words[0]} cannot run: {error}")
        if ran.returncode:
            pytest.skip(f"{' '.join(words)} failed: {ran.stderr.strip()[-300:]}")


def saw(command: Sequence[str | Path], **environment: str) -> dict[str, Any]:
    """The JSON line that a script prints."""
    env = {**os.environ, **environment}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, env=env)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_the_python_client_divides_a_deal(client: HubSpot) -> None:
    deal = client.crm.deals.basic_api.create({"properties": DEAL, "associations": []})
    api = client.crm.objects.deal_splits.batch_api
    split = {"id": int(deal.id), "splits": [{"ownerId": 77, "percentage": 1.0}]}
    made = api.upsert(deal_splits.PublicDealSplitsBatchCreateRequest(inputs=[split]))
    [part] = made.results[0].splits
    assert part.properties == {"hs_deal_split_percentage": "1.0", "hubspot_owner_id": "77"}
    with pytest.raises(deal_splits.ApiException) as refused:
        api.upsert({"inputs": [{**split, "splits": [{"ownerId": 77, "percentage": 0.5}]}]})
    assert refused.value.status == 400


def test_the_python_client_makes_a_pipeline(client: HubSpot) -> None:
    stages = [{"label": "Filed", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
    body = {"label": "Claims", "displayOrder": 1, "stages": stages}
    made = client.crm.pipelines.pipelines_api.create("deals", body)
    known = {each.label: each.id for each in client.crm.pipelines.pipelines_api.get_all("deals").results}
    assert known["Claims"] == made.id


def test_the_python_client_signs_in(client: HubSpot) -> None:
    granted = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id="dealsync",
        client_secret="sandbox-secret",
        refresh_token="refresh-sandbox",
    )
    assert granted.expires_in == 1800
    client.access_token = granted.access_token
    assert client.crm.owners.get_all()[0].id == "77"


def test_the_node_client_reads_writes_divides_and_takes_notes(
    sandbox: Sandbox, pytestconfig: pytest.Config
) -> None:
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    npm = ("npm", "install", "--no-fund", "--no-audit", "--fetch-retries=0", "--prefix", "{}", NODE_CLIENT)
    folder = installed(pytestconfig, "hubspot-node", npm)
    script = ("node", SCRIPTS / "client.js", sandbox.hubspot_url)
    assert saw(script, NODE_PATH=str(folder / "node_modules")) == {
        "partial": ["BatchResponseSimplePublicObjectWithErrors", 1, ["1"]],
        "listed": 2,
        "found": [True],
        "upserted": [True, True],
        "split": ["1"],
        "note": True,
        "dated": True,
        "refused": [400, "VALIDATION_ERROR"],
    }


def test_the_sdk_for_dated_paths_takes_every_answer_for_valid(
    sandbox: Sandbox, pytestconfig: pytest.Config
) -> None:
    pip = ("{}/venv/bin/python", "-m", "pip", "install", "--quiet", "--retries=1", SDK)
    make = (sys.executable, "-m", "venv", "{}/venv")
    folder = installed(pytestconfig, "hubspot-sdk", make, pip)
    assert saw((folder / "venv/bin/python", SCRIPTS / "sdk.py", sandbox.hubspot_url)) == {
        "listed": True,
        "found": True,
        "upserted": "COMPLETE",
        "split": "1.0",
        "refused": [400, "VALIDATION_ERROR"],
    }
